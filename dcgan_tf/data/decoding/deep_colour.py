"""Read colour of 16 bits per value, of which Pillow keeps only the upper 8; dark images need the lower 8.

Values of a camera's 12 bits, in a file of 16, have only 0 to 15 in their upper half.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from PIL import Image

from dcgan_tf.data.decoding.depth import Depth, strips, white_of_integers

_ALL = 2.0**16
_DARK = 64  # upper halves below this leave 2 bits or more unused
_MODES = ("RGB", "RGBA", "RGBX", "RGBa")


@dataclass(frozen=True)
class DeepColour:
    """The place in a file where the values of 16-bit colour can be read again.

    Attributes:
        file: the image file.
        lower: Pillow's name for a pixel format that makes it read the lower halves.
    """

    file: BinaryIO
    lower: str

    @staticmethod
    def of(image: Image.Image) -> DeepColour | None:
        """Return the place for an opened image whose pixels are not read yet; None without 16-bit colour."""
        tiles, file = getattr(image, "tile", []), getattr(image, "fp", None)
        if not tiles or file is None or image.mode not in _MODES:
            return None
        name, _, order = _form(tuple(tiles[0])[-1]).partition(";16")
        if name not in _MODES or order not in ("B", "L", "N"):
            return None
        upper_first = order == "B" or (order == "N" and sys.byteorder == "big")
        return DeepColour(file, f"{name};16{'L' if upper_first else 'B'}")

    def read(self, image: Image.Image, *, white: float = 0.0) -> tuple[Image.Image, Depth]:
        """Return the image in the 8 bits that hold its content, and the value that was taken for white.

        Args:
            image: the image that Pillow read, with the upper halves.
            white: the lowest value that may be white, because another image has it.
        """
        if white >= _ALL or max(int(np.asarray(part)[..., :3].max()) for part, _ in strips(image)) >= _DARK:
            return image, Depth(integers=True, white=_ALL)
        lower = self._lower_halves()
        highest = max(int(_joined(part, lower, top).max()) for part, top in strips(image))
        depth = Depth(integers=True, white=max(white, white_of_integers(highest)))
        shown = image.copy()
        for part, top in strips(image):
            pixels = np.array(part)  # alpha stays as it is
            pixels[..., :3] = depth.eight_bit(_joined(part, lower, top))
            shown.paste(Image.fromarray(pixels), (0, top))
        return shown, depth

    def _lower_halves(self) -> Image.Image:
        self.file.seek(0)
        with Image.open(self.file) as again:
            again.tile = [
                tile._replace(
                    args=(self.lower, *tile.args[1:]) if isinstance(tile.args, tuple) else self.lower
                )
                for tile in again.tile
            ]
            again.load()
            return again.copy()


def _form(args: object) -> str:
    """Return Pillow's name for the pixel format of a tile."""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _joined(upper: Image.Image, lower: Image.Image, top: int) -> np.ndarray:
    """Return the 16-bit colours of a strip, uint16 [h, w, 3]."""
    beside = lower.crop((0, top, upper.width, top + upper.height))
    high, low = (np.asarray(part)[..., :3].astype(np.uint16) for part in (upper, beside))
    return np.asarray(high << 8 | low)
