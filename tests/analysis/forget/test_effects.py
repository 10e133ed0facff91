"""Effects of dropped maps, and the choice of their number, on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.forget.effects import Effect, balanced, mean_change, numbers_beside, numbers_to_try


def test_effects_are_shares():
    """Of four samples two show it before and one after; the other attribute changes in two."""
    before = {"crown": np.array([1, 1, -1, -1]), "smile": np.array([1, -1, 1, -1])}
    after = {"crown": np.array([1, -1, -1, -1]), "smile": np.array([-1, 1, 1, -1])}
    effect = Effect.between(before, after, by_shape=0.5)
    assert effect.shares == {"crown": 0.25, "smile": 0.5}
    assert effect.changed == {"crown": 0.25, "smile": 0.5}
    assert effect.collateral("crown") == 0.5
    assert effect.left("crown") == 0.5
    mean = Effect.mean([effect, Effect({"crown": 0.75, "smile": 0.5}, {"crown": 0.25, "smile": 0.0}, 0.1)])
    assert mean.shares == {"crown": 0.5, "smile": 0.5}
    assert mean.changed == {"crown": 0.25, "smile": 0.25}
    assert mean.by_shape == pytest.approx(0.3)


def test_the_balanced_number_makes_the_larger_evil_smallest():
    def effect(left, by_shape, other):
        return Effect({"crown": left}, {"crown": 0.9, "smile": other}, by_shape)

    tried = {
        1: effect(0.40, 0.4, 0.0),
        2: effect(0.02, 0.3, 0.05),  # the colour is gone, the shape is not
        3: effect(0.02, 0.1, 0.08),
        4: effect(0.00, 0.1, 0.10),  # no better
        5: effect(0.00, 0.0, 0.30),
    }
    assert balanced(tried, "crown") == 3


def test_numbers_to_try():
    assert numbers_to_try(3) == [1, 2, 3]
    many = numbers_to_try(500)
    assert many[0] == 1
    assert many[-1] == 500
    assert len(many) <= 12


def test_numbers_beside_the_best_one():
    assert numbers_beside(4, [1, 2, 4, 8]) == [3, 5, 6, 7]
    assert numbers_beside(1, [1, 2, 4, 8]) == []
    assert numbers_beside(8, [1, 2, 4, 8]) == [5, 6, 7]
    assert numbers_beside(1, [1]) == []
    far = numbers_beside(50, [10, 50, 100])
    assert len(far) == 8
    assert min(far) == 11
    assert max(far) < 100


def test_change_is_counted_where_it_is_asked_for():
    before = np.zeros((1, 2, 2, 1), np.uint8)
    after = np.array([[[[4], [8]], [[0], [200]]]], np.uint8)
    where = np.array([[[True, True], [True, False]]])
    assert mean_change(before, after, where) == pytest.approx(4)
    assert mean_change(before, after, ~where) == pytest.approx(200)
