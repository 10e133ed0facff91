"""Images together with their features; the features of real images are cached on disk."""

from __future__ import annotations

import hashlib
import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from dcgan_tf import cache
from dcgan_tf.data import pixel_fingerprint
from dcgan_tf.errors import ArgumentError, StorageError
from dcgan_tf.evaluation.feature_spaces import Features, FeatureSpace
from dcgan_tf.files import replacing
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics import (
    DENSITY_NEIGHBOURS,
    PRECISION_NEIGHBOURS,
    Cut,
    RealForm,
    form_statistics,
    neighbour_radii,
    sorted_projections,
)
from dcgan_tf.progress import Bar

VERSION = 1  # of what a space reads: part of the cache's key
_AT_ONCE = 1024
_MOST_FOR_FORM = 4000  # of these many images the range of each statistic is known well enough
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class View:
    """A set of images with their features, as the metrics take it.

    Attributes:
        images: uint8 [N, H, W, C].
        features: features of each image; None without a feature space.
    """

    images: np.ndarray
    features: Features | None

    def __len__(self) -> int:
        return len(self.images)

    @property
    def points(self) -> np.ndarray:
        """The features, float32 [N, D].

        Raises:
            ArgumentError: if there is no space.
        """
        if self.features is None:
            raise ArgumentError("these images have no features, because there was no feature space")
        return self.features.points

    @cached_property
    def radii(self) -> tuple[np.ndarray, np.ndarray]:
        """The radii of each point's balls for precision, and for density, float32 [N] each, kept."""
        for_precision = neighbour_radii(self.points, k=PRECISION_NEIGHBOURS)
        return for_precision, neighbour_radii(self.points, k=DENSITY_NEIGHBOURS)

    @cached_property
    def form(self) -> np.ndarray:
        """The simple statistics of each image, float32 [N, D]."""
        return form_statistics(self.images)

    @cached_property
    def real_form(self) -> RealForm:
        """The range of these statistics in real images; only for the reference."""
        return RealForm.of(form_statistics(self.images[evenly_spaced(len(self), _MOST_FOR_FORM)]))

    def projections(self, cut: Cut) -> list[tuple[int, np.ndarray]]:
        """Return what `sorted_projections` yields, of which the newest two cuts are kept.

        The reference needs them several times: for each set as a whole, and for its fifths. They take about
        80 MB for each level of the pyramid.

        Args:
            cut: how patches are taken.

        Returns:
            Pairs of (shorter side of a level in pixels, float32 [some directions, patches]).
        """
        if cut not in self._projections:
            for old in [*self._projections][:-1]:
                del self._projections[old]
            self._projections[cut] = list(sorted_projections(self.images, cut))
        return self._projections[cut]

    @cached_property
    def _projections(self) -> dict[Cut, list[tuple[int, np.ndarray]]]:
        return {}

    def part(self, rows: slice) -> View:
        """Return some of the images with their features."""
        part = View(self.images[rows], self.features[rows] if self.features else None)
        vars(part)["form"] = self.form[rows]  # so that it is not computed once more
        return part


def view(images: np.ndarray, space: FeatureSpace | None, description: str, *, bar: Bar) -> View:
    """Compute the features of images, uint8 [N, H, W, C], and show a bar."""
    return View(images, _read(images, space, description, bar) if space else None)


def remembered_view(
    images: np.ndarray,
    space: FeatureSpace | None,
    description: str,
    *,
    bar: Bar,
    cache_dir: str | Path | None,
) -> View:
    """Compute the features of images, or read them from the cache if the pixels are the same.

    Args:
        images: uint8 [N, H, W, C].
        space: the feature space, or None.
        description: the images in words, for the bar.
        bar: shows the progress.
        cache_dir: folder of the prepared images; None is the usual place.
    """
    if space is None:
        return View(images, None)
    digest = hashlib.blake2b(f"{space.key}\0{pixel_fingerprint(images)}".encode(), digest_size=16).hexdigest()
    file = cache.place(cache_dir, f"features-v{VERSION}-{cache.shortened(space.key)}-{digest}.npz")
    if (found := _load(file, len(images))) is None:
        found = _read(images, space, description, bar)
        _store(found, file)
    return View(images, found)


def _read(images: np.ndarray, space: FeatureSpace, description: str, bar: Bar) -> Features:
    starts = range(0, len(images), _AT_ONCE)
    features = [
        space.read(images[start : start + _AT_ONCE]) for start in bar(starts, f"looking at {description}")
    ]
    return Features(
        np.concatenate([one.points for one in features]),
        np.concatenate([one.probabilities for one in features]),
    )


def _load(file: Path, num: int) -> Features | None:
    try:
        with file.open("rb") as opened, np.load(opened) as arrays:
            found = Features(arrays["points"], arrays["probabilities"])
    except FileNotFoundError:
        return None
    except Exception as error:  # NumPy and zipfile raise nearly anything on damaged files
        _log.warning("%s cannot be read (%s); it is made again", file, error or type(error).__name__)
        return None
    for values in (found.points, found.probabilities):
        if values.ndim != 2 or len(values) != num:
            _log.warning("%s holds %s %s; it is made again", file, values.dtype, list(values.shape))
            return None
    return found


def _store(features: Features, file: Path) -> None:
    """Write the features to the cache; if that fails, the next evaluation computes them again."""
    try:
        with replacing(file) as scratch, scratch.open("wb") as opened:
            np.savez(opened, points=features.points, probabilities=features.probabilities)
    except StorageError as error:
        _log.warning("%s; the next evaluation computes the features of these images again", error)
