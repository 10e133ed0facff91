"""The small convolutional network that judges pictures, and its training.

Trained networks are cached. After a change here, raise VERSION in `classifier.py` and in
`double_exposure.py`: it makes the cache forget older ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import DataError
from dcgan_tf.files import replacing
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import compiled

_FEATURES, _LEARNING_RATE = 128, 2e-3
_JUDGING_BATCH = 256


@own_settings()
def build_network(image_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """Build the network: strided 3x3 convolutions down to a side of at most 4, and two dense layers.

    Noise on its input prevents it from judging by invisible traces of a generator.

    Args:
        image_shape: (H, W, C).
        outputs: K.

    Returns:
        A model of uint8 [N, H, W, C] with the outputs float32 [N, K] and [N, 128].
    """
    layers, seed = keras.layers, iter(range(100))
    images = keras.Input(image_shape, dtype="uint8")
    x = layers.Rescaling(1 / 127.5, -1.0)(images)
    x = layers.GaussianNoise(0.1, seed=next(seed))(x)
    side, filters = min(image_shape[:2]), 16
    while side > 4:
        kernel = keras.initializers.HeNormal(seed=next(seed))
        x = layers.Conv2D(filters, 3, 2, padding="same", use_bias=False, kernel_initializer=kernel)(x)
        x = layers.ReLU()(layers.BatchNormalization()(x))
        side, filters = (side + 1) // 2, min(2 * filters, 96)
    x = layers.Flatten()(x)
    initial = keras.initializers.GlorotUniform
    x = layers.Dense(_FEATURES, use_bias=False, kernel_initializer=initial(seed=next(seed)))(x)
    features = layers.ReLU()(layers.BatchNormalization()(x))
    return keras.Model(
        images, [layers.Dense(outputs, kernel_initializer=initial(seed=98))(features), features]
    )


def judge(network: keras.Model, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return (outputs float32 [N, K], features float32 [N, D]) of images uint8 [N, H, W, C]."""
    compute = compiled(network)
    batches = [
        compute(np.ascontiguousarray(images[start : start + _JUDGING_BATCH]))
        for start in range(0, len(images), _JUDGING_BATCH)
    ]
    outputs, features = zip(*batches, strict=True)
    return np.concatenate(outputs), np.concatenate(features)


@own_settings()
def from_floats(network: keras.Model) -> keras.Model:
    """Return the network from its images in [-1, 1], float32 [N, H, W, C], to the features, float32 [N, D].

    Args:
        network: what `build_network` returned; the weights are shared.
    """
    _, rescaled = network.layers[:2]
    return keras.Model(rescaled.output, network.outputs[1])


def save_weights(network: keras.Model, file: Path) -> None:
    """Write the weights as arrays to one file, as a whole.

    Raises:
        StorageError: if the file cannot be written.
    """
    with replacing(file) as scratch, scratch.open("wb") as opened:
        np.savez(opened, *network.get_weights())


def load_weights(network: keras.Model, file: Path) -> None:
    """Read weights that `save_weights` wrote.

    Raises:
        DataError: if the file is damaged or belongs to another network.
        OSError: if it cannot be opened.
    """
    with file.open("rb") as opened:  # np.load leaves a damaged file open
        try:
            with np.load(opened) as arrays:
                weights = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
            network.set_weights(weights)
        except Exception as error:  # whichever part of it is missing, NumPy, zipfile or Keras says so
            reason = str(error).strip() or type(error).__name__
            raise DataError(f"{file.name} is incomplete: {reason.splitlines()[0]}") from error


@own_settings()
def fit(
    network: keras.Model,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    *,
    steps: int,
    loss: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
) -> None:
    """Train with Adam and a learning rate that falls to 0 along a cosine.

    Args:
        network: what `build_network` returned.
        batches: (images uint8 [B, H, W, C], targets float32 [B, K]), `steps` of them.
        steps: number of steps.
        loss: takes the outputs and the targets, float32 [B, K], and returns the loss of each image, float32
            [B].
    """
    optimizer = keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(_LEARNING_RATE, steps))
    optimizer.build(network.trainable_variables)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
    def step(images: tf.Tensor, targets: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            outputs, _ = network(images, training=True)
            mean = tf.reduce_mean(loss(outputs, targets))
        gradients = tape.gradient(mean, network.trainable_variables)
        optimizer.apply_gradients(zip(gradients, network.trainable_variables, strict=True))

    for images, targets in batches:
        step(images, targets)
