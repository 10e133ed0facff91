"""Measure how far the images of an exported generator are from those of the trained one."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import to_float, to_uint8

LEVELS = 127.5
"""The number of levels of an 8-bit image per unit of [-1, 1]."""


@dataclass(frozen=True)
class Difference:
    """The difference between two sets of images, image by image.

    Attributes:
        max_abs: the largest difference of a pixel, in units of [-1, 1], beyond rounding to 8 bits: half a
            level is subtracted for each side that is 8-bit. Two floating-point sides are compared as they
            are.
        psnr_mean: peak signal-to-noise ratio in dB, of the mean squared error over all images; infinite if
            they are equal. If one side is 8-bit, so is the other before they are compared.
        psnr_worst: the same for the image that differs most.
    """

    max_abs: float
    psnr_mean: float
    psnr_worst: float


def difference(found: np.ndarray, expected: np.ndarray) -> Difference:
    """Compare two sets of images; if a pixel is not finite, all figures are NaN.

    Args:
        found: [N, H, W, C], uint8 or float in [-1, 1].
        expected: the same images, uint8 or float in [-1, 1].

    Raises:
        ArgumentError: if the shapes differ.
    """
    if found.shape != expected.shape:
        raise ArgumentError(f"expected images of shape {list(expected.shape)}, received {list(found.shape)}")
    rounded = [side.dtype == np.uint8 for side in (found, expected)]
    distance = np.abs(_floats(found) - _floats(expected)).max()
    if not np.isfinite(distance):
        return Difference(math.nan, math.nan, math.nan)
    if any(rounded):
        found, expected = _bytes(found), _bytes(expected)
    errors = np.square(_floats(found) - _floats(expected)).mean(axis=(1, 2, 3))
    return Difference(
        max_abs=float(max(0.0, distance - sum(rounded) * 0.5 / LEVELS)),
        psnr_mean=_psnr(float(errors.mean())),
        psnr_worst=_psnr(float(errors.max())),
    )


def _floats(images: np.ndarray) -> np.ndarray:
    """Return float64 in [-1, 1]."""
    floats: np.ndarray = (
        to_float(images, np.float64) if images.dtype == np.uint8 else images.astype(np.float64)
    )
    return floats


def _bytes(images: np.ndarray) -> np.ndarray:
    return images if images.dtype == np.uint8 else to_uint8(images)


def _psnr(error: float) -> float:
    """Return the ratio in dB for a mean squared error in [-1, 1], where the peak-to-peak signal is 2."""
    return math.inf if error == 0 else 10 * math.log10(2**2 / error)
