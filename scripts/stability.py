"""How often a recipe succeeds: data sets x recipes x seeds at a small size, each run in a process of its own.

    .venv/bin/python scripts/stability.py

It trains and measures as `recipes.py` does, which says what a run that succeeds is, and keeps the same table.
It prints what share of the runs succeeds, with its interval, and whether training said what went wrong: an
alarm in a run that succeeds is a false one. Runs that the table has are not made again.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import click
from recipes import DATA, RECIPES, Cell, rows_of
from stability_table import summary

COMPARED = ("gan", "default", "quick", "auto")
SIZE = "--image-size 24 --filters 16 --hidden-units 512"
IMAGES, SAMPLES = 96_000, 5000


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


if __name__ == "__main__":
    main()
