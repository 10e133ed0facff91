"""Time a few real steps on this machine, with a state that is thrown away."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict

from dcgan_tf.config import Config, RunConfig, Speed, replace
from dcgan_tf.training.calibration import Calibration
from dcgan_tf.training.cluster.workers import Workers
from dcgan_tf.training.diagnosis.looks import EVERY
from dcgan_tf.training.plan import batches, make_plan
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.steps.several import StepResults, make_several
from dcgan_tf.training.steps.step import make_train_step
from dcgan_tf.training.strategy import make_strategy

MEASURED_SECONDS = 5.0
"""How long steps are timed; the first ones, which compile, come before."""
_FEWEST_STEPS, _MOST_STEPS, _WARM_UP = 5, 1000, 3


def agreed_speed(config: Config, known: Speed | None) -> Speed:
    """Return the speed with which all workers of a run reckon: the chief's.

    Args:
        config: all settings; the length does not matter.
        known: the speed if it was measured before, which counts on the chief only; None to measure it.

    Raises:
        DataError, RunError: as `measure_speed` does.
    """
    workers = Workers(make_strategy(config.training.replicas))
    with workers.chief_decides() as of_chief:
        of_chief.value = known and asdict(known)
    if of_chief.value is None:
        measured = measure_speed(config)
        with workers.chief_decides() as of_chief:
            of_chief.value = asdict(measured)
    return Speed(**of_chief.value)


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
    workers = plan.workers
    with plan.strategy.scope(), workers.lost_ones_named():
        state = create_train_state(
            plan.config, num_classes=plan.num_classes, precision=plan.config.training.precision
        )
    step = make_train_step(plan.config, state, plan.strategy, num_classes=plan.num_classes)
    take = make_several(step, iter(batches(plan, finished_steps=0)), anywhere=workers.anywhere)
    labels = plan.image_set.labels
    calibrate = Calibration(plan.config, state, num_classes=plan.num_classes, labels=labels)
    calibrate()  # compiles
    with workers.lost_ones_named():
        speed = _time(take, workers, MEASURED_SECONDS if seconds is None else seconds)
    return _with_calibration(speed, calibrate, plan.config.run)


def _time(take: Callable[[int], StepResults], workers: Workers, seconds: float) -> Speed:
    started = time.perf_counter()
    _taken(take, 1)
    before = time.perf_counter() - started
    _taken(take, _WARM_UP)
    started, count = time.perf_counter(), 0
    enough = False
    while not enough:
        count += _taken(take, EVERY)
        late = count >= _MOST_STEPS or time.perf_counter() - started >= seconds
        enough = count >= _FEWEST_STEPS and any(workers.each(late))
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
