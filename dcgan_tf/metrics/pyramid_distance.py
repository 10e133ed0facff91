"""The pyramid distance: how far samples are from real images at every scale, without a network.

It is the sliced Wasserstein distance of Karras et al. 2018, "Progressive growing of GANs for improved
quality, stability, and variation", section 5, with three changes, so that nothing but pictures like the real
ones comes near 0. The coarsest level is the whole picture, so that many copies of one picture are far away.
Both sets are measured in the deviations of the real ones, so that blurred and pale pictures are. And the
levels are joined by the root of the mean of their squares, so that a single wrong scale is not averaged away.

It takes some tenths of a second, and compares stages of one run. For a comparison of runs, the features of a
trained network say more.
"""

from __future__ import annotations

import math

import numpy as np
from threadpoolctl import threadpool_limits

from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics.inputs import check_images
from dcgan_tf.metrics.pyramid import laplacian, level_sides

_PATCH, _SMALLEST_LEVEL = 7, 7
_PATCHES, _DIRECTIONS = 8, 64
_IMAGES = 64  # at a time; bounds the memory


class PyramidDistance:
    """Measures sets of samples against the same real images.

    Args:
        real_images: uint8 [N, H, W, C], H and W at least 14.
        num_samples: number of samples that will be measured.
        seed: seed of the places of patches and of the directions.

    Raises:
        ArgumentError: for other images, or no samples.
    """

    def __init__(self, real_images: np.ndarray, *, num_samples: int, seed: int = 0) -> None:
        check_images(real_images, shortest=2 * _PATCH)
        if num_samples < 1:
            raise ArgumentError(f"num_samples must be at least 1, received {num_samples}")
        self.num_samples = num_samples
        self._shape: tuple[int, ...] = real_images.shape[1:]
        self._levels = list(level_sides(self._shape[:2], smallest=_SMALLEST_LEVEL))
        rng = np.random.default_rng(seed)
        self._corners = [
            rng.integers(0, np.array(sides) - _PATCH + 1, (_PATCHES, 2)) for sides in self._levels
        ]
        self._directions = [rng.normal(size=(self._length(i), _DIRECTIONS)) for i in range(len(self._levels))]
        self._real: list[np.ndarray] = []
        self._deviations: list[np.ndarray] = []
        for level in range(len(self._levels)):
            projected = self._projected(real_images, level)
            self._deviations.append(np.maximum(projected.std(axis=0), 1e-6))
            self._real.append(_quantiles(projected, num_samples * self._patches(level)))

    def levels(self, samples: np.ndarray) -> dict[int, float]:
        """Return the distance at each level.

        Args:
            samples: uint8 [num_samples, H, W, C].

        Returns:
            {shorter side of the level in pixels: the mean over directions of the Wasserstein-1 distance, in
            deviations of the real images}. About 0.8 is that of one colour.

        Raises:
            ArgumentError: for images of another number or shape.
        """
        check_images(samples, shortest=2 * _PATCH)
        if samples.shape != (self.num_samples, *self._shape):
            raise ArgumentError(
                f"samples must be uint8 {[self.num_samples, *self._shape]}, received {list(samples.shape)}"
            )
        found = {}
        for level, sides in enumerate(self._levels):
            projected = np.sort(self._projected(samples, level), axis=0)
            gaps = np.abs(projected - self._real[level]).mean(axis=0)
            found[min(sides)] = float((gaps / self._deviations[level]).mean())
        return found

    def __call__(self, samples: np.ndarray) -> float:
        """Return the root of the mean square of the levels' distances; Args and Raises as for `levels`."""
        distances = list(self.levels(samples).values())
        return math.sqrt(sum(distance**2 for distance in distances) / len(distances))

    def _is_whole(self, level: int) -> bool:
        return level + 1 == len(self._levels)

    def _patches(self, level: int) -> int:
        """Return the number of vectors that an image gives: one of the whole picture, or some patches."""
        return 1 if self._is_whole(level) else _PATCHES

    def _length(self, level: int) -> int:
        height, width = self._levels[level]
        pixels = height * width if self._is_whole(level) else _PATCH**2
        return pixels * self._shape[2]

    def _projected(self, images: np.ndarray, level: int) -> np.ndarray:
        """Return the vectors of a level along its directions, float64 [vectors, directions]."""
        parts = [images[start : start + _IMAGES] for start in range(0, len(images), _IMAGES)]
        # The products are small: threads would wait for one another, and for those of the training.
        with threadpool_limits(1, user_api="blas"):
            return np.concatenate([self._vectors(part, level) @ self._directions[level] for part in parts])

    def _vectors(self, images: np.ndarray, level: int) -> np.ndarray:
        """Return the patches of a level, or its whole pictures, float32 [vectors, length]."""
        detail = laplacian(images, level=level, last=self._is_whole(level)) / 127.5
        if self._is_whole(level):
            return detail.reshape(len(detail), -1)
        patches = [detail[:, y : y + _PATCH, x : x + _PATCH] for y, x in self._corners[level]]
        return np.concatenate([patch.reshape(len(detail), -1) for patch in patches])


def _quantiles(values: np.ndarray, count: int) -> np.ndarray:
    """Return as many evenly spaced quantiles of each column, ascending, [count, directions].

    They are those of `np.quantile` with method "hazen", which takes hundreds of times as long for so many.
    """
    ordered = np.sort(values, axis=0)
    places = np.clip((np.arange(count) + 0.5) / count * len(ordered) - 0.5, 0, len(ordered) - 1)
    below = np.floor(places).astype(np.int64)
    share = (places - below)[:, None]
    return np.asarray(ordered[below] * (1 - share) + ordered[np.ceil(places).astype(np.int64)] * share)
