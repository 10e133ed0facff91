"""Check the inputs of the metrics: features of two sets, or images."""

from __future__ import annotations

import numpy as np

from dcgan_tf.errors import ArgumentError

_LARGEST = 1e50
"""The largest feature value for which third powers of sums of squares are still finite."""


def check_features(a: np.ndarray, b: np.ndarray, *, fewest: int) -> None:
    """Check two sets of features.

    Args:
        a: must be finite numbers [N, D], with N at least `fewest`.
        b: must be finite numbers [M, D], with M at least `fewest`.
        fewest: the smallest number of points that the metric needs.

    Raises:
        ArgumentError: if they are not.
    """
    for points in (a, b):
        check_numbers(points, "features")
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or a.shape[1] == 0:
        raise ArgumentError(f"features must be [N, D] and [M, D] with D > 0, received {a.shape}, {b.shape}")
    if min(len(a), len(b)) < fewest:
        raise ArgumentError(
            f"there must be at least {fewest} points in each set, received {len(a)} and {len(b)}: add images"
        )
    # Written so that NaN, which compares false, is refused as well.
    if not all(float(np.abs(points).max()) <= _LARGEST for points in (a, b)):
        raise ArgumentError(
            f"features must be finite and at most {_LARGEST:g}, received NaN, infinity or more: check the "
            "input of the feature extractor"
        )


def check_numbers(values: np.ndarray, what: str) -> None:
    """Check that an array has real numbers.

    Args:
        values: must be an array of integers or floats.
        what: its name in the message.

    Raises:
        ArgumentError: if it is not.
    """
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf":
        received = f"an array of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__
        raise ArgumentError(f"{what} must be an array of real numbers, received {received}")


def check_images(images: np.ndarray, *, shortest: int) -> None:
    """Check images.

    Args:
        images: must be uint8 [N, H, W, C], with H and W at least `shortest`, and N at least 1.
        shortest: the shortest side in pixels that the metric needs.

    Raises:
        ArgumentError: if they are not.
    """
    check_numbers(images, "images")
    if images.dtype != np.uint8 or images.ndim != 4 or images.size == 0:
        raise ArgumentError(
            f"images must be uint8 [N, H, W, C] and at least one, received {images.dtype} {images.shape}"
        )
    if min(images.shape[1:3]) < shortest:
        raise ArgumentError(
            f"height and width must be at least {shortest} pixels, received {images.shape[1:3]}"
        )
