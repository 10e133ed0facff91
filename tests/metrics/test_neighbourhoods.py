"""Balls about points on a line, worked out by hand; and across blocks, against the definition."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from dcgan_tf.metrics.precision_recall import ball_membership, neighbour_radii

module = importlib.import_module("dcgan_tf.metrics.precision_recall")


def line(*places):
    return np.array(places, float)[:, None]


@pytest.mark.parametrize(("k", "expected"), [(1, [1, 1, 2, 4]), (2, [3, 2, 3, 6]), (3, [7, 6, 4, 7])])
def test_radii_of_four_points_on_a_line(k, expected):
    points = line(0, 1, 3, 7)
    assert neighbour_radii(points, k=k).tolist() == expected


def test_copies_are_neighbours_but_a_point_is_not_its_own():
    assert neighbour_radii(line(5, 5, 5, 9), k=1).tolist() == [0, 0, 0, 4]
    assert neighbour_radii(line(5, 5, 5, 9), k=2).tolist() == [0, 0, 0, 4]
    assert neighbour_radii(line(5, 5, 5, 9), k=3).tolist() == [4, 4, 4, 4]


def test_which_points_lie_in_which_balls():
    """Balls [-1, 1], [3, 7] and [99, 101]; 1 is on a rim, which counts."""
    balls, occupied = ball_membership(line(0, 1, 2, 4), line(0, 5, 100), np.array([1, 2, 1], np.float32))
    assert balls.tolist() == [1, 1, 0, 1]
    assert occupied.tolist() == [True, True, False]


def test_balls_may_overlap():
    balls, _ = ball_membership(line(1), line(0, 2, 4), np.array([2, 2, 2], np.float32))
    assert balls.tolist() == [2]


def test_more_points_than_a_block_give_what_the_definition_gives(monkeypatch):
    monkeypatch.setattr(module, "BLOCK_SIZE", 7)
    rng = np.random.default_rng(0)
    points, centres = rng.normal(size=(30, 3)), rng.normal(size=(23, 3))
    radius = rng.uniform(0.5, 1.5, 23).astype(np.float32)
    inside = np.linalg.norm(points[:, None] - centres[None], axis=2) <= radius
    assert inside.any(axis=0).sum() not in (0, 23)
    balls, occupied = ball_membership(points, centres, radius)
    np.testing.assert_array_equal(balls, inside.sum(axis=1))
    np.testing.assert_array_equal(occupied, inside.any(axis=0))


@pytest.mark.parametrize("k", [0, 3])
def test_k_must_be_possible(k):
    with pytest.raises(ValueError, match=f"k must be from 1 to 2, one less than the points, received {k}"):
        neighbour_radii(line(0, 1, 2), k=k)
