"""Draw the figure of docs/minutes.md: what a preset draws after some minutes, from the runs of `results.py`.

.venv/bin/python scripts/draw_results.py
"""

from __future__ import annotations

from pathlib import Path

import click
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from recipe_table import read_table

from dcgan_tf.analysis.figures import NOTE_COLOUR
from dcgan_tf.config import AUTO
from dcgan_tf.data import example_images, load_data
from dcgan_tf.files import write_bytes
from dcgan_tf.images import grid
from dcgan_tf.runs.run import Run
from results import Training

ROOT = Path(__file__).parents[1]
SHOWN, ACROSS = 36, 6
"""The number of samples of each run, and how many of them stand in a row."""
DPI = 100


@click.command()
@click.option("--preset", "chosen", default=AUTO, show_default=True, help="Show samples of this preset.")
@click.option("--seed", default=0, show_default=True, help="Show the runs with this seed.")
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/results"),
    show_default=True,
    help="Read the runs in this folder.",
)
@click.option(
    "--table",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    default=ROOT / "results" / "minutes.csv",
    help="Show the runs of this table.  [default: results/minutes.csv]",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=ROOT / "docs" / "minutes.jpg",
    help="Write the figure to this file.  [default: docs/minutes.jpg]",
)
def main(chosen: str, seed: int, runs: Path, table: Path, out: Path) -> None:
    """Draw samples of a preset after each number of minutes, a row of pictures for each data set."""
    rows = [row for row in read_table(table) if (row["preset"], row["seed"]) == (chosen, str(seed))]
    if not rows:
        raise click.ClickException(f"{table} has no runs of the preset {chosen} with seed {seed}")
    there = [row for row in rows if (runs / training_of(row).name).is_dir()]
    if not there:
        raise click.ClickException(f"{runs} has none of the runs of {table}; results.py makes them")
    figure = drawn(there, runs)
    temporary = out.with_suffix(".part.jpg")
    figure.savefig(temporary, dpi=DPI, pil_kwargs={"quality": 85})
    write_bytes(out, temporary.read_bytes())
    temporary.unlink()
    click.echo(f"figure  {out}")


def drawn(rows: list[dict[str, str]], runs: Path) -> Figure:
    """Return the figure: data sets below each other, numbers of minutes beside each other, real images last.

    Args:
        rows: of the table, of one preset and one seed.
        runs: the folder that holds the run directories.
    """
    sets = list(dict.fromkeys(row["data"] for row in rows))
    minutes = sorted({float(row["minutes_asked"]) for row in rows})
    figure = Figure(figsize=(2.6 * (len(minutes) + 1), 2.85 * len(sets)), layout="constrained")
    panels = figure.subplots(len(sets), len(minutes) + 1, squeeze=False)
    for panel in panels.flat:
        panel.set_axis_off()
    for row in rows:
        training = training_of(row)
        run = Run.open(runs / training.name)
        line = panels[sets.index(row["data"])]
        title = f"{training.minutes:g} minutes: distance {float(row['distance']):.1f}"
        _show(line[minutes.index(training.minutes)], run.sample(SHOWN), title)
        real = example_images(load_data(run.config.data), SHOWN)
        _show(line[-1], real, f"real images ({Path(training.data).name})")
    return figure


def training_of(row: dict[str, str]) -> Training:
    """Return the run of a row of the table."""
    minutes = float(row["minutes_asked"])
    return Training(row["data"], row["preset"], int(row["seed"]), minutes, row["machine"])


def _show(panel: Axes, images: np.ndarray, title: str) -> None:
    picture = grid(images, columns=ACROSS)
    panel.imshow(picture.squeeze(), cmap="gray", vmin=0, vmax=255)
    panel.set_title(title, fontsize=9, color=NOTE_COLOUR)


if __name__ == "__main__":
    main()
