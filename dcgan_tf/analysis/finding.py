"""The result of an analysis: a picture, numbers with their controls, and how they were measured."""

from __future__ import annotations

import io
import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import FixedLocator

from dcgan_tf.files import storage_errors, write_bytes
from dcgan_tf.images import MADE_BY
from dcgan_tf.printable import printable
from dcgan_tf.runs import read_json, write_json

FIGURE, RESULT = "figure.png", "result.json"
FIGURE_DPI = 150


@dataclass(frozen=True)
class Measure:
    """One number of a finding, beside the numbers of its controls.

    Attributes:
        name: what was measured, as the name of a row in a table.
        value: the number of this run.
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
        name: name of the analysis, its command and its folder.
        summary: the outcome in one line.
        protocol: how it was measured: run, step, seed, number of images, spaces, seconds.
        measures: the numbers; the most important first.
        figure: the picture.
        details: further results, as JSON.
        warnings: sentences that a reader must know before trusting the numbers.
        files: {file name: function that writes it to the path it is given}, beside the figure.
        table: more lines of text for the command to print, or "".
    """

    name: str
    summary: str
    protocol: Mapping[str, Any]
    measures: tuple[Measure, ...]
    figure: Figure
    details: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    files: Mapping[str, Callable[[Path], None]] = field(default_factory=dict)
    table: str = ""

    def __post_init__(self) -> None:
        """Let the figure show names of classes, files and attributes literally, with "$" and all."""
        for axes in self.figure.findobj(Axes):
            if isinstance(axes, Axes):
                _print_ticks(axes.xaxis)
                _print_ticks(axes.yaxis)
        for text in self.figure.findobj(Text):
            if isinstance(text, Text):
                text.set_parse_math(False)
                text.set_text(printable(text.get_text(), lines=True))

    @property
    def result(self) -> dict[str, Any]:
        """Everything but the pictures for `result.json`, where numbers that are not finite are null."""
        content: dict[str, Any] = {
            "analysis": self.name,
            "summary": self.summary,
            "protocol": dict(self.protocol),
            "measures": [asdict(measure) for measure in self.measures],
            "details": dict(self.details),
            "warnings": list(self.warnings),
            "files": [FIGURE, *self.files],
        }
        return {name: _finite(value) for name, value in content.items()}

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write figure.png, the other files and, last, result.json; return the folder.

        The figure shows that a folder without a result is one of a process that was killed.

        Raises:
            StorageError: if the folder or a file cannot be written.
        """
        folder = Path(folder)
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        earlier = {*_files_of(folder)} - {FIGURE, *self.files}
        write_bytes(folder / FIGURE, self.figure_png)
        for name, write in self.files.items():
            write(folder / name)
        write_json(folder / RESULT, self.result)
        for name in earlier:  # which a result with other options had written
            (folder / name).unlink(missing_ok=True)
        return folder

    def _repr_png_(self) -> bytes:
        """Show the figure in a notebook."""
        return self.figure_png

    def __repr__(self) -> str:
        """Say the outcome, where all numbers would fill pages."""
        return f"Finding({self.name}: {self.summary})"

    @cached_property
    def figure_png(self) -> bytes:
        """The figure as a PNG file, drawn once, because a second drawing would differ in its layout."""
        file = io.BytesIO()
        self.figure.savefig(file, format="png", dpi=FIGURE_DPI, metadata=dict([MADE_BY]))
        return file.getvalue()


def _files_of(folder: Path) -> list[str]:
    """Return the names of the files that the result in a folder has written, as far as they lie in it."""
    result = read_json(folder / RESULT, default={})
    names = result.get("files") if isinstance(result, dict) else None
    return [name for name in names or [] if isinstance(name, str) and Path(name).name == name]


def _print_ticks(axis: Axis) -> None:
    """Write names below an axis without control characters, in the locator and not only as drawn."""
    if isinstance(axis.get_major_locator(), FixedLocator):
        names = [label.get_text() for label in axis.get_ticklabels()]
        shown = [printable(name, lines=True) for name in names]
        if shown != names:
            axis.set_ticks(axis.get_majorticklocs(), shown)


def _finite(value: Any) -> Any:
    """Return a JSON value with null for each number that is not finite, which JSON cannot express."""
    if isinstance(value, Mapping):
        return {name: _finite(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
