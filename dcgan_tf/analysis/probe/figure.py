"""Draw a probe: the accuracy of each kind of features, and images where they differ."""

from __future__ import annotations

import math
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

_COLUMNS = 5


@dataclass(frozen=True)
class Contrast:
    """Held-out images that D's features get right and pixels wrong.

    Attributes:
        images: some of them, uint8 [n, H, W, C].
        right: the answers to each.
        wrong: what the probe on pixels says.
        count: how many there are of them.
        opposite: how many there are that pixels get right and D's features wrong.
        labels: that both learnt from.
    """

    images: np.ndarray
    right: Sequence[str]
    wrong: Sequence[str]
    count: int
    opposite: int
    labels: int


def probe_figure(
    *,
    accuracy: Mapping[str, Mapping[str, tuple[float, float]]],
    chance: float,
    contrast: Contrast | None,
    questions: int,
) -> Figure:
    """Draw bars of accuracy and, if there are any, images that only D's features get right.

    Args:
        accuracy: {number of labels: {features: (mean, standard deviation over the draws)}}.
        chance: the share of the commonest answer.
        contrast: the images.
        questions: how many the accuracy is the mean of.
    """
    figure = new_figure(
        12.5 if contrast else 7, 4.4, title="What a linear classifier can tell from D's features"
    )
    if contrast:
        left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=[6, 6.5]).flat
        _draw_bars(left.subplots(), accuracy, chance, questions)
        _draw_contrast(right.subplots(), contrast)
    else:
        _draw_bars(figure.subplots(), accuracy, chance, questions)
    return figure


def _draw_bars(
    axes: Axes, accuracy: Mapping[str, Mapping[str, tuple[float, float]]], chance: float, questions: int
) -> None:
    groups, names = list(accuracy), list(next(iter(accuracy.values())))
    lowest = min(mean for values in accuracy.values() for mean, _ in values.values())
    start = max(0.0, math.floor(20 * (lowest - 0.05)) / 20)
    width = 0.8 / len(names)
    for i, (name, colour) in enumerate(zip(names, (RUN_COLOUR, CONTROL_COLOUR, ACCENT_COLOUR), strict=True)):
        means = [accuracy[group][name][0] for group in groups]
        places = np.arange(len(groups)) + (i - (len(names) - 1) / 2) * width
        axes.bar(places, means, 0.92 * width, color=colour, label=name)
        for place, group in zip(places, groups, strict=True):
            mean, spread = accuracy[group][name]
            if spread:
                axes.errorbar(place, mean, spread, color=TEXT_COLOUR, linewidth=1, capsize=2)
            top = mean + spread + 0.015 * (1 - start)
            axes.text(place, top, f"{100 * mean:.1f}", ha="center", fontsize=8, color=TEXT_COLOUR)
    axes.set_xticks(range(len(groups)), groups, fontsize=9, color=TEXT_COLOUR)
    axes.set_ylim(start, 1 + 0.06 * (1 - start))
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:g} %")
    mean_of = f", mean of {questions} attributes" if questions > 1 else ""
    plain(
        axes,
        title=f"right on held-out images{mean_of}",
        y=f"axis starts at {100 * start:.0f} %" if start else "",
    )
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=len(names))
    note = (
        f"black: standard deviation over draws of labels; always the commonest answer: {100 * chance:.0f} %"
    )
    axes.text(0, -0.22, note, transform=axes.transAxes, fontsize=8, color=NOTE_COLOUR, va="top")


def _draw_contrast(axes: Axes, contrast: Contrast) -> None:
    """Draw the images with the right answer above and that of the pixels below each.

    In one picture, because the places of many small axes are not found the same to the last digit each time.
    """
    height, width, channels = contrast.images.shape[1:]
    row, column = round(1.45 * height), round(1.08 * width)
    rows = math.ceil(len(contrast.images) / _COLUMNS)
    canvas = np.full((rows * row, _COLUMNS * column, channels), 255, np.uint8)
    places = [
        (i // _COLUMNS * row + round(0.2 * height), i % _COLUMNS * column) for i in range(_COLUMNS * rows)
    ]
    for image, (top, left) in zip(contrast.images, places, strict=False):
        canvas[top : top + height, left : left + width] = image
    title = (
        f"with {contrast.labels:,} labels: {contrast.count:,} images that only D's features get right "
        f"({contrast.opposite:,} only pixels)"
    )
    show_image(axes, canvas, title=title)
    for right, wrong, (top, left) in zip(contrast.right, contrast.wrong, places, strict=False):
        middle = left + width / 2 - 0.5
        axes.text(middle, top - 0.04 * height, right, ha="center", va="bottom", fontsize=9, color=RUN_COLOUR)
        below = top + 1.02 * height
        axes.text(middle, below, f"pixels: {wrong}", ha="center", va="top", fontsize=8, color=ACCENT_COLOUR)
