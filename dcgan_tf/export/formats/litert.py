"""Write the generator as a .tflite file that LiteRT runs on its fastest kernels as a whole.

Keras' own conversion keeps every transposed convolution. Its output shape is computed at run time from the
batch size, so XNNPACK takes none of them. With 8-bit weights they run on a kernel that is a hundred times
slower than XNNPACK's. Here the batch is 1, and there is no transposed convolution.

The first of several dense layers stays float32 in the 8-bit files too. It is small, and it takes the latent,
which loses more by rounding than the feature maps do.
"""

from __future__ import annotations

import io
import json
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.export.folder import FACTS_FILE, LABELS_FILE, NAIVE_WAYS
from dcgan_tf.export.formats.flatbuffer import join
from dcgan_tf.export.network.folding import FoldedGenerator
from dcgan_tf.export.network.graph import SATURATION, after_first_layer, first_layer, to_bytes
from dcgan_tf.export.record import digest
from dcgan_tf.latents import sample_labels
from dcgan_tf.native_output import STDERR, STDOUT, held_back
from dcgan_tf.runs import in_batches


def convert(
    generator: FoldedGenerator,
    precision: str,
    *,
    calibration: np.ndarray,
    float_output: bool = False,
) -> bytes:
    """Convert to a .tflite with one signature, `serving_default`.

    It takes z, float32 [1, latent_dim], and label, int32 [1], for a conditional generator, and gives image,
    [1, H, W, C].

    Args:
        generator: the folded generator.
        precision: one of `paths.PRECISIONS`.
        calibration: float32 [M, latent_dim], drawn as in training. int8 takes the range of every feature map
            from them, while the classes take turns. For N(0, 1), 128 are best: fewer miss values that occur,
            and more widen the ranges by rare values.
        float_output: whether image is float32 in [-1, 1] instead of uint8.
    """
    examples = _examples(calibration, generator.num_classes)
    hidden = in_batches(partial(first_layer, generator), *examples.values())
    limits = _limits(generator, hidden) if precision == "int8" else None
    ends_in_bytes = precision != "int8" and not float_output  # an int8 network does so by itself

    def first(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return {"hidden": first_layer(generator, z, label)}

    def rest(hidden: tf.Tensor) -> dict[str, tf.Tensor]:
        image = after_first_layer(generator, hidden, limits)
        return {"image": to_bytes(image) if ends_in_bytes else image}

    def whole(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return rest(**first(z, label))

    if precision not in ("dynamic", "int8") or len(generator.dense) == 1:
        return _converted_function(whole, examples, precision, float_output=float_output)
    tail = _converted_function(rest, {"hidden": hidden}, precision, float_output=float_output)
    return join(_converted_function(first, examples, "fp32"), tail)


def convert_naively(generator: keras.Sequential, *, dynamic: bool = False) -> dict[str, bytes]:
    """Convert in the two ways that Keras' users know, for comparison.

    Args:
        generator: takes latents and returns images.
        dynamic: whether to use 8-bit weights, by `Optimize.DEFAULT`.

    Returns:
        {one of NAIVE_WAYS: the content of a .tflite}.
    """
    optimizations = [tf.lite.Optimize.DEFAULT] if dynamic else []
    converter = tf.lite.TFLiteConverter.from_keras_model(generator)
    converter.optimizations = optimizations
    with tempfile.TemporaryDirectory() as folder, _quiet():
        file = Path(folder, "keras.tflite")
        generator.export(file, format="litert", verbose=False, optimizations=optimizations)
        exported = file.read_bytes()
    return dict(zip(NAIVE_WAYS, (_converted(converter), exported), strict=True))


def append_files(path: Path, facts: Mapping[str, Any], labels: Sequence[str]) -> None:
    """Append the facts for an app as a zip after the model, where runtimes do not look.

    Args:
        path: the .tflite file.
        facts: the content of dcgan.json, to which the SHA-256 of the model is added to find damage.
        labels: the lines of labels.txt, which is written if there are any.
    """
    with_digest = {**facts, "sha256": digest(path)}
    with zipfile.ZipFile(path, "a") as archive:
        _append(archive, FACTS_FILE, json.dumps(with_digest, indent=2) + "\n")
        if labels:
            _append(archive, LABELS_FILE, "".join(f"{' '.join(label.splitlines())}\n" for label in labels))


class _Module(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A function of fixed shapes; only as a module does the converter keep its signature."""

    def __init__(
        self, function: Callable[..., dict[str, tf.Tensor]], inputs: Sequence[tf.TensorSpec]
    ) -> None:
        super().__init__()
        self.serving_default = tf.function(function, input_signature=inputs, autograph=False)


def _converted_function(
    function: Callable[..., dict[str, tf.Tensor]],
    examples: Mapping[str, np.ndarray],
    precision: str,
    *,
    float_output: bool = False,
) -> bytes:
    """Convert a function whose inputs are like one of the examples, {name: [M, ...]}."""
    inputs = [
        tf.TensorSpec((1, *values.shape[1:]), values.dtype, name=name) for name, values in examples.items()
    ]
    module = _Module(function, inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serving_default.get_concrete_function()], module
    )
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
        # Lets XNNPACK compute in float16 too, on processors that can. The attribute is TensorFlow's own; a
        # test reads the file.
        converter.target_spec._experimental_supported_accumulation_type = tf.float16
    if precision == "int8":
        converter.representative_dataset = lambda: _one_by_one(examples)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = tf.float32 if float_output else tf.uint8
    return _converted(converter)


def _examples(latents: np.ndarray, num_classes: int) -> dict[str, np.ndarray]:
    """Return the signature's inputs, each [M, ...]; the classes take turns."""
    if not num_classes:
        return {"z": latents}
    return {"z": latents, "label": sample_labels(len(latents), num_classes).astype(np.int32)}


def _one_by_one(examples: Mapping[str, np.ndarray]) -> Iterator[dict[str, np.ndarray]]:
    for rows in zip(*examples.values(), strict=True):
        yield {name: row[None] for name, row in zip(examples, rows, strict=True)}


def _limits(generator: FoldedGenerator, hidden: np.ndarray) -> tuple[float, float] | None:
    """Return the range of the values before tanh, where it makes a difference.

    A network that draws clear black gives values far outside, which would take most of int8's 256 steps.

    Args:
        generator: the folded generator.
        hidden: float32 [M, outputs of the first layer].

    Returns:
        (least, greatest), or None if no part of the range has to be cut off.
    """
    images = in_batches(partial(after_first_layer, generator), hidden)
    with np.errstate(divide="ignore"):  # float32 knows no difference between tanh(10) and 1
        least, greatest = np.arctanh([images.min(), images.max()], dtype=np.float64)
    limits = max(least, -SATURATION), min(greatest, SATURATION)
    return None if limits == (least, greatest) else (min(limits[0], 0.0), max(limits[1], 0.0))


def _append(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Write a member with a fixed date, so that the same model gives the same bytes."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    with _quiet():
        return bytes(converter.convert())


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what the converter and Keras remark on their own workings, also in Python's stdout alone."""
    with held_back(STDOUT, STDERR), redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
