"""The layers of a portrait, from the background to the crown. Each paints one thing over the others.

A layer takes a window of the pictures and the people in them; see `shapes.py` for its coordinates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from dcgan_tf.data.portraits.people import Array, Portrait
from dcgan_tf.data.portraits.shapes import Window, below, box, ellipse, length, line, wave

_FACE_HEIGHT = 0.265
_EYE_X, EYE_Y = 0.088, -0.035
MOUTH_Y = 0.135
_CROWN_BASE, CROWN_SHIFT = -0.165, 0.012
# How far the lower half of a turned head leans to its side, per unit of height.
_CHIN_SHIFT = 0.13


def _colour(red: float, green: float, blue: float) -> Array:
    return np.array([red, green, blue], np.float32).reshape(3, 1, 1, 1)


_WHITE = _colour(0.99, 0.98, 0.96)
_BLACK = _colour(0.09, 0.07, 0.08)
_MOUTH = _colour(0.45, 0.06, 0.10)
_TONGUE = _colour(0.88, 0.36, 0.38)
_BLUSH = _colour(0.90, 0.36, 0.34)
# Shade reddens skin; a plain darker colour would look grey.
_SKIN_SHADE = _colour(0.82, 0.70, 0.66)

# The hairline by style: its height in the middle, how it falls with the second power of the distance from
# the parting and with the fourth power of that from the middle, and how far aside the parting may lie.
_WOMAN_HAIRLINES = np.array(
    [(-0.205, 2.5, 130, 0.02), (-0.195, 2.2, 100, 0.11), (-0.13, 0, 200, 0.0), (-0.185, 4.5, 70, 0.05)],
    np.float32,
)
_MAN_HAIRLINES = np.array(
    [(-0.165, 0, 190, 0.0), (-0.185, 1.8, 130, 0.10), (-0.205, 0, 150, 0.0), (-0.15, -2.0, 230, 0.04)],
    np.float32,
)


def _darker(colour: Array, factor: float) -> Array:
    return colour * factor


def _lighter(colour: Array, share: float) -> Array:
    return colour + (1 - colour) * share


def _background(window: Window, who: Portrait) -> None:
    fall = np.clip(window.y + 0.1 * window.x * who.light, -0.6, 0.6) * who.gradient
    window.pixels[...] = np.clip(who.background * (1 - 0.28 * fall), 0, 1)


def _head_distance(x: Array, y: Array, who: Portrait, extra: Array | float = 0.0) -> Array:
    taper = 0.10 + 0.07 * who.woman + who.jaw
    width = who.face_width * (1 - taper * np.clip(y / _FACE_HEIGHT, -0.6, 1.2))
    x = x - _CHIN_SHIFT * who.turn * np.maximum(y, 0)
    return ellipse(x * (who.face_width / width), y, who.face_width + extra, _FACE_HEIGHT + extra)


def _long_hair_distance(window: Window, who: Portrait) -> Array:
    """Return the distance to the mane of a woman: half an ellipse over a column with a wavy outline."""
    x = window.x + 0.02 * who.turn
    width = 0.255 + 0.055 * who.hair_volume + 0.05 * np.maximum(window.y, 0)
    width = width + 0.022 * who.hair_curl * wave(window.y * 6)
    over, under = np.minimum(window.y - 0.02, 0), np.maximum(window.y - 0.21 - 0.10 * who.hair_length, 0)
    rise = over / (0.335 + 0.02 * who.hair_volume) + under / 0.13
    return (length(x / width, rise) - 1) * 0.25


def _back_hair(window: Window, who: Portrait) -> None:
    distance = _long_hair_distance(window, who)
    window.paint(distance, _darker(who.hair, 0.78), who.woman)


def _neck(window: Window, who: Portrait) -> None:
    width = 0.105 - 0.02 * who.woman
    neck = box(window.x, window.y - 0.35, width, 0.2, 0.02)
    window.paint(neck, _darker(who.skin, 0.9))
    chin = ellipse(window.x - 0.03 * who.light, window.y - 0.19, 0.17, 0.13)
    window.paint(chin, who.skin * _SKIN_SHADE, 0.7 * window.cover(neck), blur=0.03)


def _shoulders(window: Window, who: Portrait) -> None:
    height = np.minimum(window.y - 0.62, 0)
    body = ellipse(window.x, height, who.shoulder_width, 0.29)
    neckline = ellipse(window.x, window.y - 0.30, 0.125, 0.09 + 0.02 * who.woman)
    cloth = np.maximum(body, -neckline)
    window.paint(cloth, who.clothes)
    window.paint(np.maximum(cloth, np.abs(neckline) - 0.02), _lighter(who.clothes, 0.35))


def _long_locks(window: Window, who: Portrait) -> None:
    lock = np.maximum(_long_hair_distance(window, who), 0.15 - np.abs(window.x))
    window.paint(lock, who.hair, who.woman)
    bend = 0.02 * (0.4 + who.hair_curl) * wave(window.y * 3)
    strand = 0.006 - 0.012 * wave((np.abs(window.x) + bend) * 19)
    window.paint(strand, _lighter(who.hair, 0.22), who.woman * 0.55 * window.cover(lock + 0.008), blur=0.015)


def _ears(window: Window, who: Portrait) -> None:
    side = np.abs(window.x + 0.022 * who.turn) - who.face_width
    window.paint(ellipse(side, window.y - 0.015, 0.036, 0.055), _darker(who.skin, 0.93), 1 - who.woman)
    window.paint(ellipse(side, window.y - 0.015, 0.016, 0.032), _darker(who.skin, 0.78), 1 - who.woman)


def _head(window: Window, who: Portrait) -> None:
    head = _head_distance(window.x, window.y, who)
    window.paint(head, who.skin)
    side = ellipse(window.x + 0.07 * who.light, window.y + 0.03, who.face_width * 1.08, _FACE_HEIGHT)
    window.paint(-side, who.skin * _SKIN_SHADE, 0.75 * window.cover(head), blur=0.06)


def _blush(window: Window, who: Portrait) -> None:
    cheek = ellipse(np.abs(window.face_x) - 0.12, window.y - 0.065, 0.045, 0.035)
    window.paint(cheek, _BLUSH, 0.18 + 0.16 * who.woman, blur=0.03)


def _beard(window: Window, who: Portrait) -> None:
    man, colour = 1 - who.woman, _darker(who.hair, 0.9)
    edge = np.abs(window.face_x) / who.face_width
    curve = 0.085 - 0.13 * edge * edge
    full = _head_distance(window.x, window.y, who, 0.012 + 0.012 * who.beard_size)
    full = np.maximum(full, below(window.y, curve, 1.3 * edge))
    window.paint(full, colour, man * (who.beard == 0))
    goatee = ellipse(window.face_x, window.y - 0.185, 0.10 + 0.015 * who.beard_size, 0.11)
    window.paint(goatee, colour, man * (who.beard == 1))


def _moustache(window: Window, who: Portrait) -> None:
    x = np.abs(window.face_x)
    droop = 0.095 + 2.0 * x * x - 0.15 * x * (who.beard == 2)
    thickness = 0.034 - 0.14 * np.maximum(x - 0.04, 0)
    distance = np.maximum(np.abs(window.y - droop) - thickness, x - 0.15)
    window.paint(distance, _darker(who.hair, 0.82), 1 - who.woman)


def _closed_mouth(window: Window, who: Portrait) -> None:
    y = window.y - MOUTH_Y - 0.012 - 0.5 * window.face_x**2
    closed = 1 - who.smile
    lips = ellipse(window.face_x, y, 0.062, 0.026)
    window.paint(lips, who.lips, closed * who.woman)
    window.paint(lips, 0.5 * (_TONGUE + who.skin * _SKIN_SHADE), closed * (1 - who.woman))
    window.paint(line(window.face_x, y, (-0.05, 0), (0.05, 0), 0.006), _MOUTH, closed)


def _smile(window: Window, who: Portrait) -> None:
    x, y = window.face_x, window.y - MOUTH_Y + 0.025
    top = 0.012 - 1.1 * x * x
    mouth = np.maximum(ellipse(x, y, 0.112, 0.099), below(y, top, 2.2 * x))
    lips = who.woman * who.lips + (1 - who.woman) * _darker(_MOUTH, 0.7)
    window.paint(mouth - 0.010 - 0.003 * who.woman, lips, who.smile)
    window.paint(mouth, _MOUTH, who.smile)
    window.paint(np.maximum(mouth, ellipse(x, y - 0.105, 0.065, 0.038)), _TONGUE, who.smile)
    window.paint(np.maximum(mouth, y - top - 0.040), _WHITE, who.smile)


def _nose(window: Window, who: Portrait) -> None:
    x, shade = window.face_x, who.skin * _SKIN_SHADE
    tip = 0.035 * who.turn
    bridge = line(x, window.y, (0.25 * tip, -0.04), (tip, 0.045), 0.014)
    window.paint(bridge, shade, 0.4, blur=0.02)
    window.paint(ellipse(x - tip, window.y - 0.055, 0.037, 0.025), shade)
    window.paint(ellipse(x - tip, window.y - 0.047, 0.024, 0.015), _lighter(who.skin, 0.15), 0.7, blur=0.012)


def _eyes(window: Window, who: Portrait) -> None:
    x, y = np.abs(window.face_x) - _EYE_X, window.y - EYE_Y
    white = ellipse(x, y, 0.047, 0.034 + 0.003 * who.woman)
    window.paint(white, _WHITE)
    gaze = np.abs(window.face_x - 0.014 * who.turn) - _EYE_X
    window.paint(np.maximum(white, ellipse(gaze, y, 0.028, 0.030)), who.iris)
    window.paint(ellipse(gaze, y, 0.014, 0.015), _BLACK)
    window.paint(ellipse(gaze - 0.009, y + 0.011, 0.007, 0.007), _WHITE)
    lid = np.maximum(np.abs(white) - 0.007 - 0.006 * who.woman, y + 0.004)
    window.paint(lid, _BLACK, 0.6 + 0.4 * who.woman)


def _lashes(window: Window, who: Portrait) -> None:
    x, y = np.abs(window.face_x) - _EYE_X, window.y - EYE_Y
    lashes = line(x, y, (0.03, -0.018), (0.066, -0.040), 0.008)
    lashes = np.minimum(lashes, line(x, y, (0.012, -0.03), (0.034, -0.057), 0.006))
    window.paint(lashes, _BLACK, who.woman)


def _brows(window: Window, who: Portrait) -> None:
    x, y = np.abs(window.face_x), window.y + 0.100 + 0.014 * who.woman
    y = y - 4 * (x - 0.09) ** 2 + (0.05 + 0.13 * who.woman) * (x - 0.09)
    thickness = 0.014 - 0.006 * who.woman + 0.004 * who.brow
    window.paint(line(x, y, (0.05, 0), (0.135, 0), thickness), _darker(who.hair, 0.7))


def _hairline_distance(window: Window, who: Portrait, styles: Array) -> Array:
    """Return the distance to all that lies above the hairline, which turns half as far as the face."""
    columns = styles[who.fringe.reshape(-1).astype(int)].T[:, :, None, None]
    height, square, fourth, aside = columns
    x = 0.5 * (window.x + window.face_x)
    away = x - aside * who.parting
    curve = height + square * away**2 + fourth * x**4
    return -below(window.y, curve, 2 * square * away + 4 * fourth * x**3)


def _short_hair(window: Window, who: Portrait) -> None:
    curl = 0.009 * who.hair_curl * (wave(window.x * 9) + wave(window.y * 9 + 0.25))
    volume = 0.024 + 0.03 * who.hair_volume
    cap = _head_distance(window.x + 0.01 * who.turn, window.y + 0.015, who, volume) + curl
    line = _hairline_distance(window, who, _MAN_HAIRLINES)
    hair = np.maximum(np.maximum(cap, line), window.y + 0.01)
    window.paint(hair, who.hair, 1 - who.woman)
    _shine(window, who, hair, 1 - who.woman)


def _front_hair(window: Window, who: Portrait) -> None:
    volume = 0.03 + 0.02 * who.hair_volume
    cap = _head_distance(window.x + 0.01 * who.turn, window.y + 0.015, who, volume)
    line = _hairline_distance(window, who, _WOMAN_HAIRLINES)
    hair = np.maximum(np.maximum(cap, line), window.y - 0.16)
    window.paint(hair, who.hair, who.woman)
    _shine(window, who, hair, who.woman)


def _shine(window: Window, who: Portrait, hair: Array, opacity: Array) -> None:
    x = window.x + 0.08 * who.light
    band = ellipse(x, window.y + 0.25 - 1.2 * x * x, 0.15, 0.022)
    window.paint(band, _lighter(who.hair, 0.35), opacity * 0.6 * window.cover(hair), blur=0.03)


def _earrings(window: Window, who: Portrait) -> None:
    side = np.abs(window.x) - who.face_width * 0.98
    drop = ellipse(side, window.y - 0.12, 0.02, 0.028)
    window.paint(drop, who.gold, who.woman * who.jewellery)


def _glasses_arms(window: Window, who: Portrait) -> None:
    ends = np.maximum(0.16 - np.abs(window.face_x), np.abs(window.x) - who.face_width)
    arms = np.maximum(np.abs(window.y - EYE_Y + 0.014) - 0.013, ends)
    window.paint(arms, who.frame, who.glasses)


def _glasses(window: Window, who: Portrait) -> None:
    x, y = np.abs(window.face_x), window.y - EYE_Y - 0.006
    size = 0.078 + 0.008 * who.glasses_size
    round_rim = ellipse(x - 0.098, y, size, size)
    square_rim = box(x - 0.098, y, size + 0.003, size - 0.01, 0.025)
    rim = np.where(who.glasses_square > 0, square_rim, round_rim)
    window.paint(rim, _lighter(who.frame, 0.88), 0.6 * who.glasses)
    bridge = np.maximum(np.abs(y + 0.015) - 0.012, x - 0.03)
    window.paint(np.minimum(np.abs(rim) - 0.02, bridge), who.frame, who.glasses)
    glare = line(x - 0.095, y, (-0.035, 0.0), (0.0, -0.04), 0.008)
    window.paint(glare, _WHITE, 0.5 * who.glasses, blur=0.008)


class _CrownShape(NamedTuple):
    """The lines of a crown that its layers share; ``x`` is measured from its middle and leans outwards."""

    x: Array
    base: Array
    peak: Array
    tip: Array
    sides: Array
    body: Array


def _crown_shape(window: Window, who: Portrait) -> _CrownShape:
    x = window.x - CROWN_SHIFT * who.turn
    base = _CROWN_BASE - 0.35 * x * x
    x = x / (1 + 0.42 * np.maximum(-0.17 - window.y, 0))
    width = 1.02 * who.face_width
    gaps = who.crown_spikes - 1
    # An even number of spikes leaves a valley, not a spike, in the middle.
    phase = x * gaps / (2 * width) + 0.5 * (gaps % 2)
    tip = np.abs(phase - np.round(phase)) * 2
    peak = -0.425 + who.crown_peak * (0.02 + 1.4 * x * x)
    top = peak + (-0.275 - peak) * tip
    sides = np.abs(x) - width
    body = np.maximum(np.maximum((top - window.y) * 0.45, window.y - base), sides)
    return _CrownShape(x, base, peak, tip * width / gaps, sides, body)


def _crown(window: Window, who: Portrait) -> None:
    shape = _crown_shape(window, who)
    velvet = ellipse(shape.x, window.y + 0.25, 0.95 * who.face_width, 0.12)
    velvet = np.maximum(velvet, window.y - shape.base)
    window.paint(velvet, _darker(who.jewel, 0.62), who.crown * who.crown_velvet)
    window.paint(shape.body - 0.010, _darker(who.gold, 0.42), who.crown)
    window.paint(shape.body, who.gold, who.crown)
    gleam = np.abs(shape.x + 0.09 * who.light) - 0.04
    window.paint(
        gleam, _lighter(who.gold, 0.6), 0.6 * who.crown * window.cover(shape.body + 0.004), blur=0.05
    )


def _crown_balls(window: Window, who: Portrait) -> None:
    shape = _crown_shape(window, who)
    ball = np.maximum(ellipse(shape.tip, window.y - shape.peak, 0.024, 0.024), shape.sides - 0.03)
    window.paint(ball - 0.008, _darker(who.gold, 0.42), who.crown)
    window.paint(ball, _lighter(who.gold, 0.25), who.crown)


def _crown_band(window: Window, who: Portrait) -> None:
    shape = _crown_shape(window, who)
    rim = np.maximum(np.abs(window.y - shape.base + 0.068) - 0.007, shape.sides)
    window.paint(rim, _darker(who.gold, 0.6), who.crown)
    spacing = 0.5 * who.face_width
    along = (shape.x - 0.05 * who.turn) / spacing
    along = (along - np.round(along)) * spacing
    jewel = np.maximum(ellipse(along, window.y - shape.base + 0.034, 0.025, 0.024), shape.sides + 0.006)
    window.paint(jewel - 0.006, _darker(who.gold, 0.5), who.crown)
    window.paint(jewel, who.jewel, who.crown)


Layer = Callable[[Window, Portrait], None]
Bounds = tuple[float, float, float, float]

# Each layer with the part of the picture it may touch (top, left, bottom, right); None is all of it.
LAYERS: tuple[tuple[Layer, Bounds | None], ...] = (
    (_background, None),
    (_back_hair, (-0.37, -0.37, 0.45, 0.37)),
    (_neck, (0.14, -0.13, 0.56, 0.13)),
    (_shoulders, None),
    (_long_locks, (-0.37, -0.37, 0.45, 0.37)),
    (_ears, (-0.06, -0.30, 0.09, 0.30)),
    (_head, (-0.28, -0.26, 0.29, 0.26)),
    (_blush, (0.0, -0.25, 0.13, 0.25)),
    (_beard, (-0.08, -0.27, 0.33, 0.27)),
    (_moustache, (0.04, -0.25, 0.18, 0.25)),
    (_closed_mouth, (0.10, -0.2, 0.20, 0.2)),
    (_smile, (0.05, -0.25, 0.25, 0.25)),
    (_nose, (-0.06, -0.2, 0.11, 0.2)),
    (_eyes, (-0.10, -0.25, 0.03, 0.25)),
    (_lashes, (-0.11, -0.25, 0.0, 0.25)),
    (_brows, (-0.15, -0.25, -0.04, 0.25)),
    (_glasses_arms, (-0.10, -0.28, 0.0, 0.28)),
    (_short_hair, (-0.36, -0.30, 0.02, 0.30)),
    (_front_hair, (-0.36, -0.30, 0.18, 0.30)),
    (_earrings, (0.08, -0.26, 0.17, 0.26)),
    (_glasses, (-0.15, -0.28, 0.08, 0.28)),
    (_crown, (-0.48, -0.30, -0.14, 0.30)),
    (_crown_balls, (-0.48, -0.32, -0.3, 0.32)),
    (_crown_band, (-0.28, -0.28, -0.14, 0.28)),
)
