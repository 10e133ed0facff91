"""Draw a search: samples with their nearest training images, and the distances of all samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    new_figure,
    plain,
    show_image,
)
from dcgan_tf.analysis.neighbours.closeness import FEATURES, PIXELS, Neighbours
from dcgan_tf.analysis.neighbours.control import HELD_OUT, Control
from dcgan_tf.analysis.neighbours.memorising import NEAR_PERCENT

_BINS = 40
_MIRRORED = "⇄ "
_DISTANCE = {PIXELS: "{:.1f}", FEATURES: "{:.2f}"}
_UNITS = {PIXELS: "root mean square difference, levels of 255", FEATURES: "Euclidean distance"}


@dataclass(frozen=True)
class SampleRow:
    """A sample in the figure.

    Attributes:
        name: the reason why it is shown.
        image: uint8 [H, W, C].
        found: {space: its own neighbours, arrays [k]}.
    """

    name: str
    image: np.ndarray
    found: Mapping[str, Neighbours]


def neighbours_figure(
    said: str,
    *,
    rows: Sequence[SampleRow],
    train: np.ndarray,
    spaces: Mapping[str, tuple[np.ndarray, np.ndarray]],
    control: Control = HELD_OUT,
) -> Figure:
    """Draw samples beside their nearest training images, and the distributions of all distances.

    Args:
        said: the verdict, which ends the title.
        rows: the samples to show.
        train: uint8 [M, H, W, C].
        spaces: {space: (distances of the samples [N], distances of the control [M])}.
        control: what the samples are compared with.
    """
    figure = new_figure(
        12.5,
        0.35 + 0.78 * len(rows),
        title=f"Samples and their nearest training images: {said}",
    )
    pictures, curves = figure.subfigures(1, 2, width_ratios=[6, 5], squeeze=False)[0]
    _draw_rows(pictures.subplots(), rows, train)
    for axes, (space, (samples, held_out)) in zip(
        curves.subplots(len(spaces), 1), spaces.items(), strict=True
    ):
        _draw_distributions(axes, space, samples, held_out, control)
    return figure


def _draw_rows(axes: Axes, rows: Sequence[SampleRow], train: np.ndarray) -> None:
    """Lay out [sample | nearest in pixels | nearest in features], with the distance below each neighbour."""
    height, width, channels = train.shape[1:]
    down, across, gap = 1.36 * height, 1.12 * width, 0.45 * width
    k = len(rows[0].found[PIXELS].indices)
    lefts = {space: gap + width + i * (k * across + gap) for i, space in enumerate((PIXELS, FEATURES))}
    size = (int(down * len(rows)), int(lefts[FEATURES] + k * across))
    canvas = np.full((*size, channels), 255, np.uint8)
    notes = [
        (left, -0.12 * height, f"nearest in {space}", "left", 9, TEXT_COLOUR) for space, left in lefts.items()
    ]
    notes.append((0, -0.12 * height, "sample", "left", 9, TEXT_COLOUR))
    for i, row in enumerate(rows):
        top = int(i * down)
        canvas[top : top + height, :width] = row.image
        notes.append((-0.12 * width, top + height / 2, row.name, "right", 9, TEXT_COLOUR))
        for space, left in lefts.items():
            found = row.found[space]
            for j in range(k):
                x = int(left + j * across)
                image = np.asarray(train[found.indices[j]])
                canvas[top : top + height, x : x + width] = image[:, ::-1] if found.mirrored[j] else image
                text = (_MIRRORED if found.mirrored[j] else "") + _DISTANCE[space].format(found.distances[j])
                notes.append((x + width / 2, top + 1.16 * height, text, "center", 7, NOTE_COLOUR))
    below = (len(rows) * down + 0.1 * height, f"{_MIRRORED}the mirror image is the nearer one")
    notes.append((lefts[PIXELS], *below, "left", 7, NOTE_COLOUR))
    show_image(axes, canvas)
    for x, y, text, side, points, colour in notes:
        axes.text(x, y, text, ha=side, va="center", fontsize=points, color=colour)


def _draw_distributions(
    axes: Axes, space: str, samples: np.ndarray, held_out: np.ndarray, control: Control
) -> None:
    threshold = float(np.percentile(held_out, NEAR_PERCENT))
    highest = float(np.percentile(np.concatenate([samples, held_out]), 99.5))
    bins = np.linspace(0, highest, _BINS + 1).tolist()
    for values, colour, name in (
        (held_out, CONTROL_COLOUR, control.name),
        (samples, RUN_COLOUR, "samples"),
    ):
        weights = np.full(len(values), 1 / len(values))
        axes.hist(values, bins, weights=weights, color=colour, alpha=0.65, label=f"{name} ({len(values):,})")
    axes.axvline(threshold, color=ACCENT_COLOUR, linewidth=1.2)
    axes.text(
        0,
        1.02,
        f"left of the line: {NEAR_PERCENT:g} % of the {control.name}, and "
        f"{100 * np.mean(samples < threshold):.1f} % of the samples",
        transform=axes.transAxes,
        va="bottom",
        fontsize=8,
        color=ACCENT_COLOUR,
    )
    axes.set_yticks([])
    axes.set_ylim(0, 1.2 * axes.get_ylim()[1])  # room for the legend
    plain(axes, x=f"{_UNITS[space]}; 0 is a copy")
    axes.set_title(
        f"to the nearest training image, in {space}", loc="left", fontsize=10, color=TEXT_COLOUR, pad=18
    )
    axes.spines["left"].set_visible(False)
    axes.legend(frameon=False, fontsize=8, loc="upper right", labelcolor=TEXT_COLOUR)
