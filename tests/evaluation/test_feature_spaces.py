"""Probabilities of the kinds of pictures, recovered from the classifier's margins."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.evaluation.feature_spaces import Features, probabilities_of
from dcgan_tf.judges.classifier import Predictions, _class_margins


def test_probabilities_of_classes_are_the_softmax_of_the_logits():
    logits = np.array([[2.0, 1.0, 0.0], [-50.0, 50.0, 0.0], [1.0, 1.0, 1.0]], np.float32)
    classes = ("a", "b", "c")
    predictions = Predictions(_class_margins(logits, classes), {}, np.zeros((3, 2)))
    found = probabilities_of(predictions, SimpleNamespace(classes=classes, binary=()))
    # e² / (e² + e + 1), e / (…), 1 / (…)
    np.testing.assert_allclose(found[0], [0.66524096, 0.24472847, 0.09003057], rtol=1e-5)
    np.testing.assert_allclose(found[1], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(found[2], [1 / 3] * 3, rtol=1e-6)


def test_without_classes_they_are_those_of_the_combinations_of_attributes():
    margins = {"hat": np.array([np.log(3.0)]), "beard": np.array([0.0])}  # 3/4 and 1/2
    predictions = Predictions(margins, {}, np.zeros((1, 2)))
    found = probabilities_of(predictions, SimpleNamespace(classes=(), binary=("hat", "beard")))
    np.testing.assert_allclose(found, [[0.375, 0.125, 0.375, 0.125]], rtol=1e-6)


def test_of_many_attributes_the_first_eight_count():
    names = tuple("abcdefghi")
    predictions = Predictions({name: np.zeros(2) for name in names}, {}, np.zeros((2, 3)))
    found = probabilities_of(predictions, SimpleNamespace(classes=(), binary=names))
    assert found.shape == (2, 256)
    np.testing.assert_allclose(found, 1 / 256)


def test_large_margins_do_not_overflow():
    predictions = Predictions({"hat": np.array([1e4, -1e4], np.float32)}, {}, np.zeros((2, 3)))
    found = probabilities_of(predictions, SimpleNamespace(classes=(), binary=("hat",)))
    np.testing.assert_array_equal(found, [[1, 0], [0, 1]])


def test_where_nothing_is_told_apart_there_is_one_kind():
    predictions = Predictions({}, {"light": np.zeros(3)}, np.zeros((3, 2)))
    np.testing.assert_array_equal(
        probabilities_of(predictions, SimpleNamespace(classes=(), binary=())), np.ones((3, 1))
    )


def test_features_are_sliced_together():
    features = Features(np.arange(10)[:, None], np.arange(10)[:, None] * 2)
    part = features[slice(1, None, 5)]
    assert part.points.ravel().tolist() == [1, 6]
    assert part.probabilities.ravel().tolist() == [2, 12]
    assert isinstance(part, Features)
    with pytest.raises(AttributeError):
        part.points = None
