"""Restore a checkpoint for reading, while another process may train the run."""

from __future__ import annotations

import logging
import time

import tensorflow as tf

from dcgan_tf.errors import RunError, first_line
from dcgan_tf.runs.checkpoints import CheckpointStore, does_not_fit
from dcgan_tf.runs.folder import RunPaths, check_checkpoint

_ATTEMPTS, _PAUSE_SECONDS = 50, 0.1
_log = logging.getLogger("dcgan_tf")


def restore(store: CheckpointStore, wanted: int | None, checkpoint: tf.train.Checkpoint) -> int:
    """Restore the wanted checkpoint, or the newest one; return its step.

    Another process may train here, write the newest checkpoint and remove the oldest. So a checkpoint that
    cannot be read counts as damaged only if no file has changed meanwhile.

    Args:
        store: the checkpoints.
        wanted: a step; None for the newest that is intact.
        checkpoint: the objects, whose variables must exist already.

    Raises:
        RunError: if there is no such checkpoint, or it is damaged or of other networks.
    """
    damaged: dict[int, str] = {}
    problem: RunError | None = None
    for _ in range(_ATTEMPTS):
        before, step = store.state_of_files(), 0
        try:
            step, damaged = (_existing(store, wanted), {}) if wanted is not None else _newest(store)
            _read(store, step, checkpoint)
            problem = None
        except RunError as error:
            problem = error
        if not damaged and problem is None:
            return step
        time.sleep(_PAUSE_SECONDS)
        if store.state_of_files() == before:
            break
    else:
        damaged = {}  # it is only being written, again and again
    if problem is not None:
        raise problem
    for bad, what in damaged.items():
        _log.warning("the checkpoint of step %d is damaged (%s); using an earlier one", bad, what)
    return step


def _read(store: CheckpointStore, step: int, checkpoint: tf.train.Checkpoint) -> None:
    try:
        store.read(checkpoint, step).assert_existing_objects_matched().expect_partial()
    except (AssertionError, ValueError) as error:
        raise RunError(does_not_fit(store, step, error)) from None
    except tf.errors.OpError as error:
        raise RunError(
            f"cannot read the checkpoint of step {step} in {store.directory}: {first_line(error)}"
        ) from None


def _existing(store: CheckpointStore, step: int) -> int:
    """Check that a wanted step has a checkpoint."""
    check_checkpoint(RunPaths(store.directory.parent), step)
    if problem := store.damage(step):
        raise RunError(f"the checkpoint of step {step} in {store.directory} is damaged: {problem}")
    return step


def _newest(store: CheckpointStore) -> tuple[int, dict[int, str]]:
    step, damaged = store.newest_intact()
    if step is None:
        raise RunError(f"{store.directory} has no checkpoint yet; train this run first")
    return step, damaged
