"""Decode an image file to an array of the training size, with Pillow and NumPy only.

An image goes through these steps: it is turned upright by its EXIF orientation, reduced to 8 bits, laid on
white where it is transparent (as viewers and web pages do), made RGB or grey, and scaled and cropped, or
padded. The first frame of an animation is taken.

Memory is bounded, see `decoding_memory`: JPEG is decoded at an eighth of its size where that is enough, and
other pictures of more than 64 megapixels are reduced while they are converted.
"""

from __future__ import annotations

import errno
import io
import math
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from dcgan_tf.config import DataConfig
from dcgan_tf.data.decoding.crop_and_pad import ORIENTATION, fitted, orientation, turn_upright
from dcgan_tf.data.decoding.deep_colour import DeepColour
from dcgan_tf.data.decoding.depth import Depth, depth_of, is_deep
from dcgan_tf.data.decoding.formats import formats
from dcgan_tf.data.decoding.memory import LARGE, ROOM, is_bomb, needed, pillow_bounded_here
from dcgan_tf.errors import DataError

FILE_ERRORS = {
    errno.ENOENT: "missing (a broken link?)",
    errno.ELOOP: "missing (a link to itself)",
    errno.EACCES: "no permission to read it",
    errno.EPERM: "no permission to read it",
}
_GREY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B", "F")
_ON_ITS_SIDE = (5, 6, 7, 8)  # orientations


class UnreadableImageError(DataError):
    """An image that cannot be used; the message is a short reason, such as "truncated"."""


@dataclass(frozen=True)
class DecodedImage:
    """A decoded image.

    Attributes:
        pixels: uint8 [H, W, C].
        depth: the value that was taken for white, if the image had more than 8 bits; else None.
        file: the file that it was read from, or None.
    """

    pixels: np.ndarray
    depth: Depth | None
    file: Path | None = None


def decode(
    source: Path | bytes, *, image_size: tuple[int, int], channels: int, fit: str, white: float = 0.0
) -> DecodedImage:
    """Open one image and resize it to the wanted size.

    Args:
        source: a file, or the bytes of one.
        image_size: (height, width) in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: "crop" scales the image to cover the frame and cuts off the rest, equally on both sides; "pad"
            scales it to fit inside and fills the rest with black.
        white: for images of more than 8 bits, the lowest value that may be white, because another image of
            the set has it.

    Returns:
        uint8 [height, width, channels] in [0, 255].

    Raises:
        UnreadableImageError: if it cannot be decoded, would take more than 1 GiB, or is a small file that
            claims to be a large image.
        OSError: if the disk fails, rather than the file.
        MemoryError: if there is not enough.
    """
    with _opened(source) as image:
        full_size, file = image.size, source if isinstance(source, Path) else None
        factor, colour = _choose_scale(image, image_size), DeepColour.of(image)
        with ROOM.taken(_checked_need(image, full_size, reduced=factor > 1, twice=colour is not None)):
            try:
                image.load()
                depth = depth_of(image, white=white) if is_deep(image) else None
                if factor == 1:  # others are turned when they are smaller
                    shown, colours = colour.read(image, white=white) if colour else (image, None)
                    if shown is not image:
                        shown.getexif()[ORIENTATION] = orientation(image)
                    turn_upright(shown)
                    return DecodedImage(
                        fitted(shown, 1, depth, image_size, channels, fit), depth or colours, file
                    )
                return DecodedImage(fitted(image, factor, depth, image_size, channels, fit), depth, file)
            finally:
                image.close()  # leaving its block closes the file only, and keeps the pixels


def load_pictures(files: Sequence[Path], config: DataConfig) -> np.ndarray:
    """Return pictures in the size of a run's images, uint8 [N, H, W, C]; N may be 0.

    They are turned upright, scaled, and cropped or padded as a folder's images are.

    Args:
        files: image files.
        config: size, channels and fit are used.

    Raises:
        DataError: if one of them is not an image that can be read; it names the file.
    """
    height, width = config.image_size
    pictures = np.empty((len(files), height, width, config.channels), np.uint8)
    for i, file in enumerate(files):
        try:
            decoded = decode(file, image_size=config.image_size, channels=config.channels, fit=config.fit)
        except (UnreadableImageError, OSError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else error
            raise DataError(f"{file} cannot be read as a picture: {reason}") from None
        pictures[i] = decoded.pixels
    return pictures


def header(source: Path | bytes) -> tuple[tuple[int, int], bool]:
    """Return ((height, width) of an upright image, whether it is grey) without reading its pixels.

    Args:
        source: a file, or the bytes of one.

    Raises:
        UnreadableImageError: if it is not an image, or a decompression bomb.
        OSError: if the disk fails, rather than the file.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata
        with _opened(source) as image:
            height, width = image.height, image.width
            size = (width, height) if orientation(image) in _ON_ITS_SIDE else (height, width)
            return size, image.mode in _GREY_MODES


@contextmanager
def _opened(source: Path | bytes) -> Iterator[Image.Image]:
    """Open an image and read its header; raise an error with a short reason if something is wrong."""
    try:
        with _open(source) as file, pillow_bounded_here():
            num_bytes = file.seek(0, os.SEEK_END)
            file.seek(0)
            with Image.open(file, formats=formats()) as image:
                if is_bomb(image.size, num_bytes):
                    raise UnreadableImageError(
                        f"{image.width}x{image.height} pixels in a file of {num_bytes:,} bytes: a "
                        "decompression bomb"
                    )
                yield image
    except (UnreadableImageError, MemoryError):
        raise
    except Exception as error:  # Pillow's decoders raise nearly anything on damaged files
        if isinstance(error, OSError) and error.errno:  # Pillow's own have no number
            raise
        raise UnreadableImageError(_reason(error)) from error


def _open(source: Path | bytes) -> BinaryIO:
    """Open a file for reading; raise an error with a short reason if that is not possible."""
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


def _choose_scale(image: Image.Image, image_size: tuple[int, int]) -> int:
    """Choose the size at which an image is decoded; return the factor by which it is reduced afterwards."""
    if image.format in ("JPEG", "MPO"):
        image.draft(None, _draft_size(image.size, image_size))
    if image.width * image.height <= LARGE:
        return 1
    return max(1, min(image.size) // (2 * max(image_size)))


def _checked_need(
    image: Image.Image, full_size: tuple[int, int], *, reduced: bool, twice: bool = False
) -> int:
    """Return the memory in bytes that decoding takes.

    Raises:
        UnreadableImageError: if it is more than the bound.
    """
    need = needed(image, full_size=full_size, reduced=reduced) * (2 if twice and not reduced else 1)
    if need > ROOM.size:
        raise UnreadableImageError(
            f"{full_size[0]}x{full_size[1]} pixels, which take {need / 2**30:.1f} GiB to decode, more than "
            f"{ROOM.size / 2**30:.0f} GiB"
        )
    return need


def _draft_size(size: tuple[int, int], image_size: tuple[int, int]) -> tuple[int, int]:
    """Return the smallest (width, height) at which a JPEG may be decoded: twice the needed size.

    libjpeg can reduce by up to 8 while it decodes, which makes large photographs several times faster. From
    twice the wanted size on, the filter that follows decides the result.
    """
    needed = 2 * max(image_size) / min(size)
    return math.ceil(size[0] * needed), math.ceil(size[1] * needed)


def _reason(error: Exception) -> str:
    """Return in a few words what Pillow found wrong."""
    if isinstance(error, UnidentifiedImageError):
        return "not an image"
    if isinstance(error, DataError):
        return str(error)
    text = str(error).splitlines()[0].strip() if str(error) else type(error).__name__
    if "truncated" in text.lower() or isinstance(error, EOFError):
        return "truncated"
    return f"damaged: {text}"
