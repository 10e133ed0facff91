"""Pictures that are none: what they look like."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.evaluation.controls import CONTROLS, blurred, controls, random_pixels, untrained


def test_each_kind_comes_as_often_as_asked_and_of_the_size_of_real_images():
    others = np.random.default_rng(0).integers(0, 256, (80, 16, 16, 3), dtype=np.uint8)
    found = dict(controls(60, others, ModelConfig(filters=2, latent_dim=4)))
    assert list(found) == list(CONTROLS)
    for images in found.values():
        assert images.dtype == np.uint8
        assert images.shape == (60, 16, 16, 3)


def test_blurred_images_keep_their_mean_and_lose_their_details():
    lines = np.zeros((1, 32, 32, 1), np.uint8)
    lines[:, :, ::2] = 200
    [found] = blurred(lines)
    np.testing.assert_allclose(found[4:-4, 4:-4], 100, atol=3)


def test_random_pixels_are_spread_evenly():
    values = random_pixels(20, (16, 16, 3))
    assert np.histogram(values, bins=4, range=(0, 256))[0] / values.size == pytest.approx(0.25, abs=0.02)


def test_an_untrained_generator_of_a_size_that_no_dcgan_has_is_a_fully_connected_one():
    for shape, norm in (((16, 16, 1), "batch"), ((11, 17, 3), "none")):
        images = untrained(
            3, shape, ModelConfig(filters=2, hidden_units=8, conditional=True, generator_norm=norm)
        )
        assert images.shape == (3, *shape)
        assert 100 < images.mean() < 156
