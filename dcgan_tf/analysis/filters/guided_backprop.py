"""Guided backpropagation (Springenberg et al. 2014): find the pixels that made a feature of D respond.

An ordinary gradient at each activation is kept only where the activation's input was positive *and* the
gradient itself is positive: what would have weakened the feature is not shown. D's activations are leaky
ReLUs, which let a fifth of negative inputs through; their guided gradient is that of a ReLU, so that the
picture shows what switched units on. The forward pass is D's own, and D is not changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.analysis.features import activations_of_maps
from dcgan_tf.images import to_float
from dcgan_tf.runs import in_batches

STRONGEST_SHARE = 0.1
"""Concentration is the energy of a gradient in this share of the pixels that the feature can see."""


def last_feature_layers(discriminator: keras.Sequential) -> list[keras.Layer]:
    """Return D's layers up to the activation of its last convolution before the output.

    Raises:
        ArgumentError: if it has no convolutional layers, as in the fully connected GAN.
    """
    return list(discriminator.layers[: activations_of_maps(discriminator)[-1] + 1])


def feature_maxima(discriminator: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return the strongest response of each feature of the last convolutional layer in each image.

    Args:
        discriminator: images float32 [N, H, W, C] in [-1, 1] to probabilities.
        images: uint8 [N, H, W, C].

    Returns:
        float32 [N, F]: the maxima over the maps.
    """
    layers = last_feature_layers(discriminator)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def maxima(batch: tf.Tensor) -> tf.Tensor:
        return tf.reduce_max(_forward(layers, batch), axis=(1, 2))

    return in_batches(lambda x: np.asarray(maxima(to_float(x))), images)


def guided_gradients(discriminator: keras.Sequential, images: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Return the guided gradient of one feature's maximum over its map with respect to each image.

    Args:
        discriminator: images float32 [N, H, W, C] in [-1, 1] to probabilities; runs in inference mode.
        images: uint8 [N, H, W, C].
        features: for each image the number of the feature in the last convolutional layer, int [N].

    Returns:
        float32 [N, H, W, C].
    """
    layers = last_feature_layers(discriminator)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def gradients(batch: tf.Tensor, wanted: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(batch)
            maxima = tf.reduce_max(_forward(layers, batch), axis=(1, 2))
            chosen = tf.reduce_sum(tf.gather(maxima, wanted, axis=1, batch_dims=1))
        return tape.gradient(chosen, batch)

    def compute(places: np.ndarray) -> np.ndarray:
        batch = tf.constant(to_float(np.asarray(images[places])))
        return np.asarray(gradients(batch, tf.constant(features[places], tf.int32)))

    return in_batches(compute, np.arange(len(images)))


def pixels_seen(discriminator: keras.Sequential) -> int:
    """Return the number of pixels that one place of the last convolutional layer depends on."""
    height, width, spacing = 1, 1, 1
    for layer in last_feature_layers(discriminator):
        if isinstance(layer, keras.layers.Conv2D):
            height += (layer.kernel_size[0] - 1) * spacing
            width += (layer.kernel_size[1] - 1) * spacing
            spacing *= layer.strides[0]
    rows, columns = discriminator.inputs[0].shape[1:3]
    return int(min(height, rows) * min(width, columns))


def concentration(gradients: np.ndarray, *, receptive_field: int) -> np.ndarray:
    """Return the share of each gradient's energy in the strongest tenth of the pixels that a feature sees.

    A pixel's energy is the sum of its channels' squares. The share is 0.1 if all pixels that are seen are
    equally strong and 1 if a tenth of them holds everything.

    Args:
        gradients: float [N, H, W, C].
        receptive_field: number of pixels that the feature depends on.

    Returns:
        float64 [N]; NaN where a gradient is 0 everywhere.
    """
    energy = np.sum(np.square(gradients, dtype=np.float64), axis=-1).reshape(len(gradients), -1)
    strongest = max(1, round(STRONGEST_SHARE * receptive_field))
    total = energy.sum(axis=1)
    top = np.sort(energy, axis=1)[:, -strongest:].sum(axis=1)
    return np.asarray(np.divide(top, total, out=np.full(len(total), np.nan), where=total > 0))


def around_grey(gradients: np.ndarray) -> np.ndarray:
    """Return gradients as pictures: 0 is grey, and each one's strongest values are black and white.

    Args:
        gradients: float [N, H, W, C].

    Returns:
        uint8 [N, H, W, C].
    """
    flat = np.abs(gradients).reshape(len(gradients), -1)
    scale = np.maximum(np.percentile(flat, 99.5, axis=1), 1e-12)[:, None, None, None]
    levels = np.rint(127.5 + 127.5 * np.clip(gradients / scale, -1, 1))
    return np.asarray(levels, np.uint8)


def _forward(layers: list[keras.Layer], batch: tf.Tensor) -> tf.Tensor:
    """Compute the last layer's output as D does, with guided gradients in its activations."""
    for layer in layers:
        if isinstance(layer, keras.layers.LeakyReLU):
            batch = _guided(float(layer.negative_slope), batch)
        else:
            batch = layer(batch, training=False)
    return batch


def _guided(slope: float, inputs: tf.Tensor) -> tf.Tensor:
    @tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def activation(x: tf.Tensor) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
        def backward(upstream: tf.Tensor) -> tf.Tensor:
            return tf.where((x > 0) & (upstream > 0), upstream, tf.zeros_like(upstream))

        return tf.nn.leaky_relu(x, slope), backward

    return activation(inputs)
