"""Which feature tells what: areas counted by hand, and luck that does not pass for knowledge."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.filters.detectors import area_under_curve, best_features, find_detectors, halves


def test_the_area_is_the_share_of_pairs_in_the_right_order():
    values = np.array([1.0, 2, 3, 4])[:, None]
    positive = np.array([False, True, False, True])
    assert area_under_curve(values, positive)[0] == 0.75  # of 2>1, 2>3, 4>1, 4>3 three are true
    assert area_under_curve(-values, positive)[0] == 0.25
    assert area_under_curve(np.ones((4, 1)), positive)[0] == 0.5


def test_halves_share_no_image():
    first, second = halves(11, seed=0)
    assert (len(first), len(second)) == (5, 6)
    assert set(first) | set(second) == set(range(11))


def test_the_best_of_many_features_that_know_nothing_is_not_taken_for_knowledge():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(400, 300))
    truths = {str(i): rng.random(400) < 0.5 for i in range(20)}
    choosing, _ = halves(400, seed=0)
    lucky = [area_under_curve(values[choosing], truth[choosing]).max() for truth in truths.values()]
    honest = [detector.best for detector in find_detectors(values, truths, seed=0).values()]
    assert np.mean(lucky) > 0.6
    assert np.mean(honest) == pytest.approx(0.5, abs=0.02)


def test_the_feature_that_knows_is_found():
    rng = np.random.default_rng(0)
    values, truth = rng.normal(size=(200, 9)), rng.random(200) < 0.3
    values[:, 4] += 10 * truth
    (detector,) = find_detectors(values, {"crown": truth}, seed=0).values()
    assert detector.ranking[0] == 4
    assert detector.best == 1.0


def test_attributes_with_too_few_examples_are_left_out():
    rare = np.zeros(200, bool)
    rare[:12] = True
    assert find_detectors(np.ones((200, 1)), {"rare": rare}, seed=0) == {}


def test_the_best_features_are_all_different():
    rng = np.random.default_rng(0)
    truth = rng.random(200) < 0.5
    values = rng.normal(size=(200, 5))
    values[:, 2] += 9 * truth
    found = find_detectors(values, {"a": truth, "b": truth}, seed=0)
    features = [feature for feature, _ in best_features(found, 4)]
    assert features[0] == 2
    assert len(set(features)) == 4
