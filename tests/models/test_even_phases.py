"""Even upsampling: the nearest kernel whose phases have one sum, and flat maps that stay flat."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.models import dcgan
from dcgan_tf.models.even_phases import EvenPhases


def phase_sums(kernel: np.ndarray) -> np.ndarray:
    return np.stack([kernel[i::2, j::2].sum((0, 1)) for i in (0, 1) for j in (0, 1)])


def test_a_kernel_of_two_becomes_its_mean():
    kernel = np.array([[1.0, 2.0], [3.0, 10.0]]).reshape(2, 2, 1, 1)
    np.testing.assert_array_equal(EvenPhases()(kernel), np.full((2, 2, 1, 1), 4.0))


def test_by_hand_of_three():
    # Phases of 4, 2, 2 and 1 weights, all 0 but the last, which is 9: t = 9 / (1/4 + 1/2 + 1/2 + 1) = 4.
    kernel = np.zeros((3, 3, 1, 1))
    kernel[1, 1] = 9.0
    expected = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    np.testing.assert_allclose(EvenPhases()(kernel).numpy().squeeze(), expected, rtol=1e-12)


@pytest.mark.parametrize("size", range(2, 8))
def test_it_is_the_nearest_kernel_with_even_phases(size):
    kernel = np.random.default_rng(size).normal(size=(size, size, 3, 2))
    even = EvenPhases()(kernel).numpy()
    sums = phase_sums(even)
    np.testing.assert_allclose(sums, np.broadcast_to(sums[0], sums.shape), atol=1e-12)
    # What was taken away is orthogonal to every even kernel, also to another one.
    other = EvenPhases()(np.random.default_rng(99).normal(size=kernel.shape)).numpy()
    np.testing.assert_allclose(((kernel - even) * other).sum((0, 1)), 0, atol=1e-12)
    np.testing.assert_allclose(EvenPhases()(even), even, atol=1e-12)


@pytest.mark.parametrize("size", [4, 5])
def test_a_flat_map_is_doubled_to_a_flat_one_after_an_update(size):
    def roughness(constraint):
        layer = keras.layers.Conv2DTranspose(
            2, size, strides=2, padding="same", use_bias=False, kernel_constraint=constraint
        )
        layer.build((None, 8, 8, 3))
        optimizer = keras.optimizers.Adam(0.01)
        optimizer.build(layer.trainable_variables)
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(layer(tf.random.stateless_normal((2, 8, 8, 3), (0, 1))) ** 2)
        optimizer.apply(tape.gradient(loss, layer.trainable_variables))
        inside = layer(tf.ones((1, 8, 8, 3))).numpy()[:, 4:-4, 4:-4]  # zeros reach in from the border
        return np.ptp(inside, axis=(1, 2)).max() / np.abs(inside).max()

    assert roughness(EvenPhases()) < 1e-5
    assert roughness(None) > 0.1


@pytest.mark.parametrize("even", [False, True])
def test_every_doubling_of_the_generator_is_even_or_none(even):
    model = ModelConfig(filters=4, latent_dim=5, even_upsampling=even)
    generator = dcgan.build_generator(model, (32, 32), 3)
    doublings = [layer for layer in generator.layers if getattr(layer, "strides", None) == (2, 2)]
    assert len(doublings) == 3
    assert [isinstance(layer.kernel.constraint, EvenPhases) for layer in doublings] == [even] * 3
    others = [v for v in generator.trainable_variables if v.constraint is not None]
    assert len(others) == (3 if even else 0)


def test_a_generator_with_even_phases_is_made_again_from_its_configuration():
    generator = dcgan.build_generator(ModelConfig(filters=4, latent_dim=5, even_upsampling=True), (16, 16), 3)
    again = keras.Sequential.from_config(generator.get_config())
    assert isinstance(again.layers[-2].kernel.constraint, EvenPhases)
