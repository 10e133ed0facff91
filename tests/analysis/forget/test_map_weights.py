"""The regression that finds the maps, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.forget.map_weights import fit_map_weights, random_maps


@pytest.fixture
def positions():
    """Map 0 is more active inside, map 1 outside, map 2 anywhere, map 3 never; map 4 doubles map 0."""
    rng = np.random.default_rng(0)
    inside, elsewhere = (rng.normal(0, 0.3, (400, 5)).astype(np.float32) for _ in range(2))
    inside[:, 0] += 1
    elsewhere[:, 1] += 1
    for some in (inside, elsewhere):
        some[:, 3] = 0
        some[:, 4] = 2 * some[:, 0]
    return inside, elsewhere


@pytest.mark.parametrize("penalty", [None, 0.5])
def test_maps_that_are_active_inside_have_positive_weights(positions, penalty):
    fitted = fit_map_weights(*positions, penalty=penalty, seed=0)
    assert fitted.weights[0] > 0
    assert fitted.weights[1] < 0
    assert fitted.weights[3] == 0
    assert set(fitted.by_weight[:2].tolist()) == {0, 4}
    assert fitted.accuracy > 0.95
    assert fitted.positions == 800


def test_weights_are_in_standard_deviations(positions):
    """Map 4 is map 0 twice as large, which says nothing else."""
    fitted = fit_map_weights(*positions, penalty=0.5, seed=0)
    assert fitted.weights[4] == pytest.approx(fitted.weights[0], rel=1e-3)


def test_only_positive_weights_are_positive_and_the_largest_comes_first(positions):
    fitted = fit_map_weights(*positions, penalty=0.5, seed=0)
    weights = fitted.weights[fitted.positive]
    assert np.all(weights > 0)
    assert np.all(np.diff(weights) <= 0)
    assert len(fitted.by_weight) == 5


def test_the_rarer_kind_decides_how_many_positions_are_taken(positions):
    inside, elsewhere = positions
    assert fit_map_weights(inside[:50], elsewhere, penalty=None, seed=0).positions == 100


def test_boxes_that_cover_nothing(positions):
    with pytest.raises(ValueError, match="must cover some positions"):
        fit_map_weights(positions[0][:0], positions[1], penalty=None, seed=0)


def test_random_maps_are_different_maps():
    draws = random_maps(3, channels=4, draws=5, seed=0)
    assert [len(set(maps.tolist())) for maps in draws] == [3] * 5
