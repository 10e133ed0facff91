"""Spectral normalisation against values by hand, singular values by NumPy and finite differences."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.models import power_iteration, with_labels
from dcgan_tf.models.conditional import Conv2DWithLabel
from dcgan_tf.models.spectral import SpectralConv2D, SpectralConv2DWithLabel, SpectralDense

# Keras 3.15 reads weights into NumPy in the way of NumPy 1; it can still be read, and only warns.
KERAS_READS_WEIGHTS = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
KERNEL = np.diag([3.0, 1.0])


def dense(kernel: np.ndarray, u: np.ndarray) -> SpectralDense:
    layer = SpectralDense(kernel.shape[1], use_bias=False, seed=0, dtype="float64")
    layer.build((None, kernel.shape[0]))
    layer.set_weights([kernel, u])
    return layer


def normalized(layer: keras.Layer) -> np.ndarray:
    return np.asarray(layer.normalized(layer.kernel)).reshape(-1, layer.kernel.shape[-1])


def test_the_kernel_is_divided_by_its_largest_singular_value() -> None:
    layer = dense(KERNEL, np.array([1.0, 0.0]))
    np.testing.assert_allclose(layer(np.array([[6.0, 6.0]])), [[6, 2]], atol=1e-12)


def test_one_iteration_by_hand() -> None:
    # v = K u / |K u| = (3, 1) / √10; u = K^T v / |K^T v| = (9, 1) / √82; sigma = |K u| = √(27² + 1²) / √82.
    layer = dense(KERNEL, np.array([1.0, 1.0]) / np.sqrt(2))
    layer.iterate()
    np.testing.assert_allclose(layer.u, np.array([9, 1]) / np.sqrt(82), atol=1e-12)
    np.testing.assert_allclose(normalized(layer), KERNEL / np.sqrt(730 / 82), atol=1e-12)


def test_iterations_find_the_largest_singular_value_of_every_layer() -> None:
    rng = np.random.default_rng(0)
    network = keras.Sequential(
        [
            keras.Input((6, 6, 5), dtype="float64"),
            SpectralConv2DWithLabel(4, 3, num_classes=3, seed=1, dtype="float64"),
            SpectralConv2D(7, 3, seed=2, dtype="float64"),
            keras.layers.Flatten(dtype="float64"),
            SpectralDense(2, seed=3, dtype="float64"),
        ]
    )
    spectral = [layer for layer in network.layers if hasattr(layer, "u")]
    assert len(spectral) == 3
    for layer in spectral:
        layer.kernel.assign(rng.normal(size=layer.kernel.shape))
    for _ in range(300):
        power_iteration(network)
    for layer in spectral:
        np.testing.assert_allclose(np.linalg.norm(layer.u), 1, atol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(normalized(layer), ord=2), 1, atol=1e-9)


def test_the_gradient_flows_through_sigma() -> None:
    rng = np.random.default_rng(0)
    layer = SpectralConv2D(4, 3, use_bias=False, seed=5, dtype="float64")
    images, upstream = rng.normal(size=(2, 5, 5, 3)), rng.normal(size=(2, 3, 3, 4))
    layer.build(images.shape)
    kernel = rng.normal(size=layer.kernel.shape)

    def value(changed: np.ndarray) -> float:
        layer.kernel.assign(changed)
        return float(np.sum(np.asarray(layer(images)) * upstream))

    value(kernel)
    with tf.GradientTape() as tape:
        outputs = tf.reduce_sum(layer(images) * upstream)
    gradient = np.asarray(tape.gradient(outputs, layer.kernel.value))
    for _ in range(5):
        step = 1e-6 * rng.normal(size=kernel.shape)
        expected = (value(kernel + step) - value(kernel - step)) / 2
        np.testing.assert_allclose(np.sum(gradient * step), expected, rtol=1e-6)
    # K / sigma does not depend on the length of K, so the gradient is at right angles to it (equation 11).
    assert abs(np.sum(gradient * kernel)) < 1e-10


def test_the_gradient_of_a_penalty_on_slopes_flows_through_sigma() -> None:
    # R1 differentiates twice: once with respect to the images, once with respect to the kernels.
    rng = np.random.default_rng(0)
    network = keras.Sequential(
        [
            keras.Input((5, 5, 2), dtype="float64"),
            SpectralConv2D(3, 3, seed=1, dtype="float64"),
            keras.layers.Activation("softplus", dtype="float64"),
            keras.layers.Flatten(dtype="float64"),
            SpectralDense(1, seed=2, dtype="float64"),
        ]
    )
    images, weights = tf.constant(rng.normal(size=(2, 5, 5, 2))), network.trainable_variables

    def penalty() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            outputs = network(images)
        return tf.reduce_sum(tape.gradient(outputs, images) ** 2)

    with tf.GradientTape() as tape:
        value = penalty()
    gradients = tape.gradient(value, [weight.value for weight in weights], unconnected_gradients="zero")
    start = [weight.numpy() for weight in weights]
    steps = [1e-6 * rng.normal(size=weight.shape) for weight in start]
    values = []
    for sign in (1, -1):
        for weight, at, step in zip(weights, start, steps, strict=True):
            weight.assign(at + sign * step)
        values.append(float(penalty()))
    expected = sum(np.sum(np.asarray(g) * step) for g, step in zip(gradients, steps, strict=True))
    np.testing.assert_allclose((values[0] - values[1]) / 2, expected, rtol=1e-5)


def test_calls_change_neither_the_kernel_nor_u() -> None:
    # Keras' own layer overwrites the kernel in each training call.
    layer = SpectralConv2D(4, 3, seed=5)
    layer(np.ones((1, 5, 5, 3), np.float32), training=True)
    before = layer.get_weights()
    trained = layer(np.ones((1, 5, 5, 3), np.float32), training=True)
    np.testing.assert_array_equal(trained, layer(np.ones((1, 5, 5, 3), np.float32), training=False))
    for old, new in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert [weight.name for weight in layer.non_trainable_weights] == ["u"]


def test_the_first_u_depends_on_the_seed_alone() -> None:
    first, same, other = (SpectralConv2D(4, 3, seed=seed) for seed in (5, 5, 6))
    for layer in (first, same, other):
        layer.build((None, 5, 5, 3))
    np.testing.assert_array_equal(first.u, same.u)
    assert not np.array_equal(first.u, other.u)
    np.testing.assert_allclose(np.linalg.norm(first.u), 1, rtol=1e-6)


def test_the_convolution_that_knows_of_classes_is_normalised_as_a_whole() -> None:
    rng = np.random.default_rng(0)
    inputs = with_labels(rng.uniform(-1, 1, (3, 6, 6, 2)).astype(np.float32), np.array([1, 0, 2]), 3)
    layer = SpectralConv2DWithLabel(4, 4, strides=2, padding="same", num_classes=3, seed=1)
    outputs = layer(inputs)
    kernel, bias, u = layer.get_weights()
    plain = Conv2DWithLabel(4, 4, strides=2, padding="same", num_classes=3)
    plain.build(inputs.shape)
    plain.set_weights([kernel / np.linalg.norm(kernel.reshape(-1, 4) @ u), bias])
    np.testing.assert_allclose(outputs, plain(inputs), atol=1e-6)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_sigma_is_computed_in_the_type_of_the_weights(policy: str) -> None:
    layer = SpectralDense(4, use_bias=False, seed=0, dtype=policy)
    # A length of 300 overflows float16 when it is squared.
    layer.build((None, 4))
    layer.set_weights([300 * np.eye(4), np.eye(4)[0]])
    outputs = layer(np.ones((1, 4), np.float32))
    assert outputs.dtype == policy.removeprefix("mixed_")
    np.testing.assert_array_equal(np.asarray(outputs, np.float32), np.ones((1, 4)))
    layer.iterate()
    np.testing.assert_array_equal(layer.u, np.eye(4)[0])
    assert layer.u.dtype == "float32"


@KERAS_READS_WEIGHTS
def test_keras_saves_and_loads_u(tmp_path: Path) -> None:
    network = keras.Sequential(
        [
            keras.Input((6, 6, 5)),
            SpectralConv2DWithLabel(4, 3, num_classes=3, seed=1),
            SpectralConv2D(2, 3, seed=2),
            keras.layers.Flatten(),
            SpectralDense(1, seed=3),
        ]
    )
    power_iteration(network)
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    for old, new in zip(network.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
