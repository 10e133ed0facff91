"""The Laplacian pyramid of images: what each scale adds to the coarser ones.

Burt and Adelson 1983, "The Laplacian pyramid as a compact image code".
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from scipy.ndimage import correlate1d

_BINOMIAL = np.array([1, 4, 6, 4, 1], np.float32) / 16


def level_sides(sides: tuple[int, ...], *, smallest: int) -> Iterator[tuple[int, ...]]:
    """Yield the height and width of each level, from the full size down.

    Args:
        sides: height and width of the images.
        smallest: the least that the shorter side of a level may have, but for the full size.
    """
    yield sides
    half = tuple((side + 1) // 2 for side in sides)
    if min(half) >= smallest:
        yield from level_sides(half, smallest=smallest)


def laplacian(images: np.ndarray, *, level: int, last: bool) -> np.ndarray:
    """Return a level of the pyramid of images [N, H, W, C], float32 [N, h, w, C].

    Args:
        images: of any type.
        level: the number of halvings.
        last: whether it is the coarsest one, from which nothing is subtracted.
    """
    finer = images.astype(np.float32)
    for _ in range(level):
        finer = halved(finer)
    if last:
        return finer
    doubled = np.zeros_like(finer)
    doubled[:, ::2, ::2] = 4.0 * halved(finer)
    return np.asarray(finer - _blurred(doubled))


def halved(images: np.ndarray) -> np.ndarray:
    """Return images [N, H, W, C] blurred, and every second pixel of them."""
    return _blurred(images)[:, ::2, ::2]


def _blurred(images: np.ndarray) -> np.ndarray:
    for axis in (1, 2):
        images = correlate1d(images, _BINOMIAL, axis=axis, mode="mirror")
    return images
