"""Draw the figures of docs/stability.md: the curves behind the limits, and a run of each kind that fails.

    .venv/bin/python scripts/draw_stability.py

The curves are those of results/looks.jsonl, a line for each look of a run. The runs that fail are trained by
the command line, most in a few minutes in all; those with dots, on the photographs of `photographs.py` in
runs/photographs, take 25 minutes each. A run that is there already is not trained again.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from draw_how_it_works import save
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from dcgan_tf.analysis.figures import ACCENT_COLOUR, NOTE_COLOUR, RUN_COLOUR, image_rows, new_figure, plain
from dcgan_tf.config import DataConfig
from dcgan_tf.data import load_data
from dcgan_tf.images import save_png
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import Record, read_records
from dcgan_tf.runs.run import Run

ROOT = Path(__file__).parents[1]
OUT, LOOKS = ROOT / "docs" / "stability", ROOT / "results" / "looks.jsonl"
ROWS, COLUMNS = 3, 8


@dataclass(frozen=True)
class Example:
    """A run that goes wrong.

    Attributes:
        name: of its figure and its run.
        options: of `dcgan-tf train`.
        title: of its curves.
        curves: {number of stats.jsonl: its name in the legend}.
    """

    name: str
    options: str
    title: str
    curves: dict[str, str]


LOSSES = {"discriminator_loss": "D's loss", "generator_loss": "G's loss"}
SMALL = "--image-size 24 --filters 16"
DOTS = {
    "dots": "--no-even-upsampling",
    "no-dots": "--even-upsampling",
}
"""{run: its options} on 300 photographs (`photographs.py`), each 25 minutes on one core."""
PHOTOGRAPHS = "--data runs/photographs --image-size 32 --preset auto --seed 2 --steps 30000"
DOTTED = 6
"""The number of samples of each in their figure."""
MNIST = "--data tfds:mnist --channels 1"
EXAMPLES = (
    Example("d-wins", f"{MNIST} {SMALL} --seed 1 --steps 750", "D's loss is 0", LOSSES),
    Example(
        "oscillation",
        f"--data portraits {SMALL} --learning-rate 0.2 --steps 800",
        "1,000 times the learning rate",
        LOSSES,
    ),
    Example(
        "mode-collapse",
        f"{MNIST} {SMALL} --architecture gan --hidden-units 512 --steps 600",
        "a fully connected GAN",
        {"sample_diversity": "diversity of samples (real pictures: 1)"},
    ),
    Example("noise", f"--data portraits {SMALL} --steps 150", "the first 150 steps", LOSSES),
)


@dataclass(frozen=True)
class Panel:
    """The course of a number, with the limit of a condition.

    Attributes:
        title: what is drawn.
        number: its name.
        limit: a level that healthy runs do not cross.
        failing: the beginnings of the names of the runs that were made to fail in this way.
        where: the (number, level) from which on a look counts.
        looks: over how many looks the median is taken.
    """

    title: str
    number: str
    limit: float
    failing: tuple[str, ...]
    where: tuple[str, float] = ("step", 0)
    looks: int = 4


PANELS = (
    Panel(
        "D wins:\nD(G(z)), where D is right 98.5 %",
        "fake_probability",
        0.05,
        ("gfrozen", "fakeaug", "few", "minimax"),
        ("discriminator_accuracy", 0.985),
    ),
    Panel(
        "D wins:\ncontrast, where G's loss is 1.5 or more",
        "sample_contrast",
        0.5,
        ("dfast",),
        ("generator_loss", 1.5),
    ),
    Panel("D memorises:\na training image before another", "memorisation", 0.8, ("memorises",)),
    Panel("oscillation:\nchange of samples in 50 steps", "sample_change", 0.68, ("rate",), looks=8),
    Panel(
        "mode collapse:\ndiversity, where contrast is 0.5",
        "sample_diversity",
        0.3,
        ("gan",),
        ("sample_contrast", 0.5),
        looks=8,
    ),
)


@click.command()
@click.option(
    "--runs",
    type=click.Path(path_type=Path),
    default=Path("runs/stability-examples"),
    show_default=True,
    help="Keep the runs in this folder.",
)
@click.option(
    "--out", type=click.Path(path_type=Path), default=OUT, help="Write to this folder.  [default: the page's]"
)
@click.option("--only", multiple=True, help="Draw only this figure; can be given several times.")
def main(runs: Path, out: Path, only: tuple[str, ...]) -> None:
    """Draw the page's figures."""
    out.mkdir(parents=True, exist_ok=True)
    if not only or "limits" in only:
        save(limits(read_records(LOOKS)), out / "limits.png")
    for example in EXAMPLES:
        if not only or example.name in only:
            run = _trained(example.options, runs / example.name)
            save(picture_of(example, run), out / f"{example.name}.png")
    if not only or "dots" in only:
        trained = [_trained(f"{PHOTOGRAPHS} {options}", runs / name) for name, options in DOTS.items()]
        save(dots(trained), out / "dots.png")
    for name, num, draw in (("good-until", 250, good_until), ("copies", 60, copies)):
        if not only or name in only:
            run = _trained(f"{_few(num, runs)} --filters 32 --learning-rate 4e-4 --steps 6000", runs / name)
            save(draw(run), out / f"{name}.png")


def _few(num: int, runs: Path) -> str:
    """Write a few portraits to a folder, if it is not there yet, and return the options to train on it."""
    folder = runs / f"portraits-{num}"
    if not folder.exists():
        folder.mkdir(parents=True)
        portraits = load_data(DataConfig("portraits", image_size=(24, 24)))
        for i, picture in enumerate(portraits.images[:num]):
            save_png(folder / f"{i:03}.png", picture)
    return f"--data {shlex.quote(str(folder))} --image-size 24 --batch-size 16"


def _trained(options: str, folder: Path) -> Path:
    """Train a run by the command line, and return its directory."""
    command = [sys.executable, "-m", "dcgan_tf", "train", *shlex.split(options), "--run-dir", str(folder)]
    subprocess.run(command, check=True)
    return folder


def limits(records: list[Record]) -> Figure:
    """Draw how the numbers went in runs that learn and in runs that fail, with the limits.

    Args:
        records: looks: "run", "fails", "step", and the numbers.
    """
    runs: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        runs[record["run"]].append(record)
    figure = new_figure(9, 5.2)
    *all_axes, place_of_legend = figure.subplots(2, 3).flat
    for axes, panel in zip(all_axes, PANELS, strict=True):
        for name, looks in runs.items():
            if not looks[0]["fails"]:
                _draw_course(axes, looks, panel, color=RUN_COLOUR, linewidth=0.8)
            elif name.startswith(panel.failing):
                _draw_course(axes, looks, panel, color=ACCENT_COLOUR, linewidth=1.5)
        axes.axhline(panel.limit, color=NOTE_COLOUR, linewidth=1, linestyle="--")
        axes.set_xlim(0, 2000)
        axes.set_ylim(bottom=0)
        plain(axes, x="step")
        axes.set_title(panel.title, fontsize=9, loc="left")
    colours = {"runs that learn": RUN_COLOUR, "runs that fail in this way": ACCENT_COLOUR}
    lines = [Line2D([], [], color=colour, label=label) for label, colour in colours.items()]
    lines.append(Line2D([], [], color=NOTE_COLOUR, linestyle="--", label="the limit"))
    place_of_legend.axis("off")
    place_of_legend.legend(handles=lines, loc="center", frameon=False)
    return figure


def _draw_course(axes: Axes, looks: list[Record], panel: Panel, **style: Any) -> None:
    """Draw the running median of a number, as far as it counts."""
    condition, level = panel.where
    known = [
        (look["step"], look[panel.number])
        for look in looks
        if look.get(panel.number) is not None and look[condition] >= level
    ]
    if len(known) < panel.looks:
        return
    steps, values = np.array(known).T
    ends = range(panel.looks, len(values) + 1)
    medians = [np.median(values[end - panel.looks : end]) for end in ends]
    axes.plot(steps[panel.looks - 1 :], medians, alpha=0.8, **style)


def picture_of(example: Example, run: Path) -> Figure:
    """Draw the curves of a run beside its last samples."""
    from how_it_works.curves import samples_at

    paths = RunPaths(run)
    step = list(paths.sample_grids())[-1]
    shown = samples_at(run, step, ROWS * COLUMNS)
    figure = new_figure(9, 2.5)
    left, right = figure.subfigures(1, 2, width_ratios=[2, 3], squeeze=False)[0]
    axes = left.subplots()
    for (name, label), colour in zip(example.curves.items(), (RUN_COLOUR, ACCENT_COLOUR), strict=False):
        known = [
            (look["step"], look[name]) for look in read_records(paths.stats) if look.get(name) is not None
        ]
        axes.plot(*np.array(known).T, color=colour, linewidth=1, label=label)
    axes.set_ylim(0, {"sample_diversity": 1.0}.get(next(iter(example.curves))))
    axes.legend(frameon=False, fontsize=8)
    plain(axes, title=example.title, x="step")
    rows = [("", shown[i : i + COLUMNS]) for i in range(0, len(shown), COLUMNS)]
    image_rows(right.subplots(), rows, title=f"samples after {step:,} steps")
    return figure


def good_until(path: Path) -> Figure:
    """Draw the distance of a run, and beside it the same samples at its best step and at the end."""
    distances = read_records(RunPaths(path).distances)
    steps, values = np.array([(record["step"], record["pyramid_distance"]) for record in distances]).T
    best, last = Run.open(path, checkpoint="best"), Run.open(path)
    figure = new_figure(9, 2.5)
    left, right = figure.subfigures(1, 2, width_ratios=[2, 3], squeeze=False)[0]
    axes = left.subplots()
    axes.plot(steps, values, color=RUN_COLOUR, linewidth=1)
    for run, colour, name in ((best, NOTE_COLOUR, "the best"), (last, ACCENT_COLOUR, "the last")):
        axes.plot(run.step, values[list(steps).index(run.step)], "o", color=colour, label=name)
    axes.set_ylim(0, 3 * values.min())
    axes.legend(frameon=False, fontsize=8)
    plain(axes, title=f"distance to the {len(load_data(last.config.data))} pictures", x="step")
    rows = [(f"step {run.step:,}", run.sample(COLUMNS)) for run in (best, last)]
    image_rows(right.subplots(), rows, title="the same latents at the best step, and at the last")
    return figure


def dots(runs: list[Path]) -> Figure:
    """Draw the same samples of two runs, large enough to see single pixels."""
    from how_it_works.curves import samples_at

    figure = new_figure(9, 3.1)
    names = ("without\neven upsampling", "with\neven upsampling")
    rows = [(name, samples_at(run, 30_000, DOTTED)) for name, run in zip(names, runs, strict=True)]
    image_rows(figure.subplots(), rows, title="300 photographs, 30,000 steps with batches of 16")
    return figure


def copies(path: Path) -> Figure:
    """Draw samples above the training pictures that are nearest to them in pixels."""
    run = Run.open(path)
    samples, training = run.sample(COLUMNS), np.asarray(load_data(run.config.data).images)
    first, second = (images.reshape(len(images), -1).astype(np.float32) for images in (samples, training))
    nearest = training[np.linalg.norm(first[:, None] - second[None], axis=-1).argmin(axis=1)]
    figure = new_figure(9, 2.4)
    rows = [("samples", samples), ("nearest training pictures", nearest)]
    image_rows(figure.subplots(), rows, title=f"{len(training)} pictures, {run.step:,} steps")
    return figure


if __name__ == "__main__":
    main()
