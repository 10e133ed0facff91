"""The random numbers of TensorFlow, without it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.latents import sample_latents, sample_latents_without_tensorflow
from dcgan_tf.philox import stateless_normal, stateless_uniform

SEEDS = [(0, 0), (1, 2), (2**40 + 3, -1), (2**63 - 1, 7), (5, -(2**40))]


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [0, 1, 5, 1000])
def test_uniform_numbers_are_tensorflows(seed: tuple[int, int], count: int) -> None:
    expected = tf.random.stateless_uniform((count,), tf.constant(seed, tf.int64)).numpy()
    np.testing.assert_array_equal(stateless_uniform(count, seed=seed), expected)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [1, 5, 1000])
def test_normal_numbers_are_tensorflows_but_for_roundings(seed: tuple[int, int], count: int) -> None:
    expected = tf.random.stateless_normal((count,), tf.constant(seed, tf.int64)).numpy()
    found = stateless_normal(count, seed=seed)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=5e-7, atol=1e-9)
    assert (found != expected).mean() <= 0.2


def test_many_numbers_are_those_of_one_draw() -> None:
    # They are computed in parts of 2^20.
    count = 2 * 2**20 + 5
    expected = tf.random.stateless_normal((count,), tf.constant((3, -1), tf.int64)).numpy()
    found = stateless_normal(count, seed=(3, -1))
    np.testing.assert_allclose(found, expected, rtol=5e-7, atol=1e-9)
    assert (found != expected).mean() < 0.02


@pytest.mark.parametrize("distribution", ["normal", "uniform"])
@pytest.mark.parametrize("latent_dim", [1, 7, 100])
def test_latents_without_tensorflow_are_those_of_runs(distribution: str, latent_dim: int) -> None:
    expected = sample_latents(65, latent_dim, seed=9, distribution=distribution).numpy()
    found = sample_latents_without_tensorflow(65, latent_dim, seed=9, distribution=distribution)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=5e-7, atol=1e-9)


@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.int64])
def test_numbers_of_numpy_are_numbers(kind: type) -> None:
    expected = sample_latents_without_tensorflow(120, 300, seed=5)
    np.testing.assert_array_equal(sample_latents_without_tensorflow(kind(120), 300, seed=kind(5)), expected)
