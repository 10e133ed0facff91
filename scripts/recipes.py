"""Compares recipes of training: data sets x recipes x seeds, each run in a process of its own.

    .venv/bin/python scripts/recipes.py --data cifar10 --recipes default,auto --seeds 0,1,2 --images 250000

Every run is a row of the table (`--out`, a CSV file): the images that it saw, its minutes, and how good its
samples were at its best checkpoint and at its last one, in the features of the library's classifier and of
a residual network (`residual_space.py`). Runs that the table has are not made again, so the
same command continues after a stop. At the end, the mean and the spread over the seeds are printed.

A run *succeeds* if its last samples are nearer to real images than blurred real images are (a Gaussian of
1/16 of the side): in those, nothing can be recognised any more.
"""

from __future__ import annotations

import itertools
import math
import shlex
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from recipe_table import add_row, read_table, summary

from dcgan_tf import __version__
from dcgan_tf.cli import import_tensorflow

if TYPE_CHECKING:
    from dcgan_tf.evaluation import Evaluator
    from dcgan_tf.runs import Run

DATA = {
    "portraits": "--data portraits --image-size 32",
    "mnist": "--data tfds:mnist --image-size 28 --channels 1",
    "cifar10": "--data tfds:cifar10 --image-size 32",
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
    "hinge-spectral": "--loss hinge --discriminator-norm spectral",
    "relativistic-r1-r2": "--loss relativistic --r1-gamma 0.5 --r2-gamma 0.5 --discriminator-norm none",
    "r1": "--r1-gamma 0.5 --discriminator-norm none",
    "no-norm-in-d": "--discriminator-norm none",
    "no-norm-in-g": "--generator-norm none",
    "depth-2": "--discriminator-depth 2",
    "d-steps-2": "--discriminator-steps 2",
    "diffaugment": "--diffaugment 1",
    "calibration": "--ema-calibration",
    "dense-256": "--dense-units 256",
}
"""{name: what is changed in `default`}: each setting alone."""
RECIPES |= {name: f"--preset default {changes}" for name, changes in ALONE.items()}
CHECKPOINTS = 4
"""The number of checkpoints of a run that are measured."""
_METRICS = {"precision": "guarded_precision", "recall": "recall", "coverage": "coverage"}


@dataclass(frozen=True)
class Cell:
    """One run of the comparison.

    Attributes:
        data: name of the data set, or a folder.
        recipe: name of the recipe.
        seed: seed of the run.
        images: real images that the discriminator sees.
        options: of `dcgan-tf train`, for the data and the recipe.
    """

    data: str
    recipe: str
    seed: int
    images: int
    options: str

    def is_in(self, row: dict[str, str]) -> bool:
        """Return whether a row of the table is this run."""
        known = (row["data"], row["recipe"], row["seed"], row["images_asked"], row["options"])
        return known == (self.data, self.recipe, str(self.seed), str(self.images), self.options)


def _names(ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
    return [name.strip() for name in value.split(",") if name.strip()]


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
    help="Add a recipe made of options of dcgan-tf train, such as small='--preset auto --filters 32'.",
)
@click.option("--seeds", default="0,1,2", show_default=True, callback=_names, help="Train with these seeds.")
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
    more: tuple[str, ...],
    seeds: list[str],
    images: int,
    samples: int,
    options: str,
    runs: Path,
    out: Path,
) -> None:
    """Train every recipe with every seed on every data set, measure it, and print the comparison."""
    known = RECIPES | dict(item.split("=", 1) for item in more)
    recipes += [name for name in (item.split("=", 1)[0] for item in more) if name not in recipes]
    if unknown := [name for name in recipes if name not in known]:
        raise click.UsageError(f"unknown recipe {unknown[0]!r}; there are {', '.join(known)}, and --recipe")
    cells = []
    for seed, name, recipe in itertools.product(seeds, data, recipes):
        words = f"{DATA.get(name, f'--data {name}')} {known[recipe]} {options}".split()
        cells.append(Cell(name, recipe, int(seed), images, " ".join(words)))
    import_tensorflow()
    for cell in cells:
        if not any(cell.is_in(row) for row in read_table(out)):
            add_row(out, train_and_measure(cell, runs, samples))
    click.echo(summary([row for row in read_table(out) if any(cell.is_in(row) for cell in cells)]))


def train_and_measure(cell: Cell, runs: Path, samples: int) -> dict[str, Any]:
    """Train a run in a process of its own, measure its checkpoints, and return its row of the table."""
    folder = runs / f"{Path(cell.data).name}-{cell.recipe}-{cell.seed}-{cell.images}"
    command = [sys.executable, "-m", "dcgan_tf", "train", *shlex.split(cell.options)]
    command += ["--seed", str(cell.seed), "--run-dir", str(folder), *_length(cell)]
    started = time.monotonic()
    ended = subprocess.run(command, check=False).returncode
    minutes = (time.monotonic() - started) / 60
    measured = _measured(folder, samples) if ended == 0 else {}
    row = {
        "data": cell.data,
        "recipe": cell.recipe,
        "seed": cell.seed,
        "images_asked": cell.images,
        "minutes": round(minutes, 2),
        "success": False,
        "num_samples": samples,
        "options": cell.options,
        "dcgan_tf": __version__,
    }
    return row | measured


def _length(cell: Cell) -> list[str]:
    """Return the options that set how many images a run sees, and which of its checkpoints are kept."""
    if "--preset auto" in cell.options:
        return ["--images", str(cell.images), "--keep-every", str(_batches(cell, 32) // CHECKPOINTS)]
    words = shlex.split(cell.options)
    batch = int(words[words.index("--batch-size") + 1]) if "--batch-size" in words else 64
    steps = _batches(cell, batch)
    return ["--steps", str(steps), "--keep-every", str(max(steps // CHECKPOINTS, 1))]


def _batches(cell: Cell, batch_size: int) -> int:
    return math.ceil(cell.images / batch_size)


def _measured(folder: Path, samples: int) -> dict[str, Any]:
    """Return the columns about how good a run is: each kept checkpoint by fewer samples than the last one."""
    from dcgan_tf.evaluation import Evaluator
    from dcgan_tf.runs import CheckpointStore, Run, RunPaths

    run = Run.open(folder)
    config = run.config.data
    whole = Evaluator.of(config, num_images=samples, model=run.config.model)
    features = [metric for metric in whole.metrics if whole.space is None or "sliced" not in metric.__name__]
    brief = replace(whole, num_images=min(samples, 2000), metrics=features)
    course = {
        step: brief.evaluate(Run.open(folder, checkpoint=step).sample).rows[0].score.value
        for step in CheckpointStore(RunPaths(folder).checkpoints).steps()
    }
    final = replace(whole, metrics=features)
    rows = {row.score.key: row for row in final.evaluate(run.sample).rows}
    first = next(iter(rows.values()))
    blurred = first.ends["blurred_real_images"].value if "blurred_real_images" in first.ends else math.nan
    best = min(course, key=course.__getitem__)
    at_best = first.score.value
    if best != run.step:
        at_best = final.evaluate(Run.open(folder, checkpoint=best).sample).rows[0].score.value
    return {
        "images_seen": run.step * run.config.training.images_per_step,
        "success": first.score.value < blurred,
        "final_distance": round(first.score.value, 3),
        "best_distance": round(min(at_best, first.score.value), 3),
        "best_at_images": best * run.config.training.images_per_step,
        "distance": f"{first.score.name} ({whole.space.name if whole.space else 'pixels'})",
        "other_real_images": round(first.real, 3),
        "blurred_real_images": round(blurred, 3),
        **{name: round(rows[key].score.value, 3) for name, key in _METRICS.items() if key in rows},
        **_in_residual_space(run, whole, folder.parent),
    }


def _in_residual_space(run: Run, evaluator: Evaluator, folder: Path) -> dict[str, float]:
    """Return the columns of the second feature space; none without labels and attributes."""
    from residual_space import residual_space

    from dcgan_tf import data

    train = data.load_data(run.config.data)
    held_out = data.held_out_images(run.config.data, train)
    space = residual_space(train, held_out[1], folder) if held_out else None
    if space is None:
        return {}
    metrics = [metric for metric in evaluator.metrics if "sliced" not in metric.__name__]
    rows = {
        row.score.key: row
        for row in replace(evaluator, space=space, metrics=metrics).evaluate(run.sample).rows
    }
    first = next(iter(rows.values()))
    columns = {"residual_distance": first.score.value, "residual_other_real_images": first.real}
    columns |= {f"residual_{name}": rows[key].score.value for name, key in _METRICS.items() if key in rows}
    return {name: round(value, 3) for name, value in columns.items()}


if __name__ == "__main__":
    main()
