"""The L2-SVM: a linear classifier with the squared hinge loss, for more numbers than liblinear can hold.

Several are fitted at once, one on each core.

scikit-learn's LinearSVC copies the features to float64 and then to a sparse form four times as large as
float32. This one minimises the same objective on the float32 features directly, for several answers at once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np
from scipy.optimize import minimize
from threadpoolctl import threadpool_limits

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
_MOST_STEPS = 300
_ROWS = 1024
"""Images at a time, so that features come from memory once for both products that read them."""
PRECISION = 1e-5  # relative, of the objective; finer steps change few answers and take three times as long


def fit_svm(
    features: np.ndarray, signs: np.ndarray, penalties: np.ndarray, *, precision: float = PRECISION
) -> np.ndarray:
    """Minimise penalty/2 |w|^2 + mean(max(0, 1 - sign * (x.w + b))^2) for each column of signs.

    This is LinearSVC's objective with C = 1 / (penalty * N); as there, the bias counts as a weight.

    Args:
        features: float32 [N, D].
        signs: -1 or +1, [N, K].
        penalties: above 0, [K].
        precision: steps that lower the objective by a smaller share end the search.

    Returns:
        float32 [D + 1, K]; the last row are the biases.
    """
    n, width = features.shape
    shape = (width + 1, signs.shape[1])
    signs, penalties = signs.astype(np.float32), penalties.astype(np.float32)

    def objective(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat.reshape(shape).astype(np.float32)
        across = np.ascontiguousarray(weights[:-1].T)
        squares, gradient = 0.0, np.zeros(shape, np.float32)
        for start in range(0, n, _ROWS):
            rows, answers = features[start : start + _ROWS], signs[start : start + _ROWS]
            short = np.maximum(0, 1 - answers * ((across @ rows.T).T + weights[-1]))
            squares += float(np.sum(short**2, dtype=np.float64))
            slope = (-2 / n) * short * answers
            gradient[:-1] += (slope.T @ rows).T
            gradient[-1] += slope.sum(axis=0)
        loss = np.sum(penalties * weights.astype(np.float64) ** 2) / 2 + squares / n
        return float(loss), (gradient + penalties * weights).astype(np.float64).ravel()

    options = {"maxiter": _MOST_STEPS, "ftol": precision, "gtol": 1e-6}
    # On a busy machine BLAS' threads wait for each other: measured 20 times slower than a single one, which
    # also gives the same sums on any number of cores.
    with threadpool_limits(1, user_api="blas"):
        found = minimize(objective, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x.reshape(shape), np.float32)


def svm_scores(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return x.w + b for each answer, float32 [N, K]; above 0 where it is yes."""
    return np.asarray(features @ weights[:-1] + weights[-1])


def in_parallel(work: Callable[[_Job], _Result], jobs: Sequence[_Job]) -> list[_Result]:
    """Do the work of each job, with a thread for each core, and return the results in their order.

    BLAS has one thread in each, so that every result is that of the job alone. A stop waits for the jobs that
    have begun.
    """
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, jobs))
