"""Reduce images of more than 8 bits per value to 8.

A 16-bit file often uses 10 or 12 of its bits, and floating-point files end at 1 or at 255. The file may
declare which value is white, or its values show it. A single image may be dark and so cannot decide for all.
So each image remembers which value it took for white, and all of a kind are scaled to the highest one.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from dcgan_tf.errors import DataError

BITS = (8, 10, 12, 14, 16, 24, 32)
"""Numbers of bits that cameras, scanners and microscopes use; 8 bits in a 16-bit file stay as they are."""

_FLOAT_WHITES = (1.0, 255.0, 1023.0, 4095.0, 16383.0, 65535.0)
_LEVELS = 32.0  # from here on, floating-point numbers count levels, as 8 bits do; below, they are shares
_OVERSHOOT = 0.1  # what filters that resize add beyond black and white
_MUCH, _SHOWN = 4, 3  # times as bright; files that are named
_STRIP = 2**20  # pixels that are worked on at a time
_SAMPLE_FORMAT, _MAX_SAMPLE_VALUE, _SMAX_SAMPLE_VALUE, _BITS_PER_SAMPLE = 339, 281, 341, 258
_SIGNED = 2
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_WHITEST = 2**16 - 1


@dataclass(frozen=True)
class Depth:
    """The value that an image of more than 8 bits took for white.

    Attributes:
        integers: whether its values are integers rather than floating-point numbers.
        white: 2 to the power of the bits for integers, of which the upper 8 are kept; else the value that
            becomes 255.
    """

    integers: bool
    white: float

    @property
    def kind(self) -> str:
        """The kind of images that share one white: floating point around 1 is another unit, not darker."""
        if self.integers:
            return "integers of more than 8 bits"
        return "floating-point numbers " + ("around 1" if self.white < _LEVELS else "of a level's size")

    @property
    def top(self) -> float:
        """The highest possible value."""
        return self.white - self.integers

    def eight_bit(self, values: np.ndarray) -> np.ndarray:
        """Return values of the file as uint8."""
        if self.integers:
            return (values >> (int(self.white).bit_length() - 9)).astype(np.uint8)
        return np.clip(np.round(values * (255 / self.white)), 0, 255).astype(np.uint8)

    def of_whiter(self, image: np.ndarray, white: float) -> np.ndarray:
        """Return an image, uint8, as if another, higher value had been taken for white."""
        if self.integers:
            return image >> (int(white).bit_length() - int(self.white).bit_length())
        return np.round(image * (self.white / white)).astype(np.uint8)


def is_deep(image: Image.Image) -> bool:
    """Return whether Pillow keeps the values of the file, which `convert` would clip at 255."""
    return image.mode in ("I", "F") or image.mode.startswith("I;")


def depth_of(image: Image.Image, *, white: float = 0.0) -> Depth:
    """Return the value that is white in an image of more than 8 bits.

    Args:
        image: the loaded image.
        white: the lowest value that may be white, because another image has it.

    Raises:
        DataError: if there are values below black, or not a number.
    """
    ends = [(part.min(), part.max()) for part in (values_of(strip, image) for strip, _ in strips(image))]
    low, high = (float(limit) for limit in (np.min(ends, axis=0)[0], np.max(ends, axis=0)[1]))
    if image.mode == "F":
        least = _white_of_floats(high)
        lowest = -_OVERSHOOT * least
    else:
        least = white_of_integers(max(high, _declared(image)))
        lowest = 0
    if not lowest <= low <= high < math.inf:  # also refuses NaN
        raise DataError(f"values from {low:g} to {high:g}, expected numbers from 0 on")
    return Depth(image.mode != "F", max(white, least))


def values_of(strip: Image.Image, image: Image.Image) -> np.ndarray:
    """Return the values of a part of an image, [h, w], in their own type."""
    values: np.ndarray = np.asarray(strip)
    if image.mode == "I" and _tag(image, _SAMPLE_FORMAT, _SIGNED) != _SIGNED:  # Pillow reads them as signed
        return values.view(np.uint32)
    if image.mode.startswith("I;16") and _tag(image, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO:
        white = min(int(_declared(image)) or _WHITEST, _WHITEST)
        values = white - np.minimum(values, white)  # as Pillow itself does with 8 bits
    return values


def strips(image: Image.Image, *, multiple: int = 1) -> Iterator[tuple[Image.Image, int]]:
    """Yield (part, its upper row) from top to bottom, so that work on an image needs little memory.

    Args:
        image: any image.
        multiple: each part but the last has a multiple of this many rows.
    """
    rows = max(1, _STRIP // (image.width * multiple)) * multiple
    for top in range(0, image.height, rows):
        yield image.crop((0, top, image.width, min(top + rows, image.height))), top


def depth_remarks(depths: Iterable[Depth]) -> list[str]:
    """Return a line for each kind of images of more than 8 bits that says how they were scaled."""
    lines = []
    for kind, of_kind in by_kind(depths).items():
        counts = Counter(depth.top for depth in of_kind)
        held = ", ".join(f"{top:,.10g} in {count:,}" for top, count in sorted(counts.items()))
        lines.append(
            f"{len(of_kind):,} of the images hold {kind} (up to {held}): "
            f"0 to {max(counts):,.10g} were scaled to 0 to 255 in all of them"
        )
    return lines


def overshadowed(depths: Iterable[tuple[str, Depth]]) -> list[str]:
    """Return a sentence for each kind in which few bright images make most others dark.

    Args:
        depths: (name, depth) of each image.
    """
    names: dict[str, list[tuple[str, Depth]]] = {}
    for name, depth in depths:
        names.setdefault(depth.kind, []).append((name, depth))
    lines = []
    for kind, pictures in names.items():
        white = max(depth.white for _, depth in pictures)
        bright = [name for name, depth in pictures if depth.white > white / _MUCH]
        dark = [depth for _, depth in pictures if depth.white <= white / _MUCH]
        if len(bright) < len(dark):
            lines.append(_of_shadows(kind, bright, dark, next(d for _, d in pictures if d.white == white)))
    return lines


def _of_shadows(kind: str, bright: list[str], dark: list[Depth], brightest: Depth) -> str:
    highest = max(dark, key=lambda depth: depth.white)
    level = min(254, math.ceil(255 * highest.white / brightest.white))
    shown = ", ".join(bright[:_SHOWN]) + (f" and {len(bright) - _SHOWN:,} more" * (len(bright) > _SHOWN))
    return (
        f"values up to {brightest.top:,.10g} in {shown} set the white of all images of {kind}, so that the "
        f"other {len(dark):,}, whose values end at {highest.top:,.10g}, are dark now, at most {level} of "
        "255. Remove images that do not belong to the data, or save all with values of the same range"
    )


def by_kind(depths: Iterable[Depth]) -> dict[str, list[Depth]]:
    """Return {kind: the images' depths}."""
    kinds: dict[str, list[Depth]] = {}
    for depth in depths:
        kinds.setdefault(depth.kind, []).append(depth)
    return kinds


def white_of_integers(high: float) -> float:
    """Return 2 to the power of the usual number of bits that holds a highest value."""
    bits = next((bits for bits in BITS if high < 2**bits), BITS[-1])
    return float(2**bits)


def _white_of_floats(high: float) -> float:
    """Return the usual end of the range for a highest value, or the value itself if none is usual."""
    white = next((white for white in _FLOAT_WHITES if high <= white * (1 + _OVERSHOOT)), high)
    # 1.5 is not a dark picture of 0 to 255, and 3,000 may be one of 0 to 4,095.
    return high if white == _FLOAT_WHITES[1] and high < _LEVELS else white


def _declared(image: Image.Image) -> float:
    """Return the highest value that a TIFF declares, or 0 if it declares none.

    PNG cannot declare it: by its standard, values of fewer significant bits (sBIT) are scaled up to all.
    """
    bits = _tag(image, _BITS_PER_SAMPLE, 0)
    by_bits = 2**bits - 1 if 8 < bits < 16 else 0
    return max(by_bits, *(_tag(image, tag, 0) for tag in (_MAX_SAMPLE_VALUE, _SMAX_SAMPLE_VALUE)))


def _tag(image: Image.Image, tag: int, default: int) -> int:
    """Return a number from a TIFF's tag; the default in other files, or if the tag is not a number."""
    found = getattr(image, "tag_v2", {}).get(tag, default)
    found = found[0] if isinstance(found, tuple) and found else found
    return found if isinstance(found, int) and 0 <= found < 2**32 else default
