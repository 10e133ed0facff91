"""Open the artefacts that TensorFlow and Keras draw with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ExportError, first_line, stop_behind
from dcgan_tf.export.formats import keras_file
from dcgan_tf.export.formats.opening import DrawFunction
from dcgan_tf.export.formats.saved_model_check import check_saved_model
from dcgan_tf.export.network.graph import float_image
from dcgan_tf.export.web.page_file import read_page
from dcgan_tf.files import literal_path
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import with_labels
from dcgan_tf.runs import in_batches

REFERENCE_DEVICE = "CPU:0"
"""The device for comparisons in TensorFlow: some GPUs round the products of convolutions to 10 bits."""

SIGNATURES = ("serving_default", "float_images", "sample")
"""The signatures of a SavedModel."""


def open_with_tensorflow(path: Path, *, saved_model: Any = None) -> DrawFunction:
    """Return the function that draws with an artefact in TensorFlow or Keras.

    Args:
        path: the folder of a SavedModel, or a file that ends in .keras or .html. Only a browser can run a
            page, so its weights are read back and computed with TensorFlow.
        saved_model: what `load_saved_model` returned for this path, if it has been loaded already.

    Raises:
        ExportError: if it cannot be read, is none of these, or has parts that no export has.
    """
    if path.is_dir():
        return _drawing_floats(saved_model or load_saved_model(path), path)
    if path.suffix == ".keras":
        return _keras(path)
    if path.suffix == ".html":
        return _page(path)
    raise ExportError(f"{path} is not a file of an export that can draw")


def drawing_with(generator: keras.Sequential) -> DrawFunction:
    """Return the function that draws with a Keras generator, in inference mode."""

    def generate(z: np.ndarray, label: np.ndarray | None = None) -> tf.Tensor:
        num_classes = generator.input_shape[-1] - z.shape[1]
        return generator(with_labels(z, label, num_classes), training=False)

    return _batched(generate)


def load_saved_model(path: Path) -> Any:
    """Load a SavedModel with TensorFlow, on the CPU.

    Raises:
        ExportError: if TensorFlow cannot read it, or it has parts that no export has.
    """
    check_saved_model(path)
    try:
        with tf.device(REFERENCE_DEVICE), literal_path(path) as folder:
            loaded = tf.saved_model.load(str(folder))
    except Exception as error:  # TensorFlow's own, of every kind, for nothing of ours runs in there
        if stop := stop_behind(error):
            raise stop from None
        raise ExportError(f"cannot read {path}: {first_line(error)}") from None
    if missing := [name for name in SIGNATURES if not hasattr(loaded, name)]:
        raise ExportError(
            f"{path} is not a generator that dcgan-tf exported: it has no {' and no '.join(missing)}"
        )
    return loaded


def _drawing_floats(loaded: Any, path: Path) -> DrawFunction:
    return _foreign(path, lambda *inputs: loaded.float_images(*inputs)["image"])


@own_settings()
def _keras(path: Path) -> DrawFunction:
    network = keras_file.read(path)

    def generate(z: np.ndarray, label: np.ndarray | None = None) -> tf.Tensor:
        num_classes = network.input_shape[-1] - z.shape[1]
        return network(with_labels(z, label, num_classes), training=False)

    return _foreign(path, generate)


def _page(path: Path) -> DrawFunction:
    generator = read_page(path)

    def generate(z: np.ndarray, label: np.ndarray | None = None) -> tf.Tensor:
        if z.shape[1] != generator.latent_dim or (label is None) != (generator.num_classes == 0):
            raise ExportError(
                f"{path} takes {generator.latent_dim} numbers and {generator.num_classes} classes, and its "
                f"facts say {z.shape[1]} and {'none' if label is None else 'some'}"
            )
        return float_image(generator, z, label)

    return _foreign(path, generate)


def _foreign(path: Path, generate: Callable[..., tf.Tensor]) -> DrawFunction:
    """Draw with a foreign network, which may not take what its facts say."""

    def guarded(*inputs: np.ndarray) -> tf.Tensor:
        with foreign_errors(path):
            return generate(*inputs)

    return _batched(guarded)


@contextmanager
def foreign_errors(path: Path) -> Iterator[None]:
    """Turn TensorFlow's errors about a foreign network within the block into an ExportError."""
    try:
        yield
    except (tf.errors.OpError, ValueError, TypeError, LookupError) as error:
        raise ExportError(f"cannot draw with {path}: {first_line(error)}") from None


def _batched(generate: Callable[..., tf.Tensor]) -> DrawFunction:
    def draw(*inputs: np.ndarray) -> np.ndarray:
        with tf.device(REFERENCE_DEVICE):
            return in_batches(lambda *batch: np.asarray(generate(*batch)), *inputs)

    return draw
