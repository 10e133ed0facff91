"""How often a recipe succeeds: data sets x recipes x seeds at a small size, each run in a process of its own.

    .venv/bin/python scripts/stability.py

It trains and measures as `recipes.py` does, which says what a run that succeeds is, and keeps the same table.
It prints what share of the runs succeeds, with its interval, and whether training said what went wrong: an
alarm in a run that succeeds is a false one. Runs that the table has are not made again.

    .venv/bin/python scripts/stability.py --rollback

trains the DCGANs of the table that fail and have an alarm again, with `--on-collapse rollback`, and keeps a
table of these.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import click
from recipe_table import read_table
from recipes import DATA, RECIPES, Cell, rows_of
from stability_table import rollbacks, summary

COMPARED = ("gan", "default", "quick", "auto")
SIZE = "--image-size 24 --filters 16 --hidden-units 512"
IMAGES, SAMPLES = 96_000, 5000
ROLLBACKS = "rollbacks.csv"
"""The file of the runs with rollbacks, beside that of the others."""


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
@click.option("--rollback", is_flag=True, help="Train those that fail again, with rollbacks.")
def main(sets: tuple[str, ...], seeds: int, runs: Path, out: Path, rollback: bool) -> None:
    """Train every recipe with every seed on every data set, and print how many of the runs succeed."""
    if rollback:
        rows = [row for row in read_table(out) if int(row["seed"]) < seeds and row["data"] in (sets or DATA)]
        failed = [row for row in rows if _failed_by_name(row)]
        again = rows_of(
            [_with_rollback(row) for row in failed], runs, out.with_name(ROLLBACKS), residual=False
        )
        click.echo(rollbacks(again, failed))
        return
    cells = [
        Cell(name, recipe, seed, IMAGES, f"{DATA[name]} {RECIPES[recipe]} {SIZE}", SAMPLES)
        for seed, name, recipe in itertools.product(
            range(seeds), sets or ("portraits", "mnist", "cifar10"), COMPARED
        )
    ]
    click.echo(summary(rows_of(cells, runs, out, residual=False)))


def _failed_by_name(row: dict[str, str]) -> bool:
    return row["success"] != "True" and row["conditions"] != "none" and row["recipe"] != "gan"


def _with_rollback(row: dict[str, str]) -> Cell:
    options = f"{row['options']} --on-collapse rollback"
    return Cell(row["data"], f"{row['recipe']}-rollback", int(row["seed"]), IMAGES, options, SAMPLES)


if __name__ == "__main__":
    main()
