"""Open an artefact to draw with it. TensorFlow is imported only for what needs it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import ExportError
from dcgan_tf.export.formats.litert_file import LiteRTFile
from dcgan_tf.export.formats.onnx_file import OnnxFile

DrawFunction = Callable[..., np.ndarray]
"""A function of latents float32 [N, latent_dim], and of labels int32 [N] if there are classes.

It returns images [N, H, W, C], uint8 or float32 in [-1, 1].
"""
_THREADS = 2


def open_artefact(
    path: Path, *, image_shape: Sequence[int] | None = None, saved_model: Any = None
) -> DrawFunction:
    """Return the function that draws with an artefact, after a check that the artefact can only compute.

    Args:
        path: the folder of a SavedModel, or a file that ends in .tflite, .onnx, .keras or .html.
        image_shape: (H, W, C) that the images must have, if it is known. Other images, and errors of the
            runtime, raise an ExportError when the function draws.
        saved_model: what `load_saved_model` returned for this path, if it has been loaded already.

    Raises:
        ExportError: if its runtime cannot read it, or it has parts that no export has.
    """
    if path.suffix == ".tflite" and not path.is_dir():
        return _checked(LiteRTFile(path, threads=_THREADS).generate, path, image_shape)
    if path.suffix == ".onnx" and not path.is_dir():
        return _checked(OnnxFile(path, threads=_THREADS).generate, path, image_shape)
    from dcgan_tf.export.formats.runtimes import open_with_tensorflow

    return _checked(open_with_tensorflow(path, saved_model=saved_model), path, image_shape)


def _checked(draw: DrawFunction, path: Path, image_shape: Sequence[int] | None) -> DrawFunction:
    """Check the shape of the images that are drawn."""

    def drawn(*inputs: np.ndarray) -> np.ndarray:
        images = draw(*inputs)
        expected = (len(inputs[0]), *(image_shape or images.shape[1:]))
        if images.shape != expected or images.dtype not in (np.uint8, np.float32):
            raise ExportError(
                f"{path} does not draw what it says: expected {list(expected)} of uint8 or float32, "
                f"received {list(images.shape)} of {images.dtype}"
            )
        return images

    return drawn
