"""Draw the figure of docs/guides/formats.md: size, time and exactness of each file of an export.

dcgan-tf export RUN --formats saved_model,tflite,web,keras,onnx --out saved_models/all
dcgan-tf benchmark saved_models/all --json > formats.json
python scripts/draw_formats.py formats.json docs/guides/formats.png
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
from draw_how_it_works import save
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import NOTE_COLOUR, RUN_COLOUR

BEST_DB, LEAST_DB = 100.0, 30.0
"""Above the first, and where the images are equal, no eye and no 8-bit picture shows a difference."""


@click.command()
@click.argument("found", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("out", type=click.Path(dir_okay=False, path_type=Path))
def main(found: Path, out: Path) -> None:
    """Draw what `dcgan-tf benchmark --json` has written to the file FOUND, and write the picture OUT."""
    measured = json.loads(found.read_text())
    rows = measured["artefacts"] | measured["keras"]
    save(_figure(rows, own=set(measured["artefacts"])), out)


def _figure(rows: dict[str, dict[str, Any]], *, own: set[str]) -> Figure:
    figure = Figure(figsize=(10, 0.36 * len(rows) + 0.8))
    figure.subplots_adjust(left=0.27, right=0.99, top=0.92, bottom=0.02, wspace=0.08)
    sizes, times, exactness = figure.subplots(1, 3, sharey=True)
    colours = [NOTE_COLOUR if name not in own else RUN_COLOUR for name in rows]
    megabytes = [row["bytes"] / 1e6 for row in rows.values()]
    _bars(sizes, megabytes, colours, [f"{value:.1f}" for value in megabytes])
    sizes.set_yticks(range(len(rows)), list(rows))
    sizes.invert_yaxis()
    milliseconds = [_milliseconds(row) for row in rows.values()]
    shown = [f"{value:.2f}" if value else "not timed" for value in milliseconds]
    # A call of TensorFlow or of Keras takes many times as long as the files; their bars are cut off.
    _bars(times, milliseconds, colours, shown, most=sorted(milliseconds)[-3] * 1.25)
    decibels = [row["psnr_worst_db"] for row in rows.values()]
    heights = [min(value or BEST_DB, BEST_DB) - LEAST_DB for value in decibels]
    _bars(exactness, heights, colours, ["equal" if value is None else f"{value:.0f}" for value in decibels])
    for axes, title in (
        (sizes, "size in MB"),
        (times, "one image in ms"),
        (exactness, "PSNR in dB, worst image"),
    ):
        axes.set_title(title, fontsize=10, loc="left")
    return figure


def _milliseconds(row: dict[str, Any]) -> float:
    """Return the time with one thread; of a file that takes all threads, that with all; of a page, 0."""
    times = row["milliseconds"]
    return float(times.get("1", next(iter(times.values()), 0)))


def _bars(
    axes: Axes, values: list[float], colours: list[str], labels: list[str], *, most: float | None = None
) -> None:
    """Draw a bar for each value, with its label; one that would be longer than `most` is cut visibly."""
    most = max(values) if most is None else most
    lengths = [min(value, most) for value in values]
    axes.barh(range(len(values)), lengths, color=colours, height=0.7)
    for place, (value, length, label) in enumerate(zip(values, lengths, labels, strict=True)):
        axes.text(length + 0.02 * most, place, label, va="center", fontsize=8)
        if value > most:
            axes.text(0.8 * most, place, "//", va="center", ha="center", fontsize=20, color="white")
    axes.set_xlim(0, 1.3 * most)
    axes.set_xticks([])
    axes.spines[["top", "right", "bottom"]].set_visible(False)
    axes.tick_params(left=False)


if __name__ == "__main__":
    main()
