"""Training a run, from its settings to its last checkpoint."""

from __future__ import annotations

import errno
import logging
import os
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import tensorflow as tf

from dcgan_tf import data, images
from dcgan_tf.config import Config
from dcgan_tf.data import inspection
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.data.pipeline import distributed_batches, replica_share, steps_per_epoch
from dcgan_tf.errors import DataError, OutOfMemoryError, RunError, StorageError
from dcgan_tf.files import DISK_FULL, storage_error
from dcgan_tf.image_sizes import check_size
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.paths import RunPaths
from dcgan_tf.runs.records import forget_records_after, with_own_held_out
from dcgan_tf.training.console import make_console
from dcgan_tf.training.folder import check_place, lock
from dcgan_tf.training.hooks import (
    CatchesUp,
    CheckpointHook,
    HistogramHook,
    Hook,
    Moment,
    SampleHook,
    StatisticsHook,
)
from dcgan_tf.training.interrupt import Interrupted, StopSignals
from dcgan_tf.training.start import restore, settle, write_environment
from dcgan_tf.training.state import TrainState, create_train_state
from dcgan_tf.training.statistics import Statistics
from dcgan_tf.training.step import make_train_step
from dcgan_tf.training.strategy import make_deterministic, make_strategy
from dcgan_tf.training.writers import StatsFile, TensorBoard, Writer

_GO_ON = "The checkpoints are intact; run the same command again to go on"
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Start:
    """What one start of the training process works with."""

    config: Config
    paths: RunPaths
    store: CheckpointStore
    state: TrainState
    strategy: tf.distribute.Strategy
    image_set: ImageSet
    first_step: int
    total_steps: int
    steps_per_epoch: int


def train(config: Config, *, hooks: Sequence[Hook] = ()) -> Path:
    """Train a run, or go on with it if its run directory already holds a part.

    Args:
        config: all settings. A run directory that exists must have been made with the same ones, apart from
            the length and from what the weights do not depend on.
        hooks: called after the built-in ones, every step.

    Returns:
        The run directory.

    Raises:
        DataError: if the data cannot be had, or a size does not fit.
        RunError: if the run cannot start, go on or be saved; says what to do.
        StorageError: if a file of the run cannot be written.
        OutOfMemoryError: if the memory is exhausted.
        Interrupted: after Ctrl-C, SIGTERM or a closed terminal, once the run is saved.
    """
    paths, config = RunPaths.of(config), with_own_held_out(config)
    strategy = make_strategy(config.training.replicas)
    _check_before_preparing(config, strategy)
    if config.training.deterministic:
        make_deterministic()
    image_set = data.load(config.data)
    _check_count(config, image_set)
    _num_classes(config, image_set)
    with lock(paths), _resource_errors(paths):
        start = _start(config, paths, strategy, image_set)
        if start.first_step >= start.total_steps:
            _log.info("%s already has its %d steps; %s", paths.root, start.first_step, _how_to_extend(start))
        _run(start, hooks)
    return paths.root


def _start(config: Config, paths: RunPaths, strategy: tf.distribute.Strategy, image_set: ImageSet) -> Start:
    """Build the state and bring it to where the run stands."""
    config = settle(config, paths, image_set)
    store, best = CheckpointStore(paths.checkpoints), CheckpointStore(paths.best)
    with strategy.scope():
        state = create_train_state(
            config, num_classes=_num_classes(config, image_set), precision=config.training.precision
        )
    first_step = restore(state, [store, best])
    store.prune(config.run.keep_every)  # a kill may have come between a save and this
    write_environment(paths, strategy, config, first_step)
    forget_records_after(paths.stats, first_step)
    forget_records_after(paths.metrics, first_step)
    _show_data(image_set, paths)
    epoch = steps_per_epoch(len(image_set), config.training.batch_size)
    total_steps = config.training.steps or (config.training.epochs or 0) * epoch
    if first_step < total_steps:
        count = f"{len(image_set):,} images of {image_set.name}"
        devices = f"{config.training.precision}, {strategy.num_replicas_in_sync} device(s)"
        _log.info("%s, %s; steps %d to %d in %s", count, devices, first_step, total_steps, paths.root)
    return Start(config, paths, store, state, strategy, image_set, first_step, total_steps, epoch)


def _check_before_preparing(config: Config, strategy: tf.distribute.Strategy) -> None:
    """Refuse what cannot be trained before anything is prepared or written."""
    check_size(config)
    replica_share(config.training.batch_size, strategy)
    check_place(config)


def _check_count(config: Config, image_set: ImageSet) -> None:
    """Refuse data that do not fill one batch, by name, before anything is written."""
    try:
        steps_per_epoch(len(image_set), config.training.batch_size)
    except ValueError as error:
        raise DataError(f"{config.data.spec}: {error}") from None


def _num_classes(config: Config, image_set: ImageSet) -> int:
    """Return how many classes a conditional model is to tell apart, 0 if it is not conditional.

    Raises:
        DataError: if it is, and the images have no labels.
    """
    if not config.model.conditional:
        return 0
    if image_set.labels is None or len(image_set.label_names) < 2:
        raise DataError(
            f"--conditional needs images of at least two classes, and {config.data.spec} has "
            f"{'one' if image_set.label_names else 'no labels'}; take a labelled dataset such as digits or "
            "tfds:mnist, a folder with one sub-folder for each class, or leave --conditional out"
        )
    return len(image_set.label_names)


def _show_data(image_set: ImageSet, paths: RunPaths) -> None:
    """Name the files that were left out, and save a grid of what is trained on, before the first step."""
    for line in inspection.bad_files(image_set):
        _log.warning("%s", line)
    images.save(paths.real_images, inspection.examples(image_set))


def _how_to_extend(start: Start) -> str:
    """Say which option has the run go on: twice its length is an example."""
    if start.config.training.steps is None:
        return f"to go on, ask for more epochs: --epochs {2 * start.first_step // start.steps_per_epoch}"
    return f"to go on, ask for more: --steps {2 * start.first_step}"


def _run(start: Start, hooks: Sequence[Hook]) -> None:
    """Make up for what a crash prevented after the checkpoint, and do the steps that are left."""
    statistics = Statistics(
        batch_size=start.config.training.batch_size, steps_per_epoch=start.steps_per_epoch
    )
    with ExitStack() as stack:
        signals = stack.enter_context(StopSignals())
        all_hooks = [
            stack.enter_context(closing(hook)) for hook in [*_built_in_hooks(start, statistics), *hooks]
        ]
        restored = Moment(start.first_step, start.total_steps, start.steps_per_epoch, start.state)
        for hook in all_hooks if start.first_step else ():
            if isinstance(hook, CatchesUp):
                hook.catch_up(restored)
        if start.first_step < start.total_steps:
            _do_steps(start, statistics, all_hooks, signals)
        elif signals.received is not None:
            raise Interrupted(signals.received, start.first_step)


def _do_steps(start: Start, statistics: Statistics, hooks: Sequence[Hook], signals: StopSignals) -> None:
    """Train until the last step, or until asked to stop."""
    train_step = make_train_step(start.config, start.state, start.strategy)
    batches = iter(_batches(start))
    for step in range(start.first_step + 1, start.total_steps + 1):
        started = time.perf_counter()
        batch = next(batches)
        waited = time.perf_counter() - started
        metrics = train_step(batch)
        seconds = time.perf_counter() - started
        statistics.add(step, metrics, seconds=seconds, seconds_waiting=waited)
        stop = signals.received
        moment = Moment(
            step, start.total_steps, start.steps_per_epoch, start.state, stopping=stop is not None
        )
        for hook in hooks:
            hook.after_step(moment)
        if stop is not None:
            raise Interrupted(stop, step)


def _batches(start: Start) -> tf.distribute.DistributedDataset:
    return distributed_batches(
        start.strategy,
        start.image_set.images,
        labels=start.image_set.labels if start.config.model.conditional else None,
        batch_size=start.config.training.batch_size,
        seed=start.config.training.seed,
        flip=start.config.data.flip,
        first_step=start.first_step,
    )


def _built_in_hooks(start: Start, statistics: Statistics) -> list[Hook]:
    """Return the hooks of every run, in the order in which they are called: numbers, checkpoint, pictures.

    What comes before the checkpoint is done when there is one; what comes after it catches up.
    """
    config, run, state = start.config, start.config.run, start.state
    tensorboard = TensorBoard(start.paths.events, first_step=start.first_step + 1)
    if start.first_step == 0:
        tensorboard.write_settings(config)
    left = start.first_step < start.total_steps
    consoles = [make_console(start.first_step, start.total_steps)] if left else []
    writers: list[Writer] = [StatsFile(start.paths.stats), tensorboard, *consoles]
    return [
        *consoles,
        StatisticsHook(statistics, writers, log_every=run.log_every),
        HistogramHook(state, tensorboard, every=run.histogram_every),
        CheckpointHook(start.store, state, statistics, every=run.checkpoint_every, keep_every=run.keep_every),
        SampleHook(config, state, start.paths, writers, every=run.sample_every),
    ]


@contextmanager
def _resource_errors(paths: RunPaths) -> Iterator[None]:
    """Say in one sentence that the disk or the memory is full, wherever that shows."""
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
