"""Calibration: the averaged generator's batch norm gets the statistics of its own activations.

In training, batch norm divides by the deviation of each batch; in inference, by a fixed one. The fixed one
that Keras keeps belongs to the generator of the last steps. The averaged weights have other activations
(Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization", section 3.2; Wu
and Johnson 2021, "Rethinking 'batch' in BatchNorm", section 3). It is also made from the mean variance, and
1 / deviation is larger on average than 1 / the root of that: the smaller the batch, the paler the samples.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.latents import CALIBRATION_STEP, sample_latents
from dcgan_tf.models import with_labels
from dcgan_tf.runs import labels_in_shares
from dcgan_tf.training.state import TrainState

IMAGES, FEWEST_BATCHES = 2048, 16
"""The statistics are taken over this many images, and over this many batches at least."""

Statistics = list[tuple[tf.Tensor, tf.Tensor]]


class Calibration:
    """Calibrates the averaged generator of a run, if its settings ask for it.

    The outcome is a function of the averaged weights, the settings, the seed and the classes of the training
    images alone. Nothing that training computes depends on it.

    Args:
        config: its setting `ema_calibration` says whether anything is done.
        state: its `generator_ema` is changed.
        num_classes: number of classes of a conditional model, or 0.
        labels: the classes of its training images, int [N], of which a batch in training has each in its
            share; None if it is not conditional.
    """

    def __init__(
        self, config: Config, state: TrainState, *, num_classes: int = 0, labels: np.ndarray | None = None
    ) -> None:
        self._config, self._state = config, state
        self._num_classes, self._labels = num_classes, labels
        self._calibrated_step: int | None = None
        self._measure = tf.function(
            lambda inputs: statistics_in_training(state.generator_ema, inputs), autograph=False
        )

    def __call__(self) -> None:
        """Set the statistics, unless that has been done since the last step."""
        step = int(self._state.step.numpy())
        if not self._config.training.ema_calibration or step == self._calibrated_step:
            return
        found = [self._measure(inputs) for inputs in self._batches()]
        set_statistics(self._state.generator_ema, found)
        self._calibrated_step = step

    def _batches(self) -> list[tf.Tensor]:
        """Return latents, each batch of the size that the generator is trained with."""
        model, training = self._config.model, self._config.training
        count = max(IMAGES // training.batch_size, FEWEST_BATCHES)
        num = count * training.batch_size
        latents = sample_latents(
            num,
            model.latent_dim,
            seed=training.seed,
            step=CALIBRATION_STEP,
            distribution=model.latent_distribution,
        )
        latents = tf.cast(latents, self._state.generator_ema.dtype)
        labels = self._classes(num) if self._num_classes else None
        batches: list[tf.Tensor] = tf.split(with_labels(latents, labels, self._num_classes), count)
        return batches

    def _classes(self, num: int) -> np.ndarray:
        """Return classes in the shares of the training images, and in an order as random as theirs."""
        rng = np.random.default_rng(self._config.training.seed)
        return rng.permutation(labels_in_shares(np.asarray(self._labels), num))


def statistics_in_training(generator: keras.Sequential, inputs: tf.Tensor) -> Statistics:
    """Return what the batch norm layers of a generator divide by and subtract in training.

    Args:
        generator: G; its statistics are not read.
        inputs: a batch of latents, float [N, latent_dim (+ num_classes)].

    Returns:
        For each batch norm layer (r, mean · r), [C] each: r = 1 / sqrt(variance + epsilon) of this batch.
    """
    found, x = [], inputs
    for layer in generator.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            mean, variance = tf.nn.moments(x, list(range(x.shape.rank - 1)))
            scale = tf.math.rsqrt(variance + layer.epsilon)
            found.append((scale, mean * scale))
            x = (x - mean) * scale * tf.convert_to_tensor(layer.gamma) + tf.convert_to_tensor(layer.beta)
        else:
            x = layer(x, training=False)
    return found


def set_statistics(generator: keras.Sequential, found: list[Statistics]) -> None:
    """Give batch norm the statistics with which it does in inference what it did on average in training.

    In training, a layer computes γ (x - mean) r + β with the mean and the r of each batch. On average over
    batches that is γ (x E[r] - E[mean · r]) + β. So the fixed mean is E[mean · r] / E[r], and the fixed
    variance 1 / E[r]² - epsilon.

    Args:
        generator: G, whose statistics are set.
        found: for each batch what `statistics_in_training` returned.
    """
    layers = [layer for layer in generator.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer, of_batches in zip(layers, zip(*found, strict=True), strict=True):
        scale = np.mean([np.asarray(scale, np.float64) for scale, _ in of_batches], axis=0)
        shift = np.mean([np.asarray(shift, np.float64) for _, shift in of_batches], axis=0)
        layer.moving_mean.assign(shift / scale)
        layer.moving_variance.assign(np.maximum(1 / scale**2 - layer.epsilon, 0))
