"""Grade samples in a way that is fair between runs: the judge is trained on the real images alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.concepts import describe
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.images import evenly_spaced
from dcgan_tf.judges import Classifier, Predictions
from dcgan_tf.metrics import frechet_distance

MOST_REFERENCES = 10_000
SURE = 0.95
"""The probability from which the classifier counts as sure of a class, or of each attribute."""
MOST_ATTRIBUTES = 4
"""Without classes, the kinds of pictures are the combinations of this many binary attributes."""
RAREST_KIND = 0.01
COVERED_FROM = 0.2
"""A kind is covered if its share of the samples is at least this part of its share of real images."""
FEWEST_KINDS, LEAST_SPREAD = 0.5, 0.5
"""Samples that cover fewer of the kinds, or have less of the real images' spread, are collapsed."""


@dataclass(frozen=True)
class SampleGrade:
    """The judge's grade of a set of images.

    Attributes:
        distance: squared Fréchet distance of their features to those of the reference.
        covered: number of kinds of pictures that they cover.
        sure: share of images that the classifier is sure of.
        spread: root mean square distance of their features from the mean of their kind; real images: 1.
        shares: {kind: its share}.
    """

    distance: float
    covered: int
    sure: float
    spread: float
    shares: dict[str, float]


@dataclass(frozen=True)
class Judge:
    """A classifier, and its judgement of real images.

    Attributes:
        classifier: trained on the runs' data.
        reference: its judgement of the real images that samples are compared with.
        where: a description of these images.
        others: other real images, uint8 [M, H, W, C], for the grade of real images.
    """

    classifier: Classifier
    reference: Predictions
    where: str
    others: np.ndarray

    @staticmethod
    def of(subject: Subject) -> Judge:
        """Return a judge that compares with held-out images, or with every other training image.

        Raises:
            RunError: if the images have neither attributes nor labels.
        """
        classifier = subject.classifier
        images, where, others = subject.train.images, "held-out images", subject.train.images
        if subject.held_out_or_none:
            images = subject.held_out_or_none.images
        else:
            images, where, others = images[::2], "every other training image", images[1::2]
        return Judge(classifier, classifier.predict(_spaced(images, MOST_REFERENCES)), where, others)

    @property
    def kinds(self) -> dict[int, str]:
        """{number: name} of the kinds that are at least 1 % of the real images, the most frequent first."""
        numbers, counts = np.unique(self._numbers(self.reference), return_counts=True)
        order = np.argsort(-counts, kind="stable")
        frequent = [i for i in order if counts[i] >= RAREST_KIND * counts.sum()]
        return {int(numbers[i]): self._name(int(numbers[i])) for i in frequent}

    def grade(self, images: np.ndarray) -> SampleGrade:
        """Return the grade of images, uint8 [N, H, W, C]."""
        predictions = self.classifier.predict(images)
        numbers, real = self._numbers(predictions), self._numbers(self.reference)
        shares = {kind: float(np.mean(numbers == kind)) for kind in self.kinds}
        return SampleGrade(
            distance=frechet_distance(predictions.features, self.reference.features),
            covered=sum(
                bool(share >= COVERED_FROM * np.mean(real == kind)) for kind, share in shares.items()
            ),
            sure=float(np.mean(self._sure(predictions))),
            spread=spread(predictions.features, numbers) / spread(self.reference.features, real),
            shares={self.kinds[kind]: share for kind, share in shares.items()},
        )

    def real_grade(self, num_images: int) -> SampleGrade:
        """Return the grade of as many other real images, which a perfect generator would get."""
        return self.grade(_spaced(self.others, num_images))

    def collapsed(self, grade: SampleGrade) -> list[str]:
        """Return the reasons why samples with this grade count as collapsed; none if they do not."""
        reasons = []
        if grade.covered < FEWEST_KINDS * len(self.kinds):
            reasons.append(f"covers {grade.covered} of {len(self.kinds)} kinds of pictures")
        if grade.spread < LEAST_SPREAD:
            reasons.append(f"its samples have {grade.spread:.0%} of the real images' spread")
        return reasons

    @property
    def _attributes(self) -> tuple[str, ...]:
        return self.classifier.binary[:MOST_ATTRIBUTES]

    def _numbers(self, predictions: Predictions) -> np.ndarray:
        """Return the kind of each image, int64 [N]: its class, or the bits of its attributes."""
        if self.classifier.classes:
            margins = [predictions.margins[name] for name in self.classifier.classes]
            return np.asarray(np.argmax(margins, axis=0))
        bits = [(predictions.margins[name] > 0) << i for i, name in enumerate(self._attributes)]
        return np.asarray(np.sum(bits, axis=0)) if bits else np.zeros(len(predictions.features), np.int64)

    def _name(self, number: int) -> str:
        if self.classifier.classes:
            return self.classifier.classes[number]
        wanted = {name: bool(number >> i & 1) for i, name in enumerate(self._attributes)}
        return describe(wanted) if wanted else "all pictures"

    def _sure(self, predictions: Predictions) -> np.ndarray:
        """Return whether the classifier is sure of each image, bool [N]."""
        least = math.log(SURE / (1 - SURE))  # a logit is sure of what it has this or more of
        certain = np.ones(len(predictions.features), bool)
        for name in self.classifier.binary:
            certain &= np.abs(predictions.margins[name]) >= least
        if self.classifier.classes:
            certain &= highest_probability([predictions.margins[n] for n in self.classifier.classes]) >= SURE
        return certain


def highest_probability(margins: Sequence[np.ndarray]) -> np.ndarray:
    """Return the softmax probability of each image's likeliest class, float64 [N].

    Args:
        margins: the logit of each class minus the highest of the others, [N]. For all but the likeliest
            class, this is the logit minus the likeliest's, so minima with 0 are the logits up to a constant.
    """
    powers = np.exp(np.minimum(np.asarray(margins, np.float64), 0.0))
    return np.asarray(1.0 / powers.sum(axis=0))


def spread(features: np.ndarray, kinds: np.ndarray) -> float:
    """Return the root mean square distance of points from the mean of their kind.

    Args:
        features: float [N, D].
        kinds: int64 [N].
    """
    points = np.asarray(features, np.float64)
    present = np.unique(kinds)
    squares = sum(
        float(np.sum((points[kinds == kind] - points[kinds == kind].mean(axis=0)) ** 2)) for kind in present
    )
    return math.sqrt(squares / max(1, len(points) - len(present)))


def _spaced(images: np.ndarray, most: int) -> np.ndarray:
    """Return at most this many images, evenly spaced, uint8 [n, H, W, C]."""
    return np.asarray(images[evenly_spaced(len(images), most)])
