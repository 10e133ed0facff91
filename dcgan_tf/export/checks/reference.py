"""The reference for all artefacts: the images that the trained generator draws from 64 fixed latents."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dcgan_tf import images
from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.latents import sample_latents
from dcgan_tf.runs import sample_inputs

NUM_IMAGES, SEED, COLUMNS, GAP = 64, 0, 8, 2
_DAMAGED = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    zlib.error,
    struct.error,
    Image.DecompressionBombError,
)
"""Errors of Pillow on a picture that it cannot read."""


def reference_inputs(facts: Mapping[str, Any]) -> tuple[np.ndarray, ...]:
    """Return the fixed latents, float32 [64, latent_dim], and labels int32 [64] if there are classes.

    Args:
        facts: latent_dim and latent_distribution are used, and class_names, if there are any.
    """
    latents = sample_latents(
        NUM_IMAGES, facts["latent_dim"], seed=SEED, distribution=facts["latent_distribution"]
    )
    return sample_inputs(np.asarray(latents), facts.get("class_names", ()))


def write_reference(path: Path, expected: np.ndarray) -> None:
    """Write the images as a grid for people, which `read_reference` can read.

    Args:
        path: the PNG file.
        expected: float32 [64, H, W, C] in [-1, 1].
    """
    images.save_png(path, images.grid(images.to_uint8(expected), columns=COLUMNS, gap=GAP))


def read_reference(path: Path, shape: Sequence[int]) -> np.ndarray:
    """Read the images back, uint8 [64, H, W, C].

    Args:
        path: the PNG file.
        shape: (H, W, C) of an image.

    Raises:
        ExportError: if the picture cannot be read, or is not such a grid.
    """
    height, width, _ = shape
    expected = COLUMNS * (width + GAP) + GAP, -(-NUM_IMAGES // COLUMNS) * (height + GAP) + GAP
    try:
        with Image.open(path) as picture:
            if picture.size != expected:
                raise ExportError(f"it has {picture.size} pixels, not {expected}")
            pixels = np.asarray(picture)
        return images.cut(pixels.reshape(*pixels.shape[:2], -1), shape, gap=GAP)[:NUM_IMAGES]
    except (*_DAMAGED, ArgumentError, ExportError) as error:
        raise ExportError(f"cannot read {path}: {error or type(error).__name__}") from None
