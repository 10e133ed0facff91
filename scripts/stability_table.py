"""The table of `stability.py`: how many runs of each recipe succeed, and what training said of them."""

from __future__ import annotations

import itertools
import statistics
from collections import defaultdict

from recipe_table import aligned
from scipy.stats import binomtest

HEADINGS = (
    "data",
    "recipe",
    "succeed",
    "95 %",
    "distance",
    "at best",
    "recall",
    "minutes",
    "false alarms",
    "failures named",
)


ALL = "all"
OF_ONE_SET = ("data", "distance", "at best", "recall")
OF_ALL = ("minutes", "false alarms", "failures named")
"""Headings that only stand above the lines of one data set, and of all."""


def summary(rows: list[dict[str, str]]) -> str:
    """Return the table for a terminal."""
    return aligned([HEADINGS, *_lines(rows)])


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the same as two tables of Markdown: of all data sets, and of each."""
    columns = [index for index, heading in enumerate(HEADINGS) if heading not in OF_ONE_SET]
    return f"{_table([line for line in _lines(rows) if line[0] == ALL], columns)}\n\n{of_each(rows)}"


def of_each(rows: list[dict[str, str]]) -> str:
    """Return a table of Markdown with a line for each data set and recipe."""
    columns = [index for index, heading in enumerate(HEADINGS) if heading not in OF_ALL]
    return _table([line for line in _lines(rows) if line[0] != ALL], columns)


def rollbacks(rows: list[dict[str, str]], failed: list[dict[str, str]]) -> str:
    """Return a table of Markdown of runs that fail, and of the same runs with rollbacks.

    Args:
        rows: of the runs with rollbacks.
        failed: of the runs without; those that have no other are left out.
    """
    pairs: dict[tuple[str, str], list[tuple[dict[str, str], dict[str, str]]]] = defaultdict(list)
    for row, before in itertools.product(rows, failed):
        if (row["settings"], row["seed"]) == (before["settings"], before["seed"]):
            pairs[before["data"], before["recipe"]].append((row, before))
    headings = ("data", "recipe", "runs", "distance", "succeed with rollback", "distance then", "times back")
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for (data, recipe), some in pairs.items():
        after, without = [pair[0] for pair in some], [pair[1] for pair in some]
        good = sum(row["success"] == "True" for row in after)
        back = sorted(row["conditions"].count("(back to") for row in after)
        distances = [_spread(half, "final_distance") for half in (without, after)]
        times = str(back[0]) if back[0] == back[-1] else f"{back[0]}–{back[-1]}"
        cells = [data, recipe, str(len(some)), distances[0], f"{good} of {len(some)}", distances[1], times]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def longer(rows: list[dict[str, str]]) -> str:
    """Return a table of Markdown of long runs: how much farther from real images they end than they were."""
    headings = (
        "data",
        "recipe",
        "runs",
        "images seen",
        "distance",
        "at best",
        "farther than at best",
        "distance (residual)",
    )
    lines = [f"| {' | '.join(headings)} |", "|---" * len(headings) + "|"]
    for name, recipe in dict.fromkeys((row["data"], row["recipe"]) for row in rows):
        some = [row for row in rows if (row["data"], row["recipe"]) == (name, recipe)]
        farther = [100 * (float(row["final_distance"]) / float(row["best_distance"]) - 1) for row in some]
        cells = [
            name,
            recipe,
            str(len(some)),
            f"{int(some[0]['images_seen']):,}",
            *(_spread(some, column) for column in ("final_distance", "best_distance")),
            f"{min(farther):.0f}–{max(farther):.0f} %" if len(some) > 1 else f"{farther[0]:.0f} %",
            _spread(some, "residual_distance"),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _table(lines: list[tuple[str, ...]], columns: list[int]) -> str:
    chosen = [[line[index] for index in columns] for line in (HEADINGS, ("---",) * len(HEADINGS), *lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in chosen)


def _lines(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return a line for each recipe over all data sets, then one for each of them."""
    sets, recipes = (list(dict.fromkeys(row[column] for row in rows)) for column in ("data", "recipe"))
    lines = []
    for recipe in recipes:
        lines.append(_line(ALL, recipe, [row for row in rows if row["recipe"] == recipe]))
    for name, recipe in itertools.product(sets, recipes):
        some = [row for row in rows if (row["data"], row["recipe"]) == (name, recipe)]
        lines += [_line(name, recipe, some)] if some else []
    return lines


def _line(name: str, recipe: str, rows: list[dict[str, str]]) -> tuple[str, ...]:
    good = [row for row in rows if row["success"] == "True"]
    bad = [row for row in rows if row["success"] != "True"]
    minutes = [float(row["minutes"]) for row in rows if row["minutes"]]  # not of a run that was stopped
    columns = ("final_distance", "best_distance", "recall")
    # Numbers of different data sets have no mean.
    measured = ["-"] * len(columns) if name == ALL else [_spread(rows, column) for column in columns]
    return (
        name,
        recipe,
        f"{len(good)} of {len(rows)}",
        _interval(len(good), len(rows)),
        *measured,
        f"{statistics.median(minutes):.1f}" if minutes else "-",
        *(f"{sum(row['conditions'] != 'none' for row in some)} of {len(some)}" for some in (good, bad)),
    )


def _interval(successes: int, runs: int) -> str:
    """Return the interval of a share: Wilson 1927, "Probable inference, the law of succession"."""
    low, high = binomtest(successes, runs).proportion_ci(method="wilson")
    return f"{100 * low:.0f}–{100 * high:.0f} %"


def _spread(rows: list[dict[str, str]], column: str) -> str:
    """Return the median of a column, and its range."""
    values = [float(row[column]) for row in rows if row[column]]
    if not values:
        return "-"
    if len(values) == 1:
        return f"{values[0]:.3g}"
    return f"{statistics.median(values):.3g} ({min(values):.3g}–{max(values):.3g})"
