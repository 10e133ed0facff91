"""The schedule of a run: how long it trains, and how the learning rates fall at its end.

Constant learning rates, and a linear fall to 0 at the end: Zhu et al. 2017, "Unpaired image-to-image
translation using cycle-consistent adversarial networks", section 4. Until the fall begins nothing depends on
the length of the run, so a run can be made longer from there: Hägele et al. 2024, "Scaling laws and
compute-optimal training beyond fixed training durations", section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import tensorflow as tf

from dcgan_tf.config import TrainingConfig
from dcgan_tf.training.state import TrainState, learning_rates


@dataclass(frozen=True)
class Schedule:
    """The length of a run, and its last phase, in which the learning rates fall: the anneal.

    Attributes:
        total_steps: T, the number of the last step.
        anneal: the share of the steps in which the learning rates fall, from 0 to 1.
    """

    total_steps: int
    anneal: float = 0.0

    @property
    def constant_steps(self) -> int:
        """A = T - round(anneal T): so many steps have the learning rates that the settings name."""
        return self.total_steps - round(self.anneal * self.total_steps)

    @property
    def anneal_after(self) -> int | None:
        """A, whose checkpoint is kept for a longer run; None if all steps have the whole learning rates."""
        return self.constant_steps if self.constant_steps < self.total_steps else None

    def share(self, finished_steps: tf.Tensor) -> tf.Tensor:
        """Return the share of the learning rates that the next step has, float64, above 0 and at most 1.

            min(1, (T + 1 - s) / (T + 1 - A))

        The step s is counted from 1. Steps up to A have the whole rates. Those of the last step, T, are
        1 / (T + 1 - A) of them; step T + 1 would be the first without any.

        Args:
            finished_steps: s - 1, an int64 scalar.
        """
        left = tf.cast(self.total_steps - finished_steps, tf.float64)
        return tf.minimum(tf.ones([], tf.float64), left / (self.total_steps + 1 - self.constant_steps))


def set_learning_rates(
    state: TrainState, settings: TrainingConfig, schedule: Schedule
) -> dict[str, tf.Tensor]:
    """Give both optimizers the learning rates of the next step, in cross-replica context.

    They are functions of the number of the step alone. So it does not matter which ones a checkpoint holds.
    Without an anneal nothing is done.

    Args:
        state: its optimizers are changed; `step` is the number of finished steps.
        settings: the learning rates before the anneal.
        schedule: of the run.

    Returns:
        What they are now, float32 scalars: learning_rate, and discriminator_learning_rate if D has another;
        nothing without an anneal.
    """
    if schedule.anneal_after is None:
        return {}
    share = schedule.share(state.step + 0)
    of_generator, of_discriminator = (tf.cast(rate * share, tf.float32) for rate in learning_rates(settings))
    state.generator_optimizer.learning_rate.assign(of_generator)
    state.discriminator_optimizer.learning_rate.assign(of_discriminator)
    rates: dict[str, tf.Tensor] = {"learning_rate": of_generator}
    if settings.discriminator_learning_rate is not None:
        rates["discriminator_learning_rate"] = of_discriminator
    return rates
