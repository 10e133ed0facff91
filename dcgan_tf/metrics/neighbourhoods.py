"""Balls about the points of a set, as wide as to their k-th neighbours: an estimate of where the set lies.

Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models", equation 1.
Balls are closed, as there: a point on the rim is inside.
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.nearest import BLOCK, nearest, squared_distances


def radii(points: np.ndarray, *, k: int) -> np.ndarray:
    """Return each point's distance to the k-th nearest other point of its set.

    Args:
        points: float [N, D].
        k: which neighbour, from 1 to N - 1.

    Returns:
        float32 [N]; 0 for a point with k copies.

    Raises:
        ArgumentError: if k is out of range.
    """
    if not 1 <= k < len(points):
        raise ArgumentError(f"k must be from 1 to {len(points) - 1}, one less than the points, received {k}")
    # Among its own set a point is at distance 0, exactly, and so are its copies: one of them is left out.
    return nearest(points, points, k=k + 1)[0][:, -1]


def held(points: np.ndarray, centres: np.ndarray, radius: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tell which points lie in which balls, block by block.

    Args:
        points: float [M, D].
        centres: of the balls, float [N, D].
        radius: of each, float32 [N].

    Returns:
        (how many balls hold each point, int64 [M]; whether each ball holds any point, bool [N]).

    Raises:
        ArgumentError: if the radii are not one for each centre, or the points of another length.
    """
    if np.shape(radius) != (len(centres),):
        raise ArgumentError(f"there must be {len(centres)} radii, one for each, received {np.shape(radius)}")
    if points.ndim != 2 or points.shape[1:] != centres.shape[1:]:
        raise ArgumentError(
            f"points and centres must be [M, D] and [N, D], received {points.shape} and {centres.shape}"
        )
    balls = np.zeros(len(points), np.int64)
    occupied = np.zeros(len(centres), bool)
    for i in range(0, len(points), BLOCK):
        some = points[i : i + BLOCK]
        for j in range(0, len(centres), BLOCK):
            gaps = np.sqrt(squared_distances(some, centres[j : j + BLOCK]))
            inside = gaps <= radius[j : j + BLOCK]
            balls[i : i + BLOCK] += np.count_nonzero(inside, axis=1)
            occupied[j : j + BLOCK] |= inside.any(axis=0)
    return balls, occupied
