"""The class of a picture as part of the networks' inputs."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.models.conditional import Conv2DWithLabel, FlattenWithLabel, with_labels


def test_a_latent_ends_in_its_class() -> None:
    latents = np.float32([[0.5, -1.0], [2.0, 3.0]])
    found = with_labels(latents, np.array([2, 0]), 3)
    np.testing.assert_array_equal(found, [[0.5, -1, 0, 0, 1], [2, 3, 1, 0, 0]])


def test_an_image_ends_in_one_plane_for_each_class() -> None:
    images = np.arange(2 * 2 * 3, dtype=np.float32).reshape(2, 2, 3, 1)
    found = np.asarray(with_labels(images, np.array([1, 0]), 2))
    assert found.shape == (2, 2, 3, 3)
    np.testing.assert_array_equal(found[..., :1], images)
    np.testing.assert_array_equal(found[0, ..., 1:], np.broadcast_to([0, 1], (2, 3, 2)))
    np.testing.assert_array_equal(found[1, ..., 1:], np.broadcast_to([1, 0], (2, 3, 2)))


def test_without_classes_inputs_stay_what_they_are() -> None:
    latents = np.zeros((2, 4), np.float32)
    assert with_labels(latents, None, 0) is latents


def test_pixels_are_flattened_and_the_class_comes_once_as_long_as_they_are() -> None:
    images = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    found = FlattenWithLabel(3)(with_labels(images, np.array([1]), 3))
    np.testing.assert_array_equal(found, [[0, 1, 2, 3, 0, 2, 0]])


@pytest.mark.parametrize("kernel", [4, 5])
def test_the_convolution_that_knows_of_classes_is_the_one_that_does_not(kernel: int) -> None:
    rng = np.random.default_rng(0)
    images = rng.uniform(-1, 1, (7, 10, 12, 3)).astype(np.float32)
    inputs = with_labels(images, np.array([1, 0, 3, 3, 2, 0, 1]), 4)
    settings = {"strides": 2, "padding": "same", "use_bias": False}
    plain = keras.layers.Conv2D(5, kernel, **settings)
    labelled = Conv2DWithLabel(5, kernel, **settings, num_classes=4)
    expected = plain(inputs)
    labelled.build(inputs.shape)
    labelled.set_weights(plain.get_weights())
    np.testing.assert_allclose(labelled(inputs), expected, atol=1e-6)
    copy = type(labelled).from_config(labelled.get_config())
    copy.build(inputs.shape)
    copy.set_weights(plain.get_weights())
    np.testing.assert_array_equal(copy(inputs), labelled(inputs))


@pytest.mark.parametrize("architecture", ["dcgan", "gan"])
def test_networks_of_one_class_are_the_conditional_ones_told_that_class(
    tiny_config: Callable[..., Config], architecture: str
) -> None:
    config = tiny_config(architecture=architecture, conditional=True)
    rng, labels = np.random.default_rng(0), np.full(5, 2)
    for build, inputs in (
        (models.build_generator, rng.normal(size=(5, 4)).astype(np.float32)),
        (models.build_discriminator, rng.uniform(-1, 1, (5, 16, 16, 1)).astype(np.float32)),
    ):
        network = build(config, num_classes=3)
        expected = network(with_labels(inputs, labels, 3), training=False)
        fixed = models.of_one_class(network, 2, 3)
        np.testing.assert_array_equal(fixed(inputs, training=False), expected)
        other = models.of_one_class(network, 1, 3)(inputs, training=False)
        assert not np.array_equal(other, expected)
