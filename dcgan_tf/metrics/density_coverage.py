"""Density: how densely real images surround samples. Coverage: the share of real images with a sample near.

Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", section 3.2; the reference
implementation is the package prdc.
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.metrics.inputs import check_features
from dcgan_tf.metrics.neighbourhoods import held, radii


def density_coverage(
    real: np.ndarray, fake: np.ndarray, *, k: int = 5, real_radii: np.ndarray | None = None
) -> tuple[float, float]:
    """Return (density, coverage).

    Balls about the real points reach to their k-th nearest real neighbours. Density is the mean number of
    balls that hold a fake point, divided by k; sets of one source give about 1, and it may exceed 1 where
    samples crowd together. Coverage, from 0 to 1, is the share of the balls that hold any fake point; sets of
    one source and equal size give about 1 - 2^-k. Only real points have balls, so fake outliers cannot raise
    either.

    Balls are closed here and open in prdc, which differs for points exactly on a rim alone, such as copies.

    Args:
        real: features float [N, D], N more than k.
        fake: features float [M, D], M more than k.
        k: the neighbour that a ball reaches to.
        real_radii: what `radii(real, k=k)` returns, to save finding it again for the same real points.

    Raises:
        ArgumentError: for other shapes, values that are not finite, or a k below 1.
    """
    check_features(real, fake, fewest=k + 1)
    balls, occupied = held(fake, real, radii(real, k=k) if real_radii is None else real_radii)
    return float(balls.mean() / k), float(occupied.mean())
