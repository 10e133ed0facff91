"""Show the progress of training: a bar on a terminal, plain lines in a pipe or a log file.

Standard output may fail meanwhile: a closed terminal, `| head`, a full device. Training continues without it.
"""

from __future__ import annotations

import logging
import sys
import time
from typing import Any, TextIO, cast

import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

from dcgan_tf.runs import Record
from dcgan_tf.training.monitoring.hooks import TrainingProgress

SECONDS_BETWEEN_LINES = 10.0
WIDE = 110
"""Columns of a terminal in which the bar has room for the step too."""
_log = logging.getLogger("dcgan_tf")


def make_console(finished_steps: int, total_steps: int) -> TerminalProgress | PlainProgress:
    """Return a console that fits standard output: a bar on a terminal, plain lines elsewhere."""
    output = LastingOutput(sys.stdout)
    if output.isatty():
        return TerminalProgress(finished_steps, total_steps, output)
    return PlainProgress(finished_steps, total_steps, output)


class TerminalProgress:
    """Show a bar with epoch, losses, images/s and time left in 80 columns, and the step where it fits."""

    def __init__(self, finished_steps: int, total_steps: int, output: LastingOutput) -> None:
        console = Console(file=cast(TextIO, output))
        step = [TextColumn("step {task.completed:,.0f}/{task.total:,.0f}")] if console.width >= WIDE else []
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=None),
            TaskProgressColumn(),
            *step,
            TextColumn("[cyan]{task.fields[numbers]}"),
            TimeRemainingColumn(),
            TextColumn("left"),
            console=console,
            expand=True,
        )
        self._task = self._bar.add_task(
            "train", total=total_steps, completed=finished_steps, epoch="-", numbers="compiling the step …"
        )
        self._bar.start()

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the last step: the bar moves when it is called."""
        return progress.total_steps

    def after_step(self, progress: TrainingProgress) -> None:
        """Move the bar."""
        epochs = progress.total_steps / progress.steps_per_epoch
        epoch = f"{progress.step / progress.steps_per_epoch:.2f}/{epochs:.0f}"
        self._bar.update(self._task, completed=progress.step, epoch=epoch)

    def write_record(self, record: Record) -> None:
        """Show the newest numbers."""
        self._bar.update(self._task, numbers=_numbers(record))

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Do nothing: a terminal shows no pictures."""

    def close(self) -> None:
        """Leave the bar as it stands."""
        self._bar.stop()


class PlainProgress:
    """Print a line of numbers every ten seconds, and one at the end."""

    def __init__(self, finished_steps: int, total_steps: int, output: LastingOutput) -> None:
        self._finished_steps, self._total_steps, self._output = finished_steps, total_steps, output
        self._started = self._shown = time.monotonic()

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the last step: no step is shown by itself."""
        return progress.total_steps

    def after_step(self, progress: TrainingProgress) -> None:
        """Do nothing: the records have all numbers."""

    def write_record(self, record: Record) -> None:
        """Print the numbers, if it is time."""
        now = time.monotonic()
        step = record["step"]
        if now - self._shown < SECONDS_BETWEEN_LINES and step < self._total_steps:
            return
        self._shown = now
        left = (self._total_steps - step) * (now - self._started) / max(1, step - self._finished_steps)
        self._output.write(
            f"epoch {record['epoch']:.2f}  step {step:,}/{self._total_steps:,}  "
            f"{_numbers(record)}  {_clock(left)} left\n"
        )
        self._output.flush()

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Do nothing: the samples are files."""

    def close(self) -> None:
        """Do nothing."""


class LastingOutput:
    """Writes to a stream until that fails; from then on it drops the text, and training continues.

    All other attributes are those of the stream.

    Args:
        stream: the stream; None in a process that was started with its output closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def write(self, text: str) -> int:
        """Write the text, unless writing has failed before."""
        try:
            return self._stream.write(text) if self._stream is not None else len(text)
        except (OSError, ValueError) as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush the stream, unless writing has failed before."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._stream = None
        _log.warning("standard output can no longer be written (%s); training continues", error)


def _numbers(record: Record) -> str:
    return (
        f"loss D {record['discriminator_loss']:.2f} G {record['generator_loss']:.2f}  "
        f"{record['images_per_second']:.0f} images/s"
    )


def _clock(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"
