"""R1 and R2 by hand, and every objective's gradients against finite differences, in float64."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.training.objective.objective import objective_of
from dcgan_tf.training.objective.penalties import squared_norm
from dcgan_tf.training.steps.step import Replica, update_discriminator, update_generator

BATCH, SIZE = 3, 4
REAL, FAKE = (np.random.default_rng(seed).uniform(-1, 1, (BATCH, SIZE, SIZE, 1)) for seed in (1, 2))


def both() -> tuple[tf.Tensor, tf.Tensor]:
    """Return the images as tensors, which are made once the tests have split the CPU."""
    return tf.constant(REAL), tf.constant(FAKE)


def test_a_penalty_is_half_of_gamma_times_the_squared_length() -> None:
    gradients = tf.constant([[[[1.0], [2.0]]], [[[0.0], [-3.0]]]])
    np.testing.assert_array_equal(squared_norm(gradients, gamma=10.0), [[25], [45]])


@pytest.mark.parametrize("precision", [tf.float16, tf.bfloat16])
def test_squares_of_half_precision_are_computed_in_float32(precision: tf.DType) -> None:
    # 2^-14 squared is 2^-28, which float16 has as 0; bfloat16 would add 256 of them up to another number.
    gradients = tf.fill((1, 16, 16, 1), tf.constant(2.0**-14, precision))
    found = squared_norm(gradients, gamma=2.0)
    assert found.dtype == tf.float32
    assert found.numpy().item() == 256 * 2.0**-28


def test_squares_of_float64_stay_in_float64() -> None:
    assert squared_norm(tf.constant(REAL), gamma=1.0).dtype == tf.float64


class Logits(keras.layers.Layer):
    """A discriminator by hand: D's logit is a function of one weight and the image."""

    def __init__(self, formula: Callable[[tf.Variable, tf.Tensor], tf.Tensor], weight: float) -> None:
        super().__init__(dtype="float64")
        self.formula = formula
        self.weight = self.add_weight(shape=(), initializer=keras.initializers.Constant(weight))

    def call(self, images: tf.Tensor, training: bool = False) -> tf.Tensor:
        return self.formula(self.weight, images)


def replica_of(config: Config, discriminator: keras.Layer, generator: keras.Layer | None = None) -> Replica:
    """Return a replica whose optimizers subtract the gradient itself."""
    state = SimpleNamespace(discriminator=keras.Sequential([discriminator]), generator=generator)
    for name in ("discriminator", "generator"):
        optimizer = keras.optimizers.SGD(1.0)
        optimizer.build(getattr(getattr(state, name), "trainable_variables", []))
        setattr(state, f"{name}_optimizer", optimizer)
    return Replica(
        config, state, objective_of(config.training), discriminator, 0, tf.constant(0, tf.int64), 0, None
    )


def half_of_squared_length(weight: tf.Variable, images: tf.Tensor) -> tf.Tensor:
    return weight / 2 * tf.reduce_sum(images**2, axis=(1, 2, 3))[:, tf.newaxis]


@pytest.mark.parametrize(("r1", "r2"), [(0.0, 0.0), (3.0, 0.0), (0.0, 5.0), (3.0, 5.0)])
def test_each_penalty_is_that_of_its_own_images(
    tiny_config: Callable[..., Config], r1: float, r2: float
) -> None:
    # D(x) = a/2 |x|^2 has the gradient a x. So R1 is r1/2 a^2 mean|x|^2, and its derivative r1 a mean|x|^2.
    real, fake = (np.sum(images**2, axis=(1, 2, 3)).mean() for images in (REAL, FAKE))
    a = 0.5
    found = {}
    for name, changes in {"with": {"r1_gamma": r1, "r2_gamma": r2}, "without": {}}.items():
        discriminator = Logits(half_of_squared_length, a)
        config = tiny_config(batch_size=BATCH, discriminator_norm="none", loss="relativistic", **changes)
        metrics = update_discriminator(replica_of(config, discriminator), *both())
        found[name] = (float(metrics["discriminator_loss"]), a - float(discriminator.weight))
    loss, gradient = np.subtract(found["with"], found["without"])
    assert loss == pytest.approx((r1 * real + r2 * fake) / 2 * a**2, abs=1e-12)
    assert gradient == pytest.approx((r1 * real + r2 * fake) * a, abs=1e-12)


def test_a_penalty_costs_no_further_pass_of_the_discriminator(tiny_config: Callable[..., Config]) -> None:
    calls = []

    def counted(weight: tf.Variable, images: tf.Tensor) -> tf.Tensor:
        calls.append(images)
        return half_of_squared_length(weight, images)

    config = tiny_config(batch_size=BATCH, discriminator_norm="none", r1_gamma=1.0, r2_gamma=1.0)
    update_discriminator(replica_of(config, Logits(counted, 1.0)), *both())
    assert len(calls) == 2


def small_network(outputs: tuple[int, ...]) -> keras.Sequential:
    """Return a smooth network, whose derivatives finite differences can find."""
    keras.utils.set_random_seed(3)
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Flatten(dtype="float64"),
            layers.Dense(3, activation="tanh", dtype="float64"),
            layers.Dense(int(np.prod(outputs)), dtype="float64"),
            layers.Reshape(outputs, dtype="float64"),
        ]
    )


OBJECTIVES = {
    "non_saturating": {"label_smoothing": 0.2, "r1_gamma": 2.0},
    "minimax": {"r2_gamma": 3.0, "instance_noise": 0.5},
    "hinge": {"r1_gamma": 2.0, "r2_gamma": 3.0, "diffaugment": 1.0},
    "relativistic": {"r1_gamma": 2.0, "r2_gamma": 3.0, "instance_noise": 0.5, "diffaugment": 0.5},
}


@pytest.mark.parametrize("loss", OBJECTIVES)
def test_the_updates_follow_the_gradients_that_finite_differences_find(
    tiny_config: Callable[..., Config], loss: str
) -> None:
    config = tiny_config(batch_size=BATCH, discriminator_norm="none", loss=loss, **OBJECTIVES[loss])
    discriminator, generator = small_network((1,)), small_network((SIZE, SIZE, 1))
    latents = tf.constant(np.random.default_rng(4).normal(size=(BATCH, 2)))
    generator(latents), discriminator(REAL)

    def discriminator_loss() -> float:
        replica = replica_of(config, discriminator, generator)
        return float(update_discriminator(replica, *both())["discriminator_loss"])

    def generator_loss() -> float:
        with tf.GradientTape() as tape:
            fakes = generator(latents, training=True)
        replica = replica_of(config, discriminator, generator)
        return float(update_generator(replica, tf.constant(REAL), fakes, tape)["generator_loss"])

    for network, update in ((discriminator, discriminator_loss), (generator, generator_loss)):
        weights = [weight.numpy() for weight in network.trainable_variables]
        update()
        gradients = [old - new.numpy() for old, new in zip(weights, network.trainable_variables, strict=True)]
        largest = max(np.abs(gradient).max() for gradient in gradients)
        assert largest > 1e-3
        for number, gradient in enumerate(gradients):
            place = np.unravel_index(np.abs(gradient).argmax(), gradient.shape)
            difference = slope(network, weights, number, place, update)
            assert gradient[place] == pytest.approx(difference, abs=1e-7 * max(1, largest))
        network.set_weights(weights)


def slope(network: keras.Model, weights: list, number: int, place: tuple, loss: Callable[[], float]) -> float:
    """Return the change of the loss with one number in one of the weights, by central differences."""
    values = []
    for change in (1e-5, -1e-5):
        moved = [weight.copy() for weight in weights]
        moved[number][place] += change
        network.set_weights(moved)
        values.append(loss())
    return (values[0] - values[1]) / 2e-5
