"""MS-SSIM: how alike two images look at several scales, and how diverse a set of images is.

Wang, Simoncelli & Bovik 2003, "Multiscale structural similarity for image quality assessment", equation 7;
the reference implementation is tf.image.ssim_multiscale.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.ndimage import correlate1d

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_images, check_numbers

_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_WINDOW, _SIGMA = 11, 1.5
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_PAIRS = 64  # at a time


def ms_ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return the MS-SSIM of each pair of images, averaged over the channels.

    Scales are used, up to five, as long as the shorter side has at least the window's 11 pixels. Their
    weights are scaled to sum to 1.

    Args:
        a: uint8 [N, H, W, C], H and W at least 11.
        b: the other image of each pair, of the same form.

    Returns:
        float64 [N], from 0 to 1; 1 for equal images.

    Raises:
        ArgumentError: for other images, or different shapes.
    """
    for images in (a, b):
        check_images(images, shortest=_WINDOW)
    if a.shape != b.shape:
        raise ArgumentError(
            f"pairs must be of equally many images of one size, received {a.shape} and {b.shape}"
        )
    parts = [slice(start, start + _PAIRS) for start in range(0, len(a), _PAIRS)]
    return np.concatenate(
        [_ms_ssim(a[part].astype(np.float64), b[part].astype(np.float64)) for part in parts]
    )


def mean_ms_ssim(
    images: np.ndarray, *, pairs: int = 1000, labels: np.ndarray | None = None, seed: int = 0
) -> tuple[float, float]:
    """Return the mean MS-SSIM of random pairs of images, and its standard error; lower is more diverse.

    Odena et al. 2017, "Conditional image synthesis with auxiliary classifier GANs", section 4.2. Compare it
    with the same number for real images, because the likeness of two images of a class depends on the class.
    The standard error assumes independent pairs, so it is too small if there are more than half as many pairs
    as images.

    Args:
        images: uint8 [N, H, W, C], H and W at least 11; may be memory-mapped.
        pairs: number of pairs, at least 2.
        labels: int [N]; if given, both images of a pair have the same label. Labels count by their images.
        seed: seed of the pairs.

    Raises:
        ArgumentError: for other images or labels, fewer than two pairs, or no two images with the same label.
    """
    check_images(images, shortest=_WINDOW)
    if pairs < 2:
        raise ArgumentError(f"pairs must be at least 2, for a standard error, received {pairs}")
    first, second = _pairs(
        np.zeros(len(images), np.int64) if labels is None else labels, len(images), pairs, seed
    )
    parts = [slice(start, start + _PAIRS) for start in range(0, pairs, _PAIRS)]
    alike = np.concatenate([ms_ssim(images[first[part]], images[second[part]]) for part in parts])
    return float(alike.mean()), float(alike.std(ddof=1) / math.sqrt(pairs))


def _pairs(labels: np.ndarray, total: int, pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the indices of pairs with the same label, twice int64 [pairs]."""
    check_numbers(labels, "labels")
    if labels.shape != (total,):
        raise ArgumentError(
            f"there must be one label for each of the {total} images, received {labels.shape}"
        )
    order = np.argsort(labels, kind="stable")
    _, starts, sizes = np.unique(labels[order], return_index=True, return_counts=True)
    starts, sizes = np.repeat(starts, sizes), np.repeat(sizes, sizes)
    candidates = np.nonzero(sizes > 1)[0]
    if len(candidates) == 0:
        raise ArgumentError(
            f"a pair needs two images with the same label, received none among {total} images"
        )
    rng = np.random.default_rng(seed)
    first = rng.choice(candidates, pairs)
    start, size = starts[first], sizes[first]
    second = start + (first - start + rng.integers(1, size)) % size
    return order[first], order[second]


def _ms_ssim(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Return float64 [n] of float64 [n, H, W, C] in [0, 255]."""
    scales = _scales(min(a.shape[1:3]))
    weights = _WEIGHTS[:scales] / _WEIGHTS[:scales].sum()
    product = np.ones((len(a), a.shape[3]))
    for scale, weight in enumerate(weights):
        if scale:
            a, b = _halved(a), _halved(b)
        structure, similarity = _ssim(a, b)
        last = scale == scales - 1
        product *= np.maximum(similarity if last else structure, 0.0) ** weight
    return np.asarray(product.mean(axis=1))


def _scales(side: int) -> int:
    """Return the number of scales at which a side of this many pixels is not smaller than the window."""
    count = 1
    while count < len(_WEIGHTS) and (side := (side + 1) // 2) >= _WINDOW:
        count += 1
    return count


def _ssim(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean contrast and structure, and the mean SSIM, each float64 [n, C]."""
    mean_a, mean_b = _windowed(a), _windowed(b)
    product, squares = mean_a * mean_b, mean_a**2 + mean_b**2
    structure = (2 * (_windowed(a * b) - product) + _C2) / (_windowed(a**2 + b**2) - squares + _C2)
    luminance = (2 * product + _C1) / (squares + _C1)
    return structure.mean(axis=(1, 2)), (luminance * structure).mean(axis=(1, 2))


def _windowed(images: np.ndarray) -> np.ndarray:
    """Return the means under a Gaussian window, at all places where the whole window fits."""
    half = _WINDOW // 2
    weights = np.exp(-0.5 * (np.arange(-half, half + 1) / _SIGMA) ** 2)
    for axis in (1, 2):
        images = correlate1d(images, weights / weights.sum(), axis=axis)
    return images[:, half:-half, half:-half]


def _halved(images: np.ndarray) -> np.ndarray:
    """Average 2x2 pixels; an odd side repeats its last row or column, as the reference does."""
    _, height, width, _ = images.shape
    even = np.pad(images, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    quarters = even[:, ::2, ::2] + even[:, ::2, 1::2] + even[:, 1::2, ::2] + even[:, 1::2, 1::2]
    return np.asarray(quarters / 4.0)
