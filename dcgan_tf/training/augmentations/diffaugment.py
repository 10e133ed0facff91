"""DiffAugment: colour, place and a hole are changed at random in every image that the discriminator sees.

Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training", with their three changes and
the strengths of their code: colour (brightness by -0.5 to 0.5, saturation by 0 to 2, contrast by 0.5 to 1.5),
translation (by up to 1/8 of each side) and cutout (of half of each side). A discriminator that has few images
learns them by heart. It cannot if it never sees the same one twice. Because fake images are changed in the
same way, and G learns through the changes, the samples themselves do not show them.

With a probability below 1 the other images stay as they are (Karras et al. 2020, "Training generative
adversarial networks with limited data", section 2.2: the changes cannot then become part of the samples).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dcgan_tf.training.augmentations.random_key import RandomKey

TRANSLATION, CUTOUT = 1 / 8, 1 / 2
_NUMBERS = 8  # of an image: whether it is changed, three of its colour, two of its place, two of the hole
_Pair = tuple[tf.Tensor, tf.Tensor]  # of rows and of columns


def diffaugment(images: tf.Tensor, key: RandomKey, *, probability: float) -> tf.Tensor:
    """Change each image with this probability, by random numbers that depend on the key and its place alone.

    It is called in replica context.

    Args:
        images: this replica's, [n, H, W, C] in [-1, 1], of any floating type.
        key: the key of the random numbers.
        probability: share of the images that are changed, above 0 and up to 1.

    Returns:
        [n, H, W, C], of the images' type; not clipped to the range. Uncovered pixels and the hole are 0.
    """
    numbers = tf.unstack(key.uniform(tf.shape(images)[0], (_NUMBERS,)), axis=1)
    changed = numbers[0] < probability
    sides = images.shape[1], images.shape[2]
    shifts, corners = [], []
    for side, place, hole in zip(sides, numbers[4:6], numbers[6:8], strict=True):
        most = _part(side, TRANSLATION)
        shifts.append(tf.where(changed, _whole(place, 2 * most + 1) - most, 0))
        # The middle of the hole is anywhere in the image. Without a change, the hole lies beside it.
        length = _part(side, CUTOUT)
        corners.append(tf.where(changed, _whole(hole, side + 1 - length % 2) - length // 2, side))
    brightness = tf.where(changed, numbers[1] - 0.5, 0.0)
    saturation = tf.where(changed, 2 * numbers[2], 1.0)
    contrast = tf.where(changed, numbers[3] + 0.5, 1.0)
    return move_and_cut(recolour(images, brightness, saturation, contrast), shifts, corners)


def recolour(
    images: tf.Tensor, brightness: tf.Tensor, saturation: tf.Tensor, contrast: tf.Tensor
) -> tf.Tensor:
    """Return the images in other colours.

        x + b,  then  s (x - m) + m,  then  c (x - M) + M

    m is the mean over the channels of a pixel, M that over all numbers of an image (Zhao et al. 2020,
    section 3.2, in their code's order). Together they are c (s x + (1 - s) m) + (1 - c) M + b: one small
    matrix for each image. Of a grey image m is x, so that the saturation changes nothing.

    Args:
        images: [n, H, W, C].
        brightness: b, float32 [n]; 0 changes nothing.
        saturation: s, float32 [n]; 1 changes nothing.
        contrast: c, float32 [n]; 1 changes nothing.
    """
    b, s, c = (
        tf.cast(numbers, images.dtype)[:, None, None] for numbers in (brightness, saturation, contrast)
    )
    channels = images.shape[-1]
    pixels = tf.reshape(images, (-1, images.shape[1] * images.shape[2], channels))
    matrices = c * (s * tf.eye(channels, dtype=images.dtype) + (1 - s) / channels)
    mean = tf.reduce_mean(pixels, axis=(1, 2), keepdims=True)
    return tf.reshape(pixels @ matrices + ((1 - c) * mean + b), tf.shape(images))


def move_and_cut(images: tf.Tensor, shifts: list[tf.Tensor], corners: list[tf.Tensor]) -> tf.Tensor:
    """Return the images moved by whole pixels, with a hole of half of each side; both leave zeros behind.

    Args:
        images: [n, H, W, C].
        shifts: int32 [n] each: how far down, and how far to the right.
        corners: int32 [n] each: row and column of the hole's first pixel; it may lie partly outside.
    """
    sides = images.shape[1], images.shape[2]
    here = [tf.range(side)[None] for side in sides]
    before = [pixels - shift[:, None] for pixels, shift in zip(here, shifts, strict=True)]
    after = [pixels + shift[:, None] for pixels, shift in zip(here, shifts, strict=True)]
    sources = _numbers(before, here, corners, sides)
    destinations = _numbers(after, after, corners, sides)
    return _rearrange(images, sources, destinations)


@tf.custom_gradient  # type: ignore[untyped-decorator]  # TensorFlow is untyped
def _rearrange(
    images: tf.Tensor, sources: tf.Tensor, destinations: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], Any]]:
    """Take each pixel from where it was. The gradient takes each from where it went, and so does its own.

    TensorFlow's gradient of a gather adds up slices one by one, which takes several times as long.
    """
    pixels = tf.reshape(images, (-1, images.shape[-1]))
    with_zero = tf.concat([pixels, tf.zeros_like(pixels[:1])], axis=0)

    def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None, None]:
        return _rearrange(upstream, destinations, sources), None, None

    return tf.reshape(tf.gather(with_zero, sources), tf.shape(images)), gradient


def _numbers(
    places: list[tf.Tensor], holed: list[tf.Tensor], corners: list[tf.Tensor], sides: tuple[int, int]
) -> tf.Tensor:
    """Return numbers of pixels among all of the batch, int32 [n, H, W]; one more for outside and the hole.

    Args:
        places: rows and columns of the pixels, int32 [n, H] and [n, W].
        holed: rows and columns where they stand in the changed image, in which the hole is.
        corners: of the hole, int32 [n] each.
        sides: H and W.
    """
    inside = [(place >= 0) & (place < side) for place, side in zip(places, sides, strict=True)]
    cut = [
        (place >= corner[:, None]) & (place < corner[:, None] + _part(side, CUTOUT))
        for place, corner, side in zip(holed, corners, sides, strict=True)
    ]
    height, width = sides
    num = tf.shape(corners[0])[0]
    first = (tf.range(num) * height * width)[:, None, None]
    numbers = first + places[0][:, :, None] * width + places[1][:, None, :]
    return tf.where(_cross(inside) & ~_cross(cut), numbers, num * height * width)


def _cross(of_sides: list[tf.Tensor]) -> tf.Tensor:
    """Return whether both hold: of rows, bool [n, H], and of columns, bool [n, W], as [n, H, W]."""
    rows, columns = of_sides
    return rows[:, :, None] & columns[:, None, :]


def _part(side: int, share: float) -> int:
    """Return a share of a side in whole pixels, rounded as by Zhao et al."""
    return int(side * share + 0.5)


def _whole(uniform: tf.Tensor, count: int) -> tf.Tensor:
    """Turn numbers in [0, 1) into whole ones from 0 to count - 1, int32."""
    return tf.cast(tf.floor(uniform * count), tf.int32)
