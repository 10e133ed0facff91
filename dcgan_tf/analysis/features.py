"""Compute the discriminator's logits and convolutional features of images."""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import to_float
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import compiled_logits
from dcgan_tf.runs import in_batches

POOLED_SIDE = 4
SPACE = "features of the run's own discriminator"


def discriminator_logits(discriminator: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return D's logits, which are above 0 if D takes an image for real.

    Args:
        discriminator: takes images float32 [N, H, W, C] in [-1, 1] and returns probabilities.
        images: uint8 [N, H, W, C].

    Returns:
        float32 [N].
    """
    compute = compiled_logits(discriminator)
    return in_batches(lambda x: np.asarray(compute(to_float(x)))[:, 0], images)


def discriminator_features(discriminator: keras.Sequential, images: np.ndarray) -> np.ndarray:
    """Return D's features: all its strided convolutions, max-pooled to 4x4, as one vector.

    This is the representation of Radford et al. 2015, section 5.1, taken after each layer's activation; their
    D has no other convolutions. If a map's side is not a multiple of 4, windows are a pixel larger or overlap
    by one.

    Args:
        discriminator: takes images float32 [N, H, W, C] in [-1, 1] and returns probabilities.
        images: uint8 [N, H, W, C].

    Returns:
        float32 [N, 16 * (sum of these layers' channels)].

    Raises:
        ArgumentError: if it has no convolutional layers, as in the fully connected GAN.
    """
    maps = [discriminator.layers[place].output for place in activations_of_maps(discriminator)]
    network = tf.function(_model_of(discriminator, maps), autograph=False)

    def features(batch: np.ndarray) -> np.ndarray:
        outputs = network(tf.constant(to_float(batch)), training=False)
        pooled = [_flat(max_pooled(np.asarray(output))) for output in tf.nest.flatten(outputs)]
        return np.concatenate(pooled, axis=1)

    return in_batches(features, images)


@own_settings()
def _model_of(discriminator: keras.Sequential, maps: list[tf.Tensor]) -> keras.Model:
    return keras.Model(discriminator.inputs[0], maps)


def activations_of_maps(discriminator: keras.Sequential) -> list[int]:
    """Return the places of the activations after D's strided convolutions, from the image to the output.

    Raises:
        ArgumentError: if it has no convolutional layers, as in the fully connected GAN.
    """
    places, size = [], discriminator.inputs[0].shape[1:3]
    for place, layer in enumerate(discriminator.layers):
        if isinstance(layer, keras.layers.LeakyReLU) and len(layer.output.shape) == 4:
            places += [place] if layer.output.shape[1:3] != size else []
            size = layer.output.shape[1:3]
    if not places:
        raise ArgumentError(
            "this discriminator has no convolutional layers; features need --architecture dcgan"
        )
    return places


def max_pooled(maps: np.ndarray, side: int = POOLED_SIDE) -> np.ndarray:
    """Return the maxima of side x side windows that cover the maps: [N, H, W, C] to [N, side, side, C]."""
    rows, columns = (_windows(size, side) for size in maps.shape[1:3])
    pooled = [[maps[:, r, :][:, :, c].max(axis=(1, 2)) for c in columns] for r in rows]
    return np.stack([np.stack(row, axis=1) for row in pooled], axis=1)


def _windows(size: int, count: int) -> list[slice]:
    """Return `count` slices that cover range(size), with lengths as equal as possible."""
    return [
        slice(i * size // count, max(i * size // count + 1, -(-(i + 1) * size // count)))
        for i in range(count)
    ]


def _flat(values: np.ndarray) -> np.ndarray:
    return values.reshape(len(values), -1)
