"""Draw a projection: photographs beside what is found, the distances, and what is drawn worst."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    image_rows,
    new_figure,
    plain,
)
from dcgan_tf.analysis.project.numbers import COMES_BACK, HELD_OUT, NOISE, OWN, TRAINING, Searched

SHOWN = 8
"""The number of photographs in the figure."""
_COLOURS = {OWN: RUN_COLOUR, TRAINING: "#7fb069", HELD_OUT: "#8e6fb0", NOISE: CONTROL_COLOUR}
_BINS = 80


def project_figure(searched: Mapping[str, Searched], asked: Searched | None, walk: np.ndarray) -> Figure:
    """Draw the photographs above the distances, and the training images that are drawn worst below.

    Args:
        searched: {kind: its images and what was found}.
        asked: the photographs, or None.
        walk: pictures on the way from the first photograph to the second, uint8 [S, H, W, C]; or none.
    """
    height, width = searched[TRAINING].images.shape[1:3]
    tall = height / width
    photo_rows = (2 + (len(walk) > 0)) if asked else 0
    heights = [0.85 * photo_rows * tall + 0.5] if asked else []
    heights += [2.4, 1.1 * tall + 0.6]
    figure = new_figure(9, sum(heights) + 0.5, title="What the generator can draw, and what it cannot")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    if asked:
        _draw_photographs(parts[0].subplots(), asked, walk)
    _draw_distances(parts[-2].subplots(), searched, asked)
    _draw_worst(parts[-1].subplots(), searched[TRAINING])
    return figure


def _draw_photographs(axes: Axes, asked: Searched, walk: np.ndarray) -> None:
    shown = slice(0, SHOWN)
    rows = [("photograph", asked.images[shown]), ("projection", asked.found.images[shown])]
    if len(walk):
        rows.append(("a walk from the\nfirst to the second", walk))
    headings = [f"{levels:.1f}" for levels in asked.found.levels[shown]]
    more = f", the first {SHOWN} of {len(asked.images)}" if len(asked.images) > SHOWN else ""
    image_rows(
        axes, rows, headings=headings, title=f"photographs, with their distance in levels of 255{more}"
    )


def _draw_distances(axes: Axes, searched: Mapping[str, Searched], asked: Searched | None) -> None:
    """Draw a histogram of the distances for each kind, and a mark for each photograph."""
    everything = [some.found.levels for some in (*searched.values(), *([asked] if asked else []))]
    bins = np.linspace(0, 1.02 * max(values.max() for values in everything), _BINS)
    for name, some in searched.items():
        counts, _ = np.histogram(some.found.levels, bins)
        axes.stairs(counts / len(some.images), bins, fill=True, alpha=0.65, color=_COLOURS[name], label=name)
    axes.axvline(COMES_BACK, color=NOTE_COLOUR, linewidth=1, linestyle="--")
    top = axes.get_ylim()[1]
    axes.text(COMES_BACK, 0.97 * top, " found again", fontsize=8, color=NOTE_COLOUR, va="top")
    if asked:
        heights = np.full(len(asked.images), 0.04 * top)
        axes.plot(asked.found.levels, heights, "v", color=ACCENT_COLOUR, label="photographs")
    shares = axes.get_yticks()
    axes.set_yticks(shares, [f"{100 * share:.0f} %" for share in shares])
    axes.set_ylim(0, top)
    plain(
        axes,
        title="distance to the nearest picture that is found",
        x="levels of 255",
        y="share of the images",
    )
    axes.legend(frameon=False, fontsize=8, loc="upper center", labelcolor=TEXT_COLOUR)


def _draw_worst(axes: Axes, training: Searched) -> None:
    worst = training.worst
    rows = [
        ("training\nimage", training.images[worst]),
        ("projection", training.found.images[worst]),
    ]
    headings = [f"{levels:.0f}" for levels in training.found.levels[worst]]
    title = f"the {len(worst)} of {len(training.images):,} training images that are drawn worst"
    image_rows(axes, rows, headings=headings, title=title)
