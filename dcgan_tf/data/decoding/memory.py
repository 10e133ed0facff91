"""How much memory the decoding of images takes, and that all threads together stay below a bound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from PIL import _imaging as core

BOUND = 2**30
"""Bytes that the images which are being decoded may take together, in all threads."""

LARGE = 64_000_000
"""Pixels from which on an image is halved, or more, while it is converted."""

_BOMB = 200
"""Large pictures have a byte for fewer pixels than that in their file; black ones made to harm have not."""

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # a pixel in Pillow's memory; else 4
_CONVERTED = 4
# Beside the pixels themselves: decoders that have the whole picture in a form of their own.
_OF_DECODER = {"WEBP": 8, "AVIF": 8, "HEIF": 8, "JPEG2000": 16, "TIFF": 4}


class Room:
    """So many bytes, of which threads take what they need, waiting for each other.

    Args:
        size: in bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Take so many bytes, at most all, for the time of the block."""
        amount = min(amount, self.size)
        with self._changed:
            self._changed.wait_for(lambda: self._taken + amount <= self.size)
            self._taken += amount
        try:
            yield
        finally:
            with self._changed:
                self._taken -= amount
                self._changed.notify_all()


ROOM = Room(BOUND)


def is_bomb(size: tuple[int, int], file_bytes: int) -> bool:
    """Tell whether a small file claims to be a large picture, so as to take time and memory only."""
    return size[0] * size[1] > max(LARGE, _BOMB * file_bytes)


def needed(image: Image.Image, *, full_size: tuple[int, int], reduced: bool) -> int:
    """Return about how many bytes the decoding of an image takes at its height.

    Args:
        image: opened, not yet loaded; its size is that to which it is decoded.
        full_size: (width, height) in the file.
        reduced: whether it is made smaller while it is converted.
    """
    pixels = image.width * image.height
    each = _BYTES.get(image.mode, 4) + _OF_DECODER.get(image.format or "", 0)
    each += 0 if reduced else _CONVERTED
    return pixels * each + _coefficients(image, full_size)


def _coefficients(image: Image.Image, size: tuple[int, int]) -> int:
    """Return the bytes in which a progressive JPEG is collected, at full size whatever it is decoded to."""
    if "progressive" not in image.info:
        return 0
    parts: list[tuple[int, int]] = [(across, down) for _, across, down, _ in getattr(image, "layer", [])]
    finest = max(across for across, _ in parts) * max(down for _, down in parts)
    return size[0] * size[1] * 2 * sum(across * down for across, down in parts) // finest


_BLOCK = 2**26
"""Bytes that Pillow asks for at a time. What is larger than 32 MiB, the C library gives back to the system at
once; of Pillow's usual 16 MiB, each thread would keep what it once had."""

_lock = threading.Lock()
_users = 0
_before: tuple[int | None, int] = (None, _BLOCK)


@contextmanager
def pillow_bounded_here() -> Iterator[None]:
    """Let Pillow open pictures of any size, as the bound is ours, and give back their memory.

    Both are settings of the whole process, and are put back when the last thread is through.
    """
    global _users, _before
    with _lock:
        if _users == 0:
            _before = Image.MAX_IMAGE_PIXELS, core.get_block_size()
            _set(None, _BLOCK)
        _users += 1
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if _users == 0:
                _set(*_before)


def _set(most_pixels: int | None, block: int) -> None:
    Image.MAX_IMAGE_PIXELS = most_pixels
    core.set_block_size(block)
