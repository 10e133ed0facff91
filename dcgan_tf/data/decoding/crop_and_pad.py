"""From a decoded picture to the pixels of the data: upright, 8 bits, opaque, cropped or padded, resized.

The centre is cropped with `fit="crop"`; black bars are added with `fit="pad"`.
"""

from __future__ import annotations

import contextlib
import struct

import numpy as np
from PIL import Image, ImageOps

from dcgan_tf.data.decoding.depth import Depth, depth_of, is_deep, strips, values_of

ORIENTATION = 0x0112
"""The EXIF tag that says how a picture is turned."""
# A damaged EXIF block is no reason to lose sound pixels.
_EXIF_ERRORS = (OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error)


def fit_image(image: Image.Image, *, image_size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """Convert an opened image of any Pillow mode to uint8 [height, width, channels].

    Args:
        image: the image, upright.
        image_size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" or "pad", as in `decode`.
    """
    depth = depth_of(image) if is_deep(image) else None
    return fitted(image, 1, depth, image_size, channels, fit)


def fitted(
    image: Image.Image,
    factor: int,
    depth: Depth | None,
    image_size: tuple[int, int],
    channels: int,
    fit: str,
) -> np.ndarray:
    """Bring an opened image to the wanted size and channels.

    Args:
        image: of any Pillow mode; upright, unless it is reduced.
        factor: by which it is reduced before it is resized, from 1.
        depth: what its values mean, if they have more than 8 bits.
        image_size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" scales the image to cover the frame and cuts off the rest, equally on both sides; "pad"
            scales it to fit inside and fills the rest with black.

    Returns:
        uint8 [height, width, channels].
    """
    image = _converted(image, factor, depth, "L" if channels == 1 else "RGB")
    scale = _pad if fit == "pad" else _crop
    return np.asarray(scale(image, image_size)).reshape(*image_size, channels)


def turn_upright(image: Image.Image) -> None:
    """Turn an image as its EXIF block says; a damaged block is passed over."""
    with contextlib.suppress(*_EXIF_ERRORS):
        ImageOps.exif_transpose(image, in_place=True)


def orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, from 1 (upright) to 8; 1 if there is none."""
    with contextlib.suppress(*_EXIF_ERRORS):
        return int(image.getexif().get(ORIENTATION, 1))
    return 1


def _converted(image: Image.Image, factor: int, depth: Depth | None, mode: str) -> Image.Image:
    """Return the image in 8 bits, without transparency, in RGB or grey, reduced by a whole factor.

    This works in strips, because each step would otherwise take as much memory as the image.
    """
    if not depth and factor == 1 and image.mode == mode and not image.has_transparency_data:
        return image
    canvas = Image.new(mode, (-(-image.width // factor), -(-image.height // factor)))
    for strip, top in strips(image, multiple=factor):
        shown = Image.fromarray(depth.eight_bit(values_of(strip, image))) if depth else strip
        part = _opaque(shown).convert(mode)
        canvas.paste(part.reduce(factor) if factor > 1 else part, (0, top // factor))
    if factor > 1:
        canvas.getexif()[ORIENTATION] = orientation(image)
        turn_upright(canvas)
    return canvas


def _opaque(image: Image.Image) -> Image.Image:
    """Lay an image with transparent pixels on white."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    canvas = Image.new("RGB", image.size, "white")
    canvas.paste(image, mask=image)
    return canvas


def _crop(image: Image.Image, image_size: tuple[int, int]) -> Image.Image:
    height, width = image_size
    scale = min(image.width / width, image.height / height)
    left, top = (image.width - width * scale) / 2, (image.height - height * scale) / 2
    right, bottom = min(left + width * scale, image.width), min(top + height * scale, image.height)
    # Pillow widens the filter when it shrinks, so BICUBIC does not alias; when it enlarges, it is smooth.
    return image.resize((width, height), Image.Resampling.BICUBIC, box=(left, top, right, bottom))


def _pad(image: Image.Image, image_size: tuple[int, int]) -> Image.Image:
    height, width = image_size
    scale = min(width / image.width, height / image.height)
    inner = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    canvas = Image.new(image.mode, (width, height))
    corner = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas.paste(image.resize(inner, Image.Resampling.BICUBIC), corner)
    return canvas
