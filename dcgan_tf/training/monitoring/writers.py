"""Writers take the numbers and pictures of training. All have the same three methods."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Protocol

import keras
import numpy as np
import tensorflow as tf
from tensorboard.plugins.hparams import api as hparams

from dcgan_tf.config import Config, flatten
from dcgan_tf.runs import EventFile, Record, append_record

_MEASURES = {
    "losses/generator": "G loss",
    "losses/discriminator": "D loss",
    "probabilities/D(x)": "D(x)",
    "probabilities/D(G(z))": "D(G(z))",
}
_DISTANCES = {
    "quality/pyramid_distance": "pyramid distance",
    "quality/frechet_distance": "Fréchet distance",
    "quality/sliced_wasserstein": "sliced Wasserstein",
}
"""The scalars that the hooks of `train` write to events/evaluation; each run has one of them or more."""


class Writer(Protocol):
    """An object that takes the records and samples of training."""

    def write_record(self, record: Record) -> None:
        """Write one record of `Statistics`."""

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Write a grid of samples, uint8 [H, W, C]."""

    def close(self) -> None:
        """Flush and release everything."""


class StatsFile:
    """Writes the numbers to stats.jsonl, for people and programs without TensorBoard."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write_record(self, record: Record) -> None:
        """Append one line."""
        append_record(self._path, record)

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Do nothing: the samples are files of their own."""

    def close(self) -> None:
        """Do nothing: every line is flushed already."""


class TensorBoard:
    """Writes scalars, sample grids, weight histograms and the settings (HParams) to events/.

    TensorBoard orders its headings by the alphabet. They are chosen so that the most useful come first:
    losses, probabilities and samples, then the other numbers, and the weights at the end.

    Args:
        directory: the folder of the event files.
        first_step: the first step that will be written; it replaces what earlier files say from there on.
    """

    _TAGS: ClassVar[dict[str, str]] = {
        "discriminator_loss": "losses/discriminator",
        "generator_loss": "losses/generator",
        "real_probability": "probabilities/D(x)",
        "fake_probability": "probabilities/D(G(z))",
        "discriminator_accuracy": "training/discriminator_accuracy",
        "discriminator_gradient_norm": "training/discriminator_gradient_norm",
        "generator_gradient_norm": "training/generator_gradient_norm",
        "learning_rate": "training/learning_rate",
        "discriminator_learning_rate": "training/discriminator_learning_rate",
        "sample_diversity": "training/sample_diversity",
        "sample_contrast": "training/sample_contrast",
        "sample_change": "training/sample_change",
        "memorisation": "training/memorisation",
        "data_diversity": "training/data_diversity",
        "data_structure": "training/data_structure",
        "epoch": "training/epoch",
        "images_per_second": "training/images_per_second",
        "seconds_waiting_for_data": "training/seconds_waiting_for_data",
    }

    def __init__(self, directory: Path, *, first_step: int = 1) -> None:
        self._events = EventFile(directory, first_step=first_step)

    def write_record(self, record: Record) -> None:
        """Write each number as a scalar."""
        with self._events.at(record["step"]):
            for name, tag in self._TAGS.items():
                if name in record:  # the learning rates are in it if they change
                    tf.summary.scalar(tag, record[name])

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Show the grid."""
        with self._events.at(step):
            tf.summary.image("samples", grid[None])

    def write_text(self, step: int, tag: str, text: str) -> None:
        """Show a text, in Markdown, under Text."""
        with self._events.at(step):
            tf.summary.text(tag, text)

    def write_settings(self, config: Config) -> None:
        """Show the settings under HParams, beside the last losses and, where evaluated, the distances."""
        values = {
            name: value if isinstance(value, (bool, int, float)) else _utf_8(str(value))
            for name, value in flatten(config).items()
        }
        metrics = [
            *(hparams.Metric(tag, display_name=name) for tag, name in _MEASURES.items()),
            *(hparams.Metric(tag, group="evaluation", display_name=name) for tag, name in _DISTANCES.items()),
        ]
        with self._events.at(0):
            hparams.hparams_config(hparams=[hparams.HParam(name) for name in values], metrics=metrics)
            hparams.hparams(values)

    def write_histograms(self, step: int, models: Iterable[keras.Model]) -> None:
        """Show the distribution of every weight."""
        with self._events.at(step):
            for model in models:
                for weight in model.weights:
                    tf.summary.histogram(f"weights/{model.name}/{weight.path}", weight.numpy())

    def close(self) -> None:
        """Close the event file."""
        self._events.close()


def _utf_8(text: str) -> str:
    """Return a text that event files can hold; folder names may contain bytes that are not UTF-8."""
    return text.encode(errors="backslashreplace").decode()
