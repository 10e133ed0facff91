"""Shares of neighbourhoods: worked out by hand, the cases of their papers, and against the package prdc."""

from __future__ import annotations

import numpy as np
import pytest
from prdc import compute_prdc

from dcgan_tf.metrics.precision_recall import density_coverage, precision_recall


def line(*places):
    return np.array(places, float)[:, None]


def test_on_a_line():
    """Real balls are [-1, 1], [0, 2] and [1, 5]; fake ones [0.5, 1.5], [1, 2] and [1.5, 14.5]."""
    real, fake = line(0, 1, 3), line(1, 1.5, 8)
    assert precision_recall(real, fake, k=1) == (pytest.approx(2 / 3), pytest.approx(2 / 3))
    # Fake 1 is in three balls, 1.5 in two, 8 in none; every ball holds one.
    assert density_coverage(real, fake, k=1) == (pytest.approx(5 / 3), 1)


def test_identical_sets_agree_wholly():
    """A closed ball holds its centre, its k - 1 nearer neighbours and the one on its rim: k + 1."""
    points = line(0, 1, 3, 7, 15, 31)
    assert precision_recall(points, points, k=1) == (1, 1)
    density, coverage = density_coverage(points, points, k=2)
    assert (density, coverage) == (pytest.approx(3 / 2), 1)


def test_radii_that_are_known_need_not_be_found_again():
    """On the line again, with real balls of radius 0.4: [-0.4, 0.4], [0.6, 1.4], [2.6, 3.4]; 1 is in one."""
    real, fake, known = line(0, 1, 3), line(1, 1.5, 8), np.full(3, 0.4, np.float32)
    third = pytest.approx(1 / 3)
    assert precision_recall(real, fake, k=1, real_radii=known) == (third, pytest.approx(2 / 3))
    assert density_coverage(real, fake, k=1, real_radii=known) == (third, third)


def test_disjoint_sets_share_nothing():
    near, far = np.random.default_rng(0).uniform(size=(2, 50, 3)) + np.array([0, 100])[:, None, None]
    assert precision_recall(near, far) == (0, 0)
    assert density_coverage(near, far) == (0, 0)


def test_copies_of_one_point_are_precise():
    same = np.ones((6, 2))
    assert precision_recall(same, same) == (1, 1)
    assert density_coverage(same, same)[1] == 1


def test_one_real_outlier_raises_precision_and_hardly_density():
    """Naeem et al. 2020, figure 2: the outlier's ball reaches over the gap, to fakes like nothing real."""
    real, fake = line(0, 1, 2, 3, 100), line(20, 30, 40, 50)
    assert precision_recall(real[:4], fake, k=1)[0] == 0
    assert precision_recall(real, fake, k=1)[0] == 1
    assert density_coverage(real, fake, k=1)[0] == 1
    real = np.concatenate([np.random.default_rng(0).normal(size=(500, 2)), [[50, 0]]])
    fake = np.random.default_rng(1).normal((25, 0), 1, size=(500, 2))
    assert precision_recall(real, fake, k=5)[0] > 0.9
    assert density_coverage(real, fake, k=5)[0] <= 0.2


def test_fake_outliers_raise_recall_and_not_coverage():
    """Naeem et al. 2020, figure 3: scattered fakes have balls that hold everything."""
    real = line(0, 1, 2, 3, 4, 5)
    fake = line(-20, -10, 20, 30)
    assert precision_recall(real, fake, k=2)[1] == 1
    assert density_coverage(real, fake, k=2) == (0, 0)


def test_sets_of_one_source():
    """Density 1 is expected, and coverage 1 - Π (N - i) / (2N - i), i = 1..k: 0.969 of 1,000 and k = 5."""
    rng = np.random.default_rng(0)
    density, coverage = density_coverage(rng.normal(size=(1000, 8)), rng.normal(size=(1000, 8)))
    expected = 1 - np.prod([(1000 - i) / (2000 - i) for i in range(1, 6)])
    assert density == pytest.approx(1, abs=0.05)
    assert coverage == pytest.approx(expected, abs=0.02)


def test_of_a_shifted_square_what_overlaps_counts():
    """[0, 1]² and [½, 1½] x [0, 1]: half of each lies in the other, but for the rims."""
    rng = np.random.default_rng(0)
    real, fake = rng.uniform(size=(2, 2000, 2))
    fake[:, 0] += 0.5
    for share in (*precision_recall(real, fake), *density_coverage(real, fake)):
        assert share == pytest.approx(0.5, abs=0.07)


def test_dropped_modes_are_missed_by_recall_and_coverage_alone():
    """Two of four far clusters: everything drawn is real, half of the real is drawn."""
    rng = np.random.default_rng(0)
    centres = np.repeat(np.eye(4) * 100, 250, axis=0)
    real, fake = (rng.normal(centres, 1) for _ in range(2))
    precision, recall = precision_recall(real, fake[:500])
    density, coverage = density_coverage(real, fake[:500])
    assert precision > 0.8
    assert density == pytest.approx(1, abs=0.1)
    assert 0.4 < recall <= 0.5
    assert 0.45 < coverage <= 0.5


@pytest.mark.parametrize(("count", "k"), [(300, 1), (300, 5), (170, 3)])
def test_it_is_what_prdc_gives(count, k):
    rng = np.random.default_rng(k)
    real = rng.normal(size=(300, 16)).astype(np.float32)
    fake = rng.normal(0.2, 0.9, size=(count, 16)).astype(np.float32)
    expected = compute_prdc(real, fake, nearest_k=k)
    found = (*precision_recall(real, fake, k=k), *density_coverage(real, fake, k=k))
    names = ("precision", "recall", "density", "coverage")
    assert found == pytest.approx([expected[name] for name in names], rel=1e-4)
    assert min(found) > 0


@pytest.mark.parametrize("metric", [precision_recall, density_coverage])
def test_there_must_be_neighbours(metric):
    with pytest.raises(ValueError, match="at least 4 points in each set, received 3 and 9"):
        metric(np.zeros((3, 2)), np.zeros((9, 2)), k=3)
    with pytest.raises(ValueError, match="k must be from 1 to 8"):
        metric(np.zeros((9, 2)), np.zeros((9, 2)), k=0)
