"""What takes seconds elsewhere, made small: for tests whose claim is neither skill nor number."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from dcgan_tf.data.portraits import people
from dcgan_tf.judges import classifier, double_exposure


@contextmanager
def quick_judges(*, classifier_steps: int = 30, detector_steps: int = 5) -> Iterator[None]:
    """Let the classifier and the detector of double exposures train for a few steps in place of 600 and 500.

    What they are kept under has another version, so that no other test finds them in the cache.
    """
    version = f"quick-{classifier_steps}-{detector_steps}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(classifier, "_FEWEST_STEPS", classifier_steps)
        patch.setattr(double_exposure, "_STEPS", detector_steps)
        patch.setattr(double_exposure, "NUM_TRAINING_SAMPLES", 256)
        for judge in (classifier, double_exposure):
            patch.setattr(judge, "VERSION", version)
        yield


@contextmanager
def few_portraits(cache_dir: Path, *, train: int = 300, test: int = 80) -> Iterator[None]:
    """Let there be as many portraits in place of 20,000 and 2,000, in a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCGAN_TF_CACHE", str(cache_dir))
        for split, number in {"train": train, "test": test}.items():
            patch.setitem(people.SPLITS, split, number)
        yield
