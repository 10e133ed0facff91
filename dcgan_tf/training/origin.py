"""Begin a run with the networks of another one, in place of random weights.

Both networks and the averaged generator are taken; the optimizers begin anew. origin.json records the
checkpoint. So a run that is started again before it has one of its own begins with the same weights, even if
the other run was trained on meanwhile.
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
    checkpoint_steps,
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
        run: the absolute path of the other run.
        checkpoint: its step; "best" or None, for the newest, until that is decided.
    """

    run: str
    checkpoint: WantedCheckpoint = None


def settled_origin(
    paths: RunPaths, config: Config, class_names: tuple[str, ...], wanted: Origin | None
) -> Origin | None:
    """Return the checkpoint that a run begins with, and record it if the run is new; None if there is none.

    Args:
        paths: the files of the run.
        config: its settings.
        class_names: those of its images, if it is conditional.
        wanted: what the user asks for now; None for what the run has begun with.

    Raises:
        RunError: if the run has begun otherwise, or the networks of the other run are not of the same form.
    """
    recorded = read_origin(paths)
    if wanted is None:
        return recorded
    if recorded is None and paths.config.exists():
        raise RunError(
            f"{paths.root} began with random weights, and not with the networks of {wanted.run}; leave "
            "--init-from out, or give this run another --run-dir"
        )
    if recorded is not None:
        if not _is_same_folder(recorded.run, wanted.run):
            raise RunError(
                f"{paths.root} began with the networks of {recorded.run}, and not of {wanted.run}; name that "
                "run, or give this run another --run-dir"
            )
        return recorded
    if _is_same_folder(wanted.run, str(paths.root)):
        raise RunError(f"{paths.root} cannot begin with its own networks; give it another --run-dir")
    _refuse_other_networks(Path(wanted.run), config, class_names)
    settled = Origin(wanted.run, _step(Path(wanted.run), wanted.checkpoint))
    write_json(paths.origin, asdict(settled))
    return settled


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


def take_networks(origin: Origin, state: TrainState) -> None:
    """Give a state the weights and statistics of both networks and of the averaged generator.

    Raises:
        RunError: if the checkpoint cannot be read any more.
    """
    paths = RunPaths(Path(origin.run))
    networks = {name: getattr(state, name) for name in ("generator", "generator_ema", "discriminator")}
    wanted = origin.checkpoint
    kept = [folder for folder in (paths.checkpoints, paths.best) if wanted in checkpoint_steps(folder)]
    if not kept or not isinstance(wanted, int):
        raise RunError(
            f"the checkpoint of step {wanted} of {origin.run}, with which this run began, is not there any "
            "more; give this run another --run-dir"
        )
    restore(CheckpointStore(kept[0]), wanted, tf.train.Checkpoint(**networks))
    _log.info("it begins with the networks of %s at step %s", origin.run, f"{wanted:,}")


def _step(run: Path, wanted: WantedCheckpoint) -> int:
    """Return the step of the wanted checkpoint of a run: a number, the best one, or the newest intact one."""
    if isinstance(wanted, int):
        return wanted
    step, _ = CheckpointStore(RunPaths(run).holding(wanted)).newest_intact()
    if step is None:
        kind = "best checkpoint" if wanted == BEST else "checkpoint"
        raise RunError(f"{run} has no {kind} that can be read; train this run first")
    return step


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
            f"the networks of {run} have another form than those of this run:{lines}\n"
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
