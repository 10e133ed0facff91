"""Checkpoints on disk: written so that a crash cannot lose an older one, read so that damage is noticed.

What exists is decided by the files themselves, not by TensorFlow's `checkpoint` state file, which is one more
thing that can be damaged; it is kept up to date for TensorFlow's own tools only.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import tensorflow as tf

from dcgan_tf.errors import RunError
from dcgan_tf.files import write_text

KEEP_LAST = 3
_PASSING_ERRORS = (
    tf.errors.PermissionDeniedError,
    tf.errors.ResourceExhaustedError,
    tf.errors.UnavailableError,
    tf.errors.AbortedError,
)
"""Say nothing of the files: too many are open, they are another user's, a network disk is away."""
_READ_ERRORS = (tf.errors.OpError, IndexError, ValueError, UnicodeDecodeError)
_WRITE_ERRORS = (tf.errors.OpError, OSError)


class CheckpointStore:
    """The checkpoints of one run, named by their step.

    Args:
        directory: made when the first checkpoint is saved.
        keep_last: how many of the newest are kept.
    """

    def __init__(self, directory: Path, *, keep_last: int = KEEP_LAST) -> None:
        self.directory = directory
        self._keep_last = keep_last

    def steps(self) -> list[int]:
        """Return the steps that have a checkpoint, damaged or not, newest first."""
        if not self.directory.is_dir():
            return []
        found = (
            re.fullmatch(r"ckpt-(\d+)\.(index|data-\d+-of-\d+)", path.name)
            for path in self.directory.iterdir()
        )
        return sorted({int(match[1]) for match in found if match}, reverse=True)

    def prefix(self, step: int) -> str:
        """Return the path that TensorFlow calls the checkpoint of `step`."""
        return str(self.directory / f"ckpt-{step}")

    def damage(self, step: int) -> str | None:
        """Read every byte of a checkpoint, checksums and all; return what is wrong, or None.

        A restore alone would do, but only after it has changed some of the variables. Costs about half a
        second a gigabyte.
        """
        try:
            reader = tf.train.load_checkpoint(self.prefix(step))
            for name in reader.get_variable_to_shape_map():
                reader.get_tensor(name)
        except _PASSING_ERRORS as error:
            raise RunError(
                f"cannot read the checkpoint of step {step} in {self.directory}: {_words(error)}"
            ) from None
        except _READ_ERRORS as error:
            return _words(error)
        return None

    def newest_intact(self) -> tuple[int | None, dict[int, str]]:
        """Find the newest checkpoint that can be read.

        Returns:
            Its step, or None if there are no checkpoints at all; and {step: what is wrong} of the newer ones.

        Raises:
            RunError: if there are checkpoints, but all are damaged; or for a reason that may pass.
        """
        damaged: dict[int, str] = {}
        for step in self.steps():
            problem = self.damage(step)
            if problem is None:
                return step, damaged
            damaged[step] = problem
        if damaged:
            listed = "; ".join(f"step {step}: {problem}" for step, problem in damaged.items())
            raise RunError(
                f"none of the {len(damaged)} checkpoints in {self.directory} can be read ({listed}). "
                "Put back a copy, or train in another --run-dir; nothing was overwritten"
            )
        return None, {}

    def save(self, checkpoint: tf.train.Checkpoint, step: int, *, keep_every: int = 0) -> None:
        """Write a checkpoint, then remove the ones that are no longer kept.

        Args:
            checkpoint: the objects.
            step: number of finished steps; names the checkpoint.
            keep_every: besides the newest, keep those at multiples of this; 0 for none.

        Raises:
            RunError: if the disk is full or cannot be written; the earlier checkpoints are untouched.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            checkpoint.write(self.prefix(step))
            self._flush(step)
            self._prune(keep_every)
        except _WRITE_ERRORS as error:
            self._remove_torn(step)
            raise RunError(self._save_failure(step, error)) from None

    def set_aside(self, step: int) -> None:
        """Rename a damaged checkpoint, so that it is neither used nor mistaken for one that counts."""
        for path in self._files(step):
            path.rename(path.with_name(f"damaged-{path.name}"))

    def forget_after(self, step: int) -> None:
        """Remove the checkpoints of steps beyond `step`: a crash lost those steps, which come again."""
        self.remove_leftovers()
        for later in self.steps():
            if later > step:
                self._remove(later)

    def remove_leftovers(self) -> None:
        """Remove what saves that were cut short left behind: it takes space and is of no use.

        TensorFlow makes `ckpt-N_temp`, moves the data into place, writes the index, and only then removes the
        folder. Data without an index beside such a folder are therefore half a save; without it they are a
        checkpoint that lost its index, which is damage.
        """
        for folder in self.directory.glob("ckpt-*_temp"):
            name = folder.name.removesuffix("_temp")
            if not (self.directory / f"{name}.index").exists():
                for path in self.directory.glob(f"{name}.data-*"):
                    path.unlink()
            shutil.rmtree(folder)
        for path in self.directory.glob("ckpt-*.tempstate*"):
            path.unlink()

    def _remove_torn(self, step: int) -> None:
        """Remove a save that has just failed, unless it stands whole."""
        self.remove_leftovers()
        if self.damage(step) is not None:
            self._remove(step)

    def _files(self, step: int) -> list[Path]:
        return sorted(self.directory.glob(f"ckpt-{step}.*"), key=lambda path: path.suffix != ".index")

    def _remove(self, step: int) -> None:
        for path in self._files(step):  # the index first: what a kill leaves then is not readable by half
            path.unlink()

    def _flush(self, step: int) -> None:
        """Have the system put the files on the disk, in case the power goes."""
        for path in [*self._files(step), self.directory]:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _prune(self, keep_every: int) -> None:
        steps = self.steps()
        kept = [s for i, s in enumerate(steps) if i < self._keep_last or (keep_every and s % keep_every == 0)]
        for step in set(steps) - set(kept):
            self._remove(step)
        newest, *_ = kept
        state = [f'model_checkpoint_path: "ckpt-{newest}"']
        state += [f'all_model_checkpoint_paths: "ckpt-{step}"' for step in reversed(kept)]
        write_text(self.directory / "checkpoint", "\n".join(state) + "\n")

    def _save_failure(self, step: int, error: Exception) -> str:
        older = [s for s in self.steps() if s != step]
        left = f"the checkpoint of step {older[0]} is intact" if older else "there is no earlier checkpoint"
        full = isinstance(error, (tf.errors.ResourceExhaustedError, tf.errors.OutOfRangeError))
        full = full or getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        reason, mend = ("the disk is full", "Make room") if full else (_words(error), "Mend that")
        return (
            f"could not save the checkpoint of step {step} in {self.directory}: {reason}; {left}. "
            f"{mend} and run the same command again to go on"
        )


def _words(error: Exception) -> str:
    """Return the first line of an error; TensorFlow's go on for many."""
    return str(error).splitlines()[0] if str(error) else type(error).__name__


def does_not_fit(store: CheckpointStore, step: int, error: Exception) -> str:
    """Say that a checkpoint can be read, but belongs to other networks than those of config.json."""
    return (
        f"the checkpoint of step {step} in {store.directory} does not fit the networks of config.json: "
        f"{_words(error)}. Was config.json edited, or the run made with another version of dcgan_tf or Keras?"
    )
