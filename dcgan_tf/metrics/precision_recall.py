"""Precision and recall, density and coverage: fidelity and variety from nearest neighbours.

Precision is the share of samples that look real; recall is the share of real images that samples come near.
Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models", equations 1
and 2; the reference implementation is precision_recall.py of kynkaat/improved-precision-and-recall-metric.

Density is how densely real images surround samples; coverage is the share of real images with a sample near.
Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", section 3.2; the reference
implementation is the package prdc.

Both estimate where a set lies by balls around its points, which reach to their k-th neighbours. Balls are
closed, as in the first paper: a point on the rim is inside.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_features
from dcgan_tf.metrics.nearest import BLOCK_SIZE, nearest, squared_distances

PRECISION_NEIGHBOURS = 3
"""The neighbour that the balls of precision and recall reach to, as in the paper."""
DENSITY_NEIGHBOURS = 5
"""The neighbour that the balls of density and coverage reach to, as in the paper."""


def precision_recall(
    real: np.ndarray, fake: np.ndarray, *, k: int = PRECISION_NEIGHBOURS, real_radii: np.ndarray | None = None
) -> tuple[float, float]:
    """Return (precision, recall), each from 0 to 1.

    Precision is the share of fake points in at least one ball around a real point, which reaches to its k-th
    nearest real neighbour. Recall is the same with the sets exchanged. Both depend on the numbers of points,
    so they are comparable only at equal numbers. The ball of one outlier may hold many points: density and
    coverage are more robust.

    Args:
        real: features float [N, D], N more than k.
        fake: features float [M, D], M more than k.
        k: the neighbour that a ball reaches to.
        real_radii: what `neighbour_radii(real, k=k)` returns, if it is known already.

    Raises:
        ArgumentError: for other shapes, values that are not finite, or a k below 1.
    """
    check_features(real, fake, fewest=k + 1)
    balls_of_real, _ = ball_membership(
        fake, real, neighbour_radii(real, k=k) if real_radii is None else real_radii
    )
    balls_of_fake, _ = ball_membership(real, fake, neighbour_radii(fake, k=k))
    return float(np.mean(balls_of_real > 0)), float(np.mean(balls_of_fake > 0))


def density_coverage(
    real: np.ndarray, fake: np.ndarray, *, k: int = DENSITY_NEIGHBOURS, real_radii: np.ndarray | None = None
) -> tuple[float, float]:
    """Return (density, coverage).

    Balls around the real points reach to their k-th nearest real neighbours. Density is the mean number of
    balls that hold a fake point, divided by k; sets of one source give about 1, and it may exceed 1 where
    samples crowd together. Coverage, from 0 to 1, is the share of the balls that hold any fake point; sets of
    one source and equal size give about 1 - 2^-k. Only real points have balls, so fake outliers cannot raise
    either.

    Balls are closed here and open in prdc. This differs only for points exactly on a rim, such as copies.

    Args:
        real: features float [N, D], N more than k.
        fake: features float [M, D], M more than k.
        k: the neighbour that a ball reaches to.
        real_radii: what `neighbour_radii(real, k=k)` returns, if it is known already.

    Raises:
        ArgumentError: for other shapes, values that are not finite, or a k below 1.
    """
    check_features(real, fake, fewest=k + 1)
    balls, occupied = ball_membership(
        fake, real, neighbour_radii(real, k=k) if real_radii is None else real_radii
    )
    return float(balls.mean() / k), float(occupied.mean())


def neighbour_radii(points: np.ndarray, *, k: int) -> np.ndarray:
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


def ball_membership(
    points: np.ndarray, centres: np.ndarray, radius: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return which points lie in which balls, computed block by block.

    Args:
        points: float [M, D].
        centres: centres of the balls, float [N, D].
        radius: radius of each ball, float32 [N].

    Returns:
        (how many balls hold each point, int64 [M]; whether each ball holds any point, bool [N]).

    Raises:
        ArgumentError: if there is not one radius for each centre, or the points have another length.
    """
    [found] = ball_memberships(points, centres, [radius])
    return found


def ball_memberships(
    points: np.ndarray, centres: np.ndarray, radii: Sequence[np.ndarray]
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return what `ball_membership` does for each of several radii, with each distance computed once.

    Args:
        points: float [M, D].
        centres: float [N, D].
        radii: each float32 [N].

    Returns:
        For each of them (how many balls hold each point, int64 [M]; whether each ball holds any point, bool
        [N]).

    Raises:
        ArgumentError: as `ball_membership` does.
    """
    for radius in radii:
        if np.shape(radius) != (len(centres),):
            raise ArgumentError(
                f"there must be {len(centres)} radii, one for each, received {np.shape(radius)}"
            )
    if points.ndim != 2 or points.shape[1:] != centres.shape[1:]:
        raise ArgumentError(
            f"points and centres must be [M, D] and [N, D], received {points.shape} and {centres.shape}"
        )
    found = [(np.zeros(len(points), np.int64), np.zeros(len(centres), bool)) for _ in radii]
    for i in range(0, len(points), BLOCK_SIZE):
        some = points[i : i + BLOCK_SIZE]
        for j in range(0, len(centres), BLOCK_SIZE):
            gaps = np.sqrt(squared_distances(some, centres[j : j + BLOCK_SIZE]))
            for radius, (balls, occupied) in zip(radii, found, strict=True):
                inside = gaps <= radius[j : j + BLOCK_SIZE]
                balls[i : i + BLOCK_SIZE] += np.count_nonzero(inside, axis=1)
                occupied[j : j + BLOCK_SIZE] |= inside.any(axis=0)
    return found
