"""Nearest neighbours by Euclidean distance, block by block: memory does not grow with the sets."""

from __future__ import annotations

import numpy as np

_BLOCK = 2048


def nearest(points: np.ndarray, among: np.ndarray, *, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest neighbours of each point.

    Args:
        points: [N, ...], read as float32 vectors.
        among: [M, ...] with the same length, M at least k; may be memory-mapped.
        k: how many.

    Returns:
        (distances float32 [N, k], ascending; indices into `among` int64 [N, k]).

    Raises:
        ValueError: if the lengths differ or `among` has fewer than k.
    """
    if points.shape[1:] != among.shape[1:]:
        raise ValueError(f"points and among must have equal lengths, received {points.shape}, {among.shape}")
    if not 1 <= k <= len(among):
        raise ValueError(f"k must be from 1 to the {len(among)} points that are searched, received {k}")
    distances = np.full((len(points), k), np.inf, np.float32)
    indices = np.zeros((len(points), k), np.int64)
    for start in range(0, len(among), _BLOCK):
        block = _vectors(among[start : start + _BLOCK])
        for first in range(0, len(points), _BLOCK):
            rows = slice(first, first + _BLOCK)
            found = _distances(_vectors(points[rows]), block)
            merged = np.concatenate([distances[rows], found], axis=1)
            places = np.concatenate(
                [indices[rows], np.broadcast_to(np.arange(start, start + len(block)), found.shape)], axis=1
            )
            order = np.argsort(merged, axis=1, kind="stable")[:, :k] if k > 1 else merged.argmin(1)[:, None]
            distances[rows] = np.take_along_axis(merged, order, axis=1)
            indices[rows] = np.take_along_axis(places, order, axis=1)
    return distances, indices


def _vectors(points: np.ndarray) -> np.ndarray:
    return np.asarray(points, np.float32).reshape(len(points), -1)


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return float32 [N, M]; |a - b|² as |a|² - 2ab + |b|², whose sums are taken in float64.

    The shorter form loses the digits of small distances, so those that are small beside the vectors' own
    lengths are computed again, directly.
    """
    squares_a = np.einsum("ij,ij->i", a, a, dtype=np.float64)[:, None]
    squares_b = np.einsum("ij,ij->i", b, b, dtype=np.float64)[None]
    squares = squares_a + squares_b - 2.0 * (a @ b.T)
    close = squares < 1e-4 * (squares_a + squares_b)
    for i, j in np.argwhere(close):
        difference = a[i] - b[j]
        squares[i, j] = difference @ difference
    return np.asarray(np.sqrt(np.maximum(squares, 0.0)), np.float32)
