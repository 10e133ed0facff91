"""Measure how near images are to the training images, in pixels and in features, mirrored or not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.features import SPACE, discriminator_features
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.analysis.untrained import CALIBRATION_IMAGES, calibrate
from dcgan_tf.config import Config
from dcgan_tf.metrics import BLOCK_SIZE, NearestSearch
from dcgan_tf.models import build_discriminator
from dcgan_tf.progress import progress

NEIGHBOURS = 3
PIXELS = "pixels"
FEATURES = "features"
RANDOM_SPACE = "features of a discriminator with random weights"


@dataclass(frozen=True)
class Neighbours:
    """The nearest training images of N images in one space.

    Attributes:
        distances: float32 [N, k], ascending; each is the smaller of the distances from the image and from its
            mirror image.
        indices: of these training images, int64 [N, k].
        mirrored: whether the mirror image was the nearer one, bool [N, k].
    """

    distances: np.ndarray
    indices: np.ndarray
    mirrored: np.ndarray

    def of(self, chosen: np.ndarray | slice) -> Neighbours:
        """Return the neighbours of some of the images."""
        return Neighbours(self.distances[chosen], self.indices[chosen], self.mirrored[chosen])


def random_features(subject: Subject) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """Return the name of features that no training has touched, and the function that computes them.

    A network that was trained on the training images sees them with other eyes than new ones; this one, a
    discriminator with random weights, does not.
    """
    network = build_discriminator(Config(data=subject.run.config.data))
    calibrate(network, np.asarray(subject.real_images[:CALIBRATION_IMAGES]))
    return RANDOM_SPACE, lambda images: discriminator_features(network, images)


def feature_space(subject: Subject) -> tuple[str, Callable[[np.ndarray], np.ndarray]]:
    """Return the name of the features for comparisons, and the function that computes them.

    They are the classifier's if the data has attributes or labels, or else those of the run's discriminator.

    Raises:
        ArgumentError: if there is no classifier and the discriminator has no convolutional layers.
    """
    if subject.has_classifier:
        judge = subject.classifier
        return judge.feature_space, lambda images: judge.predict(images).features
    discriminator = subject.run.discriminator
    return SPACE, lambda images: discriminator_features(discriminator, images)


def neighbours_in_training(
    images: np.ndarray, train: np.ndarray, features: Callable[[np.ndarray], np.ndarray]
) -> Mapping[str, Neighbours]:
    """Find the three nearest training images of each image, in pixels and in features.

    A distance is Euclidean, and the smaller of those from the image and from its mirror image. In pixels it
    is the root mean square difference in levels of 0 to 255.

    Args:
        images: uint8 [N, H, W, C].
        train: uint8 [M, H, W, C], may be memory-mapped: they are read in blocks, and only once.
        features: takes uint8 [n, H, W, C] and returns float32 [n, D].

    Returns:
        {"pixels": neighbours, "features": neighbours}.
    """
    both_ways = np.concatenate([images, images[:, :, ::-1]])
    k = min(NEIGHBOURS, len(train))
    searches = {PIXELS: NearestSearch(both_ways, k=k), FEATURES: NearestSearch(features(both_ways), k=k)}
    for start in progress(range(0, len(train), BLOCK_SIZE), "training images"):
        block = np.asarray(train[start : start + BLOCK_SIZE])
        searches[PIXELS].add(block)
        searches[FEATURES].add(features(block))
    levels = float(np.sqrt(np.prod(images.shape[1:])))
    return {
        PIXELS: _either_way(searches[PIXELS], k, unit=levels),
        FEATURES: _either_way(searches[FEATURES], k, unit=1.0),
    }


def _either_way(search: NearestSearch, k: int, *, unit: float) -> Neighbours:
    """Join the neighbours of the images (the first half) with those of their mirror images."""
    count = len(search.indices) // 2
    distances = np.concatenate([search.distances[:count], search.distances[count:]], axis=1)
    indices = np.concatenate([search.indices[:count], search.indices[count:]], axis=1)
    order = np.argsort(distances, axis=1, kind="stable")
    ascending = np.take_along_axis(indices, order, axis=1)
    kept = np.stack([row[_first_of_each(found, k)] for row, found in zip(order, ascending, strict=True)])
    return Neighbours(
        np.take_along_axis(distances, kept, axis=1) / np.float32(unit),
        np.take_along_axis(indices, kept, axis=1),
        kept >= k,
    )


def _first_of_each(values: np.ndarray, k: int) -> np.ndarray:
    """Return the places of the first k different values, because a training image may be found both ways."""
    return np.sort(np.unique(values, return_index=True)[1])[:k]
