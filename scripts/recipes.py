"""Compares recipes of training: data sets x recipes x seeds, each run in a process of its own.

    .venv/bin/python scripts/recipes.py --data cifar10 --recipes default,auto --seeds 0,1,2 --images 250000

Every run is a row of the table (`--out`, a CSV file): the images that it saw, its minutes, and how good its
samples were at its best checkpoint and at its last one, in the features of the library's classifier and of
a residual network (`residual_space.py`). Runs that the table has are not made again, so the
same command continues after a stop; a run that was stopped in between has no minutes. At the end, the mean
and the spread over the seeds are printed.

A run *succeeds* if its last samples are nearer to real images than as many blurred real images are (a
Gaussian of 1/16 of the side): in those, nothing can be recognised any more. A run of which a loss stopped
being finite does not succeed, and has no distance.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import click
from recipe_table import add_row, read_table, summary

from dcgan_tf import __version__
from dcgan_tf.cli import import_tensorflow
from dcgan_tf.cli.train import train
from dcgan_tf.config import AUTO, Budget, Config, all_settings, flatten, preset
from dcgan_tf.runs import RunPaths
from dcgan_tf.training import choose_without_length

DATA = {
    "portraits": "--data portraits --image-size 32",
    "mnist": "--data tfds:mnist --image-size 28 --channels 1",
    "mnist-32": "--data tfds:mnist --image-size 32 --channels 1",
    "cifar10": "--data tfds:cifar10 --image-size 32",
    "cifar10-grey": "--data tfds:cifar10 --image-size 32 --channels 1",
    "photographs": "--data runs/photographs --image-size 32",
}
"""{name: options}. `photographs.py` makes the photographs. Any other name is a folder of pictures."""
RECIPES = {
    "gan": "--preset default --architecture gan --hidden-units 1024",
    "default": "--preset default",
    "quick": "--preset quick",
    "auto": "--preset auto",
}
"""{name: options}. Others are given with --recipe."""
ALONE = {
    "batch-32": "--batch-size 32",
    "rate-4e-4": "--learning-rate 4e-4",
    "latent-64": "--latent-dim 64",
    "flip": "--flip",
    "smoothing": "--label-smoothing 0.1",
    "anneal": "--anneal 0.3",
    "ema-10k": "--ema-images 10000",
    "hinge": "--loss hinge",
    "spectral": "--discriminator-norm spectral",
    "hinge-spectral": "--loss hinge --discriminator-norm spectral",
    "relativistic-r1-r2": "--loss relativistic --r1-gamma 0.5 --r2-gamma 0.5 --discriminator-norm none",
    "r1": "--r1-gamma 0.5 --discriminator-norm none",
    "r2": "--r2-gamma 0.5 --discriminator-norm none",
    "beta-2": "--beta-2 0.99",
    "no-norm-in-d": "--discriminator-norm none",
    "no-norm-in-g": "--generator-norm none",
    "depth-2": "--discriminator-depth 2",
    "d-steps-2": "--discriminator-steps 2",
    "diffaugment": "--diffaugment 1",
    "calibration": "--ema-calibration",
    "bias-in-d": "--discriminator-bias",
    "even-upsampling": "--even-upsampling",
    "dense-256": "--dense-units 256",
}
"""{name: what is changed in `default`}: each setting alone."""
RECIPES |= {name: f"--preset default {changes}" for name, changes in ALONE.items()}
OF_COLLAPSE = 3
"""The exit code of a training that went wrong."""
CHECKPOINTS = 4
"""Each run keeps about this many checkpoints on its way, and its newest ones; all of them are measured."""


@dataclass(frozen=True)
class Cell:
    """One run of the comparison.

    Attributes:
        data: name of the data set, or a folder.
        recipe: name of the recipe.
        seed: seed of the run.
        images: real images that the discriminator sees.
        options: of `dcgan-tf train`, for the data and the recipe.
        samples: number of samples by which it is measured.
    """

    data: str
    recipe: str
    seed: int
    images: int
    options: str
    samples: int

    @cached_property
    def config(self) -> Config:
        """All settings, without a length."""
        given = train.make_context("train", shlex.split(self.options)).params
        name = given.pop("preset_name")
        names = {setting.name for setting in all_settings()}
        changes = {key: value for key, value in given.items() if key in names and value is not None}
        changes |= {"seed": self.seed, "run_dir": "runs/of-no-recipe"}
        return (
            choose_without_length(AUTO, Budget(), changes).config if name == AUTO else preset(name, **changes)
        )

    @property
    def steps(self) -> int:
        """The number of steps in which the images are seen."""
        return math.ceil(self.images / self.config.training.images_per_step)

    @property
    def settings(self) -> str:
        """A digest of all that decides what is trained: the settings that are not the defaults.

        A new setting does not change it, as long as the setting has its default.
        """
        values, defaults = flatten(self.config), flatten(Config())
        names = [item.name for item in all_settings() if not item.may_change]
        decisive = {name: values[name] for name in names if values[name] != defaults[name]}
        return hashlib.blake2b(json.dumps([decisive, self.steps]).encode(), digest_size=4).hexdigest()

    @property
    def key(self) -> dict[str, str]:
        """The columns by which a row of the table is known to be this run."""
        values = {"data": self.data, "recipe": self.recipe, "settings": self.settings}
        return values | {"seed": str(self.seed), "num_samples": str(self.samples)}

    def is_in(self, row: dict[str, str]) -> bool:
        """Return whether a row of the table is this run."""
        return all(row[name] == value for name, value in self.key.items())


def _names(ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


def _seeds(ctx: click.Context, param: click.Parameter, value: str) -> list[int]:
    try:
        return [int(seed) for seed in _names(ctx, param, value)]
    except ValueError:
        raise click.BadParameter(f"expected whole numbers with commas, received {value!r}") from None


def _recipes(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> dict[str, str]:
    if wrong := [text for text in value if "=" not in text]:
        raise click.BadParameter(f"expected NAME=OPTIONS, received {wrong[0]!r}")
    return dict(text.split("=", 1) for text in value)


@click.command()
@click.option(
    "--data", default="cifar10", show_default=True, callback=_names, help="Train on these data sets."
)
@click.option(
    "--recipes", default="default,auto", show_default=True, callback=_names, help="Compare these recipes."
)
@click.option(
    "--recipe",
    "more",
    metavar="NAME=OPTIONS",
    multiple=True,
    callback=_recipes,
    help="Add a recipe made of options of dcgan-tf train, such as small='--preset auto --filters 32'.",
)
@click.option("--seeds", default="0,1,2", show_default=True, callback=_seeds, help="Train with these seeds.")
@click.option("--images", default=250_000, show_default=True, help="Show each run this many real images.")
@click.option("--samples", default=10_000, show_default=True, help="Measure this many samples at the end.")
@click.option(
    "--options", default="", help="Give these options to every run, such as '--filters 32' for a small size."
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/recipes"),
    show_default=True,
    help="Keep the runs in this folder.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("results/recipes.csv"),
    show_default=True,
    help="Add a row for each run to this file.",
)
def main(
    data: list[str],
    recipes: list[str],
    more: dict[str, str],
    seeds: list[int],
    images: int,
    samples: int,
    options: str,
    runs: Path,
    out: Path,
) -> None:
    """Train every recipe with every seed on every data set, measure it, and print the comparison."""
    known = RECIPES | more
    recipes += [name for name in more if name not in recipes]
    if unknown := [name for name in recipes if name not in known]:
        raise click.UsageError(f"unknown recipe {unknown[0]!r}; there are {', '.join(known)}, and --recipe")
    if missing := [name for name in data if name not in DATA and ":" not in name and not Path(name).is_dir()]:
        raise click.UsageError(f"no data set or folder {missing[0]!r}; there are {', '.join(DATA)}")
    cells = []
    for seed, name, recipe in itertools.product(seeds, data, recipes):
        words = f"{DATA.get(name, f'--data {shlex.quote(name)}')} {known[recipe]} {options}"
        cells.append(Cell(name, recipe, seed, images, words.strip(), samples))
    click.echo(summary(rows_of(cells, runs, out)))


def rows_of(cells: list[Cell], runs: Path, out: Path, *, residual: bool = True) -> list[dict[str, str]]:
    """Make the rows that the table does not have yet, and return those of the cells.

    Args:
        cells: runs to compare.
        runs: folder that holds the run directories.
        out: file of the table.
        residual: whether samples are measured in the second feature space too.
    """
    import_tensorflow()
    for cell in cells:
        if not any(cell.is_in(row) for row in read_table(out)):
            add_row(out, _train_and_measure(cell, runs, residual=residual))
    return [row for row in read_table(out) if any(cell.is_in(row) for cell in cells)]


def _train_and_measure(cell: Cell, runs: Path, *, residual: bool) -> dict[str, Any]:
    """Train a run in a process of its own, measure its checkpoints, and return its row of the table."""
    from recipe_measures import conditions, measured

    folder = runs / f"{Path(cell.data).name}-{cell.recipe}-{cell.seed}-{cell.settings}"
    command = [sys.executable, "-m", "dcgan_tf", "train", *shlex.split(cell.options)]
    command += ["--seed", str(cell.seed), "--steps", str(cell.steps), "--run-dir", str(folder)]
    command += ["--keep-every", str(max(cell.steps // CHECKPOINTS, 1))]
    goes_on = RunPaths(folder).config.exists()  # an earlier process was stopped: its minutes are not known
    started = time.monotonic()
    ended = subprocess.run(command, check=False, stderr=subprocess.PIPE, text=True)
    minutes = (time.monotonic() - started) / 60
    if ended.returncode not in (0, OF_COLLAPSE):
        raise click.ClickException(f"{shlex.join(command)} failed: {ended.stderr.strip()}")
    row: dict[str, Any] = {"images_asked": cell.images, "success": False}
    row |= {} if goes_on else {"minutes": round(minutes, 2)}
    row |= {"options": cell.options, "dcgan_tf": __version__, **cell.key, "conditions": conditions(folder)}
    return row if ended.returncode else row | measured(folder, cell.samples, residual=residual)


if __name__ == "__main__":
    main()
