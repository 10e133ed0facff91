"""How a run begins or goes on: the lock, the settings it was made with, its newest checkpoint."""

from __future__ import annotations

import logging
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import filelock
import tensorflow as tf

from dcgan_tf import __version__
from dcgan_tf.config import Config, difference, replace, to_json
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import RunError
from dcgan_tf.files import write_text
from dcgan_tf.runs.checkpoints import CheckpointStore, does_not_fit
from dcgan_tf.runs.data_record import check_same_images, describe
from dcgan_tf.runs.paths import RunPaths, read_config, read_json, write_json
from dcgan_tf.training.state import TrainState
from dcgan_tf.training.strategy import resolve_precision

_log = logging.getLogger("dcgan_tf")


@contextmanager
def lock(paths: RunPaths) -> Iterator[None]:
    """Hold the run directory; the system lets go of it when the process ends, however it ends.

    Raises:
        RunError: if another process trains there, or the directory cannot be written to.
    """
    held = filelock.FileLock(paths.lock, timeout=0)
    try:
        paths.root.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except filelock.Timeout:
        raise RunError(
            f"another process is training in {paths.root}; wait for it, or give this run another --run-dir"
        ) from None
    except OSError as error:
        raise RunError(f"cannot write to the run directory {paths.root}: {error.strerror}") from None
    try:
        yield
    finally:
        held.release()


def settle(config: Config, paths: RunPaths, image_set: ImageSet) -> Config:
    """Hold the settings against those the run was made with, or write them down if it is new.

    Returns:
        The settings to train with: `auto` has become a precision, the run's own if there is a run.

    Raises:
        RunError: if a setting differs on which the weights depend, or the images, or the labels of
            a conditional run, are not the same.
    """
    if not paths.config.exists():
        if CheckpointStore(paths.checkpoints).steps():
            raise RunError(
                f"{paths.root} has checkpoints but no {paths.config.name}; "
                "put it back, or use another --run-dir"
            )
        config = replace(config, precision=resolve_precision(config.training.precision))
        write_json(paths.data, describe(image_set))
    else:
        before = read_config(paths.root)
        if config.training.precision == "auto":
            config = replace(config, precision=before.training.precision)
        _refuse_changes(paths, difference(before, config))
        check_same_images(paths, image_set, conditional=config.model.conditional)
    write_text(paths.config, to_json(config))
    return config


def restore(state: TrainState, store: CheckpointStore) -> int:
    """Bring the state to the newest checkpoint that can be read; return its step, 0 if there is none.

    What crashes left behind is cleared away: torn saves are removed, damaged checkpoints are named and
    renamed.

    Raises:
        RunError: if there are checkpoints, but none can be read.
    """
    store.remove_leftovers()
    step, damaged = store.newest_intact()
    for bad, problem in damaged.items():
        _log.warning(
            "the checkpoint of step %d is damaged (%s); set aside, going back to step %s", bad, problem, step
        )
        store.set_aside(bad)
    if step is None:
        return 0
    try:
        state.checkpoint().read(store.prefix(step)).assert_consumed()
    except (AssertionError, ValueError) as error:
        raise RunError(does_not_fit(store, step, error)) from None
    return int(state.step.numpy())


def write_environment(
    paths: RunPaths, strategy: tf.distribute.Strategy, config: Config, first_step: int
) -> None:
    """Add this start to environment.json."""
    starts = read_json(paths.environment, default=[])
    entry: dict[str, Any] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "first_step": first_step,
        "command": sys.argv,
        "versions": {
            "dcgan_tf": __version__,
            "python": platform.python_version(),
            **{name: version(name) for name in ("tensorflow", "keras", "numpy")},
        },
        "machine": platform.platform(),
        "cpus": os.cpu_count(),
        "devices": list(strategy.extended.worker_devices),
        "precision": config.training.precision,
        "git_commit": _git_commit(),
    }
    write_json(paths.environment, [*starts, entry])


def _refuse_changes(paths: RunPaths, changes: list[tuple[str, Any, Any]]) -> None:
    if changes:
        width = max(len(name) for name, _, _ in changes)
        lines = "".join(f"\n  {name:<{width}}  {old!r} -> {new!r}" for name, old, new in changes)
        raise RunError(
            f"{paths.root} was made with other settings:{lines}\n"
            "Go on with the old ones, or give this run another --run-dir"
        )


def _git_commit() -> str | None:
    """Return the commit of the checkout this package runs from, if it is one."""
    try:
        result = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
