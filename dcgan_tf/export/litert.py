"""The generator as .tflite, in a form that LiteRT hands to its fastest kernels as a whole.

Keras' own conversion leaves every transposed convolution behind: its output shape is computed at run time
from the batch size, so XNNPACK takes none of them, and with 8-bit weights they fall to a kernel that is a
hundred times slower. Here the batch is 1, and there is no transposed convolution.

Where a small dense layer comes before the dense layer that makes the first map, it stays float in the 8-bit
files too: all that follows depends on the latent, and rounded to 8 bits it would cost more than all weights.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.export.flatbuffer import join
from dcgan_tf.export.folding import FoldedGenerator
from dcgan_tf.export.graph import SATURATED, behind_first_layer, first_layer, float_image, to_bytes
from dcgan_tf.latents import sample_labels
from dcgan_tf.quiet import STDERR, STDOUT, held_back

FACTS_FILE, LABELS_FILE = "dcgan.json", "labels.txt"


def convert(
    generator: FoldedGenerator,
    precision: str,
    *,
    calibration: np.ndarray,
    float_output: bool = False,
) -> bytes:
    """Convert to a .tflite with one signature, `serving_default`.

    It takes z, float32 [1, latent_dim], and of a conditional generator label, int32 [1], to image,
    [1, H, W, C].

    Args:
        generator: folded.
        precision: one of `paths.PRECISIONS`.
        calibration: float32 [M, latent_dim], drawn as in training; int8 takes the range of every feature map
            from them, and from the classes in turn. Of N(0, 1), 128 are best: fewer miss values that occur,
            more widen the ranges by rare ones.
        float_output: image as float32 in [-1, 1] instead of uint8.
    """
    ends_in_bytes = precision != "int8" and not float_output  # an int8 network does so by itself
    inputs = _input_specs(generator)
    examples = list(_in_turn(calibration, generator.num_classes))
    saturate = precision == "int8" and _saturates(generator, examples)

    def first(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return {"hidden": first_layer(generator, z, label)}

    def rest(hidden: tf.Tensor) -> dict[str, tf.Tensor]:
        image = behind_first_layer(generator, hidden, saturate=saturate)
        return {"image": to_bytes(image) if ends_in_bytes else image}

    def whole(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
        return rest(**first(z, label))

    converted = partial(_converted_function, float_output=float_output)
    if precision not in ("dynamic", "int8") or len(generator.dense) == 1:
        return converted(whole, inputs, precision, examples)
    hidden = [tf.TensorSpec((1, generator.dense[0].bias.size), tf.float32, name="hidden")]
    behind = [{"hidden": first(**example)["hidden"].numpy()} for example in examples]
    return join(converted(first, inputs, "fp32", ()), converted(rest, hidden, precision, behind))


def convert_naively(generator: keras.Sequential, *, dynamic: bool = False) -> bytes:
    """Convert as Keras users do, with `from_keras_model`, for comparison.

    Args:
        generator: latents to images.
        dynamic: with 8-bit weights, by `Optimize.DEFAULT`.
    """
    converter = tf.lite.TFLiteConverter.from_keras_model(generator)
    converter.optimizations = [tf.lite.Optimize.DEFAULT] if dynamic else []
    return _converted(converter)


def append_files(path: Path, facts: Mapping[str, Any], labels: Sequence[str]) -> None:
    """Append what an app needs to know: a zip behind the model, where runtimes do not look.

    Args:
        path: of the .tflite.
        facts: written as dcgan.json.
        labels: written as labels.txt, one a line, if there are any.
    """
    with zipfile.ZipFile(path, "a") as archive:
        _append(archive, FACTS_FILE, json.dumps(facts, indent=2) + "\n")
        if labels:
            _append(archive, LABELS_FILE, "".join(f"{' '.join(label.splitlines())}\n" for label in labels))


class _Module(tf.Module):  # type: ignore[misc]  # TensorFlow is untyped
    """A function of fixed shapes; a module, because only then does the converter keep its signature."""

    def __init__(
        self, function: Callable[..., dict[str, tf.Tensor]], inputs: Sequence[tf.TensorSpec]
    ) -> None:
        super().__init__()
        self.serving_default = tf.function(function, input_signature=inputs)


def _input_specs(generator: FoldedGenerator) -> list[tf.TensorSpec]:
    z = tf.TensorSpec((1, generator.latent_dim), tf.float32, name="z")
    label = tf.TensorSpec((1,), tf.int32, name="label")
    return [z, label] if generator.num_classes else [z]


def _converted_function(
    function: Callable[..., dict[str, tf.Tensor]],
    inputs: Sequence[tf.TensorSpec],
    precision: str,
    examples: Iterable[dict[str, np.ndarray]],
    *,
    float_output: bool,
) -> bytes:
    """Convert a function; int8 takes the range of every feature map from examples of its inputs."""
    module = _Module(function, inputs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serving_default.get_concrete_function()], module
    )
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: examples
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = tf.float32 if float_output else tf.uint8
    return _converted(converter)


def _saturates(generator: FoldedGenerator, examples: Iterable[dict[str, np.ndarray]]) -> bool:
    """Tell whether any of the images has pixels as good as black or white."""
    return any(np.abs(float_image(generator, **example)).max() > SATURATED for example in examples)


def _in_turn(latents: np.ndarray, num_classes: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the signature's inputs, the classes in turn."""
    labels = sample_labels(len(latents), max(1, num_classes)).astype(np.int32)
    for z, label in zip(latents, labels, strict=True):
        yield {"z": z[None], "label": label[None]} if num_classes else {"z": z[None]}


def _append(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Write a member with a fixed date, so that the same model gives the same bytes."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    # Its remarks are on its own workings: how it names things, that an input is a float.
    with held_back(STDOUT, STDERR), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())
