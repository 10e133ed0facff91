"""Latents: pure functions of (seed, step), whoever shares them and however many are drawn."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.latents import SAMPLING_STEP, replica_latents, sample_latents
from dcgan_tf.training.strategy import make_strategy

DISTRIBUTIONS = ("normal", "uniform")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("latent_dim", [1, 7, 100])
def test_shape_and_type(latent_dim, distribution):
    z = sample_latents(5, latent_dim, seed=0, distribution=distribution)
    assert z.shape == (5, latent_dim)
    assert z.dtype == tf.float32


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("latent_dim", [1, 3, 100])
def test_the_first_of_a_larger_draw_are_the_smaller_draw(latent_dim, distribution):
    large = sample_latents(4097, latent_dim, seed=3, step=11, distribution=distribution).numpy()
    for num in (1, 2, 63, 64, 1000):
        small = sample_latents(num, latent_dim, seed=3, step=11, distribution=distribution).numpy()
        np.testing.assert_array_equal(small, large[:num])


def test_the_same_numbers_give_the_same_latents_and_hidden_state_does_not_matter():
    first = sample_latents(8, 4, seed=1, step=2).numpy()
    tf.random.set_seed(5)
    tf.random.normal((3,))
    np.testing.assert_array_equal(sample_latents(8, 4, seed=1, step=2).numpy(), first)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_seeds_and_steps_are_independent(distribution):
    places = [(0, 0), (0, 1), (1, 0), (1, 1), (2**31 - 1, 0), (0, 2**40), (0, SAMPLING_STEP)]
    draws = np.stack(
        [
            sample_latents(100, 100, seed=seed, step=step, distribution=distribution).numpy().ravel()
            for seed, step in places
        ]
    )
    correlation = np.corrcoef(draws) - np.eye(len(places))
    # Of 10,000 pairs of independent numbers; one pair of draws in ten thousand exceeds 4 sigma.
    assert np.abs(correlation).max() < 4.5 / np.sqrt(10_000)


def test_normal_latents_have_the_moments_of_the_normal_distribution():
    z = sample_latents(2_000, 100, seed=0).numpy().astype(float).ravel()
    # The standard errors of the four moments of N(0, 1), for n = 200,000.
    n = len(z)
    assert abs(z.mean()) < 5 * np.sqrt(1 / n)
    assert abs((z**2).mean() - 1) < 5 * np.sqrt(2 / n)
    assert abs((z**3).mean()) < 5 * np.sqrt(15 / n)
    assert abs((z**4).mean() - 3) < 5 * np.sqrt(96 / n)


def test_uniform_latents_fill_the_interval_from_minus_one_to_one():
    z = sample_latents(2_000, 100, seed=0, distribution="uniform").numpy().astype(float).ravel()
    assert -1 <= z.min() < -0.9999
    assert 0.9999 < z.max() < 1
    assert abs(z.mean()) < 5 * np.sqrt(1 / 3 / len(z))
    assert abs((z**2).mean() - 1 / 3) < 5 * np.sqrt(4 / 45 / len(z))


def test_latents_for_people_are_none_of_training():
    people = sample_latents(4, 4, seed=0).numpy()
    assert SAMPLING_STEP < 0
    np.testing.assert_array_equal(people, sample_latents(4, 4, seed=0, step=SAMPLING_STEP).numpy())


def test_a_step_may_be_a_tensor_in_a_compiled_function():
    @tf.function
    def compiled(step):
        return sample_latents(4, 3, seed=9, step=step)

    for step in (0, 1, 1000):
        eager = sample_latents(4, 3, seed=9, step=step).numpy()
        np.testing.assert_array_equal(compiled(tf.constant(step, tf.int64)).numpy(), eager)


def test_an_unknown_distribution_is_refused():
    with pytest.raises(ValueError, match="distribution must be normal or uniform, received 'cauchy'"):
        sample_latents(1, 1, seed=0, distribution="cauchy")


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("replicas", [1, 2])
def test_the_shares_of_the_replicas_make_up_the_global_batch(replicas, distribution):
    strategy = make_strategy(replicas)
    model = ModelConfig(latent_dim=5, latent_distribution=distribution)

    @tf.function
    def shares():
        step = tf.constant(17, tf.int64)
        return strategy.run(lambda: replica_latents(model, 6, seed=2, step=step))

    parts = strategy.experimental_local_results(shares())
    assert [part.shape[0] for part in parts] == [6 // replicas] * replicas
    whole = sample_latents(6, 5, seed=2, step=17, distribution=distribution)
    np.testing.assert_array_equal(np.concatenate(parts), whole.numpy())
