"""Draw what was forgotten: samples with and without the maps, and what has changed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    bar_chart,
    image_rows,
    new_figure,
    plain,
)
from dcgan_tf.analysis.forget.effects import Effect
from dcgan_tf.analysis.forget.outcome import ForgetResult, ForgetSetup

_COLUMNS = 8
_GAP = 2  # of image_rows
_GREY = "#7fb069"
_MOST_ATTRIBUTES = 6
"""The most attributes whose bars and names have room; the result has the numbers of all."""


def forget_figure(setup: ForgetSetup, outcome: ForgetResult) -> Figure:
    """Draw samples of the second half before and after, the boxes, and the shares of all of it.

    Args:
        setup: what was forgotten.
        outcome: the results.
    """
    name, maps = setup.attribute, setup.halves.shape[-1]
    figure = new_figure(
        14,
        7,
        title=f"Forgetting {name}: the same latents, {len(outcome.dropped)} of {maps} feature maps dropped",
    )
    ((left, right),) = figure.subfigures(1, 2, width_ratios=[1.12, 1], squeeze=False)
    _draw_samples(left.subplots(), setup, outcome)
    shares, changed, tried = right.subplots(3, 1)
    _draw_shares(shares, setup, outcome)
    _draw_changed(changed, setup, outcome)
    _draw_tried(tried, setup, outcome)
    return figure


def _draw_samples(axes: Axes, setup: ForgetSetup, outcome: ForgetResult) -> None:
    """Draw samples that represent all: each stands for an eighth, by what is left of the attribute."""
    images, name, dropped = setup.samples.images, setup.attribute, outcome.dropped
    boxed = np.array(list(setup.boxes.of))[:_COLUMNS]
    shown = setup.margins[name][setup.held_out] > 0
    places = outcome.remains.evenly(_COLUMNS)
    with_it = outcome.remains.numbers[places]
    without_it = (np.flatnonzero(~shown) + setup.half)[:_COLUMNS]
    after = setup.images_without(dropped, with_it)
    rows = [
        (f"{name},\nall maps", images[with_it]),
        (f"{len(dropped)} maps dropped", after),
        ("change", _difference(images[with_it], after)),
        ("paper's rule", setup.as_in_the_paper.images_without(outcome.paper_dropped, with_it)),
        (f"no {name},\nall maps", images[without_it]),
        (f"{len(dropped)} maps dropped", setup.images_without(dropped, without_it)),
        ("boxes,\nlearnt from", images[boxed]),
    ]
    image_rows(
        axes,
        rows,
        headings=[outcome.remains.verdict(place) for place in places],
        title=f"samples with {name}: each stands for an equal part of them, the worst on the left;\n"
        "below: the first ones without it, and the first boxes",
    )
    height, width = (side + _GAP for side in images.shape[1:3])
    first = (len(rows) - 1) * height
    for column, number in enumerate(boxed):
        for top, left, bottom, right in setup.boxes.of[number]:
            corner = (column * width + _GAP + left - 0.5, first + _GAP + top - 0.5)
            size = (right - left, bottom - top)
            axes.add_patch(Rectangle(corner, *size, fill=False, edgecolor=TEXT_COLOUR, linewidth=1.2))


def _difference(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return the mean absolute difference of the channels, dark on white, uint8 of the same shape."""
    levels = np.abs(before.astype(np.float32) - after).mean(axis=-1, keepdims=True)
    return np.repeat(np.rint(255 - levels).astype(np.uint8), before.shape[-1], axis=-1)


def _draw_shares(axes: Axes, setup: ForgetSetup, outcome: ForgetResult) -> None:
    names = drawn_attributes(setup.attribute, outcome.ours)
    in_grey = [f"{setup.attribute},\nin grey"] if setup.shape else []
    bar_chart(
        axes,
        [*names, *in_grey],
        {
            "before": _seen(outcome.before, names),
            f"{len(outcome.dropped)} maps dropped": _seen(outcome.ours, names),
            f"{len(outcome.dropped)} random maps": _seen(outcome.random, names),
            _paper(outcome): _seen(outcome.paper, names),
        },
        title=f"samples that show it{_part(names, outcome)}",
        colours=(TEXT_COLOUR, RUN_COLOUR, CONTROL_COLOUR, ACCENT_COLOUR),
    )
    if legend := axes.get_legend():
        legend.set_bbox_to_anchor((0.5, -0.24))


def _draw_changed(axes: Axes, setup: ForgetSetup, outcome: ForgetResult) -> None:
    names = [n for n in drawn_attributes(setup.attribute, outcome.ours) if n != setup.attribute]
    effects = {"ours": outcome.ours, "random": outcome.random, "paper": outcome.paper}
    bar_chart(
        axes,
        names,
        {label: [effect.changed[name] for name in names] for label, effect in effects.items()},
        title="samples in which an attribute appears or vanishes (colours as above)",
        colours=(RUN_COLOUR, CONTROL_COLOUR, ACCENT_COLOUR),
    )
    if legend := axes.get_legend():
        legend.remove()
    highest = max(effect.collateral(setup.attribute) for effect in effects.values())
    top = next((top for top in (0.25, 0.5) if highest <= top), 1.0)
    axes.set_ylim(0, 1.15 * top)
    axes.set_yticks([0, top / 2, top], ["0 %", f"{50 * top:g} %", f"{100 * top:g} %"])


def drawn_attributes(attribute: str, ours: Effect) -> list[str]:
    """Return the attributes that are drawn: the one that is forgotten, and the others that change most."""
    others = sorted(
        (name for name in ours.changed if name != attribute), key=lambda name: -ours.changed[name]
    )
    drawn = {attribute, *others[: _MOST_ATTRIBUTES - 1]}
    return [name for name in ours.shares if name in drawn]


def _part(names: Sequence[str], outcome: ForgetResult) -> str:
    """Return how many of the attributes are drawn, if not all."""
    there = len(outcome.ours.shares)
    return "" if len(names) == there else f", {len(names)} of {there} attributes"


def _draw_tried(axes: Axes, setup: ForgetSetup, outcome: ForgetResult) -> None:
    """Draw the effect of each number of maps on the first half, where the number is chosen."""
    name, numbers = setup.attribute, list(outcome.tried)
    effects = list(outcome.tried.values())
    axes.plot(numbers, [one.shares[name] for one in effects], ".-", color=RUN_COLOUR, label=f"show {name}")
    if setup.shape:
        in_grey = [one.by_shape or 0.0 for one in effects]
        axes.plot(numbers, in_grey, ".-", color=_GREY, label=f"show {name}, in grey")
    others = [one.collateral(name) for one in effects]
    axes.plot(numbers, others, ".-", color=ACCENT_COLOUR, label="largest change of another attribute")
    axes.axvline(len(outcome.dropped), color=NOTE_COLOUR, linewidth=1, linestyle="--", label="dropped")
    axes.set_ylim(0, None)
    axes.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.0f} %")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    plain(axes, title="samples that the number was chosen on", x="dropped maps, largest weight first")
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.28), ncols=4)


def _seen(effect: Effect, names: Sequence[str]) -> list[float]:
    """Return the shares of these attributes and, if there is one, that of the judge of shapes."""
    return [*(effect.shares[name] for name in names), *([] if effect.by_shape is None else [effect.by_shape])]


def _paper(outcome: ForgetResult) -> str:
    return f"the paper's rule ({len(outcome.paper_dropped)} maps)"
