"""Convolutions with another gradient of the kernel: TensorFlow's numbers, from other operations."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import preset
from dcgan_tf.models import build_discriminator, build_generator, kernel_gradient
from dcgan_tf.models.conditional import Conv2DWithLabel
from dcgan_tf.models.kernel_gradient import convolution, transposed_convolution
from dcgan_tf.models.spectral import SpectralConv2D

SAME = "SAME"
STRIDES = (2, 2)
CASES = pytest.mark.parametrize(("side", "kernel"), [(8, 4), (8, 5), (7, 4), (7, 5), (2, 4)])


def draw(*shape: int) -> tf.Tensor:
    return tf.constant(np.random.default_rng(sum(shape)).normal(size=shape))


def differences(ours: Callable[..., Any], theirs: Callable[..., Any], *inputs: tf.Tensor) -> list[float]:
    """Return how the outputs, the gradients and the gradients of those gradients differ at most."""
    found = []
    for function in (ours, theirs):
        with tf.GradientTape() as outer:
            outer.watch(inputs)
            with tf.GradientTape() as tape:
                tape.watch(inputs)
                outputs = function(*inputs)
                loss = tf.reduce_sum(tf.sin(outputs))
            gradients = tape.gradient(loss, inputs)
            slope = tf.reduce_sum(gradients[0] ** 2)  # what R1 penalises
        found.append([outputs, *gradients, *outer.gradient(slope, inputs)])
    return [float(tf.reduce_max(tf.abs(a - b))) for a, b in zip(*found, strict=True)]


@CASES
def test_a_convolution_has_the_outputs_and_gradients_of_tensorflow(side: int, kernel: int) -> None:
    def theirs(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(images, weights, STRIDES, SAME)

    def ours(images: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return convolution(images, weights, STRIDES)

    assert max(differences(ours, theirs, draw(3, side, side, 5), draw(kernel, kernel, 5, 6))) < 1e-9


@CASES
def test_a_transposed_convolution_has_them_too(side: int, kernel: int) -> None:
    def theirs(maps: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d_transpose(maps, weights, (3, 2 * side, 2 * side, 5), STRIDES, SAME)

    def ours(maps: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        return transposed_convolution(maps, weights, STRIDES)

    assert max(differences(ours, theirs, draw(3, side, side, 6), draw(kernel, kernel, 5, 6))) < 1e-9


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *itertools.product(
            ("Conv2D", "Conv2DTranspose"),
            ({"use_bias": False}, {"activation": "relu"}, {"padding": "valid"}, {"strides": 1}),
        ),
        ("Conv2D", {"strides": 1, "dilation_rate": 2}),
    ],
    ids=str,
)
def test_a_layer_computes_what_that_of_keras_does(name: str, changes: dict[str, Any]) -> None:
    arguments = {"strides": 2, "padding": "same", "dtype": "float64", "bias_initializer": "random_normal"}
    side = {"Conv2D": 8, "Conv2DTranspose": 4}[name]
    ours, theirs = (
        getattr(of, name)(128, 4, **{**arguments, **changes}) for of in (kernel_gradient, keras.layers)
    )
    images = draw(2, side, side, 128)
    ours.build(images.shape)
    theirs.build(images.shape)
    theirs.set_weights(ours.get_weights())
    np.testing.assert_allclose(ours(images), theirs(images), atol=1e-12)


def operations(precision: str, size: int, filters: int) -> list[str]:
    """Return the types of operations of both networks and their gradients."""
    config = preset(filters=filters, image_size=(size, size))
    networks = [build(config, dtype=precision) for build in (build_generator, build_discriminator)]

    @tf.function(autograph=False)
    def gradients(z: tf.Tensor) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(networks[1](networks[0](z, training=True), training=True))
        return tape.gradient(loss, [v.value for n in networks for v in n.trainable_variables])

    graph = gradients.get_concrete_function(tf.zeros((2, config.model.latent_dim))).graph
    return [operation.type for operation in graph.get_operations()]


@pytest.mark.parametrize(
    ("precision", "size", "filters", "products"),
    [
        ("mixed_bfloat16", 64, 32, 2),  # from 128 channels to 256, and back
        ("mixed_bfloat16", 64, 16, 0),  # TensorFlow is as fast with few channels
        ("mixed_bfloat16", 32, 64, 2),
        ("mixed_bfloat16", 28, 128, 0),  # 14x14 to 7x7: faster as TensorFlow does it
        ("mixed_float16", 64, 32, 0),
        ("float32", 64, 32, 0),
    ],
)
def test_only_where_it_is_faster(precision: str, size: int, filters: int, products: int) -> None:
    types = operations(precision, size, filters)
    assert types.count("ExtractImagePatches") == products


def test_gpus_keep_the_layers_of_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind=None: [f"{kind}:0"])
    assert operations("mixed_bfloat16", 32, 128).count("ExtractImagePatches") == 0


@pytest.mark.parametrize("penalised", [False, True])
def test_in_bfloat16_d_has_the_gradients_that_it_has_with_the_layers_of_keras(
    penalised: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = preset(filters=128, image_size=(16, 16), channels=1, discriminator_norm="none")
    images = tf.cast(draw(4, 16, 16, 1), tf.float32)

    @tf.function(autograph=False)
    def gradients(network: keras.Model) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            with tf.GradientTape() as image_tape:
                image_tape.watch(images)
                loss = tf.reduce_sum(network(images, training=True))
            slope = tf.reduce_sum(tf.cast(image_tape.gradient(loss, images), tf.float32) ** 2)
        return tape.gradient(slope if penalised else loss, [v.value for v in network.trainable_variables])

    ours = build_discriminator(config, dtype="mixed_bfloat16")
    monkeypatch.setattr(kernel_gradient, "Conv2D", keras.layers.Conv2D)
    theirs = build_discriminator(config, dtype="mixed_bfloat16")
    assert type(ours.layers[2]) is not type(theirs.layers[2])
    theirs.set_weights(ours.get_weights())
    kernels = 0
    for one, other in zip(gradients(ours), gradients(theirs), strict=True):
        if one is not None and len(one.shape) == 4:
            kernels += 1
            assert one.dtype == tf.float32
            assert float(tf.norm(one - other) / tf.norm(other)) < 0.01  # bfloat16 has 8 bits
    assert kernels == 3


@pytest.mark.parametrize(
    "layer",
    [
        kernel_gradient.Conv2D(4, 4, strides=2, padding="same", dtype="mixed_bfloat16"),
        kernel_gradient.Conv2DTranspose(4, 4, strides=2, padding="same", dtype="mixed_bfloat16"),
        Conv2DWithLabel(4, 4, strides=2, padding="same", num_classes=2, dtype="mixed_bfloat16"),
        SpectralConv2D(4, 4, strides=2, padding="same", seed=0, dtype="mixed_bfloat16"),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_in_bfloat16_the_gradient_of_a_bias_is_the_sum_over_all_places(layer: keras.Layer) -> None:
    images = tf.ones((32, 32, 32, 4))
    layer.build(images.shape)

    @tf.function(autograph=False)
    def gradient() -> tuple[tf.Tensor, tf.Tensor]:
        with tf.GradientTape() as tape:
            outputs = layer(images)
            loss = tf.reduce_sum(tf.cast(outputs, tf.float32))
        return tape.gradient(loss, layer.bias.value), tf.size(outputs)

    found, size = gradient()
    np.testing.assert_array_equal(found, [int(size) / 4] * 4)


def test_in_bfloat16_every_bias_of_a_generator_has_nearly_the_gradient_of_float32() -> None:
    config = preset(filters=4, image_size=(32, 32), generator_norm="none", latent_dim=8)
    z = tf.cast(draw(64, 8), tf.float32)

    @tf.function(autograph=False)
    def gradients(network: keras.Model) -> list[tf.Tensor]:
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(network(z, training=True) - 0.5))
        return tape.gradient(loss, [v.value for v in network.trainable_variables if v.path.endswith("bias")])

    ours, exact = (gradients(build_generator(config, dtype=dtype)) for dtype in ("mixed_bfloat16", "float32"))
    assert len(exact) == 4
    for one, other in zip(ours, exact, strict=True):
        assert float(tf.norm(one - other) / tf.norm(other)) < 0.05


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "float32"])
def test_layers_have_the_same_names_in_both(precision: str) -> None:
    keras.backend.clear_session()
    network = build_generator(preset(filters=2), dtype=precision)
    names = [layer.name for layer in network.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert names == ["conv2d_transpose", *(f"conv2d_transpose_{i}" for i in range(1, 5))]


def test_a_copy_of_a_layer_is_one_too() -> None:
    for kind in (kernel_gradient.Conv2D, kernel_gradient.Conv2DTranspose):
        layer = kind(4, 3, strides=2, padding="same")
        assert type(keras.layers.deserialize(keras.layers.serialize(layer))) is kind
