"""Measures what a second worker brings on one machine: images per second of one process and of two workers.

    .venv/bin/python scripts/cluster_cost.py

Each process has one thread. So two workers would be twice as fast as one process if nothing had to be sent,
and batch norm needed nothing of the other worker. The candidates take turns; the figures are medians over all
rounds. Nothing else should run on the machine, which needs two cores.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import click

SCRIPTS = Path(__file__).parent
SIZES = {
    "32x32x3, 32 filters, batches of 64": "--image-size 32 --filters 32 --batch-size 64",
    "64x64x3, 64 filters, batches of 64": "--image-size 64 --filters 64 --batch-size 64",
}
ONE_THREAD = dict.fromkeys(("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS"), "1")
_TRAIN = "train --data portraits --preset default --sample-every 0 --histogram-every 0 --log-every 10"
_STARTS = {
    "one process": [sys.executable, "-m", "dcgan_tf"],
    "two workers": [sys.executable, str(SCRIPTS / "local_cluster.py"), "--workers", "2", "--"],
}


@click.command()
@click.option("--rounds", default=3, show_default=True, help="Repeat each measurement so often.")
@click.option(
    "--steps", default=60, show_default=True, help="Train for so many steps, the first ten untimed."
)
def main(rounds: int, steps: int) -> None:
    """Print the images per second of one process and of two workers, at two sizes."""
    click.echo("| training | one process | two workers | of twice as many |\n|---|---|---|---|")
    for name, size in SIZES.items():
        found: dict[str, list[float]] = {start: [] for start in _STARTS}
        for _ in range(rounds):
            for start, words in _STARTS.items():
                found[start] += measured([*words, *_TRAIN.split(), *size.split()], steps)
        one, two = (statistics.median(found[start]) for start in _STARTS)
        click.echo(
            f"| {name} | {one:.0f} images/s | {two:.0f} images/s | {two / (2 * one):.0%} |".replace("%", " %")
        )


def measured(words: list[str], steps: int) -> list[float]:
    """Train, and return the images per second of each record but the first, whose steps are compiled."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        place = ["--run-dir", str(run), "--steps", str(steps)]
        done = subprocess.run(
            [*words, *place], env=os.environ | ONE_THREAD, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise click.ClickException(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
        records = [json.loads(line) for line in (run / "stats.jsonl").read_text().splitlines()]
    return [record["images_per_second"] for record in records[1:]]


if __name__ == "__main__":
    main()
