"""Guided backpropagation on a network small enough for a sheet of paper, and the grade of its gradients."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.analysis.filters.guided_backprop import (
    around_grey,
    concentration,
    feature_maxima,
    guided_gradients,
    last_feature_layers,
    pixels_seen,
)
from dcgan_tf.images import to_float

IMAGE = np.array([[255, 0], [255, 255]], np.uint8)[None, :, :, None]  # 1, -1, 1, 1 in the network


@pytest.fixture(scope="module")
def by_hand() -> keras.Sequential:
    """Two 1x1 filters, x and -x; then two features that see all four pixels of both; then a judge."""
    layers = keras.layers
    network = keras.Sequential(
        [
            keras.Input((2, 2, 1)),
            layers.Conv2D(2, 1, use_bias=False),
            layers.LeakyReLU(0.2),
            layers.Conv2D(2, 2, use_bias=False),
            layers.LeakyReLU(0.2),
            layers.Conv2D(1, 1, use_bias=False),
            layers.Flatten(),
            layers.Activation("sigmoid"),
        ]
    )
    network.layers[0].set_weights([np.array([[[[1.0, -1.0]]]])])
    kernel = np.zeros((2, 2, 2, 2))
    kernel[:, :, 0, 0] = [[2, 3], [-4, 5]]
    kernel[:, :, 1, 0] = [[1, 6], [1, 1]]
    kernel[:, :, :, 1] = -kernel[:, :, :, 0]
    network.layers[2].set_weights([kernel])
    return network


def test_the_forward_pass_is_that_of_the_leaky_network(by_hand):
    # x: 2·1 + 3·(-0.2) - 4 + 5 = 2.4; -x: -0.2 + 6 - 0.2 - 0.2 = 5.4; the other feature is -7.8, leaked
    np.testing.assert_allclose(feature_maxima(by_hand, IMAGE), [[7.8, -1.56]], rtol=1e-5)


def test_gradients_pass_where_they_and_the_inputs_are_positive(by_hand):
    # x is positive in pixels 0, 2, 3, where its gradients are 2, -4, 5; -x in pixel 1, where it is 6
    gradients = guided_gradients(by_hand, IMAGE, np.array([0]))
    np.testing.assert_allclose(gradients[0, :, :, 0], [[2, -6], [0, 5]], rtol=1e-5)


def test_a_feature_that_is_off_has_no_gradient(by_hand):
    assert not guided_gradients(by_hand, IMAGE, np.array([1])).any()


def test_each_image_has_the_gradient_of_its_own_feature(by_hand):
    gradients = guided_gradients(by_hand, np.repeat(IMAGE, 3, axis=0), np.array([1, 0, 1]))
    assert gradients.any(axis=(1, 2, 3)).tolist() == [False, True, False]


def test_d_s_own_batch_norm_is_in_inference_mode_and_nothing_changes(tiny_config):
    discriminator = models.build_discriminator(tiny_config())
    before = [weight.copy() for weight in discriminator.get_weights()]
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 1), np.uint8)
    maps = keras.Sequential([discriminator.inputs[0], *last_feature_layers(discriminator)])
    expected = np.asarray(maps(to_float(images), training=False)).max(axis=(1, 2))
    np.testing.assert_allclose(feature_maxima(discriminator, images), expected, rtol=1e-4, atol=1e-6)
    guided_gradients(discriminator, images, np.zeros(5, int))
    for weight, same in zip(discriminator.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weight, same)


def test_a_longer_discriminator_sees_more_pixels(tiny_config):
    # Kernels of 4x4 with stride 2: 1 + 3 + 2·3 = 10 pixels a side; with 3x3 before each, 2 and 2·2 more.
    for depth, side in ((1, 10), (2, 16)):
        config = tiny_config(image_size=(28, 28), discriminator_depth=depth, discriminator_norm="spectral")
        assert pixels_seen(models.build_discriminator(config)) == side**2


def test_a_fully_connected_discriminator_has_no_filters(tiny_config):
    discriminator = models.build_discriminator(tiny_config(architecture="gan"))
    with pytest.raises(ValueError, match=r"no convolutional layers.*--architecture dcgan"):
        last_feature_layers(discriminator)


def test_concentration_of_even_and_of_single_pixels():
    even, single = np.ones((1, 10, 10, 3)), np.zeros((1, 10, 10, 3))
    single[0, 4, 4] = -7
    assert concentration(np.concatenate([even, single]), receptive_field=100).tolist() == pytest.approx(
        [0.1, 1.0]
    )


def test_concentration_is_of_energy_and_adds_up_channels():
    gradients = np.zeros((1, 10, 10, 2))
    gradients[..., 0] = 1
    gradients[0, 3, :, 1] = 3  # ten pixels of 1 + 9, ninety of 1
    assert concentration(gradients, receptive_field=100)[0] == pytest.approx(100 / 190)


def test_concentration_is_relative_to_what_a_feature_sees():
    gradients = np.zeros((1, 10, 10, 1))
    gradients[0, :2] = 1  # evenly over all twenty pixels that are seen
    assert concentration(gradients, receptive_field=20)[0] == pytest.approx(0.1)


def test_a_feature_sees_what_its_convolutions_reach(tiny_config, by_hand):
    assert pixels_seen(by_hand) == 4
    # two layers of kernel 4 and stride 2: 4 + 3 · 2 = 10 pixels a side
    assert pixels_seen(models.build_discriminator(tiny_config())) == 100
    # three: 10 + 3 · 4 = 22
    assert pixels_seen(models.build_discriminator(tiny_config(image_size=(32, 32)))) == 22 * 22


def test_nothing_is_not_concentrated():
    assert np.isnan(concentration(np.zeros((1, 4, 4, 1)), receptive_field=16)[0])


def test_gradients_are_drawn_around_grey():
    gradients = np.zeros((2, 4, 4, 1), np.float32)
    gradients[0, 0, 0], gradients[0, 1, 1] = 3, -3
    pictures = around_grey(gradients)[..., 0]
    assert (pictures[0, 0, 0], pictures[0, 1, 1], pictures[0, 2, 2], pictures[1, 0, 0]) == (255, 0, 128, 128)
