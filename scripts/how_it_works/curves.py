"""A run's curves, with what its generator drew meanwhile."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

from dcgan_tf.analysis.figures import ACCENT_COLOUR, NOTE_COLOUR, RUN_COLOUR, image_rows, new_figure, plain
from dcgan_tf.images import SHEET_SIDE, cut
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_records

COLUMNS, ROWS = 7, 3
_GAP = 2

PANELS = (
    ("the losses", {"discriminator_loss": "D", "generator_loss": "G"}),
    ("what D thinks", {"real_probability": "D(x)", "fake_probability": "D(G(z))"}),
    (
        "length of the gradients",
        {"discriminator_gradient_norm": "of D's weights", "generator_gradient_norm": "of G's weights"},
    ),
)


def sample_steps(path: Path, count: int) -> list[int]:
    """Return the steps of up to `count` sample grids, close to the doubling steps that end with the last."""
    steps = list(RunPaths(path).sample_grids())
    wanted = np.geomspace(steps[0], steps[-1], count)
    return sorted({min(steps, key=lambda step: abs(step - want)) for want in wanted})


def samples_at(path: Path, step: int, num: int) -> np.ndarray:
    """Read the first samples of a run's grid after `step` steps, uint8 [num, H, W, C]."""
    data = read_config(path).data
    (height, width), channels = data.image_size, data.channels
    with Image.open(RunPaths(path).sample_grid(step)) as picture:
        sheet = np.asarray(picture.convert("RGB" if channels == 3 else "L")).reshape(
            picture.height, picture.width, channels
        )
    side = 8 * (max(height, width) + _GAP) + _GAP
    factor = max(1, math.ceil(SHEET_SIDE / side))
    return cut(sheet[::factor, ::factor], (height, width, channels))[:num]


def training_curves(path: Path) -> Figure:
    """Draw the losses, probabilities and gradients of a run, and above them what its latents showed."""
    records = read_records(RunPaths(path).stats)
    steps = sample_steps(path, COLUMNS)
    shown = np.stack([samples_at(path, step, ROWS) for step in steps])
    figure = new_figure(9, 6.2, title="A run: what it drew, and what its numbers said")
    above, below = figure.subfigures(2, 1, height_ratios=[3.0, 3.0], squeeze=False)[:, 0]
    image_rows(
        above.subplots(),
        [(f"latent {i + 1}", shown[:, i]) for i in range(ROWS)],
        headings=[f"step {step:,}" for step in steps],
    )
    for axes, (title, names) in zip(below.subplots(1, len(PANELS)), PANELS, strict=True):
        _draw(axes, records, names, title)
    return figure


def _draw(axes: Axes, records: list[dict[str, float]], names: dict[str, str], title: str) -> None:
    steps = [record["step"] for record in records]
    for (key, label), colour in zip(names.items(), (RUN_COLOUR, ACCENT_COLOUR), strict=True):
        axes.plot(steps, [record[key] for record in records], color=colour, linewidth=0.9, label=label)
    axes.set_ylim(0, 1.15 * max(record[key] for record in records for key in names))
    if title == "what D thinks":
        axes.set_ylim(0, 1)
        axes.axhline(0.5, color=NOTE_COLOUR, linewidth=0.8, linestyle=":")
    axes.legend(frameon=False, fontsize=8, loc="upper right", ncols=2)
    plain(axes, title=title, x="step")
