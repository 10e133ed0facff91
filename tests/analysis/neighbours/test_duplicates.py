"""Duplicates: sets in which they were put by hand."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.neighbours import duplicates as module
from dcgan_tf.analysis.neighbours.duplicates import duplicates, first_ones, near_pairs


@pytest.fixture
def images():
    """Return 60 images that have nothing to do with each other."""
    return np.random.default_rng(0).integers(0, 256, (60, 8, 8, 1), dtype=np.uint8)


def test_different_images_are_no_duplicates(images):
    found = duplicates(images)
    assert (found.exact, found.near, found.checked) == (0, 0, 60)
    assert found.pairs.shape == (0, 2)


def test_exact_ones_are_counted_once_each(images):
    images[7] = images[21] = images[3]
    assert first_ones(images).tolist() == [i for i in range(60) if i not in (7, 21)]
    found = duplicates(images)
    assert (found.exact, found.near, found.checked) == (2, 0, 58)


def test_near_ones_are_those_within_five_levels(images):
    images[10:13] = np.clip(images[10:13], 10, 240)
    images[40], images[41] = images[10] + 5, images[11] + 6
    found = duplicates(images)
    assert found.pairs.tolist() == [[10, 40]]
    assert (found.exact, found.near) == (0, 2)


def test_pairs_that_differ_only_in_what_varies_most_are_found():
    """Plain greys: the first component holds the whole distance, here of 4 and of 6 levels."""
    greys = np.array([0, 40, 80, 120, 124, 200, 206], np.uint8)
    assert duplicates(np.tile(greys[:, None, None, None], (1, 8, 8, 1))).pairs.tolist() == [[3, 4]]


def test_mirror_images_are_near_ones(images):
    images[50] = images[4][:, ::-1]
    assert duplicates(images).pairs.tolist() == [[4, 50]]


def test_an_image_that_is_its_own_mirror_is_no_duplicate(images):
    images[5, :, 4:] = images[5, :, :4][:, ::-1]
    assert duplicates(images).near == 0


def test_a_pair_is_found_across_blocks_and_parts(images, monkeypatch):
    monkeypatch.setattr(module, "BLOCK_SIZE", 9)
    monkeypatch.setattr(module, "_PAIRS_AT_ONCE", 4)
    images[30:50] = np.clip(images[2], 1, 250) + np.arange(20, dtype=np.uint8)[:, None, None, None] % 4
    expected = [[i, j] for i in range(30, 50) for j in range(i + 1, 50)]
    pairs = near_pairs(images, np.arange(60)).tolist()
    assert [pair for pair in pairs if pair[0] != 2] == expected


def test_only_the_chosen_are_held_against_each_other(images):
    images[1] = images[0]
    images[9] = images[8]
    assert near_pairs(images, np.array([0, 1, 8, 20])).tolist() == [[0, 1]]


def test_large_sets_are_thinned_out(images, monkeypatch):
    monkeypatch.setattr(module, "MOST_CHECKED", 20)
    assert duplicates(images).checked == 20


def test_a_set_of_one_image_has_none(images):
    assert (duplicates(images[:1]).exact, duplicates(images[:1]).near) == (0, 0)
