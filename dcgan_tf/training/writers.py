"""Where the numbers and pictures of training go. Every writer has the same three methods."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Protocol

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from dcgan_tf.config import Config, flatten
from dcgan_tf.files import literal_path
from dcgan_tf.runs.paths import Record, append_record


class Writer(Protocol):
    """Takes what training has to show."""

    def write_record(self, record: Record) -> None:
        """Take one record of `Statistics`."""

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Take a grid of samples, uint8 [H, W, C]."""

    def close(self) -> None:
        """Flush and release everything."""


class StatsFile:
    """stats.jsonl: the numbers, for people and programs without TensorBoard."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write_record(self, record: Record) -> None:
        """Append one line."""
        append_record(self._path, record)

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Nothing: the samples are files of their own."""

    def close(self) -> None:
        """Nothing: every line is flushed."""


class TensorBoard:
    """events/: scalars, sample grids, weight histograms and the settings as HParams.

    Args:
        directory: of the event files.
    """

    _GROUPS: ClassVar[dict[str, tuple[str, ...]]] = {
        "loss": ("discriminator_loss", "generator_loss"),
        "discriminator": ("real_probability", "fake_probability", "discriminator_accuracy"),
        "gradient_norm": ("discriminator_gradient_norm", "generator_gradient_norm"),
        "speed": ("images_per_second", "seconds_waiting_for_data"),
    }

    def __init__(self, directory: Path) -> None:
        self._directory, self._links = directory, ExitStack()

    @cached_property
    def _writer(self) -> tf.summary.SummaryWriter:
        """Made when there is something to write, so that a start with nothing to do leaves no file."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return tf.summary.create_file_writer(str(self._links.enter_context(literal_path(self._directory))))

    def write_record(self, record: Record) -> None:
        """Write each number as a scalar, those that belong together under one heading."""
        with self._writer.as_default(step=record["step"]):
            for group, names in self._GROUPS.items():
                for name in names:
                    tf.summary.scalar(f"{group}/{name}", record[name])
            tf.summary.scalar("epoch", record["epoch"])
        self._writer.flush()  # what a checkpoint that follows holds must not be missing after a crash

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Show the grid under Images."""
        with self._writer.as_default(step=step):
            tf.summary.image("samples", grid[None])
        self._writer.flush()

    def write_settings(self, config: Config) -> None:
        """Show the settings under HParams."""
        values = {
            name: value if isinstance(value, (bool, int, float)) else _utf_8(str(value))
            for name, value in flatten(config).items()
        }
        with self._writer.as_default(step=0):
            hparams.hparams(values)

    def write_histograms(self, step: int, models: Iterable[keras.Model]) -> None:
        """Show the distribution of every weight."""
        with self._writer.as_default(step=step):
            for model in models:
                for weight in model.weights:
                    tf.summary.histogram(f"{model.name}/{weight.path}", weight.numpy())
        self._writer.flush()

    def close(self) -> None:
        """Flush and close the event file."""
        if "_writer" in vars(self):
            self._writer.close()
        self._links.close()


def _utf_8(text: str) -> str:
    """Return a text that event files can hold; names of folders may have bytes that are no characters."""
    return text.encode(errors="backslashreplace").decode()
