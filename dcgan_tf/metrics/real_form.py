"""Form: whether an image's simple statistics, at every scale, are like those of real images.

It needs no network, and learns from real images only. So a picture cannot pass because a network has never
seen its like: a classifier's features may put grey, or grains, among real images.

Natural images differ from random ones in these statistics: contrast and heavy tails of every band of a
Laplacian pyramid, and the likeness of neighbouring pixels in it (Simoncelli & Olshausen 2001, "Natural image
statistics and neural representation").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_features, check_images

PASSING = 0.95
"""The share of real images whose form counts as real: one in twenty is unusual."""
LEAST_OF_PICTURES = 0.2
"""The share of samples with the form of real images below which they do not count as pictures.

Early samples, noise and blurs have none; ordinary samples have 0.4 to 0.8.
"""

_TAIL = 0.02
_IMAGES = 64  # at a time; small, so that the planes stay in the processor's cache
_SMALLEST_BAND = 4
_GREY_LEVEL = 1.0  # added to variances: what no eye sees makes no difference
_LEAST_SPREAD = 0.05  # of a statistic: where real images have all the same, a trace more is still the same


def form_statistics(images: np.ndarray) -> np.ndarray:
    """Return the statistics of each image.

    Colour images have three planes: lightness, red minus lightness, blue minus lightness. The statistics of a
    plane are its mean in units of 20 levels and, for every band of its pyramid, the logarithms of deviation
    and kurtosis, and the correlation of each pixel with the one below and the one beside it.

    Args:
        images: uint8 [N, H, W, 1 or 3], H and W at least 2; may be memory-mapped.

    Returns:
        float32 [N, D].

    Raises:
        ArgumentError: for other images.
    """
    check_images(images, shortest=2)
    parts = range(0, len(images), _IMAGES)
    return np.concatenate([_statistics(images[start : start + _IMAGES]) for start in parts])


@dataclass(frozen=True)
class RealForm:
    """The range of each statistic in real images.

    The oddness of an image is that of its oddest statistic: its distance from the real images' median, in
    units of the distance of their outermost fiftieth on that side.

    Attributes:
        low: the second percentile of each statistic, float [D].
        middle: the median of each statistic, float [D].
        high: the 98th percentile of each statistic, float [D].
        most: the largest oddness that counts as real: 95 % of the real images do not exceed it.
    """

    low: np.ndarray
    middle: np.ndarray
    high: np.ndarray
    most: float

    @staticmethod
    def of(statistics: np.ndarray) -> RealForm:
        """Return the range of real images' statistics, [N, D].

        Raises:
            ArgumentError: if they are not a finite matrix.
        """
        check_features(statistics, statistics, fewest=2)
        low, middle, high = np.quantile(statistics, [_TAIL, 0.5, 1.0 - _TAIL], axis=0)
        found = RealForm(low, middle, high, np.inf)
        return RealForm(low, middle, high, float(np.quantile(found.oddness(statistics), PASSING)))

    def oddness(self, statistics: np.ndarray) -> np.ndarray:
        """Return the oddness of images from their statistics [N, D]: float [N], about 1 is usual.

        Raises:
            ArgumentError: if there are other than D statistics.
        """
        if statistics.ndim != 2 or statistics.shape[1] != len(self.middle):
            raise ArgumentError(
                f"statistics must be [N, {len(self.middle)}] like the real images', received "
                f"{statistics.shape}: compare images with real ones of the same size and channels"
            )
        away = statistics - self.middle
        above, below = self.high - self.middle, self.middle - self.low
        return np.asarray((np.abs(away) / np.maximum(np.where(away > 0, above, below), _LEAST_SPREAD)).max(1))

    def holds(self, statistics: np.ndarray) -> np.ndarray:
        """Return which images have the form of real ones, bool [N]; raises the errors of `oddness`."""
        return np.asarray(self.oddness(statistics) <= self.most)


def share_with_form(images: np.ndarray, real: np.ndarray) -> float:
    """Return the share of images that have the form of real ones.

    Args:
        images: uint8 [N, H, W, C].
        real: uint8 [M, H, W, C], M at least 2.

    Raises:
        ArgumentError: for other images.
    """
    return float(RealForm.of(form_statistics(real)).holds(form_statistics(images)).mean())


def _statistics(images: np.ndarray) -> np.ndarray:
    bands = _planes(images)
    found = [bands.mean(axis=(2, 3)) / 20.0]
    while min(bands.shape[2:]) >= 2 * _SMALLEST_BAND - 1:
        coarse = _blurred(bands)
        found += _of_band(bands - coarse)
        bands = coarse[:, :, ::2, ::2]
    found += _of_band(bands)
    return np.asarray(np.stack(found, axis=-1).transpose(1, 0, 2).reshape(len(images), -1))


def _planes(images: np.ndarray) -> np.ndarray:
    """Return float32 [planes, N, H, W] of uint8 [N, H, W, C]."""
    values = images.astype(np.float32)
    light = values.mean(axis=3)
    colours = [values[..., 0] - light, values[..., 2] - light] if images.shape[3] == 3 else []
    return np.stack([light, *colours])


def _of_band(band: np.ndarray) -> list[np.ndarray]:
    """Return the statistics of a band [planes, N, h, w], each [planes, N]."""
    band = band - band.mean(axis=(2, 3), keepdims=True)
    pixels = band.shape[2] * band.shape[3]
    variance = _product(band, band) / pixels + _GREY_LEVEL
    squares = band * band
    fourth = _product(squares, squares) / pixels + _GREY_LEVEL
    below, beside = _product(band[:, :, 1:], band[:, :, :-1]), _product(band[..., 1:], band[..., :-1])
    return [
        0.5 * np.log(variance),
        np.log(fourth / variance**2),
        below / pixels / variance,
        beside / pixels / variance,
    ]


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.einsum("pnhw,pnhw->pn", a, b))


def _blurred(planes: np.ndarray) -> np.ndarray:
    """Blur with the binomial [1, 4, 6, 4, 1] / 16 along both axes, mirrored at the rim."""
    down = np.pad(planes, ((0, 0), (0, 0), (2, 2), (0, 0)), mode="reflect")
    h, w = planes.shape[2:]
    planes = _weighted([down[:, :, k : k + h] for k in range(5)])
    across = np.pad(planes, ((0, 0), (0, 0), (0, 0), (2, 2)), mode="reflect")
    return _weighted([across[..., k : k + w] for k in range(5)])


def _weighted(shifted: list[np.ndarray]) -> np.ndarray:
    a, b, c, d, e = shifted
    return np.asarray((a + e + 4.0 * (b + d) + 6.0 * c) / 16.0)
