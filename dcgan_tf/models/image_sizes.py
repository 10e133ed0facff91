"""Check which image sizes fit the networks, before TensorFlow is imported."""

from __future__ import annotations

import math
from collections.abc import Callable

from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError


def check_size(config: Config) -> None:
    """Check the image size against the architecture, without building anything.

    Raises:
        ArgumentError: if it does not fit; it names the nearest sizes that do.
    """
    if config.model.architecture == "dcgan":
        first_map(config.data.image_size)


def first_map(image_size: tuple[int, int]) -> tuple[int, int, int]:
    """Return (height, width, doublings) of the first map, which is doubled until it has the image size.

    Its shorter side has 4 to 7 pixels: 28 = 7·2², 32 = 4·2³, 64 = 4·2⁴, 96 = 6·2⁴, 48x64 = (6·2³)x(8·2³).

    Args:
        image_size: (height, width) in pixels.

    Raises:
        ArgumentError: if no such map exists; it names the nearest sizes that fit.
    """
    height, width = image_size
    for doublings in range(1, 12):
        scale = 2**doublings
        if 4 * scale <= min(image_size) <= 7 * scale and height % scale == 0 and width % scale == 0:
            return height // scale, width // scale, doublings
    below, above = nearest_sizes(image_size)
    raise ArgumentError(
        f"image size {height}x{width} does not fit: its shorter side must be 4, 5, 6 or 7 times a power of "
        "two (at least 8), and its longer side a multiple of the same power; "
        f"the nearest that fit are {below} and {above}"
    )


def nearest_sizes(image_size: tuple[int, int]) -> tuple[str, str]:
    """Return the nearest fitting sizes below and above, as "HEIGHTxWIDTH"."""
    sides = sorted({m * 2**k for k in range(1, 12) for m in (4, 5, 6, 7)})
    shorter = min(image_size)
    smaller = max((side for side in sides if side <= shorter), default=sides[0])
    larger = min((side for side in sides if side >= shorter), default=sides[-1])
    below = _with_shorter_side(image_size, smaller, math.floor)
    above = _with_shorter_side(image_size, larger, math.ceil)
    return below, above


def fitting_size(image_size: tuple[int, int], *, smallest: int, largest: int) -> tuple[int, int]:
    """Return the size nearest to an image's own that fits, with the same aspect ratio as far as that fits.

    Args:
        image_size: (height, width) in pixels.
        smallest: the least number of pixels of the shorter side.
        largest: the most.
    """
    shorter = min(max(min(image_size), smallest), largest)
    sides = sorted(m * 2**k for k in range(1, 12) for m in (4, 5, 6, 7))
    nearest = min((side for side in sides if smallest <= side <= largest), key=lambda s: abs(s - shorter))
    scale = nearest / min(image_size)
    height, width = (round(side * scale) for side in image_size)
    text = _with_shorter_side((height, width), nearest, round)
    rows, columns = text.split("x")
    return int(rows), int(columns)


def _with_shorter_side(image_size: tuple[int, int], side: int, rounded: Callable[[float], int]) -> str:
    """Return the size with this shorter side, and the longer side rounded to the same multiple."""
    (doublings,) = (k for k in range(1, 12) if side % 2**k == 0 and 4 <= side // 2**k <= 7)
    longer = max(side, rounded(max(image_size) / 2**doublings) * 2**doublings)
    height, width = (side, longer) if image_size[0] <= image_size[1] else (longer, side)
    return f"{height}x{width}"
