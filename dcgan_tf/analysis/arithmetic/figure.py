"""Draw a formula: exemplars, their means, the paper's nine results, and the same in pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure, SubFigure
from matplotlib.patches import Rectangle

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    bar_chart,
    image_rows,
    new_figure,
    show_image,
)
from dcgan_tf.images import grid

NEIGHBOUR_RANGE = 0.25
"""The eight neighbours are the result plus U(-0.25, 0.25) in each latent (Radford et al. 2015, figure 7)."""


def with_neighbours(latent: np.ndarray, *, seed: int) -> np.ndarray:
    """Return the result and its eight neighbours in reading order, the result in the middle.

    Args:
        latent: float32 [latent_dim].
        seed: seed of the noise.

    Returns:
        float32 [9, latent_dim].
    """
    shifts = np.random.default_rng([seed, 9]).uniform(-NEIGHBOUR_RANGE, NEIGHBOUR_RANGE, (9, len(latent)))
    shifts[4] = 0
    return (latent + shifts).astype(np.float32)


def arithmetic_figure(
    *,
    title: str,
    exemplars: Sequence[tuple[str, np.ndarray]],
    means: np.ndarray,
    signs: Sequence[int],
    panel: np.ndarray,
    in_pixels: np.ndarray,
    shares: Mapping[str, Sequence[float]] | None = None,
    groups: Sequence[str] = (),
    graded: str = "",
) -> Figure:
    """Draw a formula from left to right: the terms, the results, and the shares of right results.

    Args:
        title: the formula.
        exemplars: for each term its name and its exemplars, uint8 [k, H, W, C].
        means: the picture of each term's mean latent, uint8 [terms, H, W, C].
        signs: +1 or -1 for each term.
        panel: the nine results, uint8 [9, H, W, C].
        in_pixels: the same arithmetic on pixels, uint8 [H, W, C].
        shares: {series: a share for each group}; None if there is nothing to grade.
        groups: what stands below each group of bars.
        graded: what stands above the bars.
    """
    columns = 3 if shares else 2
    figure = new_figure(12.5 if shares else 9, 4.0, title=title)
    (parts,) = figure.subfigures(1, columns, width_ratios=[5, 5, 3.6][:columns], squeeze=False)
    _draw_terms(parts[0], exemplars, means, signs)
    _draw_results(parts[1], panel, in_pixels)
    if shares:
        bar_chart(
            parts[2].subplots(),
            groups,
            shares,
            title=graded,
            colours=(RUN_COLOUR, ACCENT_COLOUR, CONTROL_COLOUR),
        )
    return figure


def _draw_terms(
    figure: SubFigure, exemplars: Sequence[tuple[str, np.ndarray]], means: np.ndarray, signs: Sequence[int]
) -> None:
    rows, count = [], max(len(images) for _, images in exemplars)
    for i, (sign, (name, images), mean) in enumerate(zip(signs, exemplars, means, strict=True)):
        mark = ("+ " if sign > 0 else "− ") if i or sign < 0 else ""
        white = np.full((count - len(images), *mean.shape), 255, np.uint8)
        rows.append((mark + name, np.concatenate([images, white, mean[None]])))
    headings = [""] * count + ["mean z"]
    image_rows(figure.subplots(), rows, headings=headings, title="exemplars")


def _draw_results(figure: SubFigure, panel: np.ndarray, in_pixels: np.ndarray) -> None:
    results, pixels = figure.subplots(1, 2, width_ratios=[3, 1.1])
    show_image(results, grid(panel, columns=3), title="= in latents")
    height, width = (side + 2 for side in panel.shape[1:3])
    results.add_patch(
        Rectangle((width, height), width, height, fill=False, edgecolor=TEXT_COLOUR, linewidth=1.5)
    )
    show_image(pixels, in_pixels, title="in pixels")
    results.text(
        0,
        -0.03,
        "middle: the result; around it: ±0.25 in each latent",
        transform=results.transAxes,
        fontsize=8,
        color=NOTE_COLOUR,
        va="top",
    )
