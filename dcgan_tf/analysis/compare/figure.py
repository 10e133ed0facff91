"""Draw a comparison: samples in rows, losses as curves, grades as bars with a point for each run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure, SubFigure

from dcgan_tf.analysis.compare.grades import SampleGrade
from dcgan_tf.analysis.compare.groups import ComparedRun, Group
from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    image_rows,
    new_figure,
    plain,
)

COLOURS = (RUN_COLOUR, ACCENT_COLOUR, "#5a9e4b", "#8e6fb0", "#c04f6f", "#4ba3a3", "#8a6d3b", NOTE_COLOUR)
_SMOOTHING = 15
_ROOMY = 6
"""The most groups whose names and numbers have room at their usual size."""


@dataclass(frozen=True)
class RunRow:
    """The part of the figure about one run.

    Attributes:
        compared: the run.
        images: the first samples, uint8 [n, H, W, C].
        grade: None if there is none.
    """

    compared: ComparedRun
    images: np.ndarray
    grade: SampleGrade | None


def comparison_figure(
    shown: Sequence[RunRow],
    groups: Sequence[Group],
    *,
    real: np.ndarray | None,
    kinds: int,
    space: str,
    real_grade: SampleGrade | None,
) -> Figure:
    """Draw the comparison.

    Args:
        shown: each run.
        groups: the groups, which determine the colours.
        real: real images, uint8 [n, H, W, C], for a row of their own.
        kinds: number of kinds of pictures.
        space: name of the feature space of the distance.
        real_grade: the grade of real images; None leaves the bars out.
    """
    rows = [(one.compared.label, one.images) for one in shown]
    rows += [("real images", real)] if real is not None else []
    heights = [0.8 + 0.85 * len(rows), 2.6, 2.6][: 3 if real_grade else 2]
    figure = new_figure(12.5, sum(heights), title="The runs, each with the same seed of latents")
    parts = figure.subfigures(len(heights), 1, height_ratios=heights, squeeze=False)[:, 0]
    image_rows(parts[0].subplots(), _of_one_shape(rows))
    colours = dict(zip((group.label for group in groups), colours_of(len(groups)), strict=True))
    _draw_losses(parts[1], groups, colours)
    if real_grade:
        graded = {
            group.label: [one.grade for one in shown if one.grade and one.compared in group.members]
            for group in groups
        }
        _draw_grades(parts[2], graded, colours, real_grade=real_grade, kinds=kinds, space=space)
    return figure


def colours_of(count: int) -> Sequence[str]:
    """Return a colour for each of so many groups, which are told apart by nothing else."""
    if count <= len(COLOURS):
        return COLOURS[:count]
    return [to_hex(colour) for colour in colormaps["turbo"](np.linspace(0, 1, count))]


def _draw_losses(figure: SubFigure, groups: Sequence[Group], colours: dict[str, str]) -> None:
    """Draw one line for each run, in its group's colour."""
    both = figure.subplots(1, 2)
    for axes, network in zip(both, ("discriminator", "generator"), strict=True):
        for group in groups:
            for i, entry in enumerate(group.members):
                x = [record["step"] for record in entry.stats]
                y = _running_mean([record.get(f"{network}_loss") for record in entry.stats])
                label = group.label if i == 0 else None
                axes.plot(x, y, color=colours[group.label], linewidth=1.4, alpha=0.85, label=label)
        plain(axes, title=f"loss of the {network}, running mean of {_SMOOTHING} records", x="step")
        axes.set_ylim(bottom=0)
    columns, points = -(-len(groups) // _ROOMY), 9 if len(groups) <= _ROOMY else 6
    both[0].legend(frameon=False, fontsize=points, labelcolor=TEXT_COLOUR, ncols=columns)


def _draw_grades(
    figure: SubFigure,
    graded: dict[str, list[SampleGrade]],
    colours: dict[str, str],
    *,
    real_grade: SampleGrade,
    kinds: int,
    space: str,
) -> None:
    titles = {
        "distance": f"Fréchet distance\n({space}), less is better",
        "covered": f"kinds of pictures covered,\nof {kinds}",
        "sure": "share of samples that the\nclassifier is sure of",
        "spread": "spread within a kind,\nof real images = 1",
    }
    for axes, (field, title) in zip(figure.subplots(1, len(titles)), titles.items(), strict=True):
        values = {label: [float(getattr(g, field)) for g in all_] for label, all_ in graded.items()}
        _bars_with_points(axes, values, colours, percent=field == "sure")
        level = float(getattr(real_grade, field))
        axes.axhline(level, color=NOTE_COLOUR, linewidth=1.2, linestyle=(0, (4, 3)))
        axes.annotate(
            "real images",
            (1, level),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=NOTE_COLOUR,
            bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.5},
        )
        plain(axes, title=title)


def _bars_with_points(
    axes: Axes, values: dict[str, list[float]], colours: dict[str, str], *, percent: bool
) -> None:
    """Draw means as bars with standard deviations, and each run as a point."""
    for i, (label, some) in enumerate(values.items()):
        mean = float(np.mean(some))
        axes.bar(i, mean, 0.6, color=colours[label])
        text = f"{100 * mean:.1f} %" if percent else f"{mean:.3g}"
        if len(some) > 1:
            deviation = float(np.std(some, ddof=1))
            axes.errorbar(i, mean, deviation, color=TEXT_COLOUR, capsize=3, linewidth=1)
            axes.plot([i + 0.18] * len(some), some, ".", color=TEXT_COLOUR, markersize=5)
            text += f" ± {100 * deviation:.1f}" if percent else f" ± {deviation:.2g}"
        axes.annotate(
            text,
            (i, 0),
            xytext=(0, -4),
            textcoords="offset points",
            ha="center",
            va="top",
            rotation=0 if len(values) <= _ROOMY else 90,
            fontsize=8 if len(values) <= _ROOMY else 6,
            color=TEXT_COLOUR,
            annotation_clip=False,
        )
    axes.set_xticks([])
    axes.set_xlim(-0.6, len(values) + 0.3)  # room for the words at the line
    axes.margins(y=0.15)
    if percent:
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])


def _running_mean(values: Sequence[float | None]) -> np.ndarray:
    """Return centred running means, with narrower windows at the ends, without missing values."""
    numbers = np.array([np.nan if value is None else value for value in values], np.float64)
    means = np.full(len(numbers), np.nan)
    for i in range(len(numbers)):
        reach = min(i, len(numbers) - 1 - i, _SMOOTHING // 2)
        window = numbers[i - reach : i + reach + 1]
        if np.isfinite(window).any():
            means[i] = window[np.isfinite(window)].mean()
    return means


def _of_one_shape(rows: Sequence[tuple[str, np.ndarray]]) -> list[tuple[str, np.ndarray]]:
    """Enlarge smaller images by a whole factor and centre them on white; grey ones become RGB beside RGB."""
    height, width, channels = (max(images.shape[axis] for _, images in rows) for axis in (1, 2, 3))
    result = []
    for name, images in rows:
        factor = max(1, min(height // images.shape[1], width // images.shape[2]))
        larger = images.repeat(factor, axis=1).repeat(factor, axis=2)
        if larger.shape[3] < channels:
            larger = larger.repeat(channels, axis=3)
        canvas = np.full((len(images), height, width, channels), 255, np.uint8)
        top, left = (height - larger.shape[1]) // 2, (width - larger.shape[2]) // 2
        canvas[:, top : top + larger.shape[1], left : left + larger.shape[2]] = larger
        result.append((name, canvas))
    return result
