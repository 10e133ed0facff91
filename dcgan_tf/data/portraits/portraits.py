"""Drawn portraits whose attributes are known exactly: a small image dataset without files or network.

Every picture shows one person from the front: a man or a woman, with or without a crown, glasses and a
smile, looking more or less to one side. Everything else (colours, hair, beard, face, position) varies
freely and independently, so that arithmetic on attributes can be checked against the truth.

Picture ``i`` is a pure function of ``(seed, split, i)``: any subset can be drawn, in any order, at any
size, and always shows the same people. `people.py` decides who they are, `layers.py` how they look.
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from dcgan_tf.config import DataConfig
from dcgan_tf.data.image_set import ImageSet, ImageWriter, cached
from dcgan_tf.data.portraits import drawing
from dcgan_tf.data.portraits.people import (
    SPLITS,
    Array,
    Indices,
    Portrait,
    attributes,
    check_split,
    sample,
)
from dcgan_tf.errors import DataError
from dcgan_tf.images import luminance

__all__ = [
    "BINARY_ATTRIBUTES",
    "CONTINUOUS_ATTRIBUTES",
    "SPLITS",
    "VERSION",
    "Portrait",
    "attribute_boxes",
    "attributes",
    "draw",
    "load",
    "sample",
]

BINARY_ATTRIBUTES = ("woman", "crown", "glasses", "smile")
CONTINUOUS_ATTRIBUTES = ("turn",)
_log = logging.getLogger("dcgan_tf")
VERSION = 1
"""The version of the drawing. It is part of the cache's key and must grow with every change of a pixel."""

_SMALLEST_SIDE = 16
# Larger chunks are slower: the arrays of a layer no longer stay in the processor's cache.
_PIXELS_AT_ONCE = 2**17
# While a set is prepared: 200 MB at 256x256, and several times as much for grey.
_PICTURES_IN_MEMORY = 1_000


def check_portrait_size(image_size: tuple[int, int]) -> None:
    """Refuse an image size that is too small for a portrait.

    Raises:
        DataError: if a side has less than 16 pixels.
    """
    if min(image_size) < _SMALLEST_SIDE:
        raise DataError(
            f"image_size must be at least {_SMALLEST_SIDE} pixels on both sides; received {tuple(image_size)}"
        )


def draw(
    indices: Indices, *, image_size: tuple[int, int], seed: int = 0, split: str = "train"
) -> NDArray[np.uint8]:
    """Draw the given pictures.

    Args:
        indices: [n] integers, 0 or more.
        image_size: Height and width in pixels, each at least 16. The portrait fills the centred square of
            the shorter side, the background the rest.
        seed: Any integer.
        split: A key of ``SPLITS``.

    Returns:
        uint8 [n, height, width, 3], RGB.

    Raises:
        DataError: The split is unknown, an index is negative or not an integer, or a side is too short.
    """
    check_portrait_size(image_size)
    people = sample(indices, seed=seed, split=split)
    pictures = np.empty((len(people.turn), *image_size, 3), np.uint8)
    step = max(1, _PIXELS_AT_ONCE // (image_size[0] * image_size[1]))

    def draw_chunk(start: int) -> None:
        chunk = slice(start, start + step)
        pictures[chunk] = drawing.render(people[chunk], image_size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(draw_chunk, range(0, len(pictures), step)))
    return pictures


def attribute_boxes(
    indices: Indices, *, image_size: tuple[int, int], seed: int = 0, split: str = "train"
) -> dict[str, Array]:
    """Return where the crown, the glasses and the mouth are drawn, or would be if they are absent.

    Args:
        indices: [n] integers, 0 or more.
        image_size: Height and width in pixels, each at least 16.
        seed: Any integer.
        split: A key of ``SPLITS``.

    Returns:
        For "crown", "glasses" and "smile" (the mouth) float32 [n, 4]: top, left, bottom, right in pixels,
        inside the picture.

    Raises:
        DataError: The split is unknown, an index is negative or not an integer, or a side is too short.
    """
    check_portrait_size(image_size)
    return drawing.boxes(sample(indices, seed=seed, split=split), image_size)


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return a whole split, drawn at the configured size and cached.

    Args:
        config: image_size and channels (1 is the luminance) are used.
        split: A key of ``SPLITS``.

    Returns:
        uint8 [N, height, width, channels] in [0, 255], memory-mapped, picture ``i`` at position ``i``.

    Raises:
        DataError: The split is unknown or a side is too short.
    """
    check_portrait_size(config.image_size)
    check_split(split)
    indices = np.arange(SPLITS[split])
    height, width = config.image_size
    key = f"portraits-{VERSION}-{split}-{height}x{width}x{config.channels}"

    def prepare(scratch: Path) -> ImageSet:
        _log.info("drawing %s portraits at %dx%d, once", f"{len(indices):,}", height, width)
        with ImageWriter(scratch, shape=(height, width, config.channels)) as writer:
            for start in range(0, len(indices), _PICTURES_IN_MEMORY):
                some = indices[start : start + _PICTURES_IN_MEMORY]
                pictures = draw(some, image_size=config.image_size, split=split)
                if config.channels == 1:
                    pictures = luminance(pictures)
                for picture in pictures:
                    writer.append(picture)
        images = np.load(scratch / "images.npy", mmap_mode="r")
        return ImageSet("portraits", images, attributes=attributes(indices, split=split), fingerprint=key)

    return cached(config.cache_dir, key, prepare)
