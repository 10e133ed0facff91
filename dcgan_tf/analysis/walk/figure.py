"""Draw a walk: its strips, two other ways between the same ends, and the lengths of the steps."""

from __future__ import annotations

from collections.abc import Mapping

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
from dcgan_tf.analysis.walk.measured_paths import FADE, LATENT, MeasuredPaths

_COLOURS = (RUN_COLOUR, ACCENT_COLOUR, NOTE_COLOUR)


def walk_figure(
    strips: np.ndarray,
    shown: Mapping[str, MeasuredPaths],
    measured: Mapping[str, MeasuredPaths],
    *,
    way: str,
    given: bool = False,
) -> Figure:
    """Draw the strips on the left and the measurements on the right.

    Args:
        strips: strips of the walk, uint8 [K, S + 1, H, W, C].
        shown: {kind: the one path from point 1 to point 2}, the latent walk first.
        measured: {kind: many paths}, the latent walk first.
        way: how the latents are joined, in words.
        given: whether the strips join latents that were given, rather than random ones.
    """
    points, columns = strips.shape[:2]
    height, width = strips.shape[2:4]
    left = 8.0
    tall = 6.95 * (points + len(shown)) * height / (columns * width) + 1.3
    figure = new_figure(left + 4.2, max(5.6, tall), title="A walk through latent space")
    ((pictures, plots),) = figure.subfigures(1, 2, width_ratios=[left, 4.2], squeeze=False)
    walked, compared = pictures.subplots(2, 1, height_ratios=[points + 0.6, len(shown) + 0.6])
    kind = "given" if given else "random"
    rows = [(f"{i + 1} → {(i + 1) % points + 1}", strip) for i, strip in enumerate(strips)]
    image_rows(walked, rows, title=f"{points} {kind} points, joined by {way}, and back to the first")
    image_rows(
        compared,
        [(name.replace(" ", "\n", 1), path.images[0]) for name, path in shown.items()],
        title="from point 1 to point 2 again, and two other ways between the same ends",
    )
    steps, ratios, realistic = plots.subplots(3, 1)
    _draw_steps(steps, shown)
    bar_chart(
        ratios,
        [""],
        {name: [path.jump_ratio] for name, path in measured.items()},
        title=f"longest step / mean step, over {len(next(iter(measured.values())).lengths):,} paths",
        percent=False,
        colours=_COLOURS,
    )
    ratios.set_xticks([])
    ratios.set_ylim(0, 1.15 * ratios.get_ylim()[1])
    _draw_realistic(realistic, measured)
    return figure


def _draw_steps(axes: Axes, shown: Mapping[str, MeasuredPaths]) -> None:
    """Draw the length of each step of the one path that the strips show, in mean steps of the latent walk."""
    unit = float(shown[LATENT].lengths.mean()) or 1.0
    for (name, path), colour in zip(shown.items(), _COLOURS, strict=True):
        places = np.arange(1, path.lengths.shape[1] + 1)
        axes.plot(places, path.lengths[0] / unit, color=colour, marker="o", markersize=3, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xticks(places)
    plain(axes, title="from 1 to 2: length of each step", x="step", y="mean steps of the walk")


def _draw_realistic(axes: Axes, measured: Mapping[str, MeasuredPaths]) -> None:
    """Draw the share of realistic pictures at each place, except for hops, which are on real images."""
    for name, colour in zip((LATENT, FADE), _COLOURS, strict=False):
        shares = measured[name].realistic.mean(axis=0)
        axes.plot(np.linspace(0, 1, len(shares)), shares, color=colour, marker="o", markersize=3, label=name)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["start", "¼", "½", "¾", "end"])
    plain(axes, title="as realistic as samples, share of the pictures")
