"""Where the tests find what is not theirs: the checkout, and datasets that somebody has prepared."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The checkout."""

TFDS = Path(os.environ.get("DCGAN_TF_TEST_TFDS") or ROOT.parent / "shared" / "data" / "tfds")
"""The folder of prepared TensorFlow Datasets."""


def missing(name: str) -> str:
    """Return why a dataset, such as "mnist", is not there, and how to get it; "" if it is there."""
    if (TFDS / name).is_dir():
        return ""
    return (
        f"{name} is not in {TFDS}: prepare it with `tfds build {name} --data_dir DIR`, and set "
        "DCGAN_TF_TEST_TFDS=DIR"
    )
