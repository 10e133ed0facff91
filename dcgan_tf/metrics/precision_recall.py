"""Precision: the share of samples that look real. Recall: the share of real images that samples come near.

Kynkäänniemi et al. 2019, "Improved precision and recall metric for assessing generative models", equations 1
and 2; the reference implementation is precision_recall.py of kynkaat/improved-precision-and-recall-metric.
"""

from __future__ import annotations

import numpy as np

from dcgan_tf.metrics.inputs import check_features
from dcgan_tf.metrics.neighbourhoods import held, radii


def precision_recall(
    real: np.ndarray, fake: np.ndarray, *, k: int = 3, real_radii: np.ndarray | None = None
) -> tuple[float, float]:
    """Return (precision, recall), each from 0 to 1.

    Precision is the share of fake points in at least one ball about a real point, which reaches to its k-th
    nearest real neighbour. Recall is the same with the sets exchanged. Both depend on the numbers of points,
    so that they are comparable only at equal ones. One outlier's ball may hold much: density and coverage are
    sturdier.

    Args:
        real: features float [N, D], N more than k.
        fake: features float [M, D], M more than k.
        k: the neighbour that a ball reaches to.
        real_radii: what `radii(real, k=k)` returns, to save finding it again for the same real points.

    Raises:
        ArgumentError: for other shapes, values that are not finite, or a k below 1.
    """
    check_features(real, fake, fewest=k + 1)
    balls_of_real, _ = held(fake, real, radii(real, k=k) if real_radii is None else real_radii)
    balls_of_fake, _ = held(real, fake, radii(fake, k=k))
    return float(np.mean(balls_of_real > 0)), float(np.mean(balls_of_fake > 0))
