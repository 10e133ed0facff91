"""How often a recipe succeeds: data sets x recipes x seeds at a small size, each run in a process of its own.

    .venv/bin/python scripts/stability.py

It trains and measures as `recipes.py` does, which says what a run that succeeds is, and keeps the same table.
It prints what share of the runs succeeds, with its interval, and whether training said what went wrong: an
alarm in a run that succeeds is a false one. Runs that the table has are not made again.
"""

from __future__ import annotations

import itertools
import statistics
from pathlib import Path

import click
from recipes import DATA, RECIPES, Cell, rows_of
from scipy.stats import binomtest

COMPARED = ("gan", "default", "quick", "auto")
SIZE = "--image-size 24 --filters 16 --hidden-units 512"
IMAGES, SAMPLES = 96_000, 5000
HEADINGS = (
    "data",
    "recipe",
    "succeed",
    "share",
    "distance",
    "at best",
    "minutes",
    "false alarms",
    "failures named",
)


@click.command()
@click.option(
    "--data", "sets", type=click.Choice(list(DATA)), multiple=True, help="Train on this data set only."
)
@click.option(
    "--seeds", type=click.IntRange(1), default=10, show_default=True, help="Train with this many seeds."
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/stability"),
    show_default=True,
    help="Keep the runs in this folder.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("results/stability.csv"),
    show_default=True,
    help="Add a row for each run to this file.",
)
def main(sets: tuple[str, ...], seeds: int, runs: Path, out: Path) -> None:
    """Train every recipe with every seed on every data set, and print how many of the runs succeed."""
    cells = [
        Cell(name, recipe, seed, IMAGES, f"{DATA[name]} {RECIPES[recipe]} {SIZE}", SAMPLES)
        for seed, name, recipe in itertools.product(
            range(seeds), sets or ("portraits", "mnist", "cifar10"), COMPARED
        )
    ]
    click.echo(summary(rows_of(cells, runs, out, residual=False)))


def summary(rows: list[dict[str, str]]) -> str:
    """Return the table for a terminal."""
    lines = [HEADINGS, *lines_of(rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if i < 2 else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        for line in lines
    )


def markdown(rows: list[dict[str, str]]) -> str:
    """Return the same as a table of Markdown."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *lines_of(rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def lines_of(rows: list[dict[str, str]]) -> list[tuple[str, ...]]:
    """Return a line for each recipe over all data sets, and one for each of them."""
    lines = []
    for recipe in COMPARED:
        of_recipe = [row for row in rows if row["recipe"] == recipe]
        lines += [_line("all", recipe, of_recipe)] if of_recipe else []
    for name, recipe in itertools.product(DATA, COMPARED):
        some = [row for row in rows if (row["data"], row["recipe"]) == (name, recipe)]
        lines += [_line(name, recipe, some)] if some else []
    return lines


def _line(name: str, recipe: str, rows: list[dict[str, str]]) -> tuple[str, ...]:
    good = [row for row in rows if row["success"] == "True"]
    bad = [row for row in rows if row["success"] != "True"]
    distances = (
        ("-", "-") if name == "all" else (_spread(rows, "final_distance"), _spread(rows, "best_distance"))
    )
    return (
        name,
        recipe,
        f"{len(good)} of {len(rows)}",
        _interval(len(good), len(rows)),
        *distances,
        f"{statistics.median(float(row['minutes']) for row in rows):.1f}",
        f"{sum(row['conditions'] != 'none' for row in good)} of {len(good)}",
        f"{sum(row['conditions'] != 'none' for row in bad)} of {len(bad)}",
    )


def _interval(successes: int, runs: int) -> str:
    """Return the 95 % interval of a share by Wilson's formula (1927)."""
    low, high = binomtest(successes, runs).proportion_ci(method="wilson")
    return f"{low:.0%} to {high:.0%}"


def _spread(rows: list[dict[str, str]], column: str) -> str:
    """Return the median of a column, and its range."""
    values = [float(row[column]) for row in rows if row[column]]
    if not values:
        return "-"
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


if __name__ == "__main__":
    main()
