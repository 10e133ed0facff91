"""Begin a run with the networks of another one, in place of random weights.

Both networks and the averaged generator are taken; the optimizers begin anew. The checkpoint is copied to
RUN/origin, and origin.json records it. So a run that begins again, after a kill or a rollback, has the same
weights, whatever has become of the other run.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tensorflow as tf

from dcgan_tf.config import Config, flatten
from dcgan_tf.errors import RunError
from dcgan_tf.runs import (
    BEST,
    CheckpointStore,
    RunPaths,
    WantedCheckpoint,
    class_names_of,
    network_settings,
    read_config,
    read_json,
    restore,
    write_json,
)
from dcgan_tf.training.state import TrainState

_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Origin:
    """The checkpoint of another run with whose networks a run begins.

    Attributes:
        run: the path of the other run; the record has the absolute one.
        checkpoint: its step; "best" or None, for the newest, until that is decided.
    """

    run: str
    checkpoint: WantedCheckpoint = None


def settled_origin(
    paths: RunPaths, config: Config, class_names: tuple[str, ...], wanted: Origin | None
) -> Origin | None:
    """Return the checkpoint that a run begins with; copy and record it if the run is new.

    Args:
        paths: the files of the run.
        config: its settings.
        class_names: those of its images, if it is conditional.
        wanted: what the user asks for now; None for what the run has begun with.

    Returns:
        The checkpoint of another run, or None for random weights.

    Raises:
        RunError: if the run has begun otherwise, or the other run has no such checkpoint, or other networks.
    """
    if not paths.config.exists():  # a record without the settings is that of a start that was killed
        paths.origin.unlink(missing_ok=True)
        return None if wanted is None else _new_origin(paths, config, class_names, wanted)
    recorded = read_origin(paths)
    if wanted is None:
        return recorded
    if recorded is None:
        raise RunError(
            f"{paths.root} began with random weights, and not with the networks of {wanted.run}; leave "
            "--init-from out, or give this run another --run-dir"
        )
    other = isinstance(wanted.checkpoint, int) and wanted.checkpoint != recorded.checkpoint
    if other or not _is_same_folder(recorded.run, wanted.run):
        raise RunError(
            f"{paths.root} began with the networks of {recorded.run} at step {recorded.checkpoint}, and not "
            f"of {wanted.run}{f' at step {wanted.checkpoint}' if other else ''}; name that run, or give this "
            "run another --run-dir"
        )
    return recorded


def read_origin(paths: RunPaths) -> Origin | None:
    """Return the record of what a run begins with; None for random weights.

    Raises:
        RunError: if there is a record that cannot be read, because the run would begin with other weights.
    """
    if not paths.origin.exists():
        return None
    record: dict[str, Any] = read_json(paths.origin, default={})
    run, step = record.get("run"), record.get("checkpoint")
    if not isinstance(run, str) or type(step) is not int:
        raise RunError(f"{paths.origin} cannot be read: put it back, or give this run another --run-dir")
    return Origin(run, step)


def take_networks(paths: RunPaths, origin: Origin, state: TrainState) -> None:
    """Give a state the weights and statistics of both networks and of the averaged generator.

    Raises:
        RunError: if the copy of the checkpoint cannot be read.
    """
    networks = {name: getattr(state, name) for name in ("generator", "generator_ema", "discriminator")}
    try:
        restore(CheckpointStore(paths.origin_checkpoint), None, tf.train.Checkpoint(**networks))
    except RunError as error:
        raise RunError(
            f"the networks with which {paths.root} began cannot be read ({error}); give this run another "
            "--run-dir"
        ) from None
    _log.info("it begins with the networks of %s at step %s", origin.run, f"{origin.checkpoint:,}")


def _new_origin(paths: RunPaths, config: Config, class_names: tuple[str, ...], wanted: Origin) -> Origin:
    """Copy a checkpoint into the run, and record it last, so that a kill leaves no half of it."""
    run = Path(wanted.run).absolute()
    if _is_same_folder(str(run), str(paths.root)):
        raise RunError(f"{paths.root} cannot begin with its own networks; give it another --run-dir")
    _refuse_other_networks(run, config, class_names)
    store, step = _found(RunPaths(run), wanted.checkpoint)
    copy = CheckpointStore(paths.origin_checkpoint)
    copy.remove_leftovers()  # of an earlier start, perhaps with another run
    copy.forget_after(-1)
    copy.copy_from(store, step)
    origin = Origin(str(run), step)
    write_json(paths.origin, asdict(origin))
    return origin


def _found(paths: RunPaths, wanted: WantedCheckpoint) -> tuple[CheckpointStore, int]:
    """Return the place and the step of an intact checkpoint: this step, the best one, or the newest.

    Raises:
        RunError: if there is none.
    """
    if isinstance(wanted, int):
        for folder in (paths.checkpoints, paths.best):
            store = CheckpointStore(folder)
            if wanted in store.steps() and store.damage(wanted) is None:
                return store, wanted
        raise RunError(f"{paths.root} has no checkpoint of step {wanted} that can be read")
    store = CheckpointStore(paths.holding(wanted))
    step, _ = store.newest_intact()
    if step is None:
        kind = "best checkpoint" if wanted == BEST else "checkpoint"
        raise RunError(f"{paths.root} has no {kind} that can be read; train this run first")
    return store, step


def _refuse_other_networks(run: Path, config: Config, class_names: tuple[str, ...]) -> None:
    """Refuse networks that the settings do not make, and other classes.

    Raises:
        RunError: if they differ; it names what does.
    """
    own = flatten(config)
    theirs = network_settings(run)
    if different := [name for name, value in theirs.items() if own[name] != value]:
        lines = "".join(f"\n  {name}  {theirs[name]!r} there, {own[name]!r} here" for name in different)
        raise RunError(
            f"the networks of {run} have other settings than those of this run:{lines}\n"
            "Leave these options out: --init-from takes them from the other run"
        )
    names = class_names_of(run, read_config(run))
    if names != class_names:
        raise RunError(
            f"{run} draws the classes {', '.join(names)}, and these images have {', '.join(class_names)}; "
            "a conditional run can only begin with the networks of a run that has the same ones"
        )


def _is_same_folder(first: str, second: str) -> bool:
    return Path(first).resolve() == Path(second).resolve()
