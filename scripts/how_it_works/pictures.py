"""Arrays that are no images, as pictures: latents, feature maps, tables of numbers."""

from __future__ import annotations

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from dcgan_tf.analysis.figures import TEXT_COLOUR

LATENT_RANGE = 2.5
"""Latents beyond this are drawn in full black or white."""


def latent_picture(latent: np.ndarray) -> np.ndarray:
    """Lay the numbers of a latent, [n], out in a square of greys, black at -2.5; uint8 [s, s, 1]."""
    side = math.ceil(math.sqrt(len(latent)))
    square = np.full(side * side, LATENT_RANGE)
    square[: len(latent)] = latent
    shades = np.clip((square / LATENT_RANGE + 1) * 127.5, 0, 255)
    return np.asarray(shades, np.uint8).reshape(side, side, 1)


def grey(values: np.ndarray) -> np.ndarray:
    """Stretch an array from its least to its greatest value over black to white, uint8."""
    least, greatest = float(values.min()), float(values.max())
    return np.asarray(255 * (values - least) / max(greatest - least, 1e-12), np.uint8)


def liveliest(maps: np.ndarray, count: int) -> np.ndarray:
    """Return the feature maps of [H, W, C] that vary most over the picture, as greys, uint8 [count, H, W, 1].

    Each is stretched over black to white on its own.
    """
    chosen = np.argsort(-maps.std(axis=(0, 1)), kind="stable")[:count]
    return np.stack([grey(maps[:, :, channel])[..., None] for channel in chosen])


def numbers(
    axes: Axes, values: np.ndarray, colours: np.ndarray, *, title: str, blank_zeros: bool = False
) -> None:
    """Draw a table of whole numbers, one square each.

    Args:
        axes: are filled.
        values: [H, W].
        colours: of the squares, strings [H, W].
        title: above the table.
        blank_zeros: leave squares with 0 white and empty.
    """
    height, width = values.shape
    for (i, j), value in np.ndenumerate(values):
        empty = blank_zeros and value == 0
        axes.add_patch(_square(i, j, "white" if empty else str(colours[i, j])))
        if not empty:
            axes.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=9, color=TEXT_COLOUR)
    axes.set_xlim(-0.53, width - 0.47)
    axes.set_ylim(height - 0.47, -0.53)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, loc="left", fontsize=9, color=TEXT_COLOUR)


def _square(row: int, column: int, colour: str) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, facecolor=colour, edgecolor="#c9d1da", linewidth=0.6)
