"""Checkpoints on disk. A crash cannot lose an older one, and damage is noticed when one is read.

The files themselves decide which checkpoints exist, not TensorFlow's `checkpoint` state file, which can be
damaged too. That file is kept up to date for TensorFlow's own tools only.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

from dcgan_tf.errors import RunError, StorageError, first_line
from dcgan_tf.files import flush, literal_path, storage_errors, write_text
from dcgan_tf.runs.folder import checkpoint_step

KEEP_LAST = 3
_log = logging.getLogger("dcgan_tf")
_PASSING_ERRORS = (
    tf.errors.PermissionDeniedError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
)
"""Errors that do not mean damage: too many open files, missing permissions, a lost network disk."""
_READ_ERRORS = (tf.errors.OpError, IndexError, ValueError, UnicodeDecodeError)
_WRITE_ERRORS = (tf.errors.OpError, OSError)


class CheckpointStore:
    """The checkpoints of one run, named by their step.

    Args:
        directory: the folder; it is made when the first checkpoint is saved.
        keep_last: the number of newest checkpoints that are kept.
    """

    def __init__(self, directory: Path, *, keep_last: int = KEEP_LAST) -> None:
        self.directory = directory
        self._keep_last = keep_last

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, damaged or not, newest first."""
        return sorted({step for step, _ in self._parts()}, reverse=True)

    def prefix(self, step: int) -> str:
        """Return the path that TensorFlow calls the checkpoint of `step`."""
        return self._prefix(self.directory, step)

    def read(self, checkpoint: tf.train.Checkpoint, step: int) -> Any:
        """Restore objects from the checkpoint of `step`; all their variables must exist already.

        Args:
            checkpoint: the objects.
            step: the step of the checkpoint.

        Returns:
            TensorFlow's load status, which knows what was matched.
        """
        with literal_path(self.directory) as folder:
            return checkpoint.read(self._prefix(folder, step))

    def state_of_files(self) -> dict[str, tuple[int, int]]:
        """Return {name: (size, time of change)} of all files; it changes when a training saves here."""
        found = {}
        for path in self._entries():
            with contextlib.suppress(OSError):  # it has just been removed
                status = path.stat()
                found[path.name] = (status.st_size, status.st_mtime_ns)
        return found

    def damage(self, step: int) -> str | None:
        """Read every byte of a checkpoint and check its checksums; return what is wrong, or None.

        A restore would find damage too, but only after it has changed some variables. This costs about half a
        second per gigabyte.
        """
        try:
            with literal_path(self.directory) as folder:
                reader = tf.train.load_checkpoint(self._prefix(folder, step))
                for name in reader.get_variable_to_shape_map():
                    reader.get_tensor(name)
        except _PASSING_ERRORS as error:
            raise RunError(
                f"cannot read the checkpoint of step {step} in {self.directory}: {first_line(error)}"
            ) from None
        except _READ_ERRORS as error:
            return first_line(error)
        return None

    def newest_intact(self) -> tuple[int | None, dict[int, str]]:
        """Find the newest checkpoint that can be read.

        Returns:
            Its step, or None if there are no checkpoints at all; and {step: what is wrong} of the newer ones.

        Raises:
            RunError: if there are checkpoints, but all are damaged; or for a reason that may pass.
        """
        store, step, damaged = newest_intact([self])
        return (step if store else None), {bad: problem for _, bad, problem in damaged}

    def save(
        self,
        checkpoint: tf.train.Checkpoint,
        step: int,
        *,
        keep_every: int = 0,
        keep_before: int | None = None,
    ) -> None:
        """Write a checkpoint, then remove the ones that are no longer kept.

        Args:
            checkpoint: the objects.
            step: number of finished steps; names the checkpoint.
            keep_every: keep also those at multiples of this; 0 for none.
            keep_before: keep also the newest one that is not after this step.

        Raises:
            RunError: if the disk is full or cannot be written; earlier checkpoints stay as they are.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            with literal_path(self.directory) as folder:
                checkpoint.write(self._prefix(folder, step))
            for path in [*self._files(step), self.directory]:
                flush(path)
            self.prune(keep_every, keep_before)
        except _WRITE_ERRORS as error:
            self._remove_torn(step)
            raise RunError(self._save_failure(step, error)) from None

    def set_aside(self, step: int) -> None:
        """Rename a damaged checkpoint, so that it is no longer used."""
        for path in self._files(step):
            path.rename(path.with_name(f"damaged-{path.name}"))

    def prune(self, keep_every: int = 0, keep_before: int | None = None) -> None:
        """Remove checkpoints that are no longer kept; a failure is only a warning.

        Args:
            keep_every: keep also those at multiples of this; 0 for none.
            keep_before: keep also the newest one that is not after this step.
        """
        steps = self.steps()
        if not steps:
            return
        before = [s for s in steps if keep_before is not None and s <= keep_before][:1]
        kept = [
            s
            for i, s in enumerate(steps)
            if i < self._keep_last or (keep_every and s % keep_every == 0) or s in before
        ]
        try:
            for step in set(steps) - set(kept):
                self._remove(step)
            self._point_to(kept)
        except (OSError, StorageError) as error:
            _log.warning("older checkpoints in %s cannot be removed: %s", self.directory, error)

    def forget_after(self, step: int) -> None:
        """Remove all checkpoints after a step, the newest first; damaged ones that were set aside stay.

        A kill leaves whole checkpoints: an index that is gone while data remain is taken for an interrupted
        save (see `remove_leftovers`). The removal is flushed, so that no loss of power brings one back.

        Raises:
            StorageError: if they cannot be removed.
        """
        steps = self.steps()
        with storage_errors(self.directory):
            self._point_to([s for s in steps if s <= step])
            for later in [s for s in steps if s > step]:
                unfinished = self.directory / f"ckpt-{later}_temp"
                unfinished.mkdir(exist_ok=True)
                self._remove(later)
                unfinished.rmdir()
                flush(self.directory)

    def copy_from(self, other: CheckpointStore, step: int) -> None:
        """Copy a checkpoint of another store to this one; a kill leaves the whole of it or nothing.

        Args:
            other: the other store.
            step: the step of the checkpoint.

        Raises:
            StorageError: if it cannot be written.
        """
        with storage_errors(self.directory):
            unfinished = self.directory / f"ckpt-{step}_temp"
            unfinished.mkdir(parents=True, exist_ok=True)
            for path in reversed(other._files(step)):  # the index last, as TensorFlow does
                copied = shutil.copyfile(path, unfinished / path.name)
                flush(copied)
                copied.replace(self.directory / path.name)
            shutil.rmtree(unfinished)
            flush(self.directory)
            self._point_to(self.steps())

    def remove_leftovers(self) -> None:
        """Remove the remains of interrupted saves, which only take space.

        TensorFlow makes `ckpt-N_temp`, moves the data into place, writes the index, and only then removes the
        folder. So data without an index, beside such a folder, are an incomplete save. Without the folder
        they are a checkpoint that lost its index, which is damage.
        """
        for folder in self.directory.glob("ckpt-*_temp"):
            name = folder.name.removesuffix("_temp")
            if not (self.directory / f"{name}.index").exists():
                for path in self.directory.glob(f"{name}.data-*"):
                    path.unlink()
            shutil.rmtree(folder)
        for path in self.directory.glob("ckpt-*.tempstate*"):
            path.unlink()

    @staticmethod
    def _prefix(folder: Path, step: int) -> str:
        return str(folder / f"ckpt-{step}")

    def _point_to(self, kept: Sequence[int]) -> None:
        """Tell TensorFlow's own tools which checkpoints there are, the newest first."""
        file = self.directory / "checkpoint"
        if not kept:
            file.unlink(missing_ok=True)
            return
        state = [f'model_checkpoint_path: "ckpt-{kept[0]}"']
        state += [f'all_model_checkpoint_paths: "ckpt-{step}"' for step in reversed(kept)]
        write_text(file, "\n".join(state) + "\n")

    def _remove_torn(self, step: int) -> None:
        """Remove a save that has just failed, unless it is complete."""
        with contextlib.suppress(OSError, RunError):  # the failure itself is what is to be told
            self.remove_leftovers()
            if self.damage(step) is not None:
                self._remove(step)

    def _entries(self) -> list[Path]:
        try:
            return list(self.directory.iterdir()) if self.directory.is_dir() else []
        except OSError as error:
            raise RunError(f"cannot read {self.directory}: {error.strerror}") from None

    def _parts(self) -> Iterator[tuple[int, Path]]:
        """Yield (step, file) of everything that is part of a checkpoint."""
        for path in self._entries():
            if (step := checkpoint_step(path.name)) is not None:
                yield step, path

    def _files(self, step: int) -> list[Path]:
        return sorted(
            (path for of, path in self._parts() if of == step), key=lambda path: path.suffix != ".index"
        )

    def _remove(self, step: int) -> None:
        for path in self._files(step):  # the index first: what a kill leaves then is not readable by half
            path.unlink()

    def _save_failure(self, step: int, error: Exception) -> str:
        older = [s for s in self.steps() if s != step]
        left = f"the checkpoint of step {older[0]} is intact" if older else "there is no earlier checkpoint"
        full = isinstance(error, (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError))
        full = full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reason, mend = ("the disk is full", "Make room") if full else (first_line(error), "Remove the cause")
        return (
            f"could not save the checkpoint of step {step} in {self.directory}: {reason}; {left}. "
            f"{mend} and run the same command again to continue"
        )


def newest_intact(
    stores: Sequence[CheckpointStore], *, until: int | None = None
) -> tuple[CheckpointStore | None, int, list[tuple[CheckpointStore, int, str]]]:
    """Find the newest checkpoint in several places that can be read.

    Args:
        stores: the places; the first one is preferred for checkpoints of the same step.
        until: the last step that is looked at; None for no bound.

    Returns:
        The store and the step, or (None, 0) if there are no checkpoints at all; and (store, step, what is
        wrong) of each newer one that is damaged.

    Raises:
        RunError: if there are checkpoints, but all are damaged; or for a reason that may pass.
    """
    places = [(step, store) for store in stores for step in store.steps() if until is None or step <= until]
    damaged: list[tuple[CheckpointStore, int, str]] = []
    for step, store in sorted(places, key=lambda place: place[0], reverse=True):
        problem = store.damage(step)
        if problem is None:
            return store, step, damaged
        damaged.append((store, step, problem))
    if damaged:
        listed = "; ".join(f"step {step}: {problem}" for _, step, problem in damaged)
        folders = " and ".join(dict.fromkeys(str(store.directory) for store, _, _ in damaged))
        raise RunError(
            f"none of the {len(damaged)} checkpoints in {folders} can be read ({listed}). "
            "Put back a copy, or train in another --run-dir; nothing was overwritten"
        )
    return None, 0, []


def does_not_fit(store: CheckpointStore, step: int, error: Exception) -> str:
    """Return the error of a checkpoint that belongs to other networks than those of config.json."""
    return (
        f"the checkpoint of step {step} in {store.directory} does not fit the networks of config.json: "
        f"{first_line(error)}. Was config.json edited, or the run made with another version of dcgan_tf or "
        "Keras?"
    )
