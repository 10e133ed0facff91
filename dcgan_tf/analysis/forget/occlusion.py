"""Find where a picture shows something: the smallest window that hides it from the judge."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from dcgan_tf.progress import progress

Margin = Callable[[np.ndarray], np.ndarray]
"""From images uint8 [N, H, W, C] to float32 [N], above 0 where an image shows the attribute."""

_UNITS = 8  # windows are laid out on eighths of the picture's sides
_LARGEST_AREA = 0.5  # of the picture; a larger window has found no place
_AT_ONCE = 4096


def occlusion_boxes(
    images: np.ndarray, cover: np.ndarray, margin: Margin, *, wanted: int
) -> dict[int, np.ndarray]:
    """Find the smallest window in each image that brings the margin to 0 or below if it is covered.

    Windows have sides of 1 to 8 eighths of the picture's. Among the smallest that hide the attribute, the one
    with the lowest margin is taken. Images in which half of the picture does not suffice have no box.

    Args:
        images: images that show the attribute, uint8 [N, H, W, C].
        cover: the filling of a window, [H, W, C]: the mean of pictures without the attribute.
        margin: the judge.
        wanted: number of images that are looked at, from the first.

    Returns:
        {index of the image: float32 [4], top, left, bottom, right in pixels}.
    """
    images = images[:wanted]
    picture = np.clip(np.rint(cover), 0, 255).astype(np.uint8)
    found: dict[int, np.ndarray] = {}
    by_area: dict[float, list[np.ndarray]] = {}
    for window in _windows(*images.shape[1:3]):
        by_area.setdefault(float(_area(window)), []).append(window)
    for area in progress(sorted(by_area), "occluding"):
        left = [i for i in range(len(images)) if i not in found]
        if not left or area > _LARGEST_AREA * picture.shape[0] * picture.shape[1]:
            continue
        windows = by_area[area]
        margins = _margins_covered(images[left], picture, windows, margin)
        best = margins.argmin(axis=1)
        for k, i in enumerate(left):
            if margins[k, best[k]] <= 0:
                found[i] = windows[best[k]].astype(np.float32)
    return dict(sorted(found.items()))


def _margins_covered(
    images: np.ndarray, picture: np.ndarray, windows: list[np.ndarray], margin: Margin
) -> np.ndarray:
    """Return the margins float32 [N, number of windows], for a few thousand pictures at a time."""
    at_once = max(1, _AT_ONCE // len(images))
    parts = []
    for start in range(0, len(windows), at_once):
        some = windows[start : start + at_once]
        covered = np.repeat(images[:, None], len(some), axis=1)
        for k, (top, left, bottom, right) in enumerate(some):
            covered[:, k, top:bottom, left:right] = picture[top:bottom, left:right]
        parts.append(margin(covered.reshape(-1, *images.shape[1:])).reshape(len(images), len(some)))
    return np.concatenate(parts, axis=1)


def _windows(height: int, width: int) -> Iterator[np.ndarray]:
    for top, bottom in _spans(height):
        for left, right in _spans(width):
            yield np.array([top, left, bottom, right])


def _spans(length: int) -> list[tuple[int, int]]:
    marks = sorted({round(i * length / _UNITS) for i in range(_UNITS + 1)})
    return [(start, end) for i, start in enumerate(marks) for end in marks[i + 1 :]]


def _area(window: np.ndarray) -> int:
    top, left, bottom, right = window
    return int((bottom - top) * (right - left))
