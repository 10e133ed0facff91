"""Looks at the networks while they train: how varied the samples are, and what D knows by heart.

The losses do not show these. Every number is a pure function of the weights and the run's settings, but
`sample_change`, which needs the look before.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf
from scipy.spatial.distance import pdist
from scipy.stats import rankdata

from dcgan_tf.data import ImageSet, held_out_images
from dcgan_tf.errors import DcganError
from dcgan_tf.images import evenly_spaced, to_float
from dcgan_tf.latents import sample_latents
from dcgan_tf.models import compiled, compiled_logits, with_labels
from dcgan_tf.runs import labels_in_shares
from dcgan_tf.training.plan import Plan
from dcgan_tf.training.state import TrainState

EVERY = 50
"""A look is taken after so many steps. It costs about a hundredth of them."""
MOST_IMAGES, FEWEST_IMAGES, MOST_PIXELS = 64, 8, 64 * 256**2
"""Of each kind; fewer of images of more than 256x256 pixels, so that they fit into the memory."""
FEWEST_OTHERS = 30
"""Images that are not trained on; of fewer, D may prefer others by chance."""
FEWEST_PAIRS = 32
"""Pairs of the same class by which the diversity within the classes is measured."""
SIDE = 8
"""Images are compared at this many pixels a side, where noise and fine detail have no weight."""
LEAST_SPREAD = 0.02
"""The distance of two images in [-1, 1] below which they are called equal."""


class Looks:
    """Compares samples of G with training images, and D's answers to those with its answers to others.

    G draws the same latents each time, with its own weights and not the averaged ones, in which a collapse
    would be seen late. It draws the classes of a conditional model in the shares of the training images.

    Args:
        plan: the plan of the run.
        state: what is trained. It is read only.
    """

    def __init__(self, plan: Plan, state: TrainState) -> None:
        self._classes, config = plan.num_classes, plan.config
        height, width = config.data.image_size
        num = min(MOST_IMAGES, max(FEWEST_IMAGES, MOST_PIXELS // (height * width)))
        self._training = _chosen(plan.image_set, num)
        self._training_labels = _labels(plan.image_set, num, self._classes)
        self._held_out, self._held_out_labels = _others(plan, num)
        latents = sample_latents(
            num,
            config.model.latent_dim,
            seed=config.training.seed,
            distribution=config.model.latent_distribution,
        )
        labels = labels_in_shares(np.asarray(plan.image_set.labels), num) if self._classes else None
        self._inputs = with_labels(latents, labels, self._classes)
        each_other = spread(self._training.reshape(len(self._training), -1))
        self._of_data = {"data_diversity": each_other, "data_structure": structure(self._training)}
        self._kinds = _kinds(labels, self._training_labels)
        of_training = None if self._kinds is None else self._training_labels
        self._spread = max(spread(reduced(self._training), of_training), LEAST_SPREAD)
        self._contrast = max(contrast(self._training), LEAST_SPREAD)
        self._before: np.ndarray | None = None
        self._generate, self._judge = compiled(state.generator), compiled_logits(state.discriminator)

    def __call__(self) -> dict[str, float]:
        """Take a look.

        Returns:
            data_diversity: how far two training images are from each other on average, in all pixels, of at
                most 2.
            data_structure: the correlation of neighbouring pixels in training images, 0 for noise.
            sample_diversity: how far two samples are from each other on average, divided by the same of
                training images. Those of a conditional model are compared within each class, so that one
                picture for each class does not pass for diversity.
            sample_contrast: the root of the mean square of the pixels of samples in [-1, 1], divided by that
                of training images.
            sample_change: how far the samples are from those of the look before, in the unit of the
                diversity; the first look has none.
            memorisation: the probability that D finds a training image more real than one that is not
                trained on; 0.5 is chance. It is missing if there are no other images.
        """
        images = np.asarray(self._generate(self._inputs), np.float32)
        small = reduced(images)
        found = {
            **self._of_data,
            "sample_diversity": spread(small, self._kinds) / self._spread,
            "sample_contrast": contrast(images) / self._contrast,
        }
        if self._before is not None:
            found["sample_change"] = float(_distances(small, self._before).mean()) / self._spread
        self._before = small
        if self._held_out is not None:
            found["memorisation"] = preference(
                self._logits(self._training, self._training_labels),
                self._logits(self._held_out, self._held_out_labels),
            )
        return found

    def _logits(self, images: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        return np.asarray(self._judge(with_labels(tf.constant(images), labels, self._classes)))[:, 0]


def reduced(images: np.ndarray) -> np.ndarray:
    """Return images, float32 [N, H, W, C], as [N, features]: the means of the areas of a small picture."""
    small = tf.image.resize(images, (SIDE, SIDE), method="area")
    return np.asarray(small).reshape(len(images), -1)


def spread(vectors: np.ndarray, classes: np.ndarray | None = None) -> float:
    """Return the mean distance of two of the vectors, [N, features], per root of the features.

    Of images in [-1, 1] it is at most 2. With classes, int64 [N], it is that of two of the same class.
    """
    distances = pdist(vectors) / np.sqrt(vectors.shape[1])
    if classes is not None:
        first, second = np.triu_indices(len(vectors), 1)
        distances = distances[classes[first] == classes[second]]
    return float(distances.mean()) if len(distances) else 0.0


def contrast(images: np.ndarray) -> float:
    """Return the root of the mean square of the pixels of images, float [N, H, W, C] in [-1, 1]."""
    return float(np.sqrt(np.mean(np.square(images))))


def structure(images: np.ndarray) -> float:
    """Return the correlation of neighbouring pixels of images, float [N, H, W, C]; 0 if all are equal.

    It is that across or that down, without its sign: the one that is farther from 0.
    """
    centred = images - images.mean(axis=(0, 1, 2))
    squares = float(np.mean(np.square(centred)))
    if not squares:
        return 0.0
    across = float(np.mean(centred[:, :, 1:] * centred[:, :, :-1])) / squares
    down = float(np.mean(centred[:, 1:] * centred[:, :-1])) / squares
    return max(abs(across), abs(down))


def preference(first: np.ndarray, second: np.ndarray) -> float:
    """Return the probability that a number of the first set is larger than one of the second.

    It is the area under the receiver operating characteristic; equal numbers count half.

    Args:
        first: float [N].
        second: float [M].
    """
    ranks = rankdata(np.concatenate([first, second]))[: len(first)]
    above = ranks.sum() - len(first) * (len(first) + 1) / 2
    return float(above / (len(first) * len(second)))


def _distances(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the distance of each pair of rows, per root of the features."""
    squares: np.ndarray = np.square(first - second).mean(axis=1)
    return np.asarray(np.sqrt(squares))


def _chosen(images: ImageSet, num: int) -> np.ndarray:
    some = images.images[evenly_spaced(len(images), num)]
    return np.asarray(to_float(tf.constant(some), "float32"))


def _labels(images: ImageSet, num: int, classes: int) -> np.ndarray | None:
    if not classes or images.labels is None:
        return None
    labels: np.ndarray = np.asarray(images.labels)[evenly_spaced(len(images), num)]
    return labels


def _kinds(of_samples: np.ndarray | None, of_images: np.ndarray | None) -> np.ndarray | None:
    """Return the classes of the samples, if there are enough pairs of one class; None if not."""
    if of_samples is None or of_images is None:
        return None
    pairs = [
        sum(count * (count - 1) // 2 for count in np.bincount(labels)) for labels in (of_samples, of_images)
    ]
    return of_samples if min(pairs) >= FEWEST_PAIRS else None


def _others(plan: Plan, num: int) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Return images that the run does not train on, with their classes; None if there are none."""
    try:
        found = held_out_images(plan.config.data, plan.image_set)
    except DcganError:  # a look is no reason to end the training
        return None, None
    others = found[1] if found else None
    if (
        others is None
        or len(others) < FEWEST_OTHERS
        or (plan.num_classes and others.label_names != plan.image_set.label_names)
    ):
        return None, None
    return _chosen(others, num), _labels(others, num, plan.num_classes)
