"""Draw D's features: three kinds of images in two dimensions, and how well they can be separated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage

from dcgan_tf.analysis.embed.projector_files import thumbnails
from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    bar_chart,
    new_figure,
    plain,
)

COLOURS = {"training": CONTROL_COLOUR, "held-out": ACCENT_COLOUR, "generated": RUN_COLOUR}
_THUMBNAILS, _THUMBNAIL_POINTS, _ASPECT = 16, 25, 1.9


def embed_figure(
    *,
    points: Mapping[str, np.ndarray],
    images: Mapping[str, np.ndarray],
    variance: Sequence[float],
    told_apart: Mapping[str, float],
) -> Figure:
    """Draw the kinds' first two principal components with some thumbnails, and the two-sample test.

    Args:
        points: {kind: float32 [N, 2]}.
        images: {kind: uint8 [N, H, W, C]}.
        variance: shares of the variance along the two axes.
        told_apart: {comparison: share told apart}; the first is this run's.
    """
    figure = new_figure(12.5, 6.2, title="What the discriminator sees in real and generated images")
    scatter, test = figure.subplots(1, 2, width_ratios=[4.2, 1])
    for kind, places in points.items():
        scatter.scatter(*places.T, s=7, color=COLOURS[kind], alpha=0.6, linewidths=0, label=kind)
    _draw_thumbnails(scatter, points, images)
    plain(
        scatter,
        title="principal components of D's features; each frame has the colour of its kind",
        x=f"1st component, {variance[0]:.0%} of the variance",
        y=f"2nd component, {variance[1]:.0%} of the variance",
    )
    scatter.tick_params(labelbottom=False, labelleft=False, length=0)
    scatter.legend(frameon=False, fontsize=9, markerscale=2.5, loc="upper right")
    _draw_test(test, told_apart)
    return figure


def _draw_test(axes: Axes, told_apart: Mapping[str, float]) -> None:
    names = [name.replace(" against ", "\nagainst\n") for name in told_apart]
    bar_chart(
        axes,
        names,
        {"": list(told_apart.values())},
        title="told apart by the\nnearest neighbour\n(50 %: not told apart)",
    )
    for bar, colour in zip(axes.patches, (RUN_COLOUR, CONTROL_COLOUR), strict=False):
        bar.set_facecolor(colour)
    axes.axhline(0.5, color=NOTE_COLOUR, linewidth=0.8, linestyle=(0, (4, 3)), zorder=0)


def _draw_thumbnails(axes: Axes, points: Mapping[str, np.ndarray], images: Mapping[str, np.ndarray]) -> None:
    """Draw held-out and generated images by turns, on points that are far from each other."""
    shown = ("held-out", "generated")
    for kind, i in far_apart({kind: points[kind] for kind in shown}, _THUMBNAILS):
        small = thumbnails(images[kind][i][None])[0]
        picture = OffsetImage(
            np.repeat(small, 3, axis=-1) if small.shape[-1] == 1 else small,
            zoom=_THUMBNAIL_POINTS / max(small.shape[:2]),
            interpolation="nearest",
        )
        frame = {"edgecolor": COLOURS[kind], "linewidth": 1.6}
        place = points[kind][i].tolist()
        axes.add_artist(AnnotationBbox(picture, place, pad=0.15, bboxprops=frame))


def far_apart(points: Mapping[str, np.ndarray], count: int) -> list[tuple[str, int]]:
    """Return up to `count` points, kind by kind in turn, each as far as possible from the earlier ones.

    Args:
        points: {kind: [N, 2]}.
        count: number of points.

    Returns:
        (kind, index) of each; the first is the middle one of the first kind.
    """
    every = np.concatenate(list(points.values()))
    spans = np.ptp(every, axis=0) * [1 / _ASPECT, 1]  # as the eye sees distances in the figure
    scaled = {kind: places / np.maximum(spans, 1e-12) for kind, places in points.items()}
    middle = np.concatenate(list(scaled.values())).mean(axis=0)
    chosen: list[tuple[str, int]] = []
    for turn in range(min(count, len(every))):
        kind = list(points)[turn % len(points)]
        places = scaled[kind]
        if chosen:
            others = np.stack([scaled[name][i] for name, i in chosen])
            gaps = ((places[:, None] - others[None]) ** 2).sum(axis=2).min(axis=1)
        else:
            gaps = -((places - middle) ** 2).sum(axis=1)
        chosen.append((kind, int(np.argmax(gaps))))
    return chosen
