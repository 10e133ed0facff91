"""The schedule of a run: how long it trains, how the learning rates fall at its end, and how it gets longer.

Constant learning rates, and a linear fall to 0 at the end: Zhu et al. 2017, "Unpaired image-to-image
translation using cycle-consistent adversarial networks", section 4. Until the fall begins nothing depends on
the length of the run, so a run can be made longer from there: Hägele et al. 2024, "Scaling laws and
compute-optimal training beyond fixed training durations", section 3.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from dcgan_tf.config import TrainingConfig
from dcgan_tf.errors import RunError
from dcgan_tf.files import storage_errors
from dcgan_tf.runs import CheckpointStore, RunPaths, newest_intact, read_config
from dcgan_tf.training.state import TrainState, learning_rates

_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Schedule:
    """The length of a run, and its last phase, in which the learning rates fall: the anneal.

    Attributes:
        total_steps: T, the number of the last step.
        anneal: the share of the steps in which the learning rates fall, from 0 to 1.
        lowered: (B, share of G's, share of D's) of each rollback: the learning rates of the steps after B.
    """

    total_steps: int
    anneal: float = 0.0
    lowered: tuple[tuple[int, float, float], ...] = ()

    @property
    def constant_steps(self) -> int:
        """A = T - round(anneal T): so many steps have the learning rates that the settings name."""
        return self.total_steps - round(self.anneal * self.total_steps)

    @property
    def anneal_after(self) -> int | None:
        """A, whose checkpoint is kept for a longer run; None if all steps have the whole learning rates."""
        return self.constant_steps if self.constant_steps < self.total_steps else None

    def steps_alike(self, other: Schedule) -> int:
        """Return how many steps have the same learning rates in a run with the other schedule.

        With the same `anneal`, those are the constant steps that both have, unless the lengths are the same.
        """
        return self.total_steps if self == other else min(self.constant_steps, other.constant_steps)

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

    def lowest(self, finished_steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Return the shares of G's and of D's learning rate that rollbacks leave the next step, float64.

        Args:
            finished_steps: an int64 scalar.
        """
        shares = [tf.ones([], tf.float64)] * 2
        for after, *lower in self.lowered:
            is_later = finished_steps >= after
            shares = [
                tf.where(is_later, tf.minimum(share, low), share)
                for share, low in zip(shares, lower, strict=True)
            ]
        return shares[0], shares[1]


def schedule_of(settings: TrainingConfig, steps_per_epoch: int) -> Schedule:
    """Return the schedule of a run with these settings, whose length may be in epochs."""
    return Schedule(settings.steps or (settings.epochs or 0) * steps_per_epoch, settings.anneal)


def set_learning_rates(
    state: TrainState, settings: TrainingConfig, schedule: Schedule
) -> dict[str, tf.Tensor]:
    """Give both optimizers the learning rates of the next step, in cross-replica context.

    They are functions of the number of the step alone. So it does not matter which ones a checkpoint holds.
    Without an anneal and rollbacks nothing is done.

    Args:
        state: its optimizers are changed; `step` is the number of finished steps.
        settings: the learning rates before the anneal and all rollbacks.
        schedule: of the run.

    Returns:
        What they are now, scalars: learning_rate, and discriminator_learning_rate if D may have another;
        nothing without an anneal and rollbacks.
    """
    if schedule.anneal_after is None and not schedule.lowered:
        return {}
    share, lowest = schedule.share(state.step + 0), schedule.lowest(state.step + 0)
    optimizers = state.generator_optimizer, state.discriminator_optimizer
    of_generator, of_discriminator = (
        tf.cast(rate * share * low, optimizer.learning_rate.dtype)
        for optimizer, rate, low in zip(optimizers, learning_rates(settings), lowest, strict=True)
    )
    state.generator_optimizer.learning_rate.assign(of_generator)
    state.discriminator_optimizer.learning_rate.assign(of_discriminator)
    rates: dict[str, tf.Tensor] = {"learning_rate": of_generator}
    if settings.discriminator_learning_rate is not None or schedule.lowered:
        rates["discriminator_learning_rate"] = of_discriminator
    return rates


def reset_learning_rates(state: TrainState, settings: TrainingConfig) -> None:
    """Give both optimizers the learning rates of the settings; a checkpoint may hold others."""
    for_generator, for_discriminator = learning_rates(settings)
    state.generator_optimizer.learning_rate.assign(for_generator)
    state.discriminator_optimizer.learning_rate.assign(for_discriminator)


def go_back(
    paths: RunPaths, settings: TrainingConfig, steps_per_epoch: int, stores: Sequence[CheckpointStore]
) -> None:
    """Forget the annealed steps of a run that is made longer: in the longer run they come later.

    Training then continues from the newest checkpoint before them. Until they are gone, the directory keeps
    the settings that they were made with; the new ones are written after this. So a run that is killed at any
    moment can go back again, or go on in its anneal, as it is asked to.

    Args:
        paths: the files of the run, with the settings of the steps that are done.
        settings: those of training that are asked for; only the length differs.
        steps_per_epoch: of the run.
        stores: all places with checkpoints of the whole state.

    Raises:
        RunError: if the run has already done too many steps for that length, or if there is no checkpoint to
            go back to; nothing has been changed then.
    """
    if not settings.anneal or not paths.config.exists():
        return
    for store in stores:
        store.remove_leftovers()
    before = read_config(paths.root).training
    done, wanted = schedule_of(before, steps_per_epoch), schedule_of(settings, steps_per_epoch)
    newest = max((step for store in stores for step in store.steps()), default=0)
    if newest <= done.steps_alike(wanted):
        return
    if wanted.total_steps < done.total_steps:
        raise RunError(f"{paths.root} {_too_short(newest, before, settings, steps_per_epoch)}")
    base = _newest_until(done.constant_steps, stores)
    if base is None:
        raise RunError(f"{paths.root} cannot be trained for longer: {_no_way_back(before, done)}")
    _log.info(
        "%s goes back to step %d, because its learning rates fell after step %d. In a run of %d steps they "
        "fall after step %d. Steps %d to %d are forgotten",
        paths.root,
        base,
        done.constant_steps,
        wanted.total_steps,
        wanted.constant_steps,
        base + 1,
        newest,
    )
    with storage_errors(paths.progress):
        paths.progress.unlink(missing_ok=True)
    for store in stores:
        store.forget_after(done.constant_steps)  # a damaged one before that is set aside later


def _newest_until(step: int, stores: Sequence[CheckpointStore]) -> int | None:
    """Return the step of the newest intact checkpoint that is not after this step, or None."""
    try:
        store, found, _ = newest_intact(stores, until=step)
    except RunError as error:
        _log.warning("%s", error)
        return None
    return None if store is None else found


def _too_short(newest: int, before: TrainingConfig, settings: TrainingConfig, steps_per_epoch: int) -> str:
    """Return what to do where the checkpoint of step `newest` is not one of the shorter run's."""
    done, wanted = schedule_of(before, steps_per_epoch), schedule_of(settings, steps_per_epoch)
    if newest > done.constant_steps:
        here, length = f"fell after step {done.constant_steps}", _length(before)
    else:
        here, length = "have not fallen yet", _length_for(newest, settings, steps_per_epoch)
    return (
        f"has done {newest} steps, and its learning rates {here}. In a run of {wanted.total_steps} steps "
        f"they fall after step {wanted.constant_steps}. Use {length} or more, or train in another --run-dir"
    )


def _no_way_back(before: TrainingConfig, done: Schedule) -> str:
    if not done.constant_steps:
        return (
            f"with --anneal {before.anneal:g} its learning rates fell from the first step on. Use "
            f"{_length(before)}, or train in another --run-dir"
        )
    return (
        f"it would go back to step {done.constant_steps}, after which its learning rates fell, and no "
        f"checkpoint of that step can be read. Put back a copy, use {_length(before)}, or train in another "
        "--run-dir"
    )


def _length(settings: TrainingConfig) -> str:
    return f"--epochs {settings.epochs}" if settings.steps is None else f"--steps {settings.steps}"


def _length_for(constant_steps: int, settings: TrainingConfig, steps_per_epoch: int) -> str:
    """Return a length whose anneal begins after so many steps or later."""
    steps = math.ceil(constant_steps / (1 - settings.anneal))
    return f"--epochs {math.ceil(steps / steps_per_epoch)}" if settings.steps is None else f"--steps {steps}"
