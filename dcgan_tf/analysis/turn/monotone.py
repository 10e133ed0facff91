"""Measure whether values rise all the way, for many sequences at once."""

from __future__ import annotations

import numpy as np
from scipy.stats import rankdata


def greatest_fall(values: np.ndarray) -> np.ndarray:
    """Return how far each sequence falls below the highest value that it has reached before.

    Falls add up: two small ones in a row count as one large one.

    Args:
        values: float32 [N, S], with rows in the order of the steps.

    Returns:
        float32 [N], 0 for a row that never falls.
    """
    return np.asarray((np.maximum.accumulate(values, axis=1) - values).max(axis=1))


def monotone(values: np.ndarray, *, tolerance: float = 0.0) -> np.ndarray:
    """Return whether each sequence rises all the way: higher at the end, with no fall beyond a tolerance.

    Args:
        values: float32 [N, S].
        tolerance: in the unit of the values, for all falls of a sequence together; see `greatest_fall`.

    Returns:
        bool [N].
    """
    return np.asarray((greatest_fall(values) <= tolerance) & (values[:, -1] > values[:, 0]))


def rank_correlation(values: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each sequence with the number of the step.

    Args:
        values: float32 [N, S], S at least 2.

    Returns:
        float64 [N] from -1 to 1; 0 for a row of equal values.
    """
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    order = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    lengths = np.linalg.norm(ranks, axis=1) * np.linalg.norm(order)
    return np.asarray(ranks @ order / np.where(lengths > 0, lengths, 1.0))
