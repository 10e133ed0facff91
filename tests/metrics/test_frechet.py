"""Against distances that are worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

from dcgan_tf.metrics.frechet import distance_of_normals, frechet_distance, moments


def test_in_one_dimension_it_is_the_difference_of_means_and_of_deviations():
    """N(0, 1) and N(3, 4): 3² + (2 - 1)² = 10."""
    one, four = np.array([[1.0]]), np.array([[4.0]])
    assert distance_of_normals(np.zeros(1), one, np.array([3.0]), four) == pytest.approx(10.0)


def test_of_covariances_that_do_not_commute():
    """For 2x2 matrices Tr((AB)^½) = (Tr AB + 2 (det AB)^½)^½; here Tr AB = 10, det AB = 3 * 4."""
    a, b = np.array([[2.0, 1.0], [1.0, 2.0]]), np.diag([1.0, 4.0])
    expected = 4 + 5 - 2 * math.sqrt(10 + 2 * math.sqrt(12))
    assert distance_of_normals(np.zeros(2), a, np.zeros(2), b) == pytest.approx(expected)


def test_singular_covariances_are_no_obstacle():
    """A line and a point: the distance is the line's variance and the squared distance of the means."""
    line, point = np.diag([9.0, 0.0]), np.zeros((2, 2))
    assert distance_of_normals(np.array([1.0, 1.0]), line, np.zeros(2), point) == pytest.approx(11.0)


def test_moments_are_the_mean_and_the_unbiased_covariance():
    mean, covariance = moments(np.array([[0, 0], [2, 4]], np.float32))
    np.testing.assert_allclose(mean, [1, 2])
    np.testing.assert_allclose(covariance, [[2, 4], [4, 8]])


def test_of_points():
    """Variances 2 and 8 about 0 and 5: 5² + (8^½ - 2^½)² = 25 + 2."""
    assert frechet_distance(np.array([[-1.0], [1.0]]), np.array([[3.0], [7.0]])) == pytest.approx(27.0)


def test_of_a_set_to_itself_it_is_0_and_it_is_symmetric():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(300, 20)), rng.normal(size=(200, 20)) @ rng.normal(size=(20, 20))
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a))
    assert frechet_distance(a, b) > 1


def test_one_point_has_no_covariance():
    with pytest.raises(ValueError, match="at least 2 points in each set, received 1 and 5"):
        frechet_distance(np.zeros((1, 3)), np.zeros((5, 3)))


def test_it_is_what_scipy_s_root_of_the_product_gives():
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(400, 12)), rng.normal(0.1, 1.3, size=(300, 12)) @ rng.normal(size=(12, 12))
    (mean_a, covariance_a), (mean_b, covariance_b) = moments(a), moments(b)
    root = scipy.linalg.sqrtm(covariance_a @ covariance_b).real
    expected = np.sum((mean_a - mean_b) ** 2) + np.trace(covariance_a + covariance_b - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("counts", [(5, 9), (9, 5), (5, 80), (9, 9)])
def test_fewer_points_than_dimensions_give_the_distance_of_their_covariances(counts):
    rng = np.random.default_rng(2)
    a, b = (rng.normal(i, 1 + i, size=(count, 20)) for i, count in enumerate(counts))
    assert frechet_distance(a, b) == pytest.approx(distance_of_normals(*moments(a), *moments(b)), rel=1e-5)
    assert frechet_distance(a, a) == pytest.approx(0.0, abs=1e-5)


def test_two_lines_at_right_angles():
    """Points ±1 on one axis and ±2 on another of three: variances 2 and 8, no overlap."""
    a, b = np.array([[-1.0, 0, 0], [1, 0, 0]]), np.array([[0.0, -2, 0], [0, 2, 0]])
    assert frechet_distance(a, b) == pytest.approx(10)
    assert frechet_distance(a, 2 * a) == pytest.approx((8**0.5 - 2**0.5) ** 2)
