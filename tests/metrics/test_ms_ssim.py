"""Against TensorFlow's own MS-SSIM, and pairs that are worked out by hand."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.metrics.ms_ssim import mean_ms_ssim, ms_ssim

module = importlib.import_module("dcgan_tf.metrics.ms_ssim")

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Wang et al. 2003, section 3.2


def pairs_of(shape, *, count=3, seed=0):
    """Return images and somewhat similar ones; the last pair is one of opposites."""
    rng = np.random.default_rng(seed)
    a = rng.integers(0, 256, (count, *shape), np.uint8)
    b = np.clip(a * rng.uniform(0.3, 1, (count, 1, 1, 1)) + rng.normal(0, 40, a.shape), 0, 255).astype(
        np.uint8
    )
    b[-1] = 255 - a[-1]
    return a, b


@pytest.mark.parametrize(
    ("shape", "scales"),
    [
        ((11, 11, 1), 1),
        ((20, 64, 1), 1),
        ((28, 28, 1), 2),
        ((21, 33, 3), 2),
        ((64, 48, 3), 3),
        ((81, 83, 2), 4),
        ((176, 161, 1), 5),
        ((330, 321, 1), 5),
    ],
)
def test_it_is_what_tensorflow_gives(shape, scales):
    a, b = pairs_of(shape)
    factors = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
    expected = tf.image.ssim_multiscale(a, b, 255, power_factors=factors).numpy()
    found = ms_ssim(a, b)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert found[0] > found[-1]


def test_black_and_white_differ_in_luminance_alone():
    """At two scales it counts at the last, with weight 0.2856 / (0.0448 + 0.2856); C1 = 2.55²."""
    black, white = np.zeros((1, 28, 28, 1), np.uint8), np.full((1, 28, 28, 1), 255, np.uint8)
    luminance = 2.55**2 / (255**2 + 2.55**2)
    assert ms_ssim(black, white)[0] == pytest.approx(luminance ** (0.2856 / 0.3304))


def test_equal_images_are_alike_wholly():
    a, _ = pairs_of((28, 28, 3))
    np.testing.assert_allclose(ms_ssim(a, a), 1)


def test_it_is_the_same_in_small_parts(monkeypatch):
    a, b = pairs_of((12, 12, 1), count=7)
    whole = ms_ssim(a, b)
    monkeypatch.setattr(module, "_PAIRS", 2)
    np.testing.assert_array_equal(ms_ssim(a, b), whole)


# Diversity


def test_of_two_images_it_is_that_of_the_pair():
    a, b = pairs_of((12, 12, 1), count=1)
    found = mean_ms_ssim(np.concatenate([a, b]), pairs=20)
    assert found == (pytest.approx(ms_ssim(a, b)[0]), pytest.approx(0, abs=1e-9))


def test_pairs_are_of_one_label():
    """Of label 3 are two equal images, of label 8 black and white: 1 and about 0. Label 5 has no pair."""
    grey = np.full((1, 12, 12, 1), 100, np.uint8)
    images = np.concatenate([grey, grey * 0, grey, grey * 0 + 255, grey * 0 + 50])
    labels = np.array([3, 8, 3, 8, 5])
    mean, error = mean_ms_ssim(images, pairs=400, labels=labels)
    dark = ms_ssim(images[[1]], images[[3]])[0]
    share = (mean - dark) / (1 - dark)
    assert share == pytest.approx(0.5, abs=0.1)
    deviation = math.sqrt(share * (1 - share) * 400 / 399) * (1 - dark)
    assert error == pytest.approx(deviation / 20)


def test_each_two_different_images_are_as_likely():
    first, second = module._pairs(np.array([7, 9, 7, 7, 9, 1]), 6, 8000, 0)
    pairs, counts = np.unique(np.stack([first, second]), axis=1, return_counts=True)
    assert pairs.T.tolist() == [[0, 2], [0, 3], [1, 4], [2, 0], [2, 3], [3, 0], [3, 2], [4, 1]]
    np.testing.assert_allclose(counts, [800, 800, 1600, 800, 800, 800, 800, 1600], rtol=0.15)


def test_alike_images_are_less_diverse():
    rng = np.random.default_rng(0)
    different = rng.integers(0, 256, (20, 12, 12, 1), np.uint8)
    alike = np.clip(different[:1] + rng.normal(0, 20, different.shape), 0, 255).astype(np.uint8)
    assert mean_ms_ssim(alike, pairs=50)[0] > mean_ms_ssim(different, pairs=50)[0] + 0.3


def test_it_is_a_function_of_the_seed():
    images, _ = pairs_of((12, 12, 1), count=30)
    assert mean_ms_ssim(images, pairs=10, seed=1) == mean_ms_ssim(images, pairs=10, seed=1)
    assert mean_ms_ssim(images, pairs=10, seed=1) != mean_ms_ssim(images, pairs=10, seed=2)


SOME = np.zeros((3, 12, 12, 1), np.uint8)


def test_what_is_no_pair_is_refused():
    with pytest.raises(ValueError, match=r"of one size, received \(3, 12, 12, 1\) and \(2, 12, 12, 1\)"):
        ms_ssim(SOME, SOME[:2])
    with pytest.raises(ValueError, match=r"at least 11 pixels, received \(10, 12\)"):
        ms_ssim(SOME, SOME[:, :10])


@pytest.mark.parametrize(
    ("images", "options", "words"),
    [
        (SOME[:, :, :10], {}, r"at least 11 pixels, received \(12, 10\)"),
        (SOME, {"pairs": 1}, "pairs must be at least 2, for a standard error, received 1"),
        (SOME, {"labels": np.zeros(2, int)}, r"one label for each of the 3 images, received \(2,\)"),
        (SOME, {"labels": np.arange(3)}, "two images with the same label, received none among 3 images"),
        (SOME[:1], {}, "received none among 1 images"),
    ],
)
def test_of_what_there_is_no_diversity_is_refused(images, options, words):
    with pytest.raises(ValueError, match=words):
        mean_ms_ssim(images, **options)
