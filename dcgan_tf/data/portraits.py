"""Drawn portraits whose attributes are known exactly: a small image dataset without files or network.

Every picture shows one person from the front: a man or a woman, with or without a crown, glasses and a
smile, looking more or less to one side. Everything else (colours, hair, beard, face, position) varies
freely and independently, so that arithmetic on attributes can be checked against the truth.

Picture ``i`` is a pure function of ``(seed, split, i)``. All its parameters come from an integer hash of
those numbers and of the parameter's name, so any subset can be drawn, in any order, at any size, and
always shows the same people.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgan_tf.config import DataConfig
from dcgan_tf.data import portrait_drawing as drawing
from dcgan_tf.data.image_set import ImageSet, cached
from dcgan_tf.data.portrait_drawing import Array

BINARY_ATTRIBUTES = ("woman", "crown", "glasses", "smile")
CONTINUOUS_ATTRIBUTES = ("turn",)
SPLITS = {"train": 20_000, "test": 2_000}
VERSION = 1
"""Of the drawing; part of the cache's key, so it must grow with every change that moves a pixel."""

Indices = Sequence[int] | NDArray[np.integer[Any]]

_SHARES = {"woman": 0.5, "crown": 0.4, "glasses": 0.35, "smile": 0.5}
_SMALLEST_SIDE = 16
# Larger chunks are slower: the arrays of a layer no longer stay in the processor's cache.
_PIXELS_AT_ONCE = 2**17
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601, as image files turned grey have it


def _palette(*colours: str) -> Array:
    channels = [[int(colour[k : k + 2], 16) for k in (0, 2, 4)] for colour in colours]
    return np.array(channels, np.float32) / np.float32(255)


_SKIN = _palette("f9d8c0", "f3c6a5", "e8b088", "d2946a", "ad7148", "85522f")
_HAIR = _palette("2a211f", "43291c", "6b3d22", "96481f", "c98a3b", "8b8587", "571f1c", "1f2638")
# What hair is multiplied by where it would not stand out from the skin.
_DARKENED = np.array([0.58, 0.44, 0.40], np.float32)
_BACKGROUND = _palette(
    "9fc9d9", "b9d6c2", "d9c7e0", "f0c9c0", "7fb0b5", "8fa3cf", "cfd6dc", "e5dccb", "b48fb5", "6f9a8a"
)
_CLOTHES = _palette("8c2f39", "2f4b7c", "2e6b5a", "5b3a73", "b5533c", "3a3f4b", "d8d2c4", "1f6f8b")
_IRIS = _palette("3b2416", "5c3b1e", "2f6fa3", "3d7d54", "5d6d7a")
_GOLD = _palette("f6c22d", "fbd046", "eeb021", "ffd75e")
_JEWEL = _palette("d7263d", "1b74c5", "1fa065", "8e3bb0")
_FRAME = _palette("17181d", "1d2a4d", "1f50ad", "a3152a", "0b6468")
_LIPS = _palette("c9183a", "d83a5e", "b01657", "de4a3f")


@dataclass(frozen=True)
class Portrait:
    """The parameters of n portraits: arrays [n] and colours [n, 3] with channels in [0, 1].

    ``woman``, ``crown``, ``glasses`` and ``smile`` are 0 or 1 (values between give half-transparent
    objects); ``turn`` lies in [-1, 1]. Indexing selects portraits.
    """

    woman: Array
    crown: Array
    glasses: Array
    smile: Array
    turn: Array
    x: Array
    y: Array
    scale: Array
    face_width: Array
    jaw: Array
    shoulder_width: Array
    light: Array
    fringe: Array
    parting: Array
    hair_volume: Array
    hair_curl: Array
    hair_length: Array
    beard: Array
    beard_size: Array
    brow: Array
    crown_spikes: Array
    crown_peak: Array
    crown_velvet: Array
    glasses_square: Array
    glasses_size: Array
    jewellery: Array
    gradient: Array
    skin: Array
    hair: Array
    background: Array
    clothes: Array
    iris: Array
    gold: Array
    jewel: Array
    frame: Array
    lips: Array

    def __getitem__(self, key: slice | NDArray[np.integer[Any]]) -> Portrait:
        return Portrait(*(getattr(self, field.name)[key] for field in fields(self)))

    def broadcast(self) -> Portrait:
        """Return the same parameters shaped to meet pixels: [n, 1, 1] and, for colours, [3, n, 1, 1]."""
        return Portrait(*(_broadcast(getattr(self, field.name)) for field in fields(self)))


def _broadcast(values: Array) -> Array:
    values = np.asarray(values, np.float32)
    return values.T[:, :, None, None] if values.ndim == 2 else values[:, None, None]


@dataclass(frozen=True)
class _Dice:
    """Independent random numbers for each picture, addressed by name."""

    keys: NDArray[np.uint64]

    def uniform(self, name: str, low: float = 0.0, high: float = 1.0) -> Array:
        bits = _mix(self.keys ^ _mix(np.uint64(zlib.crc32(name.encode()))))
        # 24 bits fill the mantissa of a float32 exactly, so 1.0 itself can never come up.
        unit: Array = (bits >> np.uint64(40)).astype(np.float32) * np.float32(2.0**-24)
        return np.float32(low) + np.float32(high - low) * unit

    def chance(self, name: str, share: float) -> Array:
        return (self.uniform(name) < np.float32(share)).astype(np.float32)

    def number(self, name: str, count: int) -> Array:
        numbers: Array = np.floor(self.uniform(name) * np.float32(count))
        return numbers

    def colour(self, name: str, palette: Array) -> Array:
        chosen = palette[self.number(name, len(palette)).astype(int)]
        brightness = self.uniform(name + " brightness", 0.93, 1.07)
        colours: Array = np.minimum(chosen * brightness[:, None], np.float32(1))
        return colours


def _mix(bits: Any) -> Any:
    """Finish splitmix64: every bit of the answer depends on every bit of ``bits``."""
    with np.errstate(over="ignore"):
        bits = bits + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return bits ^ (bits >> np.uint64(31))


def _dice(indices: Indices, seed: int, split: str) -> _Dice:
    _check_split(split)
    numbers = np.asarray(indices).reshape(-1)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise ValueError(f"indices must be integers; received values of type {numbers.dtype}")
    if numbers.size and numbers.min() < 0:
        raise ValueError(f"indices must not be negative; received {numbers.min()}")
    series = _mix(np.uint64(seed % 2**64)) ^ np.uint64(zlib.crc32(split.encode()))
    return _Dice(_mix(_mix(series) ^ _mix(numbers.astype(np.uint64))))


def _check_split(split: str) -> None:
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}; received {split!r}")


def _check_size(image_size: tuple[int, int]) -> None:
    if min(image_size) < _SMALLEST_SIDE:
        raise ValueError(
            f"image_size must be at least {_SMALLEST_SIDE} pixels on both sides; received {tuple(image_size)}"
        )


def sample(indices: Indices, *, seed: int = 0, split: str = "train") -> Portrait:
    """Return every parameter of the given pictures.

    Change some with :func:`dataclasses.replace` and pass the result to ``portrait_drawing.render``
    to draw the same people with another attribute.

    Args:
        indices: [n] integers, 0 or more; numbers beyond the split's default size are fine.
        seed: Any integer; another seed is another population.
        split: A key of ``SPLITS``.

    Returns:
        The parameters, each an array whose first axis is n.

    Raises:
        ValueError: The split is unknown, or an index is negative or not an integer.
    """
    dice = _dice(indices, seed, split)
    return Portrait(
        **{name: dice.chance(name, share) for name, share in _SHARES.items()},
        turn=dice.uniform("turn", -1, 1),
        **_sample_build(dice),
        **_sample_styles(dice),
        **_sample_colours(dice),
    )


def _sample_build(dice: _Dice) -> dict[str, Array]:
    return {
        "x": dice.uniform("x", -0.022, 0.022),
        "y": dice.uniform("y", -0.02, 0.02),
        "scale": dice.uniform("scale", 1.04, 1.14),
        "face_width": dice.uniform("face width", 0.195, 0.22),
        "jaw": dice.uniform("jaw", -0.04, 0.04),
        "shoulder_width": dice.uniform("shoulder width", 0.40, 0.47),
        "light": dice.uniform("light", -1, 1),
    }


def _sample_styles(dice: _Dice) -> dict[str, Array]:
    return {
        "fringe": dice.number("fringe", 4),
        "parting": dice.uniform("parting", -1, 1),
        "hair_volume": dice.uniform("hair volume"),
        "hair_curl": np.maximum(dice.uniform("hair curl", -1, 1), 0),
        "hair_length": dice.uniform("hair length"),
        "beard": dice.number("beard", 3),
        "beard_size": dice.uniform("beard size"),
        "brow": dice.uniform("brow"),
        "crown_spikes": dice.number("crown spikes", 3) + 3,
        "crown_peak": dice.uniform("crown peak"),
        "crown_velvet": dice.chance("crown velvet", 0.4),
        "glasses_square": dice.chance("glasses square", 0.5),
        "glasses_size": dice.uniform("glasses size"),
        "jewellery": dice.chance("jewellery", 0.4),
        "gradient": dice.uniform("gradient") * dice.chance("gradient at all", 0.7),
    }


def _sample_colours(dice: _Dice) -> dict[str, Array]:
    skin, hair = dice.colour("skin", _SKIN), dice.colour("hair", _HAIR)
    alike = np.abs(_brightness(skin) - _brightness(hair)) < np.float32(0.18)
    return {
        "skin": skin,
        "hair": np.where(alike[:, None], hair * _DARKENED, hair),
        "background": dice.colour("background", _BACKGROUND),
        "clothes": dice.colour("clothes", _CLOTHES),
        "iris": dice.colour("iris", _IRIS),
        "gold": dice.colour("gold", _GOLD),
        "jewel": dice.colour("jewel", _JEWEL),
        "frame": dice.colour("frame", _FRAME),
        "lips": dice.colour("lips", _LIPS),
    }


def _brightness(colour: Array) -> Array:
    return (colour[:, 0] + colour[:, 1] + colour[:, 2]) / np.float32(3)


def attributes(indices: Indices, *, seed: int = 0, split: str = "train") -> dict[str, NDArray[Any]]:
    """Return the true attributes of the given pictures.

    Args:
        indices: [n] integers, 0 or more.
        seed: Any integer.
        split: A key of ``SPLITS``.

    Returns:
        For each name of ``BINARY_ATTRIBUTES`` uint8 [n], 0 or 1; for each name of
        ``CONTINUOUS_ATTRIBUTES`` float32 [n] in [-1, 1] (``turn`` > 0 looks to the right of the picture).

    Raises:
        ValueError: The split is unknown, or an index is negative or not an integer.
    """
    dice = _dice(indices, seed, split)
    found = {name: dice.chance(name, share).astype(np.uint8) for name, share in _SHARES.items()}
    return {**found, "turn": dice.uniform("turn", -1, 1)}


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
        ValueError: The split is unknown, an index is negative or not an integer, or a side is too short.
    """
    _check_size(image_size)
    people = sample(indices, seed=seed, split=split)
    pictures = np.empty((len(people.turn), *image_size, 3), np.uint8)
    step = max(1, _PIXELS_AT_ONCE // (image_size[0] * image_size[1]))

    def draw_chunk(start: int) -> None:
        chunk = slice(start, start + step)
        pictures[chunk] = drawing.render(people[chunk], image_size)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(draw_chunk, range(0, len(pictures), step)))
    return pictures


def boxes(
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
        ValueError: The split is unknown, an index is negative or not an integer, or a side is too short.
    """
    _check_size(image_size)
    return drawing.boxes(sample(indices, seed=seed, split=split), image_size)


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return a whole split, drawn at the configured size and cached.

    Args:
        config: image_size and channels (1 is the luminance) are used.
        split: A key of ``SPLITS``.

    Raises:
        ValueError: The split is unknown or a side is too short.
    """
    _check_size(config.image_size)
    _check_split(split)
    indices = np.arange(SPLITS[split])
    height, width = config.image_size
    key = f"portraits-{VERSION}-{split}-{height}x{width}x{config.channels}"

    def prepare(_: Path) -> ImageSet:
        pictures = draw(indices, image_size=config.image_size, split=split)
        if config.channels == 1:
            pictures = np.rint(pictures @ _LUMINANCE)[..., None].astype(np.uint8)
        return ImageSet("portraits", pictures, attributes=attributes(indices, split=split), fingerprint=key)

    return cached(config.cache_dir, key, prepare)
