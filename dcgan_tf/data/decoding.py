"""From one image file to one array of the size that is trained on. Pillow and NumPy only.

What is done to a picture, in this order: turned upright by its EXIF orientation; brought to 8 bits;
transparent pixels laid on white, as viewers and web pages show them; made RGB or grey; scaled and cropped, or
padded.
Of an animation, the first frame is taken.
"""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import stat
import struct
import warnings
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from dcgan_tf.data.image_formats import formats
from dcgan_tf.errors import DataError

MAX_PIXELS = 64_000_000
FILE_ERRORS = {
    errno.ENOENT: "missing (a broken link?)",
    errno.ELOOP: "missing (a link to itself)",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
}
_GREY_MODES = ("1", "L", "LA", "I", "I;16", "F")
# A damaged EXIF block is no reason to lose sound pixels.
_EXIF_ERRORS = (OSError, ValueError, SyntaxError, KeyError, TypeError, struct.error)
_ORIENTATION, _ON_ITS_SIDE = 0x0112, (5, 6, 7, 8)  # in EXIF


class UnreadableImageError(DataError):
    """An image that cannot be used; the message is a short reason, such as "truncated"."""


def decode(source: Path | bytes, *, image_size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """Open one image and bring it to the wanted size.

    Args:
        source: a file, or the bytes of one.
        image_size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" scales so that the image covers the frame and cuts off what hangs over, equally on both
            sides; "pad" scales so that it fits inside and fills the rest with black.

    Returns:
        uint8 [height, width, channels] in [0, 255].

    Raises:
        UnreadableImageError: if it cannot be decoded, or has more than 64 megapixels.
        OSError: if the disk, not the file, is at fault.
    """
    try:
        with _open(source) as file, Image.open(file, formats=formats()) as image:
            _load(image, image_size=image_size)
            return fit_image(image, image_size=image_size, channels=channels, fit=fit)
    except (UnreadableImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        if isinstance(error, OSError) and error.errno:  # Pillow's own have no number
            raise
        raise UnreadableImageError(_reason(error)) from error


def header(source: Path) -> tuple[tuple[int, int], bool]:
    """Return ((height, width) of an image once it is upright, whether it is grey), without its pixels.

    Raises:
        UnreadableImageError: if it is no image, or `decode` would refuse its size.
        OSError: if the disk, not the file, is at fault.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata
        try:
            with _open(source) as file, Image.open(file, formats=formats()) as image:
                _check_size(image)
                height, width = image.height, image.width
                size = (width, height) if _lies_on_its_side(image) else (height, width)
                return size, image.mode in _GREY_MODES
        except UnreadableImageError:
            raise
        except Exception as error:  # as in decode
            if isinstance(error, OSError) and error.errno:
                raise
            raise UnreadableImageError(_reason(error)) from error


def fit_image(image: Image.Image, *, image_size: tuple[int, int], channels: int, fit: str) -> np.ndarray:
    """Bring an opened image, of any Pillow mode, to uint8 [height, width, channels].

    Args:
        image: the image, upright.
        image_size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" or "pad", as in `decode`.
    """
    image = _opaque(_eight_bit(image)).convert("L" if channels == 1 else "RGB")
    scale = _pad if fit == "pad" else _crop
    return np.asarray(scale(image, image_size)).reshape(*image_size, channels)


def _open(source: Path | bytes) -> BinaryIO:
    """Open a file for reading; say why if there is nothing in it to read."""
    if isinstance(source, bytes):
        return io.BytesIO(source)
    try:
        status = source.stat()
        if stat.S_ISDIR(status.st_mode):
            readable = os.access(source, os.R_OK | os.X_OK)
            raise UnreadableImageError("a folder, not a file" if readable else "no permission to read it")
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
            raise UnreadableImageError("not an ordinary file")
        if status.st_size == 0:
            raise UnreadableImageError("empty file")
        return source.open("rb")
    except OSError as error:
        if error.errno in FILE_ERRORS:
            raise UnreadableImageError(FILE_ERRORS[error.errno]) from error
        raise


def _load(image: Image.Image, *, image_size: tuple[int, int]) -> None:
    """Read the pixels, in place and upright."""
    _check_size(image)
    if image.format in ("JPEG", "MPO"):
        image.draft(None, _draft_size(image.size, image_size))
    image.load()
    with contextlib.suppress(*_EXIF_ERRORS):
        ImageOps.exif_transpose(image, in_place=True)


def _lies_on_its_side(image: Image.Image) -> bool:
    with contextlib.suppress(*_EXIF_ERRORS):
        return image.getexif().get(_ORIENTATION) in _ON_ITS_SIDE
    return False


def _check_size(image: Image.Image) -> None:
    if image.width * image.height > MAX_PIXELS:  # known from the header, before anything is allocated
        raise UnreadableImageError(f"{image.width}x{image.height} pixels, more than 64 megapixels")


def _draft_size(size: tuple[int, int], image_size: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest (width, height) a JPEG may be decoded at: twice what is needed, upright or not.

    libjpeg halves while it decodes, by up to 8, which makes large photographs several times faster; at twice
    the wanted size or more, the filter that follows decides the result.
    """
    needed = 2 * max(image_size) / min(size)
    return math.ceil(size[0] * needed), math.ceil(size[1] * needed)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Bring 16-bit grey, 32-bit integer and floating-point images to 8 bits; `convert` would clip them."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;"):
        return image
    pixels = np.asarray(image)
    low, high = pixels.min(), pixels.max()
    limit = 65535 if image.mode != "F" else 1 if high <= 1 else 255
    if not 0 <= low <= high <= limit:  # also refuses NaN
        raise UnreadableImageError(f"values from {low:g} to {high:g}, expected 0 to {limit}")
    grey = pixels >> 8 if image.mode != "F" else np.round(pixels * (255 / limit))
    return Image.fromarray(grey.astype(np.uint8))


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


def _reason(error: Exception) -> str:
    """Say in a few words what Pillow found wrong."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, Image.DecompressionBombError | Image.DecompressionBombWarning):
        return "more than 64 megapixels"
    text = str(error).splitlines()[0].strip() if str(error) else type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "truncated"
    return f"damaged: {text}"
