"""Draw D's filters: strongest images, their guided gradients, and how well features detect attributes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure, SubFigure

from dcgan_tf.analysis.figures import NOTE_COLOUR, TEXT_COLOUR, bar_chart, image_rows, new_figure
from dcgan_tf.analysis.filters.guided_backprop import around_grey

MOST_GROUPS = 12


@dataclass(frozen=True)
class FilterRow:
    """One feature.

    Attributes:
        name: name before the row.
        images: those it responds to most, uint8 [n, H, W, C].
        gradients: guided gradients of these, float32 [n, H, W, C].
    """

    name: str
    images: np.ndarray
    gradients: np.ndarray


def filters_figure(
    *,
    trained: Sequence[FilterRow],
    random: Sequence[FilterRow],
    auc: Mapping[str, tuple[float, float]],
    concentration: tuple[float, float],
) -> Figure:
    """Draw the features of both discriminators side by side, and their grades below.

    Args:
        trained: rows of the run's D.
        random: rows of the D with random weights.
        auc: {attribute: the best feature's AUC (trained, random)}; may be empty.
        concentration: concentration of the gradients (trained, random), as shares.
    """
    pixels = trained[0].images.shape[1] / trained[0].images.shape[2]
    height = 0.4 + 0.64 * pixels * max(len(trained), len(random))
    figure = new_figure(
        12.5, height + 2.8, title="What D's last filters respond to: strongest images, and guided gradients"
    )
    upper, lower = figure.subfigures(2, 1, squeeze=False, height_ratios=[height, 2.4]).flat
    left, right = upper.subfigures(1, 2, squeeze=False).flat
    _draw_rows(left, trained, "trained D")
    _draw_rows(right, random, "random D")
    _draw_grades(lower, auc, concentration)
    return figure


def _draw_rows(figure: SubFigure, rows: Sequence[FilterRow], title: str) -> None:
    pictures, gradients = figure.subplots(1, 2)
    image_rows(pictures, [(row.name, row.images) for row in rows], title=f"{title}: strongest images")
    image_rows(gradients, [("", around_grey(row.gradients)) for row in rows], title="guided gradients")


def _draw_grades(
    figure: SubFigure, auc: Mapping[str, tuple[float, float]], concentration: tuple[float, float]
) -> None:
    if auc:
        left, right = figure.subplots(1, 2, width_ratios=[2.2, 1])
        _draw_auc(left, auc)
    else:
        right = figure.subplots()
    shares = {"trained D": [concentration[0]], "random D": [concentration[1]]}
    bar_chart(right, ["mean over all features"], shares, title="Gradient in a tenth of the pixels seen")


def _draw_auc(axes: Axes, auc: Mapping[str, tuple[float, float]]) -> None:
    names = sorted(auc, key=lambda name: -auc[name][0])[:MOST_GROUPS]
    names = [name for name in auc if name in names]
    part = "" if len(names) == len(auc) else f" ({len(names)} best of {len(auc)} attributes)"
    series = {"trained D": [auc[name][0] for name in names], "random D": [auc[name][1] for name in names]}
    bar_chart(
        axes,
        names,
        series,
        title=f"How well the best feature tells each{part}: AUC on images it was not chosen by",
        percent=False,
        number=".2f",
    )
    lowest = min(0.5, *(value for pair in auc.values() for value in pair))
    axes.set_ylim(lowest, 1.06)
    axes.set_ylabel("AUC; 0.5 is chance", fontsize=9, color=NOTE_COLOUR)
    axes.axhline(0.5, color=TEXT_COLOUR, linewidth=0.8)
