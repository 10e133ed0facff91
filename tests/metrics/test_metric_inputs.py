"""What is refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.metrics.inputs import check_features, check_images


@pytest.mark.parametrize("shapes", [((5, 3), (5, 4)), ((5,), (5, 3)), ((5, 3), (5, 3, 1)), ((5, 0), (5, 0))])
def test_features_are_two_sets_of_vectors_of_one_length(shapes):
    a, b = (np.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match=r"features must be \[N, D\] and \[M, D\] with D > 0, received"):
        check_features(a, b, fewest=2)


def test_features_are_enough_in_both_sets():
    check_features(np.zeros((2, 3)), np.zeros((2, 3), np.float16), fewest=2)
    with pytest.raises(ValueError, match="at least 2 points in each set, received 5 and 1"):
        check_features(np.zeros((5, 3)), np.zeros((1, 3)), fewest=2)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_features_are_finite(wrong):
    a, b = np.zeros((2, 5, 3))
    b[4, 2] = wrong
    with pytest.raises(ValueError, match="features must be finite"):
        check_features(a, b, fewest=2)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 16, 16, 1), np.float32),
        np.zeros((2, 16, 16), np.uint8),
        np.zeros((0, 16, 16, 1), np.uint8),
    ],
)
def test_images_are_uint8_and_some(images):
    with pytest.raises(ValueError, match=r"images must be uint8 \[N, H, W, C\] and at least one, received"):
        check_images(images, shortest=11)


def test_images_are_large_enough():
    check_images(np.zeros((1, 11, 12, 3), np.uint8), shortest=11)
    with pytest.raises(ValueError, match=r"at least 11 pixels, received \(10, 12\)"):
        check_images(np.zeros((1, 10, 12, 3), np.uint8), shortest=11)
