"""Which image sizes fit the networks: arithmetic, to be asked before TensorFlow is imported."""

from __future__ import annotations

import math
from collections.abc import Callable

from dcgan_tf.config import Config
from dcgan_tf.errors import ArgumentError


def check_size(config: Config) -> None:
    """Hold the image size against the architecture, without building anything.

    Raises:
        ArgumentError: if it does not fit; names the nearest sizes that do.
    """
    if config.model.architecture == "dcgan":
        first_map(config.data.image_size)


def first_map(image_size: tuple[int, int]) -> tuple[int, int, int]:
    """Return (height, width, doublings): the map that is doubled until it is the image.

    Its shorter side has 4 to 7 pixels: 28 = 7·2², 32 = 4·2³, 64 = 4·2⁴, 96 = 6·2⁴, 48x64 = (6·2³)x(8·2³).

    Args:
        image_size: (height, width) in pixels.

    Raises:
        ArgumentError: if no such map exists; names the nearest sizes that fit.
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


def _with_shorter_side(image_size: tuple[int, int], side: int, rounded: Callable[[float], int]) -> str:
    """Name the size with this shorter side and the longer side rounded to the multiple that goes with it."""
    (doublings,) = (k for k in range(1, 12) if side % 2**k == 0 and 4 <= side // 2**k <= 7)
    longer = max(side, rounded(max(image_size) / 2**doublings) * 2**doublings)
    height, width = (side, longer) if image_size[0] <= image_size[1] else (longer, side)
    return f"{height}x{width}"
