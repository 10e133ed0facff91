"""Nearest neighbours: worked out by hand, across blocks, and exactly 0 for equal points."""

from __future__ import annotations

import importlib

import numpy as np
import pytest

from dcgan_tf.metrics.nearest import NearestSearch, nearest

module = importlib.import_module("dcgan_tf.metrics.nearest")


def by_hand(points, among, k):
    """Return what the definition gives, without any product form or blocks."""
    gaps = np.linalg.norm(points[:, None].astype(np.float64) - among[None], axis=2)
    order = np.argsort(gaps, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(gaps, order, axis=1), order


def test_three_points_on_a_line():
    distances, indices = nearest(np.array([[1.0], [9.0]]), np.array([[0.0], [4.0], [10.0]]), k=2)
    assert distances.tolist() == [[1, 3], [1, 5]]
    assert indices.tolist() == [[0, 1], [2, 1]]
    assert distances.dtype == np.float32
    assert indices.dtype == np.int64


def test_a_triangle_of_three_and_four():
    distances, _ = nearest(np.array([[0.0, 0.0]]), np.array([[3.0, 4.0]]))
    assert distances.tolist() == [[5]]


@pytest.mark.parametrize("k", [1, 2, 5])
def test_more_points_than_a_block_give_what_the_definition_gives(monkeypatch, k):
    monkeypatch.setattr(module, "BLOCK_SIZE", 7)
    rng = np.random.default_rng(0)
    points, among = rng.normal(size=(23, 6)).astype(np.float32), rng.normal(size=(40, 6)).astype(np.float32)
    distances, indices = nearest(points, among, k=k)
    expected, places = by_hand(points, among, k)
    np.testing.assert_allclose(distances, expected, rtol=1e-4)
    np.testing.assert_array_equal(indices, places)


@pytest.mark.parametrize("k", [1, 3])
def test_equal_points_are_exactly_0_apart_and_the_first_comes_first(monkeypatch, k):
    """The product form alone gives about 8 for vectors of this length."""
    monkeypatch.setattr(module, "BLOCK_SIZE", 8)
    among = np.random.default_rng(1).uniform(0, 255, (30, 3072)).astype(np.float32)
    among[20] = among[3]
    distances, indices = nearest(among[[3, 11]], among, k=k)
    assert distances[:, 0].tolist() == [0, 0]
    assert indices[:, 0].tolist() == [3, 11]
    if k > 1:
        assert (distances[0, 1], indices[0, 1]) == (0, 20)


def test_a_distance_of_one_level_is_exact_beside_long_vectors():
    image = np.random.default_rng(2).integers(1, 255, (1, 32, 32, 3), dtype=np.uint8)
    other = image.copy()
    other[0, 5, 5, 0] += 1
    assert nearest(image, other)[0].tolist() == [[1]]


def test_images_are_read_as_vectors_of_floats():
    """As bytes, 0 - 255 would be 1."""
    black, white = np.zeros((1, 2, 2, 1), np.uint8), np.full((1, 2, 2, 1), 255, np.uint8)
    assert nearest(black, white)[0].tolist() == [[510]]


def test_k_equal_to_all_of_them_is_a_ranking():
    _, indices = nearest(np.array([[0.0]]), np.array([[3.0], [1.0], [2.0]]), k=3)
    assert indices.tolist() == [[1, 2, 0]]


def test_blocks_that_are_added_are_numbered_in_turn():
    search = NearestSearch(np.array([[0.0], [10.0]]), k=2)
    search.add(np.array([[9.0]]))
    assert search.indices.tolist() == [[0, -1], [0, -1]]
    search.add(np.array([[1.0], [2.0]]))
    assert search.indices.tolist() == [[1, 2], [0, 2]]
    assert search.distances.tolist() == [[1, 2], [1, 8]]


def test_no_points_have_no_neighbours():
    distances, indices = nearest(np.zeros((0, 3)), np.ones((4, 3)), k=2)
    assert distances.shape == indices.shape == (0, 2)


@pytest.mark.parametrize("k", [0, 3])
def test_k_must_be_possible(k):
    with pytest.raises(ValueError, match=f"k must be from 1 to the 2 points that are searched, received {k}"):
        nearest(np.zeros((1, 3)), np.zeros((2, 3)), k=k)


def test_lengths_must_be_equal():
    with pytest.raises(ValueError, match=r"equal lengths, received \(1, 3\), \(2, 4\)"):
        nearest(np.zeros((1, 3)), np.zeros((2, 4)))
