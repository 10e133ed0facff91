"""Feature spaces, in which distances between pictures are measured."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from dcgan_tf.judges import Classifier, Predictions
from dcgan_tf.models import digest_of

MOST_ATTRIBUTES = 8
"""Without classes, the probabilities are those of all combinations of this many binary attributes."""


@dataclass(frozen=True)
class Features:
    """The features of N images, and the probabilities of their kinds.

    Attributes:
        points: float32 [N, D].
        probabilities: float32 [N, K], of the K kinds of pictures that the network knows; K is 1 without
            kinds.
    """

    points: np.ndarray
    probabilities: np.ndarray

    def __getitem__(self, rows: slice) -> Features:
        return Features(self.points[rows], self.probabilities[rows])


@dataclass(frozen=True)
class MetricNames:
    """The names of the metrics in a space. FID, KID and Inception score are names in Inception's only."""

    frechet: str = "Fréchet distance"
    kernel: str = "kernel distance"
    score: str = "classifier score"


class FeatureSpace(Protocol):
    """A network that turns pictures into features."""

    @property
    def name(self) -> str:
        """A name for people and protocols, with everything that decides the numbers."""

    @property
    def key(self) -> str:
        """A key that changes with everything that decides the numbers; it may be part of a file name."""

    @property
    def names(self) -> MetricNames:
        """The names of the metrics in this space."""

    @property
    def facts(self) -> dict[str, Any]:
        """Facts about its quality, for a protocol."""

    @property
    def remarks(self) -> list[str]:
        """Sentences that a reader must know before trusting it."""

    def read(self, images: np.ndarray) -> Features:
        """Return the features of images, uint8 [N, H, W, C]."""


@dataclass(frozen=True)
class ClassifierSpace:
    """The features of the classifier of the data's own classes and attributes.

    Attributes:
        classifier: trained on the images that are compared with.
    """

    classifier: Classifier

    @property
    def name(self) -> str:
        """The name, such as "portraits classifier"."""
        return self.classifier.feature_space

    @cached_property
    def key(self) -> str:
        """A key made of the name and the weights."""
        return f"{self.classifier.name}-{digest_of(self.classifier.network)}".replace("/", "_")

    @property
    def names(self) -> MetricNames:
        """The names, which are neither FID nor KID: this is another space."""
        return MetricNames()

    @property
    def facts(self) -> dict[str, Any]:
        """The mean of its accuracies on held-out images, and a digest that identifies it."""
        quality = [self.classifier.quality[name] for name in self.classifier.concepts]
        return {
            **({"classifier_accuracy": round(float(np.mean(quality)), 4)} if quality else {}),
            "classifier_weights": self.key.rpartition("-")[2],
            "classifier_measured_on": f"{self.classifier.num_held_out:,} held-out images",
        }

    @property
    def remarks(self) -> list[str]:
        """Sentences on the classes and attributes on which it is not reliable."""
        return self.classifier.doubtful(self.classifier.concepts)

    def read(self, images: np.ndarray) -> Features:
        """Return the features of images, uint8 [N, H, W, C], of the classifier's size."""
        predictions = self.classifier.predict(images)
        return Features(predictions.features, probabilities_of(predictions, self.classifier))


def probabilities_of(predictions: Predictions, classifier: Classifier) -> np.ndarray:
    """Return the probabilities of the kinds of pictures, float32 [N, K]; rows sum to 1.

    The kinds are the classes. Without classes, they are the combinations of the first 8 binary attributes,
    which are taken as independent of each other in one picture.
    """
    if classifier.classes:
        margins = np.stack([predictions.margins[name] for name in classifier.classes], axis=1)
        # A margin is the logit minus the highest other, which for all but the top class is the top's: minima
        # with 0 are the logits but for a constant, and the highest is 0.
        powers = np.exp(np.minimum(margins.astype(np.float64), 0.0))
        return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)
    joint = np.ones((len(predictions.features), 1))
    for name in classifier.binary[:MOST_ATTRIBUTES]:
        # tanh(x / 2) is the sigmoid, scaled, without overflow.
        shown = (1.0 + np.tanh(predictions.margins[name].astype(np.float64) / 2.0)) / 2.0
        joint = np.concatenate([joint * shown[:, None], joint * (1.0 - shown)[:, None]], axis=1)
    return joint.astype(np.float32)
