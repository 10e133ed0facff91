"""The common look of figures: rows of pictures with names, bars with numbers, one set of colours."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.images import grid

RUN_COLOUR = "#2563a8"
CONTROL_COLOUR = "#b3bcc7"
ACCENT_COLOUR = "#d9822b"
TEXT_COLOUR = "#1f2933"
NOTE_COLOUR = "#6b7785"
_GAP = 2


class ShownFigure(Figure):
    """A figure that a notebook shows without `%matplotlib inline`."""

    def _repr_png_(self) -> bytes:
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def new_figure(width: float, height: float, *, title: str = "") -> Figure:
    """Return an empty white figure.

    Args:
        width: in inches.
        height: in inches.
        title: a line above everything.
    """
    figure = ShownFigure(figsize=(width, height), layout="constrained", facecolor="white")
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=TEXT_COLOUR)
    return figure


def image_rows(
    axes: Axes,
    rows: Sequence[tuple[str, np.ndarray]],
    *,
    headings: Sequence[str] = (),
    title: str = "",
) -> None:
    """Draw rows of pictures with a name before each row, and a heading over each column.

    Args:
        axes: the axes to fill; ticks and frame are removed.
        rows: (name, uint8 [n, H, W, C]), with all pictures of one shape; shorter rows leave the rest white.
        headings: one for each column, or none.
        title: title above the rows.
    """
    columns = max(len(images) for _, images in rows)
    height, width, channels = rows[0][1].shape[1:]
    canvas = np.full(
        (len(rows) * (height + _GAP) + _GAP, columns * (width + _GAP) + _GAP, channels), 255, np.uint8
    )
    for i, (_, images) in enumerate(rows):
        if len(images):
            row = grid(images, columns=len(images), gap=_GAP)
            canvas[i * (height + _GAP) : i * (height + _GAP) + row.shape[0], : row.shape[1]] = row
    show_image(axes, canvas, title=title)
    for i, (name, _) in enumerate(rows):
        middle = i * (height + _GAP) + _GAP + height / 2
        axes.text(
            -0.012 * canvas.shape[1], middle, name, ha="right", va="center", fontsize=9, color=TEXT_COLOUR
        )
    for i, heading in enumerate(headings):
        middle = i * (width + _GAP) + _GAP + width / 2
        axes.text(middle, -0.8 * _GAP, heading, ha="center", va="bottom", fontsize=8, color=NOTE_COLOUR)
    if headings and title:
        axes.set_title(title, loc="left", fontsize=10, color=TEXT_COLOUR, pad=18)


def show_image(axes: Axes, picture: np.ndarray, *, title: str = "") -> None:
    """Draw one picture, uint8 [H, W, 1 or 3], pixel by pixel and without a frame."""
    axes.imshow(
        np.repeat(picture, 3, axis=-1) if picture.shape[-1] == 1 else picture, interpolation="nearest"
    )
    axes.set_axis_off()
    if title:
        axes.set_title(title, loc="left", fontsize=10, color=TEXT_COLOUR)


def bar_chart(
    axes: Axes,
    groups: Sequence[str],
    series: Mapping[str, Sequence[float]],
    *,
    title: str = "",
    percent: bool = True,
    number: str = ".3g",
    colours: Sequence[str] = (RUN_COLOUR, CONTROL_COLOUR, ACCENT_COLOUR, "#7fb069", "#8e6fb0"),
) -> None:
    """Draw groups of upright bars with their values written on top.

    Args:
        axes: the axes to fill.
        groups: name below each group.
        series: {name in the legend: one value for each group}; the first is this run, in its colour.
        title: title above the bars.
        percent: whether values are shares of 1 that are shown in per cent, on an axis from 0 to 100.
        number: format of other values.
        colours: a colour for each series.
    """
    width = 0.8 / len(series)
    points = 8 if len(series) * len(groups) <= 12 else 6.5  # "97.5" is as wide as a bar among many
    for i, (name, values) in enumerate(series.items()):
        places = np.arange(len(groups)) + (i - (len(series) - 1) / 2) * width
        drawn = axes.bar(places, values, 0.92 * width, color=colours[i % len(colours)], label=name)
        labels = [percentage(value) if percent else f"{value:{number}}" for value in values]
        axes.bar_label(drawn, labels, fontsize=points, color=TEXT_COLOUR, padding=1)
    axes.set_xticks(range(len(groups)), groups, fontsize=9, color=TEXT_COLOUR)
    if percent:
        axes.set_ylim(0, 1.12)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    plain(axes, title=title)
    if len(series) > 1:
        axes.legend(
            frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=len(series)
        )


def percentage(share: float) -> str:
    """Return a share as a percentage without its sign, to a tenth: 0.975 is "97.5" and 0.98 is "98".

    Only none and all are written as 0 and 100.
    """
    text = f"{100 * share:.1f}".removesuffix(".0")
    if text == "0" and share > 0:
        return "<0.1"
    return ">99.9" if text == "100" and share < 1 else text


def plain(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Remove the upper and right frame, and name the axes."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(CONTROL_COLOUR)
    axes.tick_params(colors=NOTE_COLOUR, labelsize=8)
    axes.set_title(title, loc="left", fontsize=10, color=TEXT_COLOUR)
    axes.set_xlabel(x, fontsize=9, color=NOTE_COLOUR)
    axes.set_ylabel(y, fontsize=9, color=NOTE_COLOUR)
