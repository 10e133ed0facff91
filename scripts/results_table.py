"""The table of `results.py`: its columns, and how it is shown to people."""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

from recipe_table import aligned

COLUMNS = (
    "data",
    "preset",
    "seed",
    "machine",
    "minutes_asked",
    "minutes",
    "processor_minutes",
    "images_seen",
    "distance",
    "protocol",
    "other_real_images",
    "blurred_real_images",
    "success",
    "precision",
    "recall",
    "coverage",
    "conditions",
    "options",
    "dcgan_tf",
)
HEADINGS = (
    "data",
    "minutes",
    "preset",
    "runs",
    "took",
    "images seen",
    "distance",
    "precision",
    "recall",
    "coverage",
)


def summary(rows: list[dict[str, str]]) -> str:
    """Return the mean over the seeds of each data set, number of minutes and preset, for a terminal."""
    return aligned([HEADINGS, *_lines(rows)])


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the same in Markdown: for each machine and data set a table, under what its numbers mean."""
    parts = []
    for machine, of_machine in itertools.groupby(sorted(rows, key=_machine), key=_machine):
        parts.append(f"### {machine}")
        for data, group in itertools.groupby(sorted(of_machine, key=_kind), key=lambda row: row["data"]):
            some = list(group)
            lines = [f"| {' | '.join(HEADINGS[1:])} |", "|---" * (len(HEADINGS) - 1) + "|"]
            lines += [f"| {' | '.join(line[1:])} |" for line in _lines(some)]
            first = some[0]
            parts.append(
                f"**{Path(data).name}**: {first['protocol']}. Other real images have a distance of "
                f"{float(first['other_real_images']):.2f}, blurred ones "
                f"{float(first['blurred_real_images']):.1f}."
            )
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _machine(row: dict[str, str]) -> str:
    return row["machine"]


def _kind(row: dict[str, str]) -> tuple[str, float, str]:
    return row["data"], float(row["minutes_asked"]), row["preset"]


def _lines(rows: list[dict[str, str]]) -> list[list[str]]:
    """Return the cells of HEADINGS; of each data set the shortest runs first, of these the nearest."""
    groups = [list(group) for _, group in itertools.groupby(sorted(rows, key=_kind), key=_kind)]
    groups.sort(key=lambda some: (*_kind(some[0])[:2], _mean(some, "distance")))
    return [_line(some) for some in groups]


def _line(some: list[dict[str, str]]) -> list[str]:
    first = some[0]
    distances = [float(row["distance"]) for row in some]
    spread = f" ± {statistics.stdev(distances):.2f}" if len(some) > 1 else ""
    # Of pictures without labels and attributes, these are not measured.
    shares = [
        f"{_mean(some, column):.2f}" if all(row[column] for row in some) else "-"
        for column in ("precision", "recall", "coverage")
    ]
    return [
        Path(first["data"]).name,
        first["minutes_asked"],
        first["preset"],
        str(len(some)),
        f"{_mean(some, 'minutes'):.1f}",
        f"{_mean(some, 'images_seen'):,.0f}",
        f"{statistics.fmean(distances):.2f}{spread}",
        *shares,
    ]


def _mean(rows: list[dict[str, str]], column: str) -> float:
    return statistics.fmean(float(row[column]) for row in rows)
