"""What a section of the report needs to know: the run's files, its settings and how far it has come."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dcgan_tf.config import Config
from dcgan_tf.report.markup import text
from dcgan_tf.runs.paths import Record, RunPaths, read_config, read_json, read_records


@dataclass(frozen=True)
class Section:
    """A part of the page.

    Attributes:
        anchor: its id.
        title: in the table of contents and above it.
        body: HTML.
        present: whether it has content; without, it is a quiet line.
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
class Subject:
    """A run as its files show it.

    Attributes:
        root: the run directory, as its user named it.
    """

    root: Path

    @cached_property
    def paths(self) -> RunPaths:
        """Where everything stands."""
        return RunPaths(self.root)

    @cached_property
    def config(self) -> Config:
        """Its settings."""
        return read_config(self.root)

    @cached_property
    def data(self) -> dict[str, Any]:
        """What it trains on, as data.json has it."""
        found = read_json(self.paths.data, default={})
        return found if isinstance(found, dict) else {}

    @cached_property
    def stats(self) -> list[Record]:
        """The records of training."""
        return read_records(self.paths.stats)

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
        """What the images are called."""
        return str(self.data.get("name") or self.config.data.spec)

    @property
    def steps_per_epoch(self) -> int:
        """Whole batches in the images; 0 if their number is not known."""
        return int(self.data.get("num_images") or 0) // self.config.training.batch_size

    def epochs(self, step: int) -> str:
        """Return how many epochs that are, as one says it; empty if that is not known."""
        if not self.steps_per_epoch:
            return ""
        count = step / self.steps_per_epoch
        return f"{count:.3g} epoch{'' if count == 1 else 's'}"

    def command(self, name: str, options: str = "") -> str:
        """Return a command on this run that can be pasted into a shell."""
        return " ".join(filter(None, ("dcgan-tf", name, shlex.quote(str(self.root)), options)))
