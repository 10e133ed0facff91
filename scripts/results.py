"""Minutes to quality: how good the samples of a preset are after some minutes of training on this machine.

    .venv/bin/python scripts/results.py --minutes 2,5,20

Each run is trained in a process of its own and measured as `recipes.py` does it; it is a row of the table
(`--out`). Rows are added and never replaced: the same command continues where it stopped, and on another
machine it adds the rows of that machine. docs/minutes.md shows the table; `draw_results.py` draws its figure.

`minutes_asked` are given to --minutes, which plans the training alone by timing a few steps. `minutes` are
those of the whole command: start, timing, training, sample grids and checkpoints. If the `processor_minutes`
are far below them times the threads, other work went on beside the run.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from recipe_table import add_row, read_table
from recipes import DATA
from results_table import COLUMNS, summary

from dcgan_tf import __version__
from dcgan_tf.cli import import_tensorflow
from dcgan_tf.config import AUTO, PRESETS

SAMPLES = 10_000
"""The number of samples by which a run is measured."""


@dataclass(frozen=True)
class Training:
    """One run of the table.

    Attributes:
        data: name of the data set in `recipes.DATA`, or a folder of pictures.
        preset: of `dcgan-tf train`.
        seed: seed of the run.
        minutes: what the training may take.
        machine: on which it is trained.
    """

    data: str
    preset: str
    seed: int
    minutes: float
    machine: str

    @property
    def options(self) -> str:
        """The options of `dcgan-tf train`, but for the run directory."""
        data = DATA.get(self.data, f"--data {shlex.quote(self.data)}")
        return f"{data} --preset {self.preset} --seed {self.seed} --minutes {self.minutes:g}"

    @property
    def name(self) -> str:
        """The name of its run directory; runs of other folders and machines have others."""
        place = hashlib.blake2b(f"{self.data}\n{self.machine}".encode(), digest_size=4).hexdigest()
        return f"{Path(self.data).name}-{self.preset}-{self.seed}-{self.minutes:g}-{place}"

    def is_in(self, row: dict[str, str]) -> bool:
        """Return whether a row of the table is this run."""
        same = (row["data"], row["preset"], row["seed"], row["machine"])
        return same == (self.data, self.preset, str(self.seed), self.machine) and (
            float(row["minutes_asked"]) == self.minutes
        )


def machine() -> str:
    """Return the processor and the threads that a training uses here, such as "Intel … (avx2), 2 threads"."""
    from dcgan_tf.export.facts import describe_machine

    found = describe_machine()
    threads = int(os.environ.get("TF_NUM_INTRAOP_THREADS") or found["cores"])
    return f"{found['processor']}, {threads} thread{'s' if threads > 1 else ''}"


def _of(kind: type, *, known: tuple[str, ...] = ()) -> Any:
    """Return a callback that reads values with commas between them."""

    def read(ctx: click.Context, param: click.Parameter, text: str) -> list[Any]:
        words = [word.strip() for word in text.split(",") if word.strip()]
        try:
            values = [kind(word) for word in words]
        except ValueError:
            raise click.BadParameter(f"expected numbers with commas, received {text!r}") from None
        if unknown := [value for value in values if known and value not in known]:
            raise click.BadParameter(f"expected some of {', '.join(known)}, received {unknown[0]!r}")
        return values

    return read


@click.command()
@click.option(
    "--data", default="portraits,mnist,cifar10", show_default=True, callback=_of(str), help="Train on these."
)
@click.option(
    "--presets",
    default=f"quick,default,{AUTO}",
    show_default=True,
    callback=_of(str, known=(*PRESETS, AUTO)),
    help="Train with these presets.",
)
@click.option("--seeds", default="0", show_default=True, callback=_of(int), help="Train with these seeds.")
@click.option(
    "--minutes",
    default="2,5,20",
    show_default=True,
    callback=_of(float),
    help="Train for so many minutes, each in a run of its own.",
)
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/results"),
    show_default=True,
    help="Keep the runs in this folder.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("results/minutes.csv"),
    show_default=True,
    help="Add a row for each run to this file.",
)
def main(
    data: list[str], presets: list[str], seeds: list[int], minutes: list[float], runs: Path, out: Path
) -> None:
    """Train each preset for some minutes on each data set, measure the samples, and print the table."""
    import_tensorflow()
    here = machine()
    wanted = [
        Training(name, preset, seed, some, here)
        for seed, some, name, preset in itertools.product(seeds, sorted(minutes), data, presets)
    ]
    for training in wanted:
        if not any(training.is_in(row) for row in read_table(out)):
            add_row(out, _train_and_measure(training, runs / training.name), COLUMNS)
    click.echo(summary([row for row in read_table(out) if any(one.is_in(row) for one in wanted)]))


def _train_and_measure(training: Training, folder: Path) -> dict[str, Any]:
    """Train a run from its beginning in a process of its own, and return its row of the table."""
    from recipe_measures import conditions, measured

    shutil.rmtree(folder, ignore_errors=True)  # what an earlier process has begun: its minutes are not known
    command = [sys.executable, "-m", "dcgan_tf", "train", *shlex.split(training.options)]
    started, used = time.monotonic(), _processor_seconds()
    ended = subprocess.run(
        [*command, "--run-dir", str(folder)], check=False, stderr=subprocess.PIPE, text=True
    )
    minutes, used = (time.monotonic() - started) / 60, _processor_seconds() - used
    if ended.returncode:
        raise click.ClickException(f"{shlex.join(command)} failed: {ended.stderr.strip()}")
    found = measured(folder, SAMPLES, residual=False)
    return {
        "data": training.data,
        "preset": training.preset,
        "seed": training.seed,
        "machine": training.machine,
        "minutes_asked": f"{training.minutes:g}",
        "minutes": round(minutes, 2),
        "processor_minutes": round(used / 60, 2),
        **{name: found[name] for name in COLUMNS if name in found},
        "distance": found["final_distance"],
        "protocol": f"{found['distance']}, {SAMPLES:,} samples of the newest checkpoint",
        "conditions": conditions(folder),
        "options": training.options,
        "dcgan_tf": __version__,
    }


def _processor_seconds() -> float:
    """Return the processor's time of all processes that this one has started and that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    main()
