"""The same discriminator with random weights, as a control without any training."""

from __future__ import annotations

import keras
import numpy as np

from dcgan_tf import models
from dcgan_tf.images import evenly_spaced, to_float
from dcgan_tf.runs import Run

CALIBRATION_IMAGES = 512


def protocol(run: Run) -> str:
    """Return how the random discriminator of a run is made, in words."""
    made = "the run's own discriminator as it was before its first step"
    if run.config.model.discriminator_norm != "batch":
        return made
    return (
        f"{made}, its batch normalisation set to the mean and variance of up to {CALIBRATION_IMAGES} real "
        "images"
    )


def untrained_discriminator(run: Run, real_images: np.ndarray) -> keras.Sequential:
    """Build D with the weights that this run started from, and fit its batch normalisation to real images.

    Batch normalisation starts with mean 0 and variance 1, which D never sees while it trains. With these
    values, random weights of N(0, 0.02) would shrink the signal layer by layer, and the comparison would be
    unfair. A D without batch normalisation stays as it is: its initial weights keep the scale of the signal,
    or it multiplies whole layers by a factor (spectral), on which no measure depends.

    Args:
        run: the run, whose settings and seed are used.
        real_images: uint8 [N, H, W, C]; up to 512 of them are looked at, evenly spaced.

    Returns:
        Images float32 [N, H, W, C] in [-1, 1] to probabilities [N, 1], for use with `training=False`.
    """
    discriminator = models.build_discriminator(run.config, num_classes=len(run.class_names))
    if run.label is not None:
        discriminator = models.of_one_class(discriminator, run.label, len(run.class_names))
    calibrate(discriminator, np.asarray(real_images[evenly_spaced(len(real_images), CALIBRATION_IMAGES)]))
    return discriminator


def calibrate(discriminator: keras.Sequential, images: np.ndarray) -> None:
    """Set each batch normalisation's mean and variance to those of these images, layer after layer.

    Args:
        discriminator: the network, which is changed.
        images: uint8 [N, H, W, C].
    """
    x = to_float(images)
    for layer in discriminator.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            values = np.asarray(x, np.float64)
            axes = tuple(range(values.ndim - 1))
            layer.moving_mean.assign(values.mean(axis=axes).astype(np.float32))
            layer.moving_variance.assign(values.var(axis=axes).astype(np.float32))
        x = layer(x, training=False)
