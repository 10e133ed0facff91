"""D's features: pooled by hand, their shapes, and the discriminator that has none."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.analysis.features import discriminator_features, discriminator_logits, max_pooled
from dcgan_tf.images import to_float


def test_pooling_takes_the_maximum_of_each_window():
    maps = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    maps[0, 0, 0, 0] = 100  # the upper left window: 100, 1, 8, 9
    expected = [[100, 11, 13, 15], [25, 27, 29, 31], [41, 43, 45, 47], [57, 59, 61, 63]]
    np.testing.assert_array_equal(max_pooled(maps)[0, :, :, 0], expected)


def test_a_map_of_four_pixels_a_side_is_taken_as_it_is():
    maps = np.random.default_rng(0).normal(size=(2, 4, 4, 3))
    np.testing.assert_array_equal(max_pooled(maps), maps)


def test_windows_of_a_side_of_seven_overlap_by_one():
    line = np.array([0, 9, 0, 1, 0, 0, 2], np.float32)
    maps = np.broadcast_to(line[None, :, None, None], (1, 7, 7, 1))
    # rows 0-1, 1-3, 3-5 and 5-6
    np.testing.assert_array_equal(max_pooled(maps)[0, :, 0, 0], [9, 9, 1, 2])


def test_channels_are_pooled_apart():
    maps = np.zeros((1, 8, 8, 2), np.float32)
    maps[0, 7, 7, 1] = 5
    assert max_pooled(maps)[0, 3, 3].tolist() == [0, 5]


def test_features_of_all_layers_are_laid_in_one_vector(tiny_config):
    discriminator = models.build_discriminator(tiny_config())  # maps 8x8x2 and 4x4x4
    images = np.random.default_rng(0).integers(0, 256, (70, 16, 16, 1), np.uint8)
    features = discriminator_features(discriminator, images)
    assert features.shape == (70, 16 * (2 + 4))
    assert features.dtype == np.float32
    first = discriminator.layers[1](discriminator.layers[0](to_float(images)))
    np.testing.assert_allclose(features[:, :32], max_pooled(np.asarray(first)).reshape(70, -1), atol=1e-5)


def test_the_features_of_a_longer_discriminator_are_those_of_its_strided_convolutions(tiny_config):
    config = tiny_config(discriminator_depth=3, discriminator_norm="spectral", discriminator_filters=3)
    discriminator = models.build_discriminator(config)
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 1), np.uint8)
    features = discriminator_features(discriminator, images)
    assert features.shape == (5, 16 * (3 + 6))
    x = to_float(images)
    for layer in discriminator.layers[:6]:  # three convolutions with their activations
        x = layer(x)
    assert x.shape == (5, 8, 8, 3)
    np.testing.assert_allclose(features[:, :48], max_pooled(np.asarray(x)).reshape(5, -1), atol=1e-5)


def test_logits_are_the_sigmoid_s_input(tiny_config):
    discriminator = models.build_discriminator(tiny_config())
    images = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 1), np.uint8)
    probability = np.asarray(discriminator(to_float(images), training=False))[:, 0]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-discriminator_logits(discriminator, images))), probability, 1e-5
    )


def test_a_fully_connected_discriminator_has_none(tiny_config):
    discriminator = models.build_discriminator(tiny_config(architecture="gan"))
    with pytest.raises(ValueError, match="no convolutional layers; features need --architecture dcgan"):
        discriminator_features(discriminator, np.zeros((1, 16, 16, 1), np.uint8))
