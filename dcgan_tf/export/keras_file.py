"""The generator as model.keras, of Keras' own layers, so that Keras alone can load it."""

from __future__ import annotations

import warnings
from pathlib import Path

import keras

from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models.layers import StepDropout, SyncBatchNormalization


@own_settings()
def write(path: Path, generator: keras.Sequential) -> None:
    """Write the file.

    The training layers of this package are replaced by what they are in inference: Keras' batch
    normalisation, and Keras' dropout, which rests.

    Args:
        path: ends in .keras.
        generator: latents to images in [-1, 1].
    """
    plain = keras.models.clone_model(generator, clone_function=_plain)
    for layer in plain.layers:
        layer.set_weights(_inference_weights(generator.get_layer(layer.name)))
    with warnings.catch_warnings():
        # Keras' own, about NumPy 2, that only Keras can mend.
        warnings.simplefilter("ignore", DeprecationWarning)
        plain.save(path)


def _plain(layer: keras.Layer) -> keras.Layer:
    if isinstance(layer, SyncBatchNormalization):
        return keras.layers.BatchNormalization.from_config({**layer.get_config(), "synchronized": False})
    if isinstance(layer, StepDropout):
        return keras.layers.Dropout(layer.rate, name=layer.name)
    return type(layer).from_config(layer.get_config())


def _inference_weights(layer: keras.Layer) -> list[object]:
    """Return the weights, without the counters that only training uses."""
    return [] if isinstance(layer, StepDropout) else list(layer.get_weights())
