"""Images together with what a feature space sees in them; of real images it is remembered on disk."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from uuid import uuid4
from zipfile import BadZipFile

import numpy as np

from dcgan_tf.data.image_set import default_cache_dir, pixel_fingerprint
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.spaces import Features, FeatureSpace
from dcgan_tf.metrics.neighbourhoods import radii
from dcgan_tf.progress import Bar

VERSION = 1  # of what a space reads: part of the cache's key
_AT_ONCE = 1024
RADII = (3, 5)
"""Which neighbours the balls of precision and recall, and of density and coverage, reach to in the papers."""


@dataclass(frozen=True)
class View:
    """A set of images as the metrics take it.

    Attributes:
        images: uint8 [N, H, W, C].
        features: of each; None where there is no space.
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
            raise ArgumentError("these images were viewed without a feature space, so they have no features")
        return self.features.points

    @cached_property
    def radii(self) -> tuple[np.ndarray, np.ndarray]:
        """To each point's third and fifth nearest other one, float32 [N] each; takes long, so it is kept."""
        third, fifth = (radii(self.points, k=k) for k in RADII)
        return third, fifth

    def part(self, rows: slice) -> View:
        """Return some of the images with their features."""
        return View(self.images[rows], self.features[rows] if self.features else None)


def view(images: np.ndarray, space: FeatureSpace | None, told: str, *, bar: Bar) -> View:
    """Look at images, uint8 [N, H, W, C], with a bar that says what is looked at."""
    return View(images, _read(images, space, told, bar) if space else None)


def remembered_view(
    images: np.ndarray, space: FeatureSpace | None, told: str, *, bar: Bar, cache_dir: str | Path | None
) -> View:
    """Look at images, or take from the cache what was seen in the same pixels before.

    Args:
        images: uint8 [N, H, W, C].
        space: None for none.
        told: what the images are.
        bar: shows how far it is.
        cache_dir: where the prepared images are kept; None is the usual place.
    """
    if space is None:
        return View(images, None)
    name = f"features-v{VERSION}-{space.key}-{pixel_fingerprint(images)}.npz"
    file = Path(cache_dir or default_cache_dir()).expanduser() / name
    if (found := _load(file)) is None:
        found = _read(images, space, told, bar)
        _store(found, file)
    return View(images, found)


def _read(images: np.ndarray, space: FeatureSpace, told: str, bar: Bar) -> Features:
    starts = range(0, len(images), _AT_ONCE)
    seen = [space.read(images[start : start + _AT_ONCE]) for start in bar(starts, f"looking at {told}")]
    return Features(
        np.concatenate([one.points for one in seen]), np.concatenate([one.probabilities for one in seen])
    )


def _load(file: Path) -> Features | None:
    try:
        with file.open("rb") as opened, np.load(opened) as arrays:
            return Features(arrays["points"], arrays["probabilities"])
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):  # missing or damaged: it is made again
        return None


def _store(features: Features, file: Path) -> None:
    """Write aside and rename; without room for it, the next evaluation has to look again."""
    scratch = file.with_name(f".{uuid4().hex[:8]}-{file.name}")
    with suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        np.savez(scratch, points=features.points, probabilities=features.probabilities)
        scratch.replace(file)
    scratch.unlink(missing_ok=True)
