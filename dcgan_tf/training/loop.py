"""Train a run, from its settings to its last checkpoint."""

from __future__ import annotations

import dataclasses
import errno
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError, OutOfMemoryError, RunError, StorageError
from dcgan_tf.files import DISK_FULL, storage_error
from dcgan_tf.runs import RunPaths, local_folder
from dcgan_tf.training.auto.choice import Choice
from dcgan_tf.training.auto.choosing import longer_budget
from dcgan_tf.training.cluster.workers import Workers
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
from dcgan_tf.training.origin import Origin
from dcgan_tf.training.plan import batches, make_plan
from dcgan_tf.training.rollback import NeedsRollbackError, decide_to_go_back, ended_worse
from dcgan_tf.training.run_dir import lock
from dcgan_tf.training.start import Start, begin
from dcgan_tf.training.steps.several import StepResults, make_several
from dcgan_tf.training.steps.step import make_train_step

_GO_ON = "The checkpoints are intact; run the same command again to continue"
_log = logging.getLogger("dcgan_tf")


def train(
    config: Config | Choice,
    *,
    hooks: Sequence[Hook] = (),
    init_from: str | os.PathLike[str] | Origin | None = None,
    drop_kept: bool = False,
) -> Path:
    """Train a run, or continue it if its run directory already holds a part of it.

    Args:
        config: all settings, or a choice, which has them. An existing run directory must have been made with
            the same settings. Only the length, and settings that do not affect the weights, may differ.
        hooks: hooks that are called after the built-in ones: after every step, unless they foresee when they
            are due. Of several machines, only the chief calls them.
        init_from: the run with whose networks a new run begins, in place of random weights: its directory,
            or an `Origin`, which names a checkpoint. The settings of the networks must be the same
            (`dcgan_tf.runs.network_settings`).
        drop_kept: whether a `keep_every` of 0 drops what an existing run was to keep for ever. By default,
            the run keeps its own `keep_every` then, because a setting that was left out is 0, too.

    Returns:
        The run directory.

    Raises:
        ArgumentError: for settings or hooks of another kind, before any step.
        DataError: if the data cannot be loaded, or a size does not fit.
        RunError: if the run cannot start, continue or be saved.
        CollapseError: if training goes wrong in a way that has a name and `on_collapse` is "stop", if going
            back does not help, or if a number is no longer finite.
        StorageError: if a file of the run cannot be written.
        OutOfMemoryError: if the memory is exhausted.
        WorkerLostError: if another machine of TF_CONFIG is missing. The process cannot train any more.
        Interrupted: after Ctrl-C, SIGTERM or a closed terminal, once the run is saved.
    """
    hooks = _checked(config, hooks)
    if init_from is not None and not isinstance(init_from, Origin):
        init_from = Origin(str(local_folder(init_from)))
    plan = make_plan(config.config if isinstance(config, Choice) else config, drop_kept=drop_kept)
    workers = plan.workers
    with _resource_errors(plan.paths), ExitStack() as stack:
        with workers.chief_decides():
            if workers.chief:
                stack.enter_context(lock(plan.paths))
        own_hooks = [stack.enter_context(closing(hook)) for hook in hooks]
        finished = False
        while not finished:
            start = begin(plan, config if isinstance(config, Choice) else None, init_from)
            if start.finished_steps >= plan.total_steps and workers.chief:
                _log.info(
                    "%s already has its %d steps; %s",
                    plan.paths.root,
                    start.finished_steps,
                    _how_to_extend(start, config if isinstance(config, Choice) else None),
                )
            finished = _run(start, own_hooks)
    return plan.paths.root


def _checked(config: Config | Choice, hooks: Sequence[Hook]) -> list[Hook]:
    """Return the hooks, after a check before the work that the arguments are what training takes."""
    if not isinstance(config, Config | Choice):
        raise ArgumentError(
            f"expected the settings of a run, as preset(NAME) returns, or a choice, received {config!r:.80}"
        )
    if not isinstance(hooks, Iterable):
        raise ArgumentError(f"expected a list of hooks, received {hooks!r:.80}")
    checked = list(hooks)
    for hook in checked:
        does = [callable(getattr(hook, name, None)) for name in ("after_step", "close")]
        if isinstance(hook, type) or not all(does):
            raise ArgumentError(
                "a hook is an object with the methods after_step(progress) and close(), received "
                f"{hook!r:.80}"
            )
    return checked


def _how_to_extend(start: Start, choice: Choice | None) -> str:
    """Return advice on how to train longer, with twice the length as an example, or more if that is short."""
    annealed_after = start.plan.schedule.anneal_after
    if annealed_after == 0:
        return "to train longer, use another --run-dir: its learning rates fell from the first step on"
    back = "" if annealed_after is None else f" (training then goes back to step {annealed_after})"
    if choice is not None and choice.budget.given:
        longer = longer_budget(choice, start.finished_steps)
        name, value = next((n, v) for n, v in dataclasses.asdict(longer).items() if v is not None)
        return f"to train longer, ask for more {name}: --{name} {value:.15g}{back}"
    if start.plan.config.training.steps is None:
        epochs = 2 * start.finished_steps // start.plan.steps_per_epoch
        return f"to train longer, ask for more epochs: --epochs {epochs}{back}"
    return f"to train longer, ask for more: --steps {2 * start.finished_steps}{back}"


def _run(start: Start, hooks: Sequence[Hook]) -> bool:
    """Do what a crash prevented after the last checkpoint, and then the steps that are left.

    Returns:
        Whether the run is finished; if not, it has decided to go back, and is to begin again.
    """
    plan, workers = start.plan, start.plan.workers
    with ExitStack() as stack:
        signals = stack.enter_context(StopSignals())
        recorder = None
        with workers.chief_decides():
            if workers.chief:
                recorder = _Recorder(start, hooks, stack)
                recorder.catch_up()
        step = _do_steps(start, recorder, signals)
        with workers.chief_decides() as goes_back:
            if recorder is not None:
                wrong = recorder.wrong
                if step == plan.total_steps:  # no end of a run that has done more than it is now asked for
                    wrong = wrong or ended_worse(plan.paths, plan.config.run, step)
                goes_back.value = wrong is not None
                if wrong is not None:
                    decide_to_go_back(plan.paths, wrong)
        _leave_if_stopped(workers, signals, step)  # if the run is to go back, the next start does so
    return not goes_back.value


def _leave_if_stopped(workers: Workers, signals: StopSignals, step: int) -> None:
    if number := max(workers.each(signals.received or 0)):
        raise Interrupted(number, step)


def _do_steps(start: Start, recorder: _Recorder | None, signals: StopSignals) -> int:
    """Train until the last step, or until asked to stop, or until the run is to go back.

    Args:
        start: the run that has begun.
        recorder: that of the chief; the other workers have none.
        signals: those of this process; all workers stop after the same step.

    Returns:
        The number of finished steps.
    """
    plan, workers = start.plan, start.plan.workers
    if start.finished_steps >= plan.total_steps:
        return start.finished_steps
    train_step = make_train_step(
        plan.config,
        start.state,
        plan.strategy,
        num_classes=plan.num_classes,
        schedule=plan.schedule,
        from_random=plan.from_random,
    )
    batches_left = iter(batches(plan, finished_steps=start.finished_steps))
    take = make_several(train_step, batches_left, anywhere=workers.anywhere)
    step = start.finished_steps
    with workers.chief_decides() as due:
        due.value = recorder.next_due(_progress(start, step)) if recorder else None
    while step < plan.total_steps and due.value is not None:
        started = time.perf_counter()
        # Where a profile sees a step: while one is recorded, each is a call of its own.
        with tf.profiler.experimental.Trace("train", step_num=step + 1, _r=1), workers.lost_ones_named():
            results = take(due.value - step)
            step += results.steps
        seconds = time.perf_counter() - started
        stop = max(workers.each(signals.received or 0))
        with workers.chief_decides() as due:
            if recorder:
                due.value = recorder.after_call(_progress(start, step, stopping=stop > 0), results, seconds)
        if stop and due.value is not None:
            raise Interrupted(stop, step)
    return step


class _Recorder:
    """What the chief does between calls: it gathers the numbers, and calls the hooks.

    Attributes:
        wrong: why the run is to go back; None if it is not.

    Args:
        start: the run that has begun.
        own_hooks: those of the caller, who closes them.
        stack: closes the built-in ones.
    """

    def __init__(self, start: Start, own_hooks: Sequence[Hook], stack: ExitStack) -> None:
        plan = start.plan
        self._start = start
        self._statistics = Statistics(
            images_per_step=plan.config.training.images_per_step, steps_per_epoch=plan.steps_per_epoch
        )
        tensorboard = TensorBoard(plan.paths.events, first_step=start.finished_steps + 1)
        self._watch = Watch(start, self._statistics, tensorboard)
        built_in = _built_in_hooks(start, self._statistics, tensorboard, self._watch)
        self._hooks = [*(stack.enter_context(closing(hook)) for hook in built_in), *own_hooks]
        self.wrong: NeedsRollbackError | None = None

    def catch_up(self) -> None:
        """Do what is missing of the step that training resumes from."""
        restored = _progress(self._start, self._start.finished_steps)
        for hook in self._hooks if restored.step else ():
            if isinstance(hook, CatchesUp):
                hook.catch_up(restored)

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the next step after which a hook must be called, or the last step."""
        due = [
            hook.next_due(progress) if isinstance(hook, Foresees) else progress.step + 1
            for hook in self._hooks
        ]
        return max(progress.step + 1, min(progress.total_steps, *due))

    def after_call(self, progress: TrainingProgress, results: StepResults, seconds: float) -> int | None:
        """Record what a call returned, and return what is due next; None if the run is to go back."""
        self._statistics.add(progress.step, results, seconds=seconds)
        try:
            try:
                for hook in self._hooks:
                    hook.after_step(progress)
            except NotFiniteError as error:
                self._watch.report_not_finite(error)
        except NeedsRollbackError as wrong:
            self.wrong = wrong
            return None
        return self.next_due(progress)


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
