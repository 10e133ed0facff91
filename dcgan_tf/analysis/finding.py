"""What an analysis hands over: a picture, its numbers with their controls, and how they were measured."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from dcgan_tf.files import write_bytes
from dcgan_tf.runs.paths import write_json

FIGURE, RESULT = "figure.png", "result.json"
FIGURE_DPI = 150


@dataclass(frozen=True)
class Measure:
    """One number, and what chance or another method gives in its place.

    Attributes:
        name: what was measured, as a row of a table is named.
        value: of this run.
        unit: "share" (of 1), "ratio", "count", or what `value` is counted in, such as "levels".
        controls: {what it is compared with: the same number there}.
        meaning: one sentence: how it is computed and which way is better.
    """

    name: str
    value: float
    unit: str
    controls: Mapping[str, float]
    meaning: str


@dataclass(frozen=True)
class Finding:
    """The outcome of one analysis of one run.

    Attributes:
        name: of the analysis, which is also the name of its command and folder.
        summary: the outcome in one line.
        protocol: how it was measured: run, step, seed, number of images, spaces, seconds.
        measures: the numbers; the most important first.
        figure: the picture.
        details: further results, as JSON.
        warnings: what a reader must know before trusting the numbers.
        files: {file name: function that writes it to the path it is given}, beside the figure.
    """

    name: str
    summary: str
    protocol: Mapping[str, Any]
    measures: tuple[Measure, ...]
    figure: Figure
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    files: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)

    @property
    def result(self) -> dict[str, Any]:
        """Everything but the pictures, as `result.json` has it."""
        return {
            "analysis": self.name,
            "summary": self.summary,
            "protocol": dict(self.protocol),
            "measures": [asdict(measure) for measure in self.measures],
            "details": dict(self.details),
            "warnings": list(self.warnings),
            "files": [FIGURE, *self.files],
        }

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write figure.png, the other files and, last, result.json; return the folder."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, write in self.files.items():
            write(folder / name)
        write_bytes(folder / FIGURE, self.figure_png)
        write_json(folder / RESULT, self.result)
        return folder

    @cached_property
    def figure_png(self) -> bytes:
        """The figure as a PNG file, drawn once: a second drawing would lay it out a little differently."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=FIGURE_DPI, metadata={"Software": None})
        return file.getvalue()
