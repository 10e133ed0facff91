"""Nearest neighbours by Euclidean distance, block by block, so that memory does not grow with the sets."""

from __future__ import annotations

import numpy as np

from dcgan_tf.errors import ArgumentError

BLOCK_SIZE = 2048
_CLOSE = 1e-4
_PAIRS = 1024


def nearest(points: np.ndarray, among: np.ndarray, *, k: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return the k nearest neighbours of each point.

    Args:
        points: [N, ...], read as float32 vectors.
        among: [M, ...] with the same length, M at least k; may be memory-mapped.
        k: number of neighbours.

    Returns:
        (distances float32 [N, k], ascending; indices into `among` int64 [N, k]).

    Raises:
        ArgumentError: if the lengths differ or `among` has fewer than k.
    """
    if not 1 <= k <= len(among):
        raise ArgumentError(f"k must be from 1 to the {len(among)} points that are searched, received {k}")
    search = NearestSearch(points, k=k)
    for start in range(0, len(among), BLOCK_SIZE):
        search.add(among[start : start + BLOCK_SIZE])
    return search.distances, search.indices


class NearestSearch:
    """The k nearest neighbours of points among all that has been added so far.

    Use it for sets that come in blocks, such as features that do not fit in memory together.

    Attributes:
        indices: int64 [N, k], in the order of being added; -1 where fewer than k were added.
    """

    def __init__(self, points: np.ndarray, *, k: int = 1) -> None:
        """Take the points [N, ...], read as float32 vectors, and the number of neighbours of each."""
        self.indices = np.full((len(points), k), -1, np.int64)
        self._points = points
        self._squares = np.full((len(points), k), np.inf, np.float32)
        self._added = 0

    @property
    def distances(self) -> np.ndarray:
        """The distances to the neighbours, float32 [N, k], ascending; infinite if fewer than k were added."""
        return np.asarray(np.sqrt(self._squares))

    def add(self, block: np.ndarray) -> None:
        """Search more points, [M, ...]; about 2,048 at once are fast and take little memory.

        Raises:
            ArgumentError: if their length is not that of the points.
        """
        if self._points.shape[1:] != block.shape[1:]:
            raise ArgumentError(
                f"points and among must have equal lengths, received {self._points.shape}, {block.shape}"
            )
        vectors = _vectors(block)
        for first in range(0, len(self._points), BLOCK_SIZE):
            rows = slice(first, first + BLOCK_SIZE)
            self._merge(rows, squared_distances(self._points[rows], vectors))
        self._added += len(block)

    def _merge(self, rows: slice, squares: np.ndarray) -> None:
        """Keep the k nearest of those so far and of a block, [n, M]; the earlier one of two equally near."""
        best = _smallest(squares, self._squares.shape[1])
        merged = np.concatenate([self._squares[rows], np.take_along_axis(squares, best, axis=1)], axis=1)
        places = np.concatenate([self.indices[rows], best + self._added], axis=1)
        order = np.argsort(merged, axis=1, kind="stable")[:, : self._squares.shape[1]]
        self._squares[rows] = np.take_along_axis(merged, order, axis=1)
        self.indices[rows] = np.take_along_axis(places, order, axis=1)


def _smallest(values: np.ndarray, k: int) -> np.ndarray:
    """Return the columns of each row's k smallest values, ascending columns, int64 [n, min(k, M)]."""
    if k == 1:
        return np.asarray(values.argmin(axis=1)[:, None])
    if k >= values.shape[1]:
        return np.broadcast_to(np.arange(values.shape[1]), values.shape)
    return np.sort(np.argpartition(values, k - 1, axis=1)[:, :k], axis=1)


def squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the squared distance of each point of a to each of b.

    |a - b|² is computed as |a|² - 2ab + |b|², which is one matrix product. That form loses the digits of
    small distances. So distances that are small beside the vectors' lengths are computed again, directly:
    equal vectors have distance 0 exactly.

    Args:
        a: [N, ...], read as float32 vectors.
        b: [M, ...], of the same length. N and M are best at most `BLOCK_SIZE`: the result is a whole matrix.

    Returns:
        float32 [N, M].
    """
    a, b = _vectors(a), _vectors(b)
    squares_a = np.einsum("ij,ij->i", a, a)[:, None]
    squares_b = np.einsum("ij,ij->i", b, b)[None]
    squares = a @ b.T
    squares *= -2
    squares += squares_a
    squares += squares_b
    rows, columns = np.nonzero(squares < _CLOSE * (squares_a + squares_b.max()))
    for start in range(0, len(rows), _PAIRS):
        i, j = rows[start : start + _PAIRS], columns[start : start + _PAIRS]
        difference = a[i] - b[j]
        squares[i, j] = np.einsum("ij,ij->i", difference, difference)
    return np.asarray(squares)


def _vectors(points: np.ndarray) -> np.ndarray:
    return np.asarray(points, np.float32).reshape(len(points), -1)
