"""Embed pictures in the page: not larger than shown, in the smallest format that browsers know.

People mail such pages, but figures are made for printing: unchanged, those of one run take 12 MB. Only this
module of the report needs more than the standard library.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageSequence

from dcgan_tf.files import read_bytes
from dcgan_tf.report.reading import MisfitError

MEDIA_TYPES = {".png": "image/png", ".gif": "image/gif", ".jpg": "image/jpeg", ".webp": "image/webp"}
WIDEST = 1600
"""The most pixels in width; twice the width of a figure on a common screen would be 1,900."""
TALLEST = 16_383
"""The most pixels in height that a WebP picture can have; what is taller stays as it is."""
_SMALL_BYTES = 40_000
_QUALITY = 82


@dataclass(frozen=True)
class EmbeddedPicture:
    """A picture in the form for the page.

    Attributes:
        content: content of its file.
        media_type: media type of the content.
        width: in pixels.
        height: in pixels.
    """

    content: bytes
    media_type: str
    width: int
    height: int


def read_picture(path: Path, *, widest: int = WIDEST) -> EmbeddedPicture:
    """Read a picture; a large one is reduced and compressed again if that makes it smaller.

    Args:
        path: PNG, GIF, JPEG or WebP.
        widest: in pixels.

    Raises:
        MisfitError: if it is not a picture, or damaged.
    """
    try:
        content = read_bytes(path)
        with _open(content) as picture:
            picture.load()  # finds out whether it is whole
            kind = Image.MIME[str(picture.format)]
            if len(content) > _SMALL_BYTES and _reduced(picture, widest)[1] <= TALLEST:
                packed, size = _packed(picture, widest)
                if len(packed) < len(content):
                    return EmbeddedPicture(packed, "image/webp", *size)
            return EmbeddedPicture(content, kind, *picture.size)
    except Image.DecompressionBombError:
        raise MisfitError(f"{path} cannot be used and is left out: it has too many pixels") from None
    except (OSError, ValueError, SyntaxError) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "it is not a complete picture"
        )
        raise MisfitError(f"{path} cannot be used and is left out: {reason}") from None


def _open(content: bytes) -> Image.Image:
    with warnings.catch_warnings():  # Pillow warns of pictures that are large, but not too large
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(io.BytesIO(content), formats=["PNG", "GIF", "JPEG", "WEBP"])


def _reduced(picture: Image.Image, widest: int) -> tuple[int, int]:
    """Return the size of the picture in the page."""
    share = min(1.0, widest / picture.width)
    return round(picture.width * share), max(1, round(picture.height * share))


def _packed(picture: Image.Image, widest: int) -> tuple[bytes, tuple[int, int]]:
    """Return the picture, with all its frames, as WebP, and its size."""
    size = _reduced(picture, widest)
    durations, frames = [], []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)))
        frames.append(frame.convert("RGB"))
    if size != picture.size:
        frames = [frame.resize(size, Image.Resampling.LANCZOS) for frame in frames]
    file = io.BytesIO()
    first, *others = frames
    if others:
        first.save(
            file, "WEBP", save_all=True, append_images=others, duration=durations, loop=0, quality=_QUALITY
        )
    else:
        first.save(file, "WEBP", quality=_QUALITY)
    return file.getvalue(), size
