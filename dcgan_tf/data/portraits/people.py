"""The people of the portraits: their parameters, and how these follow from (seed, split, index).

All parameters come from an integer hash of those numbers and of the parameter's name, so any subset can be
sampled, in any order, and always shows the same people.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dcgan_tf.data.image_set import MissingSplitError
from dcgan_tf.errors import DataError

Array = NDArray[np.floating[Any]]
Indices = Sequence[int] | NDArray[np.integer[Any]]

SPLITS = {"train": 20_000, "test": 2_000}
_SHARES = {"woman": 0.5, "crown": 0.4, "glasses": 0.35, "smile": 0.5}


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
_FRAME = _palette("17181d", "1d2a4d", "8f1026", "0a4f52")
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
    check_split(split)
    numbers = np.asarray(indices).reshape(-1)
    if numbers.size and numbers.dtype.kind not in "iu":
        raise DataError(f"indices must be integers; received values of type {numbers.dtype}")
    if numbers.size and numbers.min() < 0:
        raise DataError(f"indices must not be negative; received {numbers.min()}")
    series = _mix(np.uint64(seed % 2**64)) ^ np.uint64(zlib.crc32(split.encode()))
    return _Dice(_mix(_mix(series) ^ _mix(numbers.astype(np.uint64))))


def check_split(split: str) -> None:
    """Raise ValueError unless the split is one of `SPLITS`."""
    if split not in SPLITS:
        raise MissingSplitError(f"split must be one of {', '.join(SPLITS)}; received {split!r}")


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
        DataError: The split is unknown, or an index is negative or not an integer.
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
        For "woman", "crown", "glasses" and "smile" uint8 [n], 0 or 1; for "turn" float32 [n] in [-1, 1]
        (above 0 looks to the right of the picture).

    Raises:
        DataError: The split is unknown, or an index is negative or not an integer.
    """
    dice = _dice(indices, seed, split)
    found = {name: dice.chance(name, share).astype(np.uint8) for name, share in _SHARES.items()}
    return {**found, "turn": dice.uniform("turn", -1, 1)}
