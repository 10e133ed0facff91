"""What is refused, and in which words."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.frechet import distance_of_normals, frechet_distance
from dcgan_tf.metrics.inception_score import inception_score
from dcgan_tf.metrics.inputs import check_features, check_images
from dcgan_tf.metrics.kernel_distance import kernel_distance, squared_mmd
from dcgan_tf.metrics.ms_ssim import mean_ms_ssim, ms_ssim
from dcgan_tf.metrics.precision_recall import density_coverage, precision_recall
from dcgan_tf.metrics.real_form import form_statistics
from dcgan_tf.metrics.sliced_wasserstein import sliced_wasserstein


@pytest.mark.parametrize("shapes", [((5, 3), (5, 4)), ((5,), (5, 3)), ((5, 3), (5, 3, 1)), ((5, 0), (5, 0))])
def test_features_are_two_sets_of_vectors_of_one_length(shapes):
    a, b = (np.zeros(shape) for shape in shapes)
    with pytest.raises(ValueError, match=r"features must be \[N, D\] and \[M, D\] with D > 0, received"):
        check_features(a, b, fewest=2)


def test_features_are_enough_in_both_sets():
    check_features(np.zeros((2, 3)), np.zeros((2, 3), np.float16), fewest=2)
    with pytest.raises(ValueError, match="at least 2 points in each set, received 5 and 1"):
        check_features(np.zeros((5, 3)), np.zeros((1, 3)), fewest=2)


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, 1e200, -1e200])
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


BAD_ARRAYS = {
    "objects": np.array([[{}, {}]] * 9, object),
    "words": np.array([["a", "b"]] * 9),
    "yes and no": np.ones((9, 2), bool),
    "complex": np.ones((9, 2), complex),
    "times": np.zeros((9, 2), "M8[s]"),
    "records": np.zeros((9, 2), "f4,f4"),
    "a list": [[1.0, 2.0]] * 9,
    "nothing": None,
    "NaN": np.full((9, 2), np.nan),
    "empty": np.zeros((0, 2)),
    "flat": np.zeros(8),
}
METRICS = {
    "frechet": lambda bad: frechet_distance(bad, np.zeros((9, 2))),
    "normals": lambda bad: distance_of_normals(np.zeros(2), np.eye(2), np.zeros(2), bad),
    "kernel": lambda bad: kernel_distance(np.zeros((9, 2)), bad),
    "squared mmd": lambda bad: squared_mmd(bad, bad),
    "precision": lambda bad: precision_recall(bad, np.zeros((9, 2))),
    "density": lambda bad: density_coverage(np.zeros((9, 2)), bad, k=2),
    "inception": lambda bad: inception_score(bad, splits=2),
    "patches": lambda bad: sliced_wasserstein(bad, np.zeros((9, 8, 8, 1), np.uint8)),
    "ms-ssim": lambda bad: ms_ssim(np.zeros((9, 16, 16, 1), np.uint8), bad),
    "mean_ms_ssim": lambda bad: mean_ms_ssim(bad),
    "labels": lambda bad: mean_ms_ssim(
        np.zeros((9, 16, 16, 1), np.uint8), labels=bad if bad is not None else 0
    ),
    "form": lambda bad: form_statistics(bad),
}


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("name", BAD_ARRAYS)
def test_a_metric_refuses_what_is_no_array_of_numbers_in_a_sentence(metric, name):
    with pytest.raises(ArgumentError):
        METRICS[metric](BAD_ARRAYS[name])


def test_radii_of_other_points_are_refused():
    points = np.random.default_rng(0).normal(size=(9, 2))
    with pytest.raises(ArgumentError, match=r"must be 9 radii, one for each, received \(8,\)"):
        precision_recall(points, points, real_radii=np.ones(8))
    with pytest.raises(ArgumentError, match="there must be 9 radii"):
        density_coverage(points, points, real_radii=np.ones((9, 1)))
