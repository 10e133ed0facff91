"""Every artefact, opened by the runtime that it is made for."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ExportError
from dcgan_tf.export.graph import float_image
from dcgan_tf.export.litert_file import LiteRTFile
from dcgan_tf.export.page_file import read_page
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import with_labels
from dcgan_tf.runs.load import in_batches

REFERENCE_DEVICE = "CPU:0"
"""Where TensorFlow draws what is compared: some GPUs round the products of convolutions to 10 bits."""

Draw = Callable[..., np.ndarray]
"""Latents float32 [N, latent_dim], and labels int32 [N] for a conditional generator and no other, to images
[N, H, W, C], uint8 or float32 in [-1, 1]."""


def open_artefact(path: Path) -> Draw:
    """Return the function that draws with an artefact.

    Args:
        path: the folder of a SavedModel, or a file that ends in .tflite, .keras or .html. Of a page, which
            only a browser can run, the weights are read back and computed with TensorFlow.

    Raises:
        ExportError: if its runtime cannot read it.
    """
    kind = "saved_model" if path.is_dir() else path.suffix
    openers: dict[str, Callable[[Path], Draw]] = {
        "saved_model": _saved_model,
        ".tflite": lambda file: LiteRTFile(file, threads=2).generate,
        ".keras": _keras,
        ".html": _page,
    }
    try:
        return openers[kind](path)
    except (ValueError, OSError, LookupError, zipfile.BadZipFile, tf.errors.OpError) as error:
        raise ExportError(f"cannot read {path}: {error}") from None


def drawing_with(generator: keras.Sequential) -> Draw:
    """Return the function that draws with a generator of Keras, in inference mode."""

    def generate(z: np.ndarray, label: np.ndarray | None = None) -> tf.Tensor:
        num_classes = generator.input_shape[-1] - z.shape[1]
        return generator(with_labels(z, label, num_classes), training=False)

    return _batched(generate)


def _saved_model(path: Path) -> Draw:
    with tf.device(REFERENCE_DEVICE):
        loaded = tf.saved_model.load(str(path))
    return _batched(lambda *inputs: loaded.float_images(*inputs)["image"])


@own_settings()
def _keras(path: Path) -> Draw:
    return drawing_with(keras.saving.load_model(path, compile=False))


def _page(path: Path) -> Draw:
    generator = read_page(path)
    return _batched(lambda *inputs: float_image(generator, *inputs))


def _batched(generate: Callable[..., tf.Tensor]) -> Draw:
    def draw(*inputs: np.ndarray) -> np.ndarray:
        with tf.device(REFERENCE_DEVICE):
            return in_batches(lambda *batch: np.asarray(generate(*batch)), *inputs)

    return draw
