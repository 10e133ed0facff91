"""Draws what the example for Android shows first, with the model of the repository, for the guide to phones.

    .venv/bin/python scripts/draw_phone.py docs/phone.jpg

The latents are those of the example for Android: `java_latents` repeats its random numbers, bit for bit, as
`swift_latents` does for the other example. The pictures are what LiteRT draws of them here. The frame is
drawn: this is no photograph of a phone.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dcgan_tf.export.formats.litert_file import LiteRTFile

MODEL = Path(__file__).parents[1] / "saved_models" / "portraits" / "generator-dynamic.tflite"
SEED, ACROSS, LATENT_DIM = 7, 4, 64
_WIDTH, _HEIGHT, _MARGIN = 560, 1000, 24
_SCREEN, _BODY, _INK, _BUTTON = (48, 48, 48), (18, 18, 20), (238, 238, 238), (90, 89, 91)
_BITS_OF_A_DOUBLE = 2.0**-53


def java_latents(number: int, *, seed: int) -> np.ndarray:
    """Return the latents that java.util.Random draws for examples/android, float32 [number, 64].

    Its documentation gives the algorithm: a linear congruential generator of 48 bits (Knuth), and the polar
    method of Marsaglia.
    """
    return _latents(_java_normals(seed), number)


def swift_latents(number: int, *, seed: int) -> np.ndarray:
    """Return the latents that SeededRandom draws for examples/swift, float32 [number, 64]."""
    return _latents(_swift_normals(seed), number)


def drawn_grid(latents: np.ndarray) -> np.ndarray:
    """Return the grid of a number of rows of four images, uint8 [H, W, 3]."""
    images = LiteRTFile(MODEL).generate(latents)
    rows = [np.concatenate(images[i : i + ACROSS], axis=1) for i in range(0, len(images), ACROSS)]
    return np.concatenate(rows)


def _latents(numbers: Iterator[float], number: int) -> np.ndarray:
    first = list(itertools.islice(numbers, number * LATENT_DIM))
    return np.array(first, np.float32).reshape(number, LATENT_DIM)


def _java_normals(seed: int) -> Iterator[float]:
    state = (seed ^ 0x5DEECE66D) & ((1 << 48) - 1)

    def even() -> float:
        """Return a number from [-1, 1): of 53 bits, in two draws."""
        nonlocal state
        drawn = 0
        for bits in (26, 27):
            state = (state * 0x5DEECE66D + 0xB) & ((1 << 48) - 1)
            drawn = (drawn << bits) + (state >> (48 - bits))
        return 2 * (drawn * _BITS_OF_A_DOUBLE) - 1

    while True:
        x, y = even(), even()
        square = x * x + y * y
        if 0 < square < 1:
            length = math.sqrt(-2 * math.log(square) / square)
            yield from (x * length, y * length)


def _swift_normals(seed: int) -> Iterator[float]:
    low = (1 << 64) - 1
    state = seed

    def unit() -> float:
        nonlocal state
        state = (state + 0x9E3779B97F4A7C15) & low
        bits = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & low
        bits = ((bits ^ (bits >> 27)) * 0x94D049BB133111EB) & low
        return (((bits ^ (bits >> 31)) >> 11) + 1) * _BITS_OF_A_DOUBLE

    while True:
        length = math.sqrt(-2 * math.log(unit()))
        yield length * math.cos(2 * math.pi * unit())


def in_a_frame(grid: np.ndarray) -> Image.Image:
    """Return a drawn phone that shows a grid of images, with what the example has below it."""
    phone = Image.new("RGB", (_WIDTH, _HEIGHT), "white")
    pen = ImageDraw.Draw(phone)
    font = ImageFont.load_default(size=24)
    pen.rounded_rectangle((0, 0, _WIDTH - 1, _HEIGHT - 1), 64, fill=_BODY)
    pen.rounded_rectangle((_MARGIN, _MARGIN, _WIDTH - _MARGIN, _HEIGHT - _MARGIN), 44, fill=_SCREEN)
    pen.ellipse((_WIDTH // 2 - 11, 44, _WIDTH // 2 + 11, 66), fill=_BODY)
    side = _WIDTH - 2 * _MARGIN
    top = (_HEIGHT - side) // 2 - 60
    phone.paste(Image.fromarray(grid).resize((side, side), Image.Resampling.BICUBIC), (_MARGIN, top))
    below = top + side + 34
    pen.text((_MARGIN + 24, below), "CPU, … ms for a picture", _INK, font)
    for place, name in enumerate(("CPU", "GPU")):
        left, upper = _MARGIN + 20 + 150 * place, below + 64
        pen.rounded_rectangle((left, upper, left + 134, upper + 68), 6, fill=_BUTTON)
        pen.text((left + 67, upper + 34), name, _INK, font, anchor="mm")
    return phone


@click.command()
@click.argument("picture", type=click.Path(path_type=Path))
def main(picture: Path) -> None:
    """Write PICTURE, a JPEG, of what the example for Android shows first."""
    in_a_frame(drawn_grid(java_latents(ACROSS * ACROSS, seed=SEED))).save(picture, quality=88)


if __name__ == "__main__":
    main()
