"""Draw portraits with NumPy: soft masks of simple shapes, painted over each other layer by layer."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dcgan_tf.data.portraits.layers import CROWN_SHIFT, EYE_Y, LAYERS, MOUTH_Y
from dcgan_tf.data.portraits.people import Array, Portrait
from dcgan_tf.data.portraits.shapes import HEAD_Y, open_window, to_the_side


def render(portraits: Portrait, image_size: tuple[int, int]) -> NDArray[np.uint8]:
    """Draw the given portraits.

    Args:
        portraits: Parameters of n portraits.
        image_size: Height and width in pixels.

    Returns:
        uint8 [n, height, width, 3], RGB.
    """
    who = portraits.broadcast()
    picture = open_window(who, image_size)
    for layer, bounds in LAYERS:
        layer(picture if bounds is None else picture.crop(*bounds), who)
    values = np.clip(picture.pixels, 0, 1) * np.float32(255) + np.float32(0.5)
    return values.astype(np.uint8).transpose(1, 2, 3, 0)


def boxes(portraits: Portrait, image_size: tuple[int, int]) -> dict[str, Array]:
    """Return where the crown, the glasses and the mouth of each portrait lie.

    Args:
        portraits: Parameters of n portraits.
        image_size: Height and width in pixels.

    Returns:
        For "crown", "glasses" and "smile" float32 [n, 4]: top, left, bottom, right in pixels.
    """
    who = portraits.broadcast()
    shift, width = CROWN_SHIFT * who.turn, 1.15 * who.face_width + 0.036
    left_rim = np.minimum(to_the_side(-0.21, who), -who.face_width)
    right_rim = np.maximum(to_the_side(0.21, who), who.face_width)
    bounds = {
        "crown": (-0.465, shift - width, -0.145, shift + width),
        "glasses": (EYE_Y - 0.103, left_rim, EYE_Y + 0.118, right_rim),
        "smile": (MOUTH_Y - 0.07, to_the_side(-0.13, who), MOUTH_Y + 0.095, to_the_side(0.13, who)),
    }
    return {name: _in_pixels(bound, who, image_size) for name, bound in bounds.items()}


def _in_pixels(bounds: tuple[float | Array, ...], who: Portrait, image_size: tuple[int, int]) -> Array:
    side, middles = min(image_size), (who.y + (HEAD_Y - 0.5), who.x)
    edges = []
    for k, bound in enumerate(bounds):
        length = image_size[k % 2]
        edge = (bound * who.scale + middles[k % 2]) * side + length / 2
        edges.append(np.clip(edge, 0, length).reshape(-1))
    return np.stack(edges, axis=-1).astype(np.float32)
