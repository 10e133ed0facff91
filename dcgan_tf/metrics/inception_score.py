"""The Inception score: high if each image clearly belongs to a class, and all classes appear.

Salimans et al. 2016, "Improved techniques for training GANs", section 4; the reference implementation is
inception_score/model.py of openai/improved-gan. The name is correct only for Inception-v3's probabilities.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from scipy.special import rel_entr

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_numbers

_TOLERANCE = 1e-3  # of half-precision probabilities, summed over a thousand classes


def inception_score(probabilities: np.ndarray, *, splits: int = 10) -> tuple[float, float]:
    """Return the mean and the standard deviation of the score over parts of the images.

    The score of a part is exp(mean over its images x of KL(p(y|x) || p(y))), with p(y) the part's own mean,
    natural logarithms; it lies between 1 and the smaller of K and the part's number of images. It grows with
    that number, so it is comparable only at equal numbers.

    Args:
        probabilities: float [N, K], p(y|x); rows sum to 1. Zeros are allowed.
        splits: number of parts. Consecutive images form a part, so shuffle sorted images before.

    Raises:
        ArgumentError: if rows are not probabilities, or there are fewer images than parts.
    """
    _check(probabilities)
    count = len(probabilities)
    if not 1 <= splits <= count:
        raise ArgumentError(f"splits must be from 1 to the number of images, {count}, received {splits}")
    bounds = [part * count // splits for part in range(splits + 1)]
    scores = [_score(probabilities[first:last]) for first, last in pairwise(bounds)]
    return float(np.mean(scores)), float(np.std(scores))


def _score(probabilities: np.ndarray) -> float:
    rows = np.asarray(probabilities, np.float64)
    divergences = rel_entr(rows, rows.mean(axis=0)).sum(axis=1)
    return float(np.exp(divergences.mean()))


def _check(probabilities: np.ndarray) -> None:
    check_numbers(probabilities, "probabilities")
    if probabilities.ndim != 2 or probabilities.size == 0:
        raise ArgumentError(f"probabilities must be [N, K], received {probabilities.shape}")
    totals = probabilities.sum(axis=1, dtype=np.float64)
    # Written so that NaN, which compares false, is refused as well.
    if not (probabilities.min() >= 0 and np.abs(totals - 1.0).max() <= _TOLERANCE):
        raise ArgumentError(
            "probabilities must be at least 0 and each row must sum to 1 (apply the softmax to logits "
            f"first), received values from {probabilities.min():g}, sums from {totals.min():g} to "
            f"{totals.max():g}"
        )
