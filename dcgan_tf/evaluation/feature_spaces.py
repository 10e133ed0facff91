"""Where distances between pictures are measured: the features of a network that knows such pictures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import keras
import numpy as np

from dcgan_tf.judges import Classifier, Predictions

MOST_ATTRIBUTES = 8
"""Without classes, the probabilities are those of all combinations of so many binary attributes."""


@dataclass(frozen=True)
class Features:
    """What a network sees in N images.

    Attributes:
        points: float32 [N, D].
        probabilities: float32 [N, K] of the kinds of pictures that it tells apart; K is 1 if it tells none.
    """

    points: np.ndarray
    probabilities: np.ndarray

    def __getitem__(self, rows: slice) -> Features:
        return Features(self.points[rows], self.probabilities[rows])


@dataclass(frozen=True)
class MetricNames:
    """What the metrics are called in a space. FID, KID and Inception score are names in Inception's only."""

    frechet: str = "Fréchet distance"
    kernel: str = "kernel distance"
    score: str = "classifier score"


class FeatureSpace(Protocol):
    """A network that turns pictures into points."""

    @property
    def name(self) -> str:
        """What it is, for people and protocols, with whatever decides its numbers."""

    @property
    def key(self) -> str:
        """Changes with everything that decides its numbers; may be part of a file's name."""

    @property
    def names(self) -> MetricNames:
        """What the metrics are called."""

    @property
    def facts(self) -> dict[str, Any]:
        """How good it is, for a protocol."""

    @property
    def remarks(self) -> list[str]:
        """What a reader must know before trusting it."""

    def read(self, images: np.ndarray) -> Features:
        """Look at images, uint8 [N, H, W, C]."""


@dataclass(frozen=True)
class ClassifierSpace:
    """The features of the classifier of the data's own classes and attributes.

    Attributes:
        classifier: trained on the images that are compared with.
    """

    classifier: Classifier

    @property
    def name(self) -> str:
        """Such as "portraits classifier"."""
        return self.classifier.feature_space

    @cached_property
    def key(self) -> str:
        """Of the name and the weights."""
        return f"{self.classifier.name}-{digest_of(self.classifier.network)}".replace("/", "_")

    @property
    def names(self) -> MetricNames:
        """Not FID nor KID: the space is another."""
        return MetricNames()

    @property
    def facts(self) -> dict[str, Any]:
        """The mean of its accuracies on held-out images, and a digest that tells it from others."""
        quality = [self.classifier.quality[name] for name in self.classifier.concepts]
        return {
            **({"classifier_accuracy": round(float(np.mean(quality)), 4)} if quality else {}),
            "classifier_weights": self.key.rpartition("-")[2],
            "classifier_measured_on": f"{self.classifier.num_held_out:,} held-out images",
        }

    @property
    def remarks(self) -> list[str]:
        """Classes and attributes on which it is not reliable."""
        return self.classifier.doubtful(self.classifier.concepts)

    def read(self, images: np.ndarray) -> Features:
        """Look at images, uint8 [N, H, W, C] of the classifier's size."""
        predictions = self.classifier.predict(images)
        return Features(predictions.features, probabilities_of(predictions, self.classifier))


def probabilities_of(predictions: Predictions, classifier: Classifier) -> np.ndarray:
    """Return the probabilities of the kinds of pictures, float32 [N, K]; rows sum to 1.

    Kinds are the classes; without any, the combinations of the first 8 binary attributes, these taken as
    independent of each other in one picture.
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


def digest_of(network: keras.Model) -> str:
    """Return a hexadecimal digest of a network's weights."""
    digest = hashlib.blake2b(digest_size=8)
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
