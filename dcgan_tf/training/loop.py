"""Train a run, from its settings to its last checkpoint."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import tensorflow as tf

from dcgan_tf.config import Budget, Config
from dcgan_tf.errors import OutOfMemoryError, RunError, StorageError
from dcgan_tf.files import DISK_FULL, storage_error
from dcgan_tf.runs import RunPaths
from dcgan_tf.training.auto.choice import Choice
from dcgan_tf.training.diagnosis.watch import Watch
from dcgan_tf.training.interrupt import Interrupted, StopSignals
from dcgan_tf.training.monitoring.console import make_console
from dcgan_tf.training.monitoring.hooks import (
    CatchesUp,
    CheckpointHook,
    Foresees,
    HistogramHook,
    Hook,
    SampleHook,
    StatisticsHook,
    TrainingProgress,
)
from dcgan_tf.training.monitoring.statistics import NotFiniteError, Statistics
from dcgan_tf.training.monitoring.writers import StatsFile, TensorBoard, Writer
from dcgan_tf.training.plan import batches, make_plan
from dcgan_tf.training.rollback import NeedsRollbackError, decide_to_go_back
from dcgan_tf.training.run_dir import lock
from dcgan_tf.training.start import Start, begin
from dcgan_tf.training.steps.several import make_several
from dcgan_tf.training.steps.step import make_train_step

_GO_ON = "The checkpoints are intact; run the same command again to continue"
_log = logging.getLogger("dcgan_tf")


def train(config: Config | Choice, *, hooks: Sequence[Hook] = ()) -> Path:
    """Train a run, or continue it if its run directory already holds a part of it.

    Args:
        config: all settings, or a choice, which has them. An existing run directory must have been made with
            the same settings. Only the length, and settings that do not affect the weights, may differ.
        hooks: hooks that are called after the built-in ones: after every step, unless they foresee when they
            are due.

    Returns:
        The run directory.

    Raises:
        DataError: if the data cannot be loaded, or a size does not fit.
        RunError: if the run cannot start, continue or be saved.
        CollapseError: if training goes wrong in a way that has a name and `on_collapse` is "stop", if going
            back does not help, or if a number is no longer finite.
        StorageError: if a file of the run cannot be written.
        OutOfMemoryError: if the memory is exhausted.
        Interrupted: after Ctrl-C, SIGTERM or a closed terminal, once the run is saved.
    """
    plan = make_plan(config.config if isinstance(config, Choice) else config)
    with lock(plan.paths), _resource_errors(plan.paths), ExitStack() as stack:
        own_hooks = [stack.enter_context(closing(hook)) for hook in hooks]
        finished = False
        while not finished:
            start = begin(plan, config if isinstance(config, Choice) else None)
            if start.finished_steps >= plan.total_steps:
                _log.info(
                    "%s already has its %d steps; %s",
                    plan.paths.root,
                    start.finished_steps,
                    _how_to_extend(start, config.budget if isinstance(config, Choice) else Budget()),
                )
            finished = _run(start, own_hooks)
    return plan.paths.root


def _how_to_extend(start: Start, budget: Budget) -> str:
    """Return advice on how to train longer, with twice the length as an example."""
    annealed_after = start.plan.schedule.anneal_after
    if annealed_after == 0:
        return "to train longer, use another --run-dir: its learning rates fell from the first step on"
    back = "" if annealed_after is None else f" (training then goes back to step {annealed_after})"
    for name, value in (("minutes", budget.minutes), ("images", budget.images)):
        if value is not None:
            return f"to train longer, ask for more {name}: --{name} {2 * value:.15g}{back}"
    if start.plan.config.training.steps is None:
        epochs = 2 * start.finished_steps // start.plan.steps_per_epoch
        return f"to train longer, ask for more epochs: --epochs {epochs}{back}"
    return f"to train longer, ask for more: --steps {2 * start.finished_steps}{back}"


def _run(start: Start, hooks: Sequence[Hook]) -> bool:
    """Do what a crash prevented after the last checkpoint, and then the steps that are left.

    Returns:
        Whether the run is finished; if not, it has decided to go back, and is to begin again.
    """
    plan = start.plan
    statistics = Statistics(
        images_per_step=plan.config.training.images_per_step, steps_per_epoch=plan.steps_per_epoch
    )
    with ExitStack() as stack:
        signals = stack.enter_context(StopSignals())
        tensorboard = TensorBoard(plan.paths.events, first_step=start.finished_steps + 1)
        watch = Watch(start, statistics, tensorboard)
        built_in = _built_in_hooks(start, statistics, tensorboard, watch)
        all_hooks = [*(stack.enter_context(closing(hook)) for hook in built_in), *hooks]
        restored = _progress(start, start.finished_steps)
        for hook in all_hooks if start.finished_steps else ():
            if isinstance(hook, CatchesUp):
                hook.catch_up(restored)
        try:
            if start.finished_steps < plan.total_steps:
                _do_steps(start, statistics, all_hooks, signals, watch)
            elif signals.received is not None:
                raise Interrupted(signals.received, start.finished_steps)
        except NeedsRollbackError as wrong:
            decide_to_go_back(plan.paths, wrong)
            if signals.received is not None:  # the next start goes back
                raise Interrupted(signals.received, wrong.step) from None
            return False
    return True


def _do_steps(
    start: Start, statistics: Statistics, hooks: Sequence[Hook], signals: StopSignals, watch: Watch
) -> None:
    """Train until the last step, or until asked to stop."""
    plan = start.plan
    train_step = make_train_step(
        plan.config, start.state, plan.strategy, num_classes=plan.num_classes, schedule=plan.schedule
    )
    take = make_several(train_step, iter(batches(plan, finished_steps=start.finished_steps)))
    progress = _progress(start, start.finished_steps)
    while progress.step < plan.total_steps:
        started = time.perf_counter()
        # Where a profile sees a step: while one is recorded, each is a call of its own.
        with tf.profiler.experimental.Trace("train", step_num=progress.step + 1, _r=1):
            results = take(_next_due(hooks, progress) - progress.step)
            step = progress.step + results.steps
        statistics.add(step, results, seconds=time.perf_counter() - started)
        stop = signals.received
        progress = _progress(start, step, stopping=stop is not None)
        try:
            for hook in hooks:
                hook.after_step(progress)
        except NotFiniteError as error:
            watch.report_not_finite(error)
        if stop is not None:
            raise Interrupted(stop, step)


def _next_due(hooks: Sequence[Hook], progress: TrainingProgress) -> int:
    """Return the next step after which a hook must be called, or the last step."""
    due = [hook.next_due(progress) if isinstance(hook, Foresees) else progress.step + 1 for hook in hooks]
    return max(progress.step + 1, min(progress.total_steps, *due))


def _progress(start: Start, step: int, *, stopping: bool = False) -> TrainingProgress:
    plan = start.plan
    return TrainingProgress(
        step,
        plan.total_steps,
        plan.steps_per_epoch,
        start.state,
        stopping=stopping,
        anneal_after=plan.schedule.anneal_after,
        calibrate=start.calibrate,
    )


def _built_in_hooks(
    start: Start, statistics: Statistics, tensorboard: TensorBoard, watch: Watch
) -> list[Hook]:
    """Return the hooks of every run in the order of their calls: numbers, checkpoint, pictures.

    When a checkpoint exists, the hooks before it have done their work. Those after it catch up.
    """
    plan, run, state = start.plan, start.plan.config.run, start.state
    if start.finished_steps == 0:
        tensorboard.write_settings(plan.config)
    left = start.finished_steps < plan.total_steps
    consoles = [make_console(start.finished_steps, plan.total_steps)] if left else []
    writers: list[Writer] = [StatsFile(plan.paths.stats), tensorboard, *consoles, watch]
    return [
        *consoles,
        watch,
        StatisticsHook(statistics, writers, log_every=run.log_every),
        HistogramHook(state, tensorboard, every=run.histogram_every),
        CheckpointHook(start.store, state, statistics, every=run.checkpoint_every, keep_every=run.keep_every),
        SampleHook(plan.config, state, plan.paths, writers, every=run.sample_every),
    ]


@contextmanager
def _resource_errors(paths: RunPaths) -> Iterator[None]:
    """Turn TensorFlow's errors about a full disk or memory into one sentence."""
    try:
        yield
    except StorageError as error:
        if getattr(error.__cause__, "errno", None) not in DISK_FULL:
            raise
        raise RunError(f"{error}. {_GO_ON}") from None
    except OSError as error:
        if error.errno not in DISK_FULL:
            raise
        raise RunError(f"{storage_error(error.filename or paths.root, error)}. {_GO_ON}") from None
    except tf.errors.OpError as error:  # TensorBoard's event files; memory that is exhausted says other words
        if any(os.strerror(number) in error.message for number in DISK_FULL):
            full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            raise RunError(f"{storage_error(paths.events, full)}. {_GO_ON}") from None
        if isinstance(error, tf.errors.ResourceExhaustedError):
            raise OutOfMemoryError(
                "out of memory: lower --batch-size, --filters, --latent-dim or --image-size, "
                f"with another --run-dir ({error.message.splitlines()[0]})"
            ) from None
        if str(paths.root) in error.message:  # the folder was removed, or is somebody else's
            raise StorageError(f"could not write {paths.events}: {error.message.splitlines()[0]}") from None
        raise
