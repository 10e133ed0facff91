"""Tools to draw portraits: the part of the pictures to paint on, and distances to simple shapes.

Lengths are in units of the portrait's square, measured from the centre of the head; y grows downwards.
A shape is given by its signed distance (negative inside), from which the covered part of each pixel, and
so a smooth edge, follows directly. The features of the face lie on an upright cylinder that turns with
the head: layers that use ``face_x`` instead of ``x`` are drawn from the front and turn by themselves.

Only operations that IEEE 754 rounds exactly (+, -, *, /, square root, comparisons) touch the pixels.
Sines or exponentials may differ in the last bit between vectorised and scalar loops, and then a picture
would depend on its place in the batch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.data.portraits.people import Array, Portrait

Point = tuple[float | Array, float | Array]

HEAD_Y = 0.585
# Edges blend over a little more than a pixel: razor-sharp ones are needlessly hard to learn.
_SOFTNESS = 1.15
# The windows of the layers allow for the largest position jitter and scale.
_LARGEST_JITTER, _LARGEST_SCALE = 0.03, 1.15


@dataclass(frozen=True)
class Window:
    """The part of n pictures in which a layer may paint, with the coordinates of its pixels.

    Columns and rows have their own arrays ([n, 1, w] and [n, h, 1]), which saves most of the arithmetic.
    ``pixel`` [n, 1, 1] is the width of a pixel; ``pixels`` [3, n, h, w] are painted in place.
    """

    x: Array
    y: Array
    face_x: Array
    pixel: Array
    pixels: Array

    def crop(self, top: float, left: float, bottom: float, right: float) -> Window:
        """Return the part that holds everything within the given bounds, wherever the head may be."""
        height, width = self.pixels.shape[2:]
        rows = _reach(top, bottom, HEAD_Y, height, min(height, width))
        columns = _reach(left, right, 0.5, width, min(height, width))
        return Window(
            self.x[:, :, columns],
            self.y[:, rows],
            self.face_x[:, :, columns],
            self.pixel,
            self.pixels[:, :, rows, columns],
        )

    def cover(self, distance: Array, blur: float = 0.0) -> Array:
        """Return the share of each pixel inside a shape; ``blur`` widens its soft edge."""
        share = distance / -(self.pixel * _SOFTNESS + blur)
        share += 0.5
        return np.clip(share, 0, 1, out=share)

    def paint(self, distance: Array, colour: Array, opacity: Array | float = 1.0, blur: float = 0.0) -> None:
        """Paint the shape with the given signed distance."""
        change = colour - self.pixels
        change *= self.cover(distance, blur) * opacity
        self.pixels[...] += change


def _reach(low: float, high: float, head: float, length: int, side: int) -> slice:
    centre = (length - side) / 2 + head * side
    first = centre + (low * _LARGEST_SCALE - _LARGEST_JITTER) * side - 1
    last = centre + (high * _LARGEST_SCALE + _LARGEST_JITTER) * side + 2
    return slice(max(int(first), 0), min(int(last), length))


def open_window(who: Portrait, image_size: tuple[int, int]) -> Window:
    """Return empty pictures of broadcast people, as a window on all of them."""
    height, width = image_size
    side = min(image_size)
    rows, columns = np.arange(height, dtype=np.float32), np.arange(width, dtype=np.float32)
    pixel = 1 / (side * who.scale)
    x = (columns + 0.5 - width / 2) * pixel - who.x / who.scale
    y = (rows[:, None] + 0.5 - height / 2) * pixel - (who.y + (HEAD_Y - 0.5)) / who.scale
    pixels = np.empty((3, len(who.turn), height, width), np.float32)
    return Window(x, y, from_the_front(x, who), pixel, pixels)


def _turned(who: Portrait) -> tuple[Array, Array, Array]:
    """Return the radius of the head's cylinder and the sine and cosine of its angle."""
    sine = who.turn * 0.34
    return who.face_width * 1.2, sine, np.sqrt(1 - sine * sine)


def from_the_front(x: Array, who: Portrait) -> Array:
    """Return where the points of the turned face at ``x`` lie when the face looks straight ahead."""
    radius, sine, cosine = _turned(who)
    depth = np.sqrt(np.maximum(radius * radius - x * x, 0))
    return x * cosine - depth * sine


def to_the_side(face_x: float, who: Portrait) -> Array:
    """Undo :func:`from_the_front`."""
    radius, sine, cosine = _turned(who)
    depth = np.sqrt(np.maximum(radius * radius - face_x * face_x, 0))
    return face_x * cosine + depth * sine


# Signed distances: exact for circles, lines and boxes, first-order for ellipses.


def length(x: Array, y: Array) -> Array:
    """Return the length of a vector: the distance to a point."""
    root: Array = np.sqrt(x * x + y * y)
    return root


def ellipse(x: Array, y: Array, width: Array | float, height: Array | float) -> Array:
    """Return the distance to an ellipse of the given half axes, to first order."""
    nearness = length(x / width, y / height)
    steepness = length(x / (width * width), y / (height * height))
    return nearness * (nearness - 1) / (steepness + 1e-6)


def line(x: Array, y: Array, start: Point, end: Point, radius: Array | float) -> Array:
    """Return the distance to a stroke with round ends."""
    (x0, y0), (x1, y1) = start, end
    dx, dy = x1 - x0, y1 - y0
    along = np.clip(((x - x0) * dx + (y - y0) * dy) / (dx * dx + dy * dy), 0, 1)
    return length(x - x0 - dx * along, y - y0 - dy * along) - radius


def box(x: Array, y: Array, width: Array | float, height: Array | float, corner: float) -> Array:
    """Return the distance to a rectangle of the given half sizes with round corners."""
    right, down = np.abs(x) - (width - corner), np.abs(y) - (height - corner)
    outside = length(np.maximum(right, 0), np.maximum(down, 0))
    inside: Array = np.minimum(np.maximum(right, down), 0)
    return outside + inside - corner


def below(y: Array, curve: Array, slope: Array) -> Array:
    """Return the distance to the region below a curve y(x) with the given slope."""
    distance: Array = (curve - y) / np.sqrt(1 + slope * slope)
    return distance


def wave(phase: Array) -> Array:
    """Return a smooth wave of period 1 and height 1, from parabolas (see the module's docstring)."""
    part: Array = phase - np.floor(phase) - 0.5
    size: Array = np.abs(part)
    return part * (8 - 16 * size)
