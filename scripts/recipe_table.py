"""The table of compared recipes, which `recipes.py` fills: a CSV file, and its summaries for people."""

from __future__ import annotations

import csv
import itertools
import math
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

COLUMNS = [
    "data",
    "recipe",
    "seed",
    "images_asked",
    "images_seen",
    "minutes",
    "success",
    "final_distance",
    "best_distance",
    "best_at_images",
    "distance",
    "other_real_images",
    "blurred_real_images",
    "precision",
    "recall",
    "coverage",
    "form",
    "contrast",
    "residual_distance",
    "residual_other_real_images",
    "residual_precision",
    "residual_recall",
    "residual_coverage",
    "num_samples",
    "settings",
    "options",
    "dcgan_tf",
    "conditions",
]
SHOWN = {
    "success": "runs that succeed",
    "final_distance": "distance",
    "best_distance": "at best",
    "residual_distance": "distance (residual)",
    "precision": "precision",
    "recall": "recall",
    "coverage": "coverage",
    "form": "form",
    "contrast": "contrast",
    "images_seen": "images seen",
    "minutes": "minutes",
}
"""{column: heading} of the summaries."""


def read_table(file: Path) -> list[dict[str, str]]:
    """Return the rows of the table, or none if there is no file yet."""
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def add_row(file: Path, row: dict[str, Any], columns: Sequence[str] = COLUMNS) -> None:
    """Add a row to the table, and the line of headings to a new one.

    Args:
        file: the table.
        row: its cells; those that are missing are empty.
        columns: all columns of the table.

    Raises:
        ValueError: if the table has other columns, such as one of another version.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    is_new = not file.exists()
    if not is_new and file.read_text(encoding="utf-8").partition("\n")[0] != ",".join(columns):
        raise ValueError(f"{file} has other columns than {', '.join(columns)}: use another file")
    with file.open("a", newline="", encoding="utf-8") as opened:
        writer = csv.DictWriter(opened, columns, restval="", lineterminator="\n")
        if is_new:
            writer.writeheader()
        writer.writerow(row)


def summary(rows: list[dict[str, str]]) -> str:
    """Return the mean over the seeds of each data set and recipe, as a table for a terminal."""
    return aligned([["data", "recipe", *SHOWN.values()], *_lines(rows)])


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return a table for a terminal: two columns of names on the left, and numbers on the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the same as tables of Markdown, one for each data set, the nearest recipe first."""
    lines = []
    for data, group in itertools.groupby(_lines(rows), key=lambda line: line[0]):
        lines += [f"**{data}**", "", f"| recipe | {' | '.join(SHOWN.values())} |"]
        lines += ["|---|" + "---|" * len(SHOWN)]
        lines += [f"| {' | '.join(line[1:])} |" for line in group] + [""]
    return "\n".join(lines).rstrip()


def _lines(rows: list[dict[str, str]]) -> list[list[str]]:
    """Return [data, recipe, and the cells of SHOWN]; of each data set the smallest distance first."""
    groups = [list(group) for _, group in itertools.groupby(sorted(rows, key=_kind), key=_kind)]
    groups.sort(key=lambda some: (some[0]["data"], _order(some)))
    return [
        [Path(some[0]["data"]).name, some[0]["recipe"], *(_cell(some, column) for column in SHOWN)]
        for some in groups
    ]


def _kind(row: dict[str, str]) -> tuple[str, ...]:
    return row["data"], row["recipe"], row["images_asked"], row["options"]


def _order(rows: list[dict[str, str]]) -> float:
    values = _values(rows, "final_distance")
    return statistics.fmean(values) if values else math.inf


def _values(rows: list[dict[str, str]], column: str) -> list[float]:
    return [float(row[column]) for row in rows if row[column]]


def _cell(rows: list[dict[str, str]], column: str) -> str:
    """Return the mean, with the spread of a distance; of "success", how many of how many."""
    if column == "success":
        return f"{sum(row[column] == 'True' for row in rows)} of {len(rows)}"
    values = _values(rows, column)
    if not values:
        return "-"
    mean = f"{statistics.fmean(values):.2f}"
    if column == "images_seen":
        return f"{statistics.fmean(values):,.0f}"
    if "distance" in column and len(values) > 1:
        return f"{mean} ± {statistics.stdev(values):.2f}"
    return mean
