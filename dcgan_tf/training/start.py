"""Begin a run or resume it: check its settings and images, and read its newest checkpoint."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf import data, images
from dcgan_tf.config import Config, replace, to_json
from dcgan_tf.data import ImageSet, num_unseen
from dcgan_tf.errors import RunError
from dcgan_tf.files import write_text
from dcgan_tf.keras_settings import uses_onednn
from dcgan_tf.runs import (
    CheckpointStore,
    RunPaths,
    check_same_images,
    default_run_dir,
    describe,
    does_not_fit,
    forget_records_after,
    newest_intact,
    read_config,
    read_data,
    set_aside,
    write_json,
)
from dcgan_tf.training.auto.choice import Choice
from dcgan_tf.training.calibration import Calibration
from dcgan_tf.training.environment import write_environment
from dcgan_tf.training.origin import Origin, settled_origin, take_networks
from dcgan_tf.training.plan import Plan, too_few_steps
from dcgan_tf.training.rollback import (
    Rollback,
    finish_rollback,
    forget_grids_after,
    lowered_rates,
    refuse_after_too_many,
    with_lowered_rates,
    without_those_of_the_anneal,
)
from dcgan_tf.training.run_dir import refuse_changes, refuse_other_files
from dcgan_tf.training.schedule import go_back, reset_learning_rates
from dcgan_tf.training.state import TrainState, create_train_state

_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Start:
    """A run that is ready to train.

    Attributes:
        plan: the plan of the run.
        state: the state of training, at the run's newest checkpoint.
        store: the run's checkpoints.
        finished_steps: the number of steps done before this start.
        calibrate: makes the averaged generator ready to draw or to be saved.
    """

    plan: Plan
    state: TrainState
    store: CheckpointStore
    finished_steps: int
    calibrate: Calibration


def begin(plan: Plan, choice: Choice | None = None, init_from: Origin | None = None) -> Start:
    """Record what the run is, build its state, and restore the newest checkpoint.

    Of several workers, only the chief reads and writes the run directory. The others get the state from it.

    Args:
        plan: the plan of the run.
        choice: of the settings, if they were chosen; it is recorded first, so that no run is without it.
        init_from: the run with whose networks a new run begins; None for random weights, or for what an
            existing run began with.

    Raises:
        RunError: if the directory holds another run, or no checkpoint can be read.
    """
    config, workers = plan.config, plan.workers
    store, best = CheckpointStore(plan.paths.checkpoints), CheckpointStore(plan.paths.best)
    origin = None
    with workers.chief_decides() as prepared:
        if workers.chief:
            rollbacks, origin = _prepare(plan, choice, init_from, [store, best])
            prepared.value = [lowered_rates(rollbacks), origin is None]
    lowered, from_random = prepared.value
    plan = dataclasses.replace(with_lowered_rates(plan, lowered), from_random=from_random)
    with plan.strategy.scope(), workers.lost_ones_named():
        state = create_train_state(config, num_classes=plan.num_classes, precision=config.training.precision)
    with workers.chief_decides():
        if workers.chief:
            _restore(plan, state, [store, best], origin)
    workers.share(state.variables)
    reset_learning_rates(state, config.training)
    finished_steps = int(state.step.numpy())
    if not workers.chief:
        me, chief = workers.name(workers.index), workers.name(0)
        _log.info("%s trains with the chief, %s, from step %d on", me, chief, finished_steps + 1)
    labels = plan.image_set.labels
    calibrate = Calibration(config, state, num_classes=plan.num_classes, labels=labels)
    return Start(plan, state, store, finished_steps, calibrate)


def _prepare(
    plan: Plan, choice: Choice | None, init_from: Origin | None, stores: Sequence[CheckpointStore]
) -> tuple[list[Rollback], Origin | None]:
    """Check and record the settings, and bring the checkpoints to where the run goes on.

    Returns:
        (the rollbacks of the run, the checkpoint of another run with which it began).
    """
    config, paths = plan.config, plan.paths
    compare(config, paths, plan.image_set)
    rollbacks = finish_rollback(paths)
    refuse_after_too_many(rollbacks, paths, config.run)
    go_back(paths, config.training, plan.steps_per_epoch, stores)
    rollbacks = without_those_of_the_anneal(rollbacks, plan, stores)
    names = plan.image_set.label_names if plan.num_classes else ()
    origin = settled_origin(paths, config, names, init_from)
    if choice is not None:
        choice.write(paths)
    write_settings(config, paths, plan.image_set)
    return rollbacks, origin


def _restore(plan: Plan, state: TrainState, stores: Sequence[CheckpointStore], origin: Origin | None) -> None:
    """Restore the newest checkpoint, forget the records of later steps, and say what is going to happen."""
    config, paths = plan.config, plan.paths
    finished_steps = restore(state, stores)
    if not finished_steps and origin is not None:
        take_networks(paths, origin, state)
    stores[0].prune(
        config.run.keep_every, plan.schedule.anneal_after
    )  # a kill may have come between a save and this
    write_environment(paths, plan.strategy, config, finished_steps)
    for records in paths.lines_of_steps():
        forget_records_after(records, finished_steps)
    if config.training.anneal or plan.schedule.lowered:
        forget_grids_after(paths, finished_steps)
    _show_data(plan)
    if not finished_steps and (question := too_few_steps(plan)):
        _log.warning("%s", question)
    if finished_steps < plan.total_steps:
        _say_what_follows(plan, finished_steps)


def _say_what_follows(plan: Plan, finished_steps: int) -> None:
    count = f"{len(plan.image_set):,} images of {plan.image_set.name}"
    machines = f" of {plan.workers.number} machines" if plan.workers.number > 1 else ""
    replicas = f"{plan.strategy.num_replicas_in_sync} device(s){machines}"
    falling = plan.schedule.anneal_after
    _log.info(
        "%s, %s, %s%s; steps %d to %d in %s%s",
        count,
        plan.config.training.precision,
        replicas,
        _onednn(),
        finished_steps + 1,
        plan.total_steps,
        plan.paths.root,
        "" if falling is None else f"; the learning rates fall from step {falling + 1} on",
    )


def compare(config: Config, paths: RunPaths, image_set: ImageSet) -> None:
    """Compare the settings and images with those the run was made with, if it has begun.

    Args:
        config: settings of the run; the precision is no longer `auto`.
        paths: the files of its directory.
        image_set: what it trains on.

    Raises:
        RunError: if a setting differs on which the weights depend, or the images, or the labels of
            a conditional run, are not the same; or if the directory is not empty and not a run.
    """
    if not paths.config.exists():
        refuse_other_files(paths)
    else:
        before, known = read_config(paths.root), read_data(paths)
        refuse_changes(paths, before, config)
        if known is not None:
            _refuse_other_images(paths, image_set, before, config)
        elif before.data.spec != config.data.spec:
            raise RunError(
                f"{paths.data} cannot be read, so it is unknown whether {config.data.spec} has the images "
                f"of {before.data.spec}, with which {paths.root} was begun; put the file back, or use "
                f"--data {before.data.spec}"
            )
        else:
            _say_lost_data(paths)


def write_settings(config: Config, paths: RunPaths, image_set: ImageSet) -> None:
    """Record the settings, and what the run trains on; see `compare`."""
    write_text(paths.config, to_json(config))
    record = describe(image_set, num_unseen=num_unseen(config.data, image_set))
    if read_data(paths) != record:
        write_json(paths.data, record)


def restore(state: TrainState, stores: Sequence[CheckpointStore]) -> int:
    """Restore the newest checkpoint that can be read; return its step, or 0 if there is none.

    Remains of a crash are cleared away: incomplete saves are removed, and damaged checkpoints are reported
    and renamed.

    Args:
        state: the state whose variables are set.
        stores: all places with checkpoints of the whole state. If the best checkpoint is newer than the last
            ones, training continues from it, so that it is never lost.

    Raises:
        RunError: if there are checkpoints, but none can be read.
    """
    for store in stores:
        store.remove_leftovers()
    newest, step, damaged = newest_intact(stores)
    for store, bad, problem in damaged:
        _log.warning(
            "the checkpoint of step %d is damaged (%s); it was renamed, and training continues from step %s",
            bad,
            problem,
            step,
        )
        store.set_aside(bad)
    if newest is None:
        return 0
    try:
        newest.read(state.checkpoint(), step).assert_consumed()
    except (AssertionError, ValueError) as error:
        raise RunError(does_not_fit(newest, step, error)) from None
    return int(state.step.numpy())


def _onednn() -> str:
    used = uses_onednn()
    return "" if used is None else f", oneDNN {'on' if used else 'off'}"


def _show_data(plan: Plan) -> None:
    """Report the files that were left out, and save a grid of the training images."""
    for line in data.bad_file_lines(plan.image_set):
        _log.warning("%s", line)
    images.save(plan.paths.real_images, data.example_images(plan.image_set))


def _refuse_other_images(paths: RunPaths, image_set: ImageSet, before: Config, config: Config) -> None:
    try:
        check_same_images(paths, image_set, conditional=config.model.conditional, in_order=True)
    except RunError as error:
        raise RunError(f"{error}{_other_place(before, config)}") from None


def _other_place(before: Config, config: Config) -> str:
    """Return a suggestion for another directory, if this one got its name from other data."""
    old, new = before.data.spec, config.data.spec
    if old == new or not (folder := Path(new).expanduser()).is_dir():
        return ""
    folder = folder.resolve()
    name = default_run_dir(replace(config, data=f"{folder.parent.name}-{folder.name}"))
    return f", such as {name} (it was begun with --data {old}, and this is --data {new})"


def _say_lost_data(paths: RunPaths) -> None:
    """Warn that the record of the images is lost, so that they cannot be compared with the first ones."""
    if paths.data.exists():
        set_aside(paths.data, why="cannot be read")
    _log.warning(
        "%s is written again from today's images; it is unknown whether the run began with the same ones",
        paths.data,
    )
