"""Keep the memory that all threads take to decode images below a bound."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from PIL import _imaging as core

BOUND = 2**30
"""The most bytes that decoding may take in all threads together."""

LARGE = 64_000_000
"""Images with more pixels than this are reduced while they are converted."""

_BOMB = 200
"""Real large images have fewer pixels per byte of their file; only files made to harm have more."""

_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2}  # a pixel in Pillow's memory; else 4
_CONVERTED = 4
# Beside the pixels themselves: decoders that have the whole picture in a form of their own.
_OF_DECODER = {"WEBP": 8, "AVIF": 8, "HEIF": 8, "JPEG2000": 16, "TIFF": 4}


class Room:
    """A number of bytes that threads share; each takes what it needs and waits for the others.

    Args:
        size: the number of bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._taken = 0
        self._changed = threading.Condition()

    @contextmanager
    def taken(self, amount: int) -> Iterator[None]:
        """Take this many bytes, or all at most, for the time of the block."""
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
    """Return whether a small file claims to be a large image, which would only cost time and memory."""
    return size[0] * size[1] > max(LARGE, _BOMB * file_bytes)


def needed(image: Image.Image, *, full_size: tuple[int, int], reduced: bool) -> int:
    """Return roughly how many bytes the decoding of an image takes at its peak.

    Args:
        image: the opened image, not yet loaded; its size is the size of decoding.
        full_size: (width, height) in the file.
        reduced: whether it is reduced while it is converted.
    """
    pixels = image.width * image.height
    each = _BYTES.get(image.mode, 4) + _OF_DECODER.get(image.format or "", 0)
    each += 0 if reduced else _CONVERTED
    return pixels * each + _coefficients(image, full_size)


def _coefficients(image: Image.Image, size: tuple[int, int]) -> int:
    """Return the bytes of a progressive JPEG's coefficients, which are of full size in any case."""
    if "progressive" not in image.info:
        return 0
    parts: list[tuple[int, int]] = [(across, down) for _, across, down, _ in getattr(image, "layer", [])]
    finest = max(across for across, _ in parts) * max(down for _, down in parts)
    return size[0] * size[1] * 2 * sum(across * down for across, down in parts) // finest


_BLOCK = 2**26
"""The bytes that Pillow allocates at a time.

The C library returns blocks above 32 MiB to the system at once. With Pillow's usual 16 MiB, each thread would
keep its largest amount."""

_lock = threading.Lock()
_users = 0
_before: tuple[int | None, int] = (None, _BLOCK)


@contextmanager
def pillow_bounded_here() -> Iterator[None]:
    """Let Pillow open images of any size, because we bound the memory ourselves, and return it.

    Both are settings of the whole process. They are restored when the last thread is done.
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
