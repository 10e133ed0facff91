"""The state of training: everything that a step changes and a checkpoint holds."""

from __future__ import annotations

import functools
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config, TrainingConfig
from dcgan_tf.training.steps.adam import make_optimizer
from dcgan_tf.training.strategy import dtype_policy


@dataclass(frozen=True)
class TrainState:
    """The two networks, their optimizers, the averaged generator and the step.

    All randomness of training is a function of (seed, step). So a resumed run equals an uninterrupted one,
    and nothing else needs to be saved.

    Attributes:
        generator: G.
        discriminator: D, with its closing sigmoid.
        generator_ema: the averaged G, in float32; it draws the samples that people see.
        generator_optimizer: optimizer of G.
        discriminator_optimizer: optimizer of D.
        step: int64 scalar, the number of finished steps.
    """

    generator: keras.Sequential
    discriminator: keras.Sequential
    generator_ema: keras.Sequential
    generator_optimizer: keras.optimizers.Optimizer
    discriminator_optimizer: keras.optimizers.Optimizer
    step: tf.Variable

    @property
    def variables(self) -> list[tf.Variable]:
        """All variables that a checkpoint holds."""
        parts = [part for name, part in vars(self).items() if name != "step"]
        return [variable for part in parts for variable in part.variables] + [self.step]

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return the checkpoint of all attributes, under their names."""
        return tf.train.Checkpoint(**vars(self))

    def non_finite(self) -> list[str]:
        """Return the paths of the weights and statistics that hold a NaN or an infinity."""
        variables = [*self.generator.variables, *self.discriminator.variables]
        return [v.path for v in variables if v.dtype != "int64" and not np.isfinite(v.numpy()).all()]


def create_train_state(
    config: Config, *, num_classes: int = 0, precision: str = "float32", dtype: str | None = None
) -> TrainState:
    """Build the state at step 0; call this in the scope of the strategy that will train it.

    Args:
        config: all sections but `run` are used.
        num_classes: number of classes of a conditional model, or 0.
        precision: resolved: float32, bfloat16 or float16.
        dtype: Keras dtype policy in place of that precision's, such as "float64".
    """
    dtype = dtype or dtype_policy(precision)
    training = config.training
    averaged = "float64" if dtype == "float64" else "float32"
    generator = models.build_generator(config, num_classes=num_classes, dtype=dtype)
    discriminator = models.build_discriminator(config, num_classes=num_classes, dtype=dtype)
    generator_ema = models.build_generator(config, num_classes=num_classes, dtype=averaged)
    generator_learning_rate, discriminator_learning_rate = learning_rates(training)
    adam = functools.partial(
        make_optimizer, beta_1=training.beta_1, beta_2=training.beta_2, precision=precision
    )
    generator_optimizer = adam(generator_learning_rate)
    discriminator_optimizer = adam(discriminator_learning_rate)
    generator_optimizer.build(generator.trainable_variables)
    discriminator_optimizer.build(discriminator.trainable_variables)
    step = tf.Variable(
        0,
        dtype=tf.int64,
        trainable=False,
        name="step",
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
    )
    return TrainState(
        generator, discriminator, generator_ema, generator_optimizer, discriminator_optimizer, step
    )


def learning_rates(settings: TrainingConfig) -> tuple[float, float]:
    """Return the learning rates of G and of D, before any anneal."""
    of_discriminator = settings.discriminator_learning_rate
    return settings.learning_rate, settings.learning_rate if of_discriminator is None else of_discriminator
