"""Folding: batch norm into weights, the projection into a dense layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dcgan_tf.export.network.folding import fold
from dcgan_tf.export.network.graph import float_image

LAYERS = keras.layers


def sequential(*layers: keras.Layer, latent_dim: int = 2) -> keras.Sequential:
    return keras.Sequential([keras.Input((latent_dim,)), *layers])


MODELS = [
    {},
    {"dense_units": 24},
    {"architecture": "gan"},
    {"generator_norm": "none"},
    {"generator_norm": "none", "dense_units": 24},
]


@pytest.mark.parametrize("model", MODELS, ids=str)
@pytest.mark.parametrize("size", [(16, 16), (48, 64)])
def test_a_generator_is_the_same_folded(unlike_at_first, model, size):
    """That a trained one is, too, is seen in its artefacts."""
    generator = unlike_at_first(**model, image_size=size)
    folded, z = fold(generator), np.random.default_rng(3).normal(size=(8, 16)).astype(np.float32)
    drawn = np.asarray(generator(z, training=False))
    assert 0.1 < drawn.std() < 0.8, (
        "an image without contrast, or all black and white, would hide a difference"
    )
    assert folded.latent_dim == 16
    assert folded.image_shape == (*size, 1)
    np.testing.assert_allclose(np.asarray(float_image(folded, z)), drawn, atol=2e-6)


def test_batch_norm_is_folded_as_worked_out_by_hand():
    norm = LAYERS.BatchNormalization(epsilon=0.5)
    network = sequential(
        LAYERS.Dense(1), norm, LAYERS.ReLU(), LAYERS.Reshape((1, 1, 1)), LAYERS.Activation("tanh")
    )
    network.layers[0].set_weights([np.array([[3.0], [5.0]]), np.array([7.0])])
    norm.set_weights([np.array([4.0]), np.array([1.0]), np.array([2.0]), np.array([3.5])])
    (dense,) = fold(network).dense
    # gamma / sqrt(variance + epsilon) = 4 / sqrt(3.5 + 0.5) = 2; bias (7 - 2) * 2 + 1 = 11.
    np.testing.assert_array_equal(dense.kernel, [[6.0], [10.0]])
    np.testing.assert_array_equal(dense.bias, [11.0])
    assert dense.relu
    assert dense.kernel.dtype == np.float64


def test_the_projection_of_one_pixel_is_a_dense_layer():
    projection = LAYERS.Conv2DTranspose(2, (2, 3), use_bias=False)
    network = sequential(
        LAYERS.Reshape((1, 1, 2)), projection, LAYERS.BatchNormalization(), LAYERS.Activation("tanh")
    )
    folded = fold(network)
    assert folded.first_map == (2, 3, 2)
    assert folded.dense[0].kernel.shape == (2, 12)
    z = np.array([[1.0, -2.0]], np.float32)
    np.testing.assert_allclose(
        np.asarray(float_image(folded, z)), np.asarray(network(z, training=False)), atol=1e-6
    )


def test_a_layer_that_is_not_known_is_named():
    network = sequential(LAYERS.Dense(4), LAYERS.Softmax(name="odd"), LAYERS.Activation("tanh"))
    with pytest.raises(ValueError, match="cannot export layer 'odd' of type Softmax"):
        fold(network)


def test_batch_norm_after_relu_is_refused_because_it_cannot_be_folded():
    network = sequential(
        LAYERS.Dense(4), LAYERS.ReLU(), LAYERS.BatchNormalization(name="late"), LAYERS.Activation("tanh")
    )
    with pytest.raises(ValueError, match="cannot export layer 'late'"):
        fold(network)


def test_a_dense_layer_may_have_no_bias():
    network = sequential(
        LAYERS.Dense(4, use_bias=False), LAYERS.Reshape((2, 2, 1)), LAYERS.Activation("tanh")
    )
    np.testing.assert_array_equal(fold(network).dense[0].bias, np.zeros(4))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_not_finite_are_refused(value):
    network = sequential(LAYERS.Dense(4), LAYERS.Reshape((2, 2, 1)), LAYERS.Activation("tanh"))
    network.layers[0].kernel.assign(np.full((2, 4), value))
    with pytest.raises(ValueError, match="weights are not finite; take an earlier checkpoint"):
        fold(network)


@pytest.mark.parametrize("middle", [LAYERS.Activation("tanh", name="odd"), LAYERS.LeakyReLU(0.2, name="odd")])
def test_another_activation_in_the_middle_is_refused(middle):
    network = sequential(
        LAYERS.Dense(4), middle, LAYERS.Dense(4), LAYERS.Reshape((2, 2, 1)), LAYERS.Activation("tanh")
    )
    with pytest.raises(ValueError, match="cannot export layer 'odd'"):
        fold(network)


def test_another_ending_than_tanh_is_refused():
    network = sequential(LAYERS.Dense(4), LAYERS.Reshape((2, 2, 1)), LAYERS.Activation("sigmoid", name="end"))
    with pytest.raises(ValueError, match="cannot export layer 'end' of type Activation"):
        fold(network)


@pytest.mark.parametrize(("strides", "padding"), [(1, "same"), (2, "valid")])
def test_another_transposed_convolution_is_refused(strides, padding):
    network = sequential(
        LAYERS.Reshape((1, 1, 2)),
        LAYERS.Conv2DTranspose(2, 4),
        LAYERS.Conv2DTranspose(1, 4, strides=strides, padding=padding),
        LAYERS.Activation("tanh"),
    )
    with pytest.raises(ValueError, match=r"expected transposed convolutions of stride 2 and same padding"):
        fold(network)
