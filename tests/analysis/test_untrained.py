"""The random discriminator: the run's own beginning, with batch statistics of real images."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.analysis.untrained import protocol, untrained_discriminator
from dcgan_tf.images import to_float
from dcgan_tf.runs.run import Run

IMAGES = np.random.default_rng(0).integers(0, 256, (40, 16, 16, 1), np.uint8)


def test_its_weights_are_those_before_the_first_step(trained):
    run = Run.open(trained)
    fresh = untrained_discriminator(run, IMAGES)
    start = models.build_discriminator(run.config)
    for layer, same, learnt in zip(fresh.layers, start.layers, run.discriminator.layers, strict=True):
        for weight, w, changed in zip(
            layer.trainable_weights, same.trainable_weights, learnt.trainable_weights, strict=True
        ):
            np.testing.assert_array_equal(weight, w)
            assert not np.array_equal(weight, changed)


def test_batch_norm_gives_every_channel_mean_beta_and_spread_gamma(trained):
    fresh = untrained_discriminator(Run.open(trained), IMAGES)
    (norm,) = [layer for layer in fresh.layers if isinstance(layer, keras.layers.BatchNormalization)]
    before = keras.Model(fresh.inputs[0], norm.input)(to_float(IMAGES))
    normalised = np.asarray(norm(before, training=False))
    np.testing.assert_allclose(normalised.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    spread = np.asarray(before).var(axis=(0, 1, 2))
    expected = np.abs(np.asarray(norm.gamma)) * np.sqrt(spread / (spread + norm.epsilon))
    np.testing.assert_allclose(normalised.std(axis=(0, 1, 2)), expected, rtol=1e-3)


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_without_batch_norm_nothing_is_fitted(trained, norm, tiny_config):
    config = tiny_config(discriminator_norm=norm)
    run = dataclasses.replace(Run.open(trained), config=config)
    fresh = untrained_discriminator(run, IMAGES)
    for weight, same in zip(
        fresh.get_weights(), models.build_discriminator(config).get_weights(), strict=True
    ):
        np.testing.assert_array_equal(weight, same)
    assert "batch norm" not in protocol(run)
