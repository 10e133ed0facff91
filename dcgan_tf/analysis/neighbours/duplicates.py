"""Find images that a set holds more than once, exactly or nearly."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree
from sklearn.decomposition import PCA

from dcgan_tf.metrics import BLOCK_SIZE
from dcgan_tf.progress import progress

NEAR_LEVELS = 5.0
"""The largest root mean square difference of near duplicates, in levels of 0 to 255.

Saving an image as JPEG or scaling it changes it by that much; two pictures of different things differ by
ten times as much.
"""

MOST_CHECKED = 100_000
_COMPONENTS, _FITTED_ON = 12, 2000
_PAIRS_AT_ONCE = 20_000


@dataclass(frozen=True)
class Duplicates:
    """The duplicates in a set of N images.

    Attributes:
        exact: number of images that equal an earlier one byte by byte.
        near: number of images with a near duplicate, mirrored or not, that is not equal byte by byte.
        checked: number of different images that were searched for near duplicates.
        pairs: indices of some near ones, int64 [P, 2].
    """

    exact: int
    near: int
    checked: int
    pairs: np.ndarray


def duplicates(images: np.ndarray) -> Duplicates:
    """Find the images that a set holds more than once.

    Near duplicates differ by a root mean square of at most 5 levels, mirrored or not. All pairs are checked
    with a search tree in the first principal components. A projection never lengthens a distance, so no pair
    is missed. Sets of more than 100,000 different images are thinned out evenly.

    Args:
        images: uint8 [N, H, W, C]; may be memory-mapped.
    """
    different = first_ones(images)
    exact = len(images) - len(different)
    chosen = different[:: -(-len(different) // MOST_CHECKED)]
    pairs = near_pairs(images, chosen)
    return Duplicates(exact, len(np.unique(pairs)), len(chosen), pairs)


def first_ones(images: np.ndarray) -> np.ndarray:
    """Return the indices of images that differ from all earlier ones, int64, ascending."""
    seen: dict[bytes, int] = {}
    for i in range(len(images)):
        seen.setdefault(hashlib.blake2b(images[i].tobytes(), digest_size=16).digest(), i)
    return np.fromiter(seen.values(), np.int64, len(seen))


def near_pairs(images: np.ndarray, chosen: np.ndarray, *, levels: float = NEAR_LEVELS) -> np.ndarray:
    """Return the pairs of chosen images that are near duplicates, mirrored or not.

    Args:
        images: uint8 [N, H, W, C].
        chosen: indices of the images to compare with each other, int64.
        levels: the largest root mean square difference of near duplicates.

    Returns:
        int64 [P, 2], the lower index first; ascending, each pair once.
    """
    if len(chosen) < 2:
        return np.zeros((0, 2), np.int64)
    radius = levels * np.sqrt(np.prod(images.shape[1:]))
    fitted_on = _rows(images, chosen[:: -(-len(chosen) // _FITTED_ON)])
    count = min(_COMPONENTS, *fitted_on.shape)
    projection = PCA(count, svd_solver="randomized", random_state=0).fit(fitted_on)
    blocks = [chosen[start : start + BLOCK_SIZE] for start in range(0, len(chosen), BLOCK_SIZE)]
    tree = KDTree(np.concatenate([projection.transform(_rows(images, block)) for block in blocks]))
    found = []
    for block in progress(blocks, "duplicates"):
        for mirrored in (False, True):
            points = projection.transform(_rows(images, block, mirrored=mirrored))
            for i, j in _candidates(tree, points, radius):
                pairs = np.stack([block[i], chosen[j]], axis=1)
                pairs = pairs[pairs[:, 0] < pairs[:, 1]]
                found.append(pairs[_differences(images, pairs, mirrored=mirrored) <= levels])
    return np.unique(np.concatenate(found), axis=0)


def _candidates(tree: KDTree, points: np.ndarray, radius: float) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (points, members of the tree) within the radius, a limited number of pairs at a time."""
    slack = radius * 1.001  # for the rounding of the projection
    counts = tree.query_ball_point(points, slack, return_length=True)
    parts = np.cumsum(counts) // _PAIRS_AT_ONCE
    for part in np.unique(parts):
        rows = np.flatnonzero(parts == part)
        members = tree.query_ball_point(points[rows], slack, return_sorted=True)
        yield np.repeat(rows, counts[rows]), np.concatenate([np.asarray(m, np.int64) for m in members])


def _differences(images: np.ndarray, pairs: np.ndarray, *, mirrored: bool) -> np.ndarray:
    """Return the root mean square difference of each pair, float32 [P], in levels."""
    squares = [
        np.mean((_rows(images, part[:, 0], mirrored=mirrored) - _rows(images, part[:, 1])) ** 2, axis=1)
        for part in np.array_split(pairs, max(1, -(-len(pairs) // BLOCK_SIZE)))
    ]
    return np.asarray(np.sqrt(np.concatenate(squares)), np.float32)


def _rows(images: np.ndarray, indices: np.ndarray, *, mirrored: bool = False) -> np.ndarray:
    """Return images, or their mirror images, as float32 [n, H * W * C]."""
    part = images[indices].astype(np.float32)
    flat = (len(indices), int(np.prod(images.shape[1:])))
    return np.asarray(part[:, :, ::-1] if mirrored else part).reshape(flat)
