"""The kernel distance between two sets of features: the unbiased squared maximum mean discrepancy.

Bińkowski et al. 2018, "Demystifying MMD GANs", section 4; the reference implementation is compute_scores.py
of mbinkowski/MMD-GAN. It is called KID only for Inception-v3's pool3 features.
"""

from __future__ import annotations

import math

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_features

_SMALL_BLOCK, _ENOUGH_BLOCKS = 50, 10
_TILE = 2048


def kernel_distance(a: np.ndarray, b: np.ndarray, *, block: int = 1000, seed: int = 0) -> tuple[float, float]:
    """Return the squared MMD of two sets of features, about 0 for equal sources, and its standard error.

    Both sets are shuffled and divided into the same number of disjoint blocks of one size, and the estimates
    of the blocks are averaged. Such blocks are independent, so the spread of their estimates gives the error
    of the mean. The usual 100 subsets of 1,000 points overlap: their spread is that of one subset, and
    divided by the root of their number it understates the error. If the sets differ in size, points of the
    larger set are left out.

    Unlike the Fréchet distance it does not depend on the number of points, and it may be below 0.

    Args:
        a: float [N, D], N at least 4.
        b: float [M, D], M at least 4.
        block: the largest number of points in a block. Blocks are smaller where there would be fewer than 10
            of them, down to 50 points, and always at least two.
        seed: seed of the shuffling.

    Raises:
        ArgumentError: for other shapes, values that are not finite, or a block below 2.
    """
    check_features(a, b, fewest=4)
    if block < 2:
        raise ArgumentError(f"block must be at least 2 points, received {block}")
    rng = np.random.default_rng(seed)
    count, size = _blocks(min(len(a), len(b)), block)
    parts_of_a, parts_of_b = (
        rng.permutation(len(points))[: count * size].reshape(count, size) for points in (a, b)
    )
    estimates = [
        squared_mmd(a[np.sort(i)], b[np.sort(j)]) for i, j in zip(parts_of_a, parts_of_b, strict=True)
    ]
    return float(np.mean(estimates)), float(np.std(estimates, ddof=1) / math.sqrt(count))


def squared_mmd(a: np.ndarray, b: np.ndarray) -> float:
    """Return the unbiased estimate of the squared MMD, with the kernel k(x, y) = (x·y / D + 1)³.

    It is the mean of k over the pairs within a, plus that within b, less twice that between them; no point is
    paired with itself. Computed in float64, tile by tile.

    Args:
        a: float [N, D], N at least 2.
        b: float [M, D], M at least 2.

    Raises:
        ArgumentError: for other shapes, or values that are not finite.
    """
    check_features(a, b, fewest=2)
    a, b = np.asarray(a, np.float64), np.asarray(b, np.float64)
    return _mean_within(a) + _mean_within(b) - 2.0 * _sum(a, b) / (len(a) * len(b))


def _blocks(points: int, largest: int) -> tuple[int, int]:
    """Return the number of blocks for a number of points, and their size."""
    count = max(math.ceil(points / largest), min(_ENOUGH_BLOCKS, points // _SMALL_BLOCK), 2)
    count = min(count, points // 2)  # with an odd number of points, blocks of two leave one over
    return count, points // count


def _mean_within(points: np.ndarray) -> float:
    """Return the mean of the kernel over the pairs of different points, in both orders."""
    itself = _kernel(np.einsum("ij,ij->i", points, points), points.shape[1]).sum()
    return float((_sum(points, points) - itself) / (len(points) * (len(points) - 1)))


def _sum(a: np.ndarray, b: np.ndarray) -> float:
    """Return the sum of the kernel over all pairs of a point of a and one of b."""
    tiles = (
        _kernel(a[i : i + _TILE] @ b[j : j + _TILE].T, a.shape[1]).sum()
        for i in range(0, len(a), _TILE)
        for j in range(0, len(b), _TILE)
    )
    return float(sum(tiles))


def _kernel(products: np.ndarray, dimensions: int) -> np.ndarray:
    """Return (x·y / D + 1)³ of the products x·y."""
    root = products / dimensions + 1.0
    return root * root * root  # numpy's power is ten times as slow
