"""The training step against the same step written out plainly in float64: no strategy, no logits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.latents import sample_latents
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.steps.adam import OnePassAdam
from dcgan_tf.training.steps.step import make_train_step
from dcgan_tf.training.strategy import make_strategy
from states import everything_in_float64, snapshot

BATCH = 8
LEARNING_RATE, BETA_1, BETA_2 = 0.01, 0.5, 0.999
IMAGES = np.random.default_rng(0).integers(0, 256, (BATCH, 16, 16, 1), np.uint8)
Arrays = dict[str, np.ndarray]


@dataclass
class Trained:
    """A few steps of the library: metrics of each, and the variables after each."""

    config: Config
    metrics: list[dict[str, float]]
    variables: list[Arrays]
    traces: int


def take_steps(config: Config, steps: int) -> Trained:
    strategy = make_strategy(1)
    with strategy.scope():
        state = create_train_state(config, dtype="float64")
    train_step = make_train_step(config, state, strategy)
    metrics, variables = [], [snapshot(state)]
    for _ in range(steps):
        metrics.append({name: float(value) for name, value in train_step(tf.constant(IMAGES)).items()})
        variables.append(snapshot(state))
    return Trained(config, metrics, variables, train_step.experimental_get_tracing_count())


@dataclass
class Plain:
    """One step written out: its networks, metrics, and the gradients that its updates were made from."""

    generator: keras.Sequential
    discriminator: keras.Sequential
    metrics: dict[str, float]
    discriminator_gradients: list[np.ndarray]
    generator_gradients: list[np.ndarray]
    gradients_through_old: list[np.ndarray]


def plain_step(config: Config) -> Plain:
    smoothing = config.training.label_smoothing
    generator = models.build_generator(config, dtype="float64")
    discriminator = models.build_discriminator(config, dtype="float64")
    real_images = tf.constant(IMAGES / 127.5 - 1)
    z = sample_latents(BATCH, config.model.latent_dim, seed=config.training.seed, step=0)

    def judge(images: tf.Tensor, draw: int) -> tf.Tensor:
        pair = tf.constant([config.training.seed, 0], tf.int64)
        seed = tf.random.experimental.stateless_fold_in(pair, draw + 1)
        noise = tf.random.stateless_normal(images.shape, seed)
        return discriminator(
            images + config.training.instance_noise * tf.cast(noise, tf.float64), training=True
        )

    def generator_loss(probability: tf.Tensor) -> tf.Tensor:
        if config.training.loss == "minimax":
            return tf.reduce_mean(tf.math.log(1 - probability))
        return -tf.reduce_mean(tf.math.log(probability))

    with tf.GradientTape(persistent=True) as tape:
        fake_images = generator(tf.cast(z, tf.float64), training=True)
        real = judge(real_images, 0)
        fake = judge(fake_images, 1)
        real_loss = -tf.reduce_mean((1 - smoothing) * tf.math.log(real) + smoothing * tf.math.log(1 - real))
        discriminator_loss = real_loss - tf.reduce_mean(tf.math.log(1 - fake))
        loss_through_old = generator_loss(fake)
    d_gradients = tape.gradient(discriminator_loss, discriminator.trainable_variables)
    through_old = tape.gradient(loss_through_old, generator.trainable_variables)
    adam().apply(d_gradients, discriminator.trainable_variables)
    with tape:
        g_loss = generator_loss(judge(fake_images, 2))
    g_gradients = tape.gradient(g_loss, generator.trainable_variables)
    adam().apply(g_gradients, generator.trainable_variables)
    metrics = {
        "discriminator_loss": discriminator_loss,
        "generator_loss": g_loss,
        "real_probability": np.mean(real),
        "fake_probability": np.mean(fake),
        "discriminator_accuracy": (np.mean(real > 0.5) + np.mean(fake < 0.5)) / 2,
        "discriminator_gradient_norm": norm(d_gradients),
        "generator_gradient_norm": norm(g_gradients),
    }
    return Plain(
        generator,
        discriminator,
        {name: float(value) for name, value in metrics.items()},
        *([gradient.numpy() for gradient in part] for part in (d_gradients, g_gradients, through_old)),
    )


def adam() -> keras.optimizers.Optimizer:
    return OnePassAdam(LEARNING_RATE, beta_1=BETA_1)


def norm(gradients: list[tf.Tensor]) -> float:
    return float(np.sqrt(sum(np.sum(np.square(gradient)) for gradient in gradients)))


CASES = {
    "dcgan": {"ema_decay": 0.3},
    "dcgan, minimax, smoothed": {"loss": "minimax", "label_smoothing": 0.2, "ema_decay": 0.0},
    "dcgan, seen through noise": {"instance_noise": 0.7},
    "gan": {"architecture": "gan"},
}


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest, tiny_config: Callable[..., Config]) -> tuple[Trained, Plain]:
    config = tiny_config(batch_size=BATCH, learning_rate=LEARNING_RATE, seed=3, **CASES[request.param])
    with everything_in_float64():
        return take_steps(config, 6), plain_step(config)


def test_metrics_of_the_first_step_are_those_of_the_step_written_out(case: tuple[Trained, Plain]) -> None:
    trained, plain = case
    assert trained.metrics[0] == pytest.approx(plain.metrics, rel=1e-9)


def test_weights_and_batch_statistics_are_those_of_the_step_written_out(case: tuple[Trained, Plain]) -> None:
    # Also refuses fakes that are made twice (G's batch statistics would move twice, dropout counters too),
    # and real and fake images that pass D in one batch (its batch normalisation would mix them).
    trained, plain = case
    after = trained.variables[1]
    for name, network in (("generator", plain.generator), ("discriminator", plain.discriminator)):
        found = [value for key, value in after.items() if key.startswith(f"{name}/")]
        for value, variable in zip(found, network.variables, strict=True):
            np.testing.assert_allclose(value, variable.numpy(), rtol=0, atol=1e-9, err_msg=variable.path)


def test_adam_saw_the_gradients_of_the_step_written_out(case: tuple[Trained, Plain]) -> None:
    # The weights alone would not show a wrong scale of the loss: Adam divides it out.
    trained, plain = case
    for name, gradients in (
        ("generator_optimizer", plain.generator_gradients),
        ("discriminator_optimizer", plain.discriminator_gradients),
    ):
        slots = {k: v for k, v in trained.variables[1].items() if k.startswith(name)}
        first = [v for k, v in slots.items() if k.endswith("/momentum")]
        second = [v for k, v in slots.items() if k.endswith("/velocity")]
        for m, v, gradient in zip(first, second, gradients, strict=True):
            np.testing.assert_allclose(m, (1 - BETA_1) * gradient, rtol=1e-7, atol=1e-12)
            np.testing.assert_allclose(v, (1 - BETA_2) * gradient**2, rtol=1e-7, atol=1e-12)


def test_the_old_discriminator_would_have_given_another_gradient(case: tuple[Trained, Plain]) -> None:
    # What makes the test above one of the order: G learns through the D that has just learnt.
    _, plain = case
    largest = max(
        np.abs(new - old).max()
        for new, old in zip(plain.generator_gradients, plain.gradients_through_old, strict=True)
    )
    assert largest > 1e-5


def test_the_step_is_traced_once(case: tuple[Trained, Plain]) -> None:
    trained, _ = case
    assert trained.traces == 1


def test_the_step_is_counted(case: tuple[Trained, Plain]) -> None:
    trained, _ = case
    assert [v["generator_optimizer/0/iteration"] for v in trained.variables] == [0, 1, 2, 3, 4, 5, 6]


def test_average_follows_the_generator_with_a_warm_up_and_without_averaging_is_it(case: tuple) -> None:
    # min(decay, (1 + t) / (10 + t)): with decay 0.3, three lighter steps, then 0.3; with 0, G itself.
    trained, _ = case
    decay = trained.config.training.ema_decay
    keeps = [min(decay, light) for light in (1 / 10, 2 / 11, 3 / 12, 4 / 13, 5 / 14, 6 / 15)]
    names = [
        name.removeprefix("generator/") for name in trained.variables[0] if name.startswith("generator/")
    ]
    average = {name: trained.variables[0]["generator_ema/" + name] for name in names}
    for keep, variables in zip(keeps, trained.variables[1:], strict=True):
        for name in names:
            current = variables["generator/" + name]
            counts = np.issubdtype(current.dtype, np.integer)
            average[name] = current if counts else average[name] * keep + current * (1 - keep)
            found = variables["generator_ema/" + name]
            # The library computes the decay in float32.
            np.testing.assert_allclose(found, average[name], rtol=1e-6, atol=1e-9 if decay else 0)
            assert decay or (found == current).all()


def test_u_of_spectral_normalisation_takes_one_iteration_a_step(tiny_config: Callable[..., Config]) -> None:
    # Without learning, the kernel stays, and so does the matrix of the iteration: u -> K^T K u / |K^T K u|.
    config = tiny_config(discriminator_norm="spectral", batch_size=BATCH, learning_rate=0.0)
    with everything_in_float64():
        states = take_steps(config, 2).variables
    kernels = [value for name, value in states[0].items() if name.startswith("discriminator/")]
    kernels = [kernel.reshape(-1, kernel.shape[-1]) for kernel in kernels if kernel.ndim > 1]
    found = [[v for name, v in state.items() if name.endswith("/u")] for state in states]
    assert len(kernels) == len(found[0]) == 3
    for number, kernel in enumerate(kernels):
        for before, after in itertools.pairwise(found):
            turned = kernel.T @ (kernel @ before[number])
            np.testing.assert_allclose(after[number], turned / np.linalg.norm(turned), atol=1e-12)
