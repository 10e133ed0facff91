"""The sliced Wasserstein distance between the small patches of two sets of images, at each scale.

Karras et al. 2018, "Progressive growing of GANs for improved quality, stability, and variation", section 5;
the reference implementation is metrics/sliced_wasserstein.py of tkarras/progressive_growing_of_gans. It needs
no network.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sized
from typing import NamedTuple

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics.inputs import check_images
from dcgan_tf.metrics.pyramid import laplacian, level_sides

_PATCH = 7
_SMALLEST_LEVEL = 14
_IMAGES, _DIRECTIONS = 64, 32  # at a time; bounds the memory beside the descriptors' own


def sliced_wasserstein(
    real_images: np.ndarray,
    fake_images: np.ndarray,
    *,
    seed: int = 0,
    descriptors: int = 131_072,
    directions: int = 512,
) -> dict[int, float]:
    """Return the sliced Wasserstein distance of 7x7 patches for each level of a Laplacian pyramid.

    Patches of a level stand for structure of its size: the full size for fine detail, the smallest for coarse
    shapes. They are normalised by each set's own mean and deviation per channel, and projected onto random
    directions. The distance is the mean over the directions of the Wasserstein-1 distance of the projections.

    It falls with the number of images, so it is comparable only at equal numbers. A set has the distance 0 to
    itself, because both sets are cut at the same random places. If the sets differ in size, evenly spaced
    images of the larger one are used.

    Args:
        real_images: uint8 [N, H, W, C], H and W at least 7; may be memory-mapped.
        fake_images: uint8 [M, H, W, C].
        seed: seed of the places and the directions.
        descriptors: the most patches of a set, spread evenly over its images; the paper takes 2,097,152.
        directions: number of directions.

    Returns:
        {shorter side of the level in pixels: 1,000 times the distance}, for the full size and each half of at
        least 14.

    Raises:
        ArgumentError: for other images, different sizes, or fewer than one descriptor or direction.
    """
    for images in (real_images, fake_images):
        check_images(images, shortest=_PATCH)
    if real_images.shape[1:] != fake_images.shape[1:]:
        raise ArgumentError(
            "both sets must have the same height, width and channels, "
            f"received {real_images.shape} and {fake_images.shape}"
        )
    if min(descriptors, directions) < 1:
        raise ArgumentError(
            f"there must be a descriptor and a direction, received {descriptors} and {directions}"
        )
    cut = Cut.of(real_images, fake_images, descriptors=descriptors, directions=directions, seed=seed)
    return distances_of(sorted_projections(real_images, cut), sorted_projections(fake_images, cut))


class Cut(NamedTuple):
    """How patches are taken, which must be the same in both sets.

    Attributes:
        num_images: how many images of the set, evenly spaced.
        descriptors: the most patches of all images together.
        directions: number of directions that they are projected onto.
        seed: of the places and the directions.
    """

    num_images: int
    descriptors: int
    directions: int
    seed: int

    @staticmethod
    def of(first: Sized, second: Sized, *, descriptors: int, directions: int, seed: int) -> Cut:
        """Return how patches of two sets are taken: of as many images as the smaller one has."""
        return Cut(min(len(first), len(second), descriptors), descriptors, directions, seed)


def sorted_projections(images: np.ndarray, cut: Cut) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (shorter side of a level, projections float32 [some directions, patches], ascending in each row).

    Args:
        images: uint8 [N, H, W, C].
        cut: how patches are taken.
    """
    rng = np.random.default_rng(cut.seed)
    levels = list(level_sides(images.shape[1:3], smallest=_SMALLEST_LEVEL))
    for level, sides in enumerate(levels):
        corners = _corners(sides, (cut.num_images, cut.descriptors // cut.num_images), rng)
        patches = _descriptors(images, corners, level=level, last=level + 1 == len(levels))
        for projected in _projected(patches, cut.directions, rng):
            yield min(sides), projected


def _projected(patches: np.ndarray, directions: int, rng: np.random.Generator) -> Iterator[np.ndarray]:
    """Yield [patches, length] along random directions, some of these at a time, ascending in each row."""
    units = rng.normal(size=(directions, patches.shape[1])).astype(np.float32)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    for start in range(0, directions, _DIRECTIONS):
        yield np.sort(units[start : start + _DIRECTIONS] @ patches.T, axis=1)


def distances_of(
    real: Iterable[tuple[int, np.ndarray]], fake: Iterable[tuple[int, np.ndarray]]
) -> dict[int, float]:
    """Return the sliced Wasserstein distance for each level, from the sorted projections of two sets.

    Args:
        real: what `sorted_projections` yields for the real images.
        fake: the same for the others, with the same cut and images of the same shape.

    Returns:
        {shorter side of the level in pixels: 1,000 times the distance}.

    Raises:
        ValueError: if the two have not as many parts, or these have not as many patches.
    """
    gaps: dict[int, list[np.ndarray]] = {}
    for (side, of_real), (_, of_fake) in zip(real, fake, strict=True):
        gaps.setdefault(side, []).append(np.abs(of_real - of_fake).mean(axis=1, dtype=np.float64))
    return {side: 1000.0 * float(np.concatenate(rows).mean()) for side, rows in gaps.items()}


def _corners(sides: tuple[int, ...], shape: tuple[int, int], rng: np.random.Generator) -> np.ndarray:
    """Draw the upper left corners of patches, int64 [2, images, patches an image]."""
    return np.stack([rng.integers(0, side - _PATCH + 1, shape) for side in sides])


def _descriptors(images: np.ndarray, corners: np.ndarray, *, level: int, last: bool) -> np.ndarray:
    """Cut patches out of a level of the images; return them normalised, float32 [patches, 7 * 7 * C]."""
    _, count, each = corners.shape
    chosen = evenly_spaced(len(images), count)
    patches = np.empty((count, each, _PATCH, _PATCH, images.shape[3]), np.float32)
    for start in range(0, count, _IMAGES):
        part = slice(start, start + _IMAGES)
        views = np.lib.stride_tricks.sliding_window_view(
            laplacian(images[chosen[part]], level=level, last=last), (_PATCH, _PATCH), axis=(1, 2)
        )
        rows, columns = corners[:, part]
        places = views[np.arange(len(views))[:, None], rows, columns]
        patches[part] = np.moveaxis(places, 2, -1)
    return _normalised(patches.reshape(count * each, -1, images.shape[3])).reshape(count * each, -1)


def _normalised(patches: np.ndarray) -> np.ndarray:
    """Bring each channel of [N, pixels, C] to mean 0 and deviation 1, in place; a constant one to 0."""
    patches -= patches.mean(axis=(0, 1), dtype=np.float64)
    squares = np.einsum("npc,npc->c", patches, patches, dtype=np.float64)
    deviation = np.sqrt(squares / (patches.shape[0] * patches.shape[1]))
    patches /= np.where(deviation > 0, deviation, 1.0)
    return patches
