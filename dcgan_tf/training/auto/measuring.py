"""Time a few real steps on this machine, with a state that is thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable

from dcgan_tf.config import Config, RunConfig, Speed, replace
from dcgan_tf.training.calibration import Calibration
from dcgan_tf.training.diagnosis.looks import EVERY
from dcgan_tf.training.plan import batches, make_plan
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.steps.several import StepResults, make_several
from dcgan_tf.training.steps.step import make_train_step

MEASURED_SECONDS = 5.0
"""How long steps are timed; the first ones, which compile, come before."""
_FEWEST_STEPS, _MOST_STEPS, _WARM_UP = 5, 1000, 3


def measure_speed(config: Config, *, seconds: float | None = None) -> Speed:
    """Return how long the steps of a run with these settings take here; the run itself is not touched.

    The measurement has the real images, networks and devices. The run that follows is the same, bit for bit,
    as one without a measurement, because every random number of a run is a function of (seed, step).

    Args:
        config: all settings; the length does not matter.
        seconds: how long to time steps; `MEASURED_SECONDS` by default.

    Raises:
        DataError: if the data cannot be loaded, or do not fit the settings.
        RunError: if the run directory holds something else, or another process trains there.
    """
    plan = make_plan(replace(config, steps=1))
    with plan.strategy.scope():
        state = create_train_state(
            plan.config, num_classes=plan.num_classes, precision=plan.config.training.precision
        )
    step = make_train_step(plan.config, state, plan.strategy, num_classes=plan.num_classes)
    take = make_several(step, iter(batches(plan, finished_steps=0)))
    calibrate = Calibration(plan.config, state, num_classes=plan.num_classes)
    calibrate()  # compiles
    speed = _time(take, MEASURED_SECONDS if seconds is None else seconds)
    return _with_calibration(speed, calibrate, plan.config.run)


def _time(take: Callable[[int], StepResults], seconds: float) -> Speed:
    started = time.perf_counter()
    _taken(take, 1)
    before = time.perf_counter() - started
    _taken(take, _WARM_UP)
    started, count = time.perf_counter(), 0
    while count < _FEWEST_STEPS or (count < _MOST_STEPS and time.perf_counter() - started < seconds):
        count += _taken(take, EVERY)
    return Speed(before, (time.perf_counter() - started) / count)


def _with_calibration(speed: Speed, calibrate: Calibration, run: RunConfig) -> Speed:
    """Return the speed with a step's share of the calibrations, which come before grids and checkpoints."""
    started = time.perf_counter()
    calibrate()
    seconds = time.perf_counter() - started
    steps_between = min(filter(None, (run.sample_every, run.checkpoint_every)))
    return Speed(speed.seconds_before, speed.seconds_per_step + seconds / steps_between)


def _taken(take: Callable[[int], StepResults], most: int) -> int:
    """Take some steps, and return how many, once a number of theirs can be read: the device has finished."""
    return len(take(most).waiting.numpy())
