"""The search: a generator whose answers are known, its loss by hand, and its steps."""

from __future__ import annotations

from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.analysis.project import projector as module
from dcgan_tf.analysis.project.projector import STEPS, TRIAL_STEPS, Projector
from dcgan_tf.config import ModelConfig
from dcgan_tf.images import to_uint8
from dcgan_tf.latents import sample_latents, typical_norm
from dcgan_tf.runs import in_batches

DIM, SIDE = 4, 4


def subject(*, distribution: str = "normal", features: bool = False) -> SimpleNamespace:
    """Return a stand-in for a run whose generator multiplies latents with a matrix, so that one fits best."""
    matrix = np.random.default_rng(0).normal(0, 0.15, (DIM, SIDE * SIDE)).astype(np.float32)

    def draw(latents: tf.Tensor, training: bool = False) -> tf.Tensor:
        return tf.reshape(tf.tanh(tf.matmul(latents, matrix)), [-1, SIDE, SIDE, 1])

    model = ModelConfig(latent_dim=DIM, latent_distribution=distribution)
    run = SimpleNamespace(
        config=SimpleNamespace(model=model),
        generator=draw,
        latents=lambda num, seed: np.asarray(sample_latents(num, DIM, seed=seed, distribution=distribution)),
        generate=lambda z: in_batches(lambda some: to_uint8(np.asarray(draw(tf.constant(some)))), z),
    )
    mean = keras.Sequential([keras.Input((SIDE, SIDE, 1)), keras.layers.GlobalAveragePooling2D()])
    return SimpleNamespace(
        run=run, has_classifier=features, classifier=SimpleNamespace(differentiable_features=mean)
    )


@pytest.mark.parametrize("features", [False, True])
def test_what_the_generator_drew_is_found_again_with_its_latent(features):
    stand_in = subject(features=features)
    latents = stand_in.run.latents(20, seed=5)
    found = Projector(stand_in, seed=0).project(stand_in.run.generate(latents))
    assert found.levels.max() < 3
    # The prior draws lengths a little towards the typical one.
    np.testing.assert_allclose(found.latents, latents, atol=0.35)
    np.testing.assert_allclose(found.lengths, np.linalg.norm(found.latents, axis=1) / 2, rtol=1e-5)
    np.testing.assert_array_equal(found.images, stand_in.run.generate(found.latents))


def test_an_image_is_found_the_same_whatever_others_there_are():
    stand_in = subject()
    images = stand_in.run.generate(stand_in.run.latents(70, seed=5))
    search = Projector(stand_in, seed=0)
    np.testing.assert_array_equal(
        search.project(images).latents[66:68], search.project(images[66:68]).latents
    )
    assert search.project(images[:0]).latents.shape == (0, DIM)


def test_uniform_latents_stay_in_their_cube():
    stand_in = subject(distribution="uniform")
    outside = stand_in.run.generate(np.full((1, DIM), 3.0, np.float32))
    found = Projector(stand_in, seed=0).project(outside)
    assert np.abs(found.latents).max() == 1.0  # it goes as far as it may
    normal = Projector(subject(), seed=0).project(outside)
    assert np.abs(normal.latents).max() > 1.5


def test_the_loss_is_that_of_the_docstring():
    stand_in = subject(features=True)
    search = Projector(stand_in, seed=0)
    z = stand_in.run.latents(64, seed=3)
    images = stand_in.run.generator(tf.constant(stand_in.run.latents(64, seed=4))).numpy()
    drawn = stand_in.run.generator(tf.constant(z)).numpy()
    pool = stand_in.run.generate(stand_in.run.latents(module.POOL, seed=0)) / 127.5 - 1
    by_hand = (
        ((drawn - images) ** 2).mean(axis=(1, 2, 3)) / pool.var(axis=0).mean()
        + 0.1
        * (drawn.mean(axis=(1, 2, 3)) - images.mean(axis=(1, 2, 3))) ** 2
        / pool.mean(axis=(1, 2, 3)).var()
        + 0.1 * (np.linalg.norm(z, axis=1) / typical_norm(stand_in.run.config.model) - 1) ** 2
    )
    found = search._loss(tf.constant(z), search._describe(tf.constant(images)))
    np.testing.assert_allclose(found, by_hand, rtol=1e-4)


def test_the_first_step_of_adam_has_the_whole_rate_and_the_last_none():
    z, gradient = tf.constant([[1.0, -2.0]]), tf.constant([[0.5, -3.0]])
    nothing = tf.zeros_like(z)
    moved, mean, square = module._adam(tf.constant(0), 10, z, gradient, nothing, nothing)
    np.testing.assert_allclose(moved, [[0.9, -1.9]], rtol=1e-6)  # by 0.1 against the gradient's sign
    np.testing.assert_allclose(mean, [[0.05, -0.3]], rtol=1e-6)
    np.testing.assert_allclose(square, [[0.00025, 0.009]], rtol=1e-4)
    moved, *_ = module._adam(tf.constant(10), 10, z, gradient, mean, square)
    np.testing.assert_allclose(moved, z)


def test_every_start_is_tried_and_the_best_goes_on(monkeypatch):
    search = Projector(subject(), seed=0)
    calls = []

    def descend(steps):
        def compute(latents, targets):
            calls.append((steps, np.array(latents)))
            loss = np.arange(len(latents))[::-1] if steps == TRIAL_STEPS else np.zeros(len(latents))
            return np.concatenate([latents, loss[:, None]], axis=1).astype(np.float32)

        return compute

    monkeypatch.setattr(search, "_descend", {steps: descend(steps) for steps in (TRIAL_STEPS, STEPS)})
    search.project(subject().run.generate(search._pool[7:9]))
    (trial, tried), (rest, went_on) = calls
    assert (trial, rest) == (TRIAL_STEPS, STEPS)
    np.testing.assert_array_equal(tried[0], search._pool[7])  # the nearest sample is the image itself
    # Of each image's four, the last has the lowest loss here.
    np.testing.assert_array_equal(went_on[:2], tried[[3, 7]])
