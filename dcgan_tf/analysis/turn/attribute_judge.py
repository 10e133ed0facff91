"""Measure one attribute in samples that are moved along a direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.errors import ArgumentError
from dcgan_tf.judges import Classifier


@dataclass(frozen=True)
class Turned:
    """The measurements of N samples that were moved in S steps.

    Attributes:
        values: values of the attribute, float32 [N, S].
        realistic: whether each picture is as realistic as ordinary samples, bool [N, S].
        kept: whether each picture keeps the other binary attributes of its sample, bool [N, S].
    """

    values: np.ndarray
    realistic: np.ndarray
    kept: np.ndarray


@dataclass(frozen=True)
class AttributeJudge:
    """Measures an attribute in moved pictures.

    Attributes:
        samples: ordinary samples, which define what is realistic.
        attribute: the attribute that is changed.
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
        """Return the measurements of moved pictures.

        Args:
            pictures: uint8 [N, S, H, W, C].
            own: judgements of the N samples themselves.
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
    """Check that the classifier knows an attribute.

    Raises:
        ArgumentError: if it does not; it lists those that it knows.
    """
    known = (*classifier.continuous, *classifier.concepts)
    if attribute not in known:
        raise ArgumentError(
            f"{spec} has no attribute {attribute!r}; choose another with --attribute: {', '.join(known)}"
        )


def attribute_values(judgement: Judgement, attribute: str) -> np.ndarray:
    """Return an attribute's values if it is continuous, else its margins, float32 [N]."""
    if judgement.predictions is None:
        raise ArgumentError("attributes need a classifier, and these pictures were judged without one")
    return (judgement.predictions.margins | judgement.predictions.values)[attribute]
