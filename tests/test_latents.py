"""Latents: pure functions of (seed, step), whoever shares them and however many are drawn."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError, DataError
from dcgan_tf.latents import (
    SAMPLING_STEP,
    between,
    lerp,
    numbered_latents,
    read_latents,
    replica_latents,
    sample_latents,
    sample_latents_without_tensorflow,
    slerp,
    truncated,
    typical_norm,
    with_typical_norm,
)
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


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
@pytest.mark.parametrize("latent_dim", [1, 3, 4, 100])
def test_a_latent_by_its_number_is_that_of_the_whole_draw(latent_dim, distribution):
    numbers = np.array([0, 1, 2, 63, 64, 2999, 17, 17])
    whole = sample_latents(3000, latent_dim, seed=2**40 + 3, distribution=distribution).numpy()
    some = numbered_latents(numbers, latent_dim, seed=2**40 + 3, distribution=distribution)
    np.testing.assert_array_equal(some, whole[numbers])
    assert some.dtype == np.float32


def test_a_latent_with_a_large_number_costs_no_more_than_another():
    (far,) = numbered_latents(np.array([10**15]), 100, seed=0)
    assert 0.5 < far.std() < 1.5


@pytest.mark.parametrize("seed", [-1, 2**63, 10**30])
def test_a_seed_that_is_none_is_a_sentence(seed):
    for draw in (
        lambda: sample_latents(1, 4, seed=seed),
        lambda: sample_latents_without_tensorflow(1, 4, seed=seed),
        lambda: numbered_latents(np.array([0]), 4, seed=seed),
    ):
        with pytest.raises(ArgumentError, match=rf"whole number from 0 to 2\^63 - 1, received {seed}"):
            draw()


def test_too_many_latents_are_a_sentence():
    for draw in (sample_latents, sample_latents_without_tensorflow):
        with pytest.raises(
            ArgumentError, match="at most 10,000,000 images are drawn at once, received 1,000,000,000"
        ):
            draw(10**9, 4, seed=0)


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


@pytest.mark.parametrize("seed", [1.5, True, "3", np.int64(-1), None])
def test_a_seed_that_is_no_whole_number_is_refused_and_not_rounded(seed):
    with pytest.raises(ArgumentError, match=r"a seed is a whole number from 0 to 2\^63 - 1, received"):
        sample_latents(1, 1, seed=seed)


@pytest.mark.parametrize("num", [-1, 2.5, True, "3", np.int64(-1), None])
def test_a_number_of_latents_that_is_none_is_refused(num):
    with pytest.raises(ArgumentError, match="the number of images must be a whole number from 0, received"):
        sample_latents(num, 1, seed=0)


def test_the_largest_seed_and_numpys_integers_are_taken():
    assert sample_latents(0, 4, seed=2**63 - 1).shape == (0, 4)
    first = sample_latents(np.int32(3), 4, seed=np.uint8(7)).numpy()
    np.testing.assert_array_equal(first, sample_latents(3, 4, seed=7).numpy())


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


# Paths between latents


NORMAL, UNIFORM = (ModelConfig(latent_dim=12, latent_distribution=name) for name in DISTRIBUTIONS)


def test_lerp_is_the_weighted_sum():
    found = lerp(np.array([[0.0, 4.0]]), np.array([[8.0, 0.0]]), 0.25)
    np.testing.assert_array_equal(found, [[2.0, 3.0]])
    assert found.dtype == np.float32


@pytest.mark.parametrize("way", [lerp, slerp])
def test_a_path_starts_and_ends_at_its_ends(way):
    start, end = np.random.default_rng(0).normal(size=(2, 3, 5)).astype(np.float32)
    np.testing.assert_allclose(way(start, end, 0.0), start, atol=1e-6)
    np.testing.assert_allclose(way(start, end, 1.0), end, atol=1e-6)


def test_slerp_goes_along_the_circle_at_an_even_speed():
    found = slerp(np.array([2.0, 0.0]), np.array([0.0, 2.0]), np.array([[1 / 3], [2 / 3]]))
    np.testing.assert_allclose(found, [[np.sqrt(3), 1], [1, np.sqrt(3)]], atol=1e-6)  # 30 and 60 degrees
    assert found.dtype == np.float32


def test_slerp_changes_the_length_in_a_straight_line():
    found = slerp(np.array([1.0, 0.0]), np.array([0.0, 5.0]), np.array([[0.25], [0.5]]))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), [2.0, 3.0], rtol=1e-6)


@pytest.mark.parametrize("factor", [1.0, 3.0, -1.0])
def test_slerp_is_lerp_where_there_is_no_single_circle(factor):
    start = np.array([[1.0, 2.0]], np.float32)
    np.testing.assert_allclose(
        slerp(start, factor * start, 0.25), lerp(start, factor * start, 0.25), atol=1e-6
    )


def test_the_middle_of_a_straight_line_is_too_short_and_that_of_the_circle_is_not():
    start, end = np.eye(2, dtype=np.float32)
    assert np.linalg.norm(lerp(start, end, 0.5)) == pytest.approx(np.sqrt(0.5))
    assert np.linalg.norm(slerp(start, end, 0.5)) == pytest.approx(1.0)


def test_the_way_between_two_suits_the_distribution():
    start, end = np.random.default_rng(1).uniform(-1, 1, (2, 12))
    np.testing.assert_array_equal(between(start, end, 0.3, NORMAL), slerp(start, end, 0.3))
    np.testing.assert_array_equal(between(start, end, 0.3, UNIFORM), lerp(start, end, 0.3))


@pytest.mark.parametrize(("model", "expected"), [(NORMAL, np.sqrt(12)), (UNIFORM, 2.0)])
def test_the_typical_norm_is_that_of_many_latents(model, expected):
    assert typical_norm(model) == pytest.approx(expected)
    many = sample_latents(20_000, 12, seed=0, distribution=model.latent_distribution).numpy()
    assert np.sqrt(np.mean(np.sum(many**2, axis=1))) == pytest.approx(expected, rel=0.01)


def test_latents_of_typical_norm_point_where_they_pointed():
    latents = np.random.default_rng(0).normal(size=(4, 12)) * [[0.1], [1], [3], [100]]
    found = with_typical_norm(latents, UNIFORM)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 2.0, rtol=1e-6)
    cosines = np.sum(found * latents, axis=1) / (2.0 * np.linalg.norm(latents, axis=1))
    np.testing.assert_allclose(cosines, 1.0, rtol=1e-6)
    assert found.dtype == np.float32


def test_a_latent_of_no_length_stays_where_it_is():
    np.testing.assert_array_equal(with_typical_norm(np.zeros((1, 12)), NORMAL), np.zeros((1, 12)))


def test_truncated_latents_are_shorter():
    np.testing.assert_array_equal(truncated(np.array([[2.0, -4.0]], np.float32), 0.5), [[1.0, -2.0]])
    for wrong in (0.0, -1.0, 1.01, math.nan):
        with pytest.raises(ArgumentError, match=r"above 0 and at most 1, received"):
            truncated(np.zeros((1, 2), np.float32), wrong)


MODEL = ModelConfig(latent_dim=3)


@pytest.mark.parametrize("kind", [np.float64, np.float16, np.int8])
def test_numbers_of_any_type_are_read(tmp_path, kind):
    np.save(tmp_path / "z.npy", np.array([[1, -2, 0]], kind))
    found = read_latents(tmp_path / "z.npy", MODEL)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, [[1, -2, 0]])


@pytest.mark.parametrize(
    ("array", "told"),
    [
        (np.zeros((2, 4)), r"must hold latents of this run, \[N, 3\], received float64 \[2, 4\]"),
        (np.zeros(3), r"received float64 \[3\]"),
        (np.zeros((1, 3), complex), r"received complex128"),
        (np.zeros((0, 3)), "from 1 to 10,000,000 latents, received 0"),
        (np.array([[0, np.nan, 0]]), "not finite"),
        (np.array([[0, 1e300, 0]]), "not finite"),
    ],
)
def test_other_arrays_are_refused(tmp_path, array, told):
    np.save(tmp_path / "z.npy", array)
    with pytest.raises(DataError, match=told):
        read_latents(tmp_path / "z.npy", MODEL)


def test_a_file_that_is_no_array_is_refused(tmp_path):
    (tmp_path / "z.npy").write_text("nothing")
    with pytest.raises(DataError, match="such as dcgan-tf project makes, received something else"):
        read_latents(tmp_path / "z.npy", MODEL)
