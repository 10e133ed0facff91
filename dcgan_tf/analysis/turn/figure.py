"""Draw a turn: samples in steps, two controls below them, and the value at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    bar_chart,
    image_rows,
    new_figure,
    plain,
)

_COLOURS = (RUN_COLOUR, NOTE_COLOUR, ACCENT_COLOUR)


def turn_figure(
    attribute: str,
    pictures: Mapping[str, np.ndarray],
    values: Mapping[str, np.ndarray],
    shares: Mapping[str, Sequence[float]],
    *,
    groups: Sequence[str],
    unit: str,
    shown: int,
    of: str = "sample",
) -> Figure:
    """Draw samples moved in steps on the left, and the measurements of all samples on the right.

    Args:
        attribute: the attribute that is changed.
        pictures: {kind: uint8 [N, S, H, W, C]}, this direction first.
        values: {kind: values of the attribute in samples, float32 [M, S]}.
        shares: {kind: one share for each group}.
        groups: name of each share.
        unit: unit of the values, for their axis.
        shown: number of samples of this direction; the other kinds show the first of them.
        of: what the pictures begin with: "sample", or another word where they are not those of the values.
    """
    first, *others = pictures
    shown = min(shown, len(pictures[first]))
    height, width = pictures[first].shape[2:4]
    left, steps = 7.4, pictures[first].shape[1]
    tall = 5.9 * (shown + len(others)) * height / (steps * width) + 1.7
    figure = new_figure(left + 4.8, max(5.6, tall), title=f"One direction of latent space: {attribute}")
    ((parts, plots),) = figure.subfigures(1, 2, width_ratios=[left, 4.8], squeeze=False)
    turned, compared = parts.subplots(2, 1, height_ratios=[shown + 0.7, len(others) + 0.4])
    image_rows(
        turned,
        [(f"{of} {i + 1}", pictures[first][i]) for i in range(shown)],
        headings=[f"{value:+.2f}" for value in values[first].mean(axis=0)],
        title=f"moved along this direction; above each step the mean {attribute} that is read in "
        f"{len(values[first]):,} samples",
    )
    image_rows(
        compared,
        [(f"{of} 1,\n{kind}", pictures[kind][0]) for kind in others],
        title="the first of them, moved in other ways",
    )
    curve, shares_axes = plots.subplots(2, 1)
    _draw_values(curve, attribute, values, unit)
    bar_chart(shares_axes, groups, shares, title="share of the samples, or of the pictures", colours=_COLOURS)
    shares_axes.get_legend().remove()  # that of the curves says the same, and is in nobody's way
    return figure


def _draw_values(axes: Axes, attribute: str, values: Mapping[str, np.ndarray], unit: str) -> None:
    """Draw each kind's mean at each step, and the range of half of the samples for this direction."""
    for (name, read), colour in zip(values.items(), _COLOURS, strict=True):
        places = np.linspace(0, 1, read.shape[1])
        axes.plot(places, read.mean(axis=0), color=colour, marker="o", markersize=3, label=name)
    low, high = np.percentile(next(iter(values.values())), [25, 75], axis=0)
    axes.fill_between(
        places, low, high, color=RUN_COLOUR, alpha=0.15, linewidth=0, label="half of the samples"
    )
    plain(axes, title=f"{attribute} that is read, mean over the samples", x="how far it was moved", y=unit)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["low\nexemplars", "¼", "½", "¾", "high\nexemplars"])
    axes.legend(frameon=False, fontsize=8, loc="upper left")
