"""What is read of one attribute in samples that were moved along a direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.errors import ArgumentError
from dcgan_tf.judges import Classifier


@dataclass(frozen=True)
class Turned:
    """What was read in N samples that were moved in S steps.

    Attributes:
        values: of the attribute, float32 [N, S].
        realistic: which pictures are as realistic as ordinary samples, bool [N, S].
        kept: in which pictures the other binary attributes are those of the sample itself, bool [N, S].
    """

    values: np.ndarray
    realistic: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class AttributeJudge:
    """What is read in the turned pictures.

    Attributes:
        samples: ordinary ones, which say what is realistic.
        attribute: what is changed.
    """

    samples: Samples
    attribute: str

    @property
    def others(self) -> tuple[str, ...]:
        """The other binary attributes, which should stay as they are."""
        return tuple(name for name in self.samples.subject.classifier.binary if name != self.attribute)

    @property
    def scale(self) -> float:
        """The range of the attribute in ordinary samples, from the 5th to the 95th percentile."""
        values = self.value(self.samples.judgement)
        return float(np.percentile(values, 95)) - float(np.percentile(values, 5))

    def value(self, judgement: Judgement) -> np.ndarray:
        """Return the attribute's value, or its margin if it is binary, float32 [N]."""
        return attribute_values(judgement, self.attribute)

    def grade(self, pictures: np.ndarray, own: Judgement) -> Turned:
        """Look at moved pictures.

        Args:
            pictures: uint8 [N, S, H, W, C].
            own: what was seen in the N samples themselves.
        """
        rows, steps = pictures.shape[:2]
        judgement = self.samples.judge(pictures.reshape(-1, *pictures.shape[2:]))
        kept = np.ones((rows, steps), bool)
        for name in self.others:
            kept &= (judgement.margins[name] > 0).reshape(rows, steps) == (own.margins[name] > 0)[:, None]
        return Turned(
            values=self.value(judgement).reshape(rows, steps),
            realistic=self.samples.realistic(judgement).reshape(rows, steps),
            kept=kept,
        )


def check_attribute(attribute: str, classifier: Classifier, spec: str) -> None:
    """Hold the attribute against what the classifier can see.

    Raises:
        ArgumentError: if it is not among it; lists what there is.
    """
    known = (*classifier.continuous, *classifier.concepts)
    if attribute not in known:
        raise ArgumentError(
            f"{spec} has no attribute {attribute!r}; choose another with --attribute: {', '.join(known)}"
        )


def attribute_values(judgement: Judgement, attribute: str) -> np.ndarray:
    """Return what was seen of an attribute: its value if it is continuous, else its margin, float32 [N]."""
    if judgement.predictions is None:
        raise ArgumentError("attributes are read by a classifier, and these pictures were seen without one")
    return (judgement.predictions.margins | judgement.predictions.values)[attribute]
