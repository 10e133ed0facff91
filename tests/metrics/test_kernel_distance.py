"""Against kernels that are worked out by hand, and against scikit-learn's."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
from sklearn.metrics.pairwise import polynomial_kernel

from dcgan_tf.metrics.kernel_distance import kernel_distance, squared_mmd

module = importlib.import_module("dcgan_tf.metrics.kernel_distance")


def by_sklearn(a, b):
    """Return the estimate from whole matrices of the kernel."""
    within = [polynomial_kernel(points, degree=3, gamma=1 / points.shape[1], coef0=1) for points in (a, b)]
    means = [(matrix.sum() - np.trace(matrix)) / (len(matrix) * (len(matrix) - 1)) for matrix in within]
    return sum(means) - 2 * polynomial_kernel(a, b, degree=3, gamma=1 / a.shape[1], coef0=1).mean()


def test_two_points_against_two():
    """k(0, 1) = 1; k(1, 2) = 3³ = 27; between: k(0, ·) = 1 twice, k(1, 1) = 8, k(1, 2) = 27, mean 37 / 4."""
    assert squared_mmd(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]])) == pytest.approx(28 - 2 * 37 / 4)


def test_the_product_is_divided_by_the_dimensions():
    """k = (2 / 2 + 1)³ = 8 within a; 1 within b and between: 8 + 1 - 2."""
    assert squared_mmd(np.ones((2, 2)), np.zeros((3, 2))) == pytest.approx(7)


def test_it_is_what_scikit_learn_s_kernel_gives(monkeypatch):
    monkeypatch.setattr(module, "_TILE", 7)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(40, 6)), rng.normal(0.3, 1.2, size=(33, 6))
    assert squared_mmd(a, b) == pytest.approx(by_sklearn(a, b), rel=1e-10)
    assert squared_mmd(a.astype(np.float32), b.astype(np.float32)) == pytest.approx(
        by_sklearn(a, b), rel=1e-5
    )


def test_one_source_gives_0_within_the_error_and_another_does_not():
    rng = np.random.default_rng(1)
    a, b, shifted = rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8)), rng.normal(0.5, size=(1000, 8))
    mean, error = kernel_distance(a, b)
    assert abs(mean) < 3 * error
    mean, error = kernel_distance(a, shifted)
    assert mean > 10 * error > 0


def test_the_mean_and_the_error_are_those_of_disjoint_blocks():
    """Every point is a number of its own, so that the blocks can be read off the calls."""
    calls = []

    def record(a, b):
        calls.append((a[:, 0].astype(int), b[:, 0].astype(int)))
        return float(len(calls))

    points = np.arange(103.0)[:, None]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "squared_mmd", record)
        mean, error = kernel_distance(points, points[:90], block=30)
    assert [(len(a), len(b)) for a, b in calls] == [(30, 30)] * 3
    for side in zip(*calls, strict=True):
        assert len(set(np.concatenate(side))) == 90
    assert set(np.concatenate([a for a, _ in calls])) != set(range(90)), "the larger set is not shuffled"
    assert (mean, error) == (2, pytest.approx(1 / math.sqrt(3)))


@pytest.mark.parametrize(
    ("points", "largest", "expected"),
    [
        (10_000, 1000, (10, 1000)),
        (50_000, 1000, (50, 1000)),
        (5000, 1000, (10, 500)),
        (500, 1000, (10, 50)),
        (300, 1000, (6, 50)),
        (60, 1000, (2, 30)),
        (4, 1000, (2, 2)),
        (5, 2, (2, 2)),
        (1001, 1000, (10, 100)),
    ],
)
def test_there_are_ten_blocks_if_they_can_be_of_fifty_points(points, largest, expected):
    assert module._blocks(points, largest) == expected


def test_the_standard_error_is_the_spread_of_repeated_measurements():
    """Of 60 pairs of fresh sets; their spread is known to 1 / (2 * 59)^½ = 9 %."""
    rng = np.random.default_rng(2)
    repeated = [
        kernel_distance(rng.normal(size=(400, 4)), rng.normal(0.3, size=(400, 4)), block=50)
        for _ in range(60)
    ]
    means, errors = np.array(repeated).T
    assert np.mean(errors) == pytest.approx(np.std(means, ddof=1), rel=0.3)


def test_it_is_a_function_of_the_seed():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(120, 3)), rng.normal(size=(120, 3))
    assert kernel_distance(a, b, seed=4) == kernel_distance(a, b, seed=4)
    assert kernel_distance(a, b, seed=4) != kernel_distance(a, b, seed=5)


def test_what_cannot_be_blocks_is_refused():
    with pytest.raises(ValueError, match="at least 4 points in each set, received 3 and 9"):
        kernel_distance(np.zeros((3, 2)), np.zeros((9, 2)))
    with pytest.raises(ValueError, match="block must be at least 2 points, received 1"):
        kernel_distance(np.zeros((9, 2)), np.zeros((9, 2)), block=1)
