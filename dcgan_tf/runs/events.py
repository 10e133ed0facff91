"""Write TensorBoard's event files, without the steps that a crash has lost."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import tensorflow as tf

from dcgan_tf.files import literal_path

_PREFIX = "events.out.tfevents."


class EventFile:
    """An event file that is made when there is something to write.

    Steps that a crash has lost are done again. TensorBoard would show both, one after the other, as a curve
    that runs backwards. So the file begins with the step from which earlier files are void.

    Args:
        directory: the folder of the event files.
        first_step: the first step that will be written; by default that of the first value.
    """

    def __init__(self, directory: Path, *, first_step: int | None = None) -> None:
        self._directory, self._first_step = directory, first_step
        self._writer: tf.summary.SummaryWriter | None = None
        self._links = ExitStack()

    @contextmanager
    def at(self, step: int) -> Iterator[None]:
        """Let `tf.summary` write to this file within the block, and flush it at the end.

        Args:
            step: number of finished steps.
        """
        writer = self._opened(step)
        with writer.as_default(step=step):
            yield
        writer.flush()

    def close(self) -> None:
        """Close the file, if there is one; the next value begins another."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        self._links.close()

    def _opened(self, step: int) -> tf.summary.SummaryWriter:
        if self._writer is None:
            self._directory.mkdir(parents=True, exist_ok=True)
            earlier = any(self._directory.glob(f"{_PREFIX}*"))
            _wait_for_another_second(self._directory)
            folder = self._links.enter_context(literal_path(self._directory))
            self._writer = tf.summary.create_file_writer(str(folder))
            if earlier:
                _void_from(self._writer, step if self._first_step is None else self._first_step)
        return self._writer


def _wait_for_another_second(directory: Path) -> None:
    """Wait if a file of this second is there: TensorBoard reads files by their names, which begin with it.

    What follows in the name does not tell which of the two is older.
    """
    now = time.time()
    if any(directory.glob(f"{_PREFIX}{int(now)}.*")):
        time.sleep(int(now) + 1 - now)


def _void_from(writer: tf.summary.SummaryWriter, step: int) -> None:
    """Write the event that other writers call `purge_step`, for which TensorFlow 2 has no function."""
    restart = tf.compat.v1.SessionLog(status=tf.compat.v1.SessionLog.START)
    event = tf.compat.v1.Event(step=step, session_log=restart)
    for _ in range(2):  # the first of a run is taken for its beginning
        tf.raw_ops.ImportEvent(writer=writer._resource, event=event.SerializeToString())
    writer.flush()
