"""Choose the real images that samples are compared with, and others that a perfect generator would match."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import DataError
from dcgan_tf.images import evenly_spaced

MOST_IMAGES = 10_000
FEWEST_IMAGES = 50
"""The fewest images: fewer say nothing, and cannot be divided into fifths with neighbours in each."""


@dataclass(frozen=True)
class RealImages:
    """Two sets of real images that have no image in common.

    Attributes:
        data: the dataset.
        reference: what samples are compared with, uint8 [R, H, W, C].
        others: real images that are scored like samples, uint8 [M, H, W, C], in random order.
        reference_description: a description of the reference.
        others_description: a description of the others.
        labels: labels of the reference, int64 [R], or None.
        label_names: names of the classes; () without labels.
    """

    data: str
    reference: np.ndarray
    others: np.ndarray
    reference_description: str
    others_description: str
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()

    @staticmethod
    def of(
        config: DataConfig, train: ImageSet, beside: tuple[str, ImageSet] | None, *, most: int = MOST_IMAGES
    ) -> RealImages:
        """Choose images evenly from a dataset.

        Args:
            config: settings of `train`.
            train: the images that the generator was trained on.
            beside: (split, images) held out. If there are fewer than 50, training images that are not in the
                reference replace them, and the reference is at most half of all.
            most: the most images in each set.

        Raises:
            DataError: for fewer than 50 images in one of the sets.
        """
        if beside is None or len(beside[1]) < FEWEST_IMAGES:
            chosen = evenly_spaced(len(train), min(most, len(train) // 2))
            rest = np.setdiff1d(np.arange(len(train)), chosen)
            others, description = (
                train.images,
                f"other training images (fewer than {FEWEST_IMAGES} of {config.spec} are held out)",
            )
        else:
            split, held_out = beside
            chosen, rest = evenly_spaced(len(train), most), np.arange(len(held_out))
            others, description = held_out.images, f"images of split {split} (held out)"
        _check(len(chosen), len(rest), config)
        rows = rest[evenly_spaced(len(rest), most)]
        # In random order, because folders are sorted by class, and some metrics work on consecutive parts.
        order = np.random.default_rng(0).permutation(len(rows))
        return RealImages(
            data=config.spec,
            reference=np.asarray(train.images[chosen]),
            others=np.asarray(others[rows])[order],
            reference_description=f"{len(chosen):,} of {len(train):,} images of split {config.split}",
            others_description=description,
            labels=None if train.labels is None else train.labels[chosen],
            label_names=train.label_names,
        )


def class_name(images: ImageSet, label: str) -> str:
    """Return the name of the class that a label means, by name or else by number; others stay as they are."""
    names = images.label_names
    by_number = label not in names and label.isdecimal() and int(label) < len(names)
    return names[int(label)] if by_number else label


def of_class(images: ImageSet, label: str) -> ImageSet:
    """Return the images of one class.

    Raises:
        DataError: if there is no class of that name.
    """
    if images.labels is None or label not in images.label_names:
        classes = ", ".join(images.label_names) or "none"
        raise DataError(f"{images.name} has no class {label!r}: expected one of its classes ({classes})")
    return images.subset(images.labels == images.label_names.index(label))


def independent_pixels(images: np.ndarray, num: int, *, seed: int) -> np.ndarray:
    """Return images without form: each pixel has a colour that real images have at its place.

    Each pixel, with all its channels, is taken from another real image at that place. This needs no network,
    so that every table can have it as the other end of the scale.

    Args:
        images: uint8 [N, H, W, C].
        num: number of images.
        seed: seed of the choice.

    Returns:
        uint8 [num, H, W, C].
    """
    rng = np.random.default_rng(seed)
    height, width = images.shape[1:3]
    drawn = np.empty((num, *images.shape[1:]), np.uint8)
    for row in range(height):  # row by row: the choices for all at once would outweigh the images
        drawn[:, row] = images[rng.integers(len(images), size=(num, width)), row, np.arange(width)]
    return drawn


def _check(reference: int, others: int, config: DataConfig) -> None:
    if min(reference, others) < FEWEST_IMAGES:
        raise DataError(
            f"an evaluation needs at least {FEWEST_IMAGES} real images to compare with and as many others, "
            f"received {reference} and {others} of {config.spec}; add images"
        )
