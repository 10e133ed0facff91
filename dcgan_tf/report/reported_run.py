"""What the sections share: the run as the report reads it, and what a section is."""

from __future__ import annotations

import math
import shlex
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from dcgan_tf.config import Config
from dcgan_tf.report.formats import DATA, DIAGNOSIS, DISTANCES, ROLLBACKS, STATS
from dcgan_tf.report.markup import figure, text
from dcgan_tf.report.pictures import read_picture
from dcgan_tf.report.reading import Check, MisfitError, read, read_lines
from dcgan_tf.runs import Record, RunPaths, read_config


@dataclass(frozen=True)
class Section:
    """A section of the page.

    Attributes:
        anchor: its id.
        title: title above it and in the table of contents.
        body: HTML.
        present: whether it has content; if not, it is a single line.
    """

    anchor: str
    title: str
    body: str
    present: bool = True

    @property
    def html(self) -> str:
        """The section with its heading."""
        kind = "" if self.present else ' class="absent"'
        return (
            f'<section id="{text(self.anchor)}"{kind}><h2>{text(self.title)}</h2>\n{self.body}\n</section>\n'
        )


@dataclass(frozen=True)
class ReportedRun:
    """A run, read from its files for the report.

    Attributes:
        root: the run directory, as the user named it.
        problems: a sentence for each file that cannot be used.
    """

    root: Path
    problems: list[str] = field(default_factory=list)

    def read(self, path: Path, check: Check) -> Any:
        """Return the value in a JSON file, or None if it cannot be used."""
        value, problem = read(path, check)
        self.note(problem)
        return value

    def read_lines(self, path: Path, check: Check) -> list[Record]:
        """Return the values in a file of JSON lines that can be used."""
        values, problem = read_lines(path, check)
        self.note(problem)
        return values

    def note(self, problem: str) -> None:
        """Record a problem once; an empty text is ignored."""
        if problem and problem not in self.problems:
            self.problems.append(problem)

    def figure(self, path: Path, *, alt: str, caption: str = "") -> str:
        """Return a picture with its caption; if it cannot be used, record the problem and return ""."""
        try:
            return figure(read_picture(path), alt=alt, caption=caption)
        except MisfitError as problem:
            self.note(str(problem))
            return ""

    @cached_property
    def paths(self) -> RunPaths:
        """The paths of the run's files."""
        return RunPaths(self.root)

    @cached_property
    def config(self) -> Config:
        """The run's settings."""
        return read_config(self.root)

    @cached_property
    def data(self) -> dict[str, Any]:
        """The content of data.json."""
        return self.read(self.paths.data, DATA) or {}

    @cached_property
    def stats(self) -> list[Record]:
        """The records of training."""
        return self.read_lines(self.paths.stats, STATS)

    @cached_property
    def diagnosis(self) -> list[Record]:
        """What training has reported to go wrong."""
        return self.read_lines(self.paths.diagnosis, DIAGNOSIS)

    @cached_property
    def rollbacks(self) -> list[dict[str, Any]]:
        """The content of rollbacks.json."""
        return self.read(self.paths.rollbacks, ROLLBACKS) or []

    @cached_property
    def distances(self) -> list[Record]:
        """The distances to the training images at the checkpoints."""
        found = self.read_lines(self.paths.distances, DISTANCES)
        return [
            record
            for record in found
            if (value := record.get("pyramid_distance")) is not None and math.isfinite(value)
        ]

    @property
    def step(self) -> int:
        """The last recorded step."""
        return int(self.stats[-1]["step"]) if self.stats else 0

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.root.resolve().name

    @property
    def data_name(self) -> str:
        """The name of the images."""
        return str(self.data.get("name") or self.config.data.spec)

    @property
    def generator(self) -> str:
        """Which generator draws the samples, in words."""
        training = self.config.training
        if training.ema_images is not None:
            return f"averaged generator (half-life {training.ema_images:,} images)"
        if training.averages:
            return f"averaged generator (decay {training.ema_decay:g})"
        return "generator as trained, not averaged"

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps that see every image once; 0 if it is unknown."""
        return int(self.data.get("num_images") or 0) // self.config.training.images_per_step

    def epochs(self, step: int) -> str:
        """Return a step as a number of epochs in words, or "" if that is unknown."""
        if not self.steps_per_epoch:
            return ""
        count = step / self.steps_per_epoch
        return f"{count:.3g} epoch{'' if count == 1 else 's'}"

    def command(self, name: str, options: str = "") -> str:
        """Return a command on this run that can be pasted into a shell."""
        return " ".join(filter(None, ("dcgan-tf", name, shlex.quote(str(self.root)), options)))
