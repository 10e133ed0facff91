"""The class of a picture as part of the networks' inputs."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.models.conditional import FlattenWithLabel, with_labels


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
