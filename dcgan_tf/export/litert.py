"""The generator as .tflite, in a form that LiteRT hands to its fastest kernels as a whole.

Keras' own conversion leaves every transposed convolution behind: its output shape is computed at run time
from the batch size, so XNNPACK takes none of them, and with 8-bit weights they fall to a kernel that is a
hundred times slower. Here the batch is 1, and there is no transposed convolution.
"""

from __future__ import annotations

import json
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.export.folding import FoldedGenerator, Upsample
from dcgan_tf.export.sub_pixel import Phases, sub_pixel_form
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
    # An 8-bit network ends in bytes by itself; the others compute them.
    in_graph = precision != "int8" and not float_output
    module = _Module(generator, bytes_out=in_graph)
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [module.serving_default.get_concrete_function()], module
    )
    if precision != "fp32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if precision == "fp16":
        converter.target_spec.supported_types = [tf.float16]
    if precision == "int8":
        converter.representative_dataset = lambda: _in_turn(calibration, generator.num_classes)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_output_type = tf.float32 if float_output else tf.uint8
    return _converted(converter)


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
    """The generator in inference form; a module, because only then does the converter keep its signature."""

    def __init__(self, generator: FoldedGenerator, *, bytes_out: bool) -> None:
        super().__init__()

        def serving_default(z: tf.Tensor, label: tf.Tensor | None = None) -> dict[str, tf.Tensor]:
            image = float_image(generator, z, label)
            return {"image": _to_bytes(image) if bytes_out else image}

        inputs = [tf.TensorSpec((1, generator.latent_dim), tf.float32, name="z")]
        if generator.num_classes:
            inputs.append(tf.TensorSpec((1,), tf.int32, name="label"))
        self.serving_default = tf.function(serving_default, input_signature=inputs)


def float_image(generator: FoldedGenerator, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
    """Build the graph: z float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1].

    A conditional generator takes label int32 [N] too. Its class chooses a bias from a table: with 8 bits,
    LiteRT's one-hot operator loses it, and it would take a label out of range for no class at all.
    """
    first, *others = generator.dense
    of_latent, of_class = np.split(first.kernel, [generator.latent_dim])
    bias = tf.gather(_float32(first.bias + of_class), label) if len(of_class) else _float32(first.bias)
    x = _activated(tf.linalg.matmul(z, _float32(of_latent)) + bias, relu=first.relu)
    for layer in others:
        x = tf.linalg.matmul(x, _float32(layer.kernel)) + _float32(layer.bias)
        x = _activated(x, relu=layer.relu)
    x = tf.reshape(x, (-1, *generator.first_map))
    for upsample in generator.upsamples:
        x = _upsampled(upsample, x)
    return tf.math.tanh(x)


def _activated(x: tf.Tensor, *, relu: bool) -> tf.Tensor:
    return tf.nn.relu(x) if relu else x


def _in_turn(latents: np.ndarray, num_classes: int) -> Iterator[dict[str, np.ndarray]]:
    """Yield the signature's inputs, the classes in turn."""
    labels = sample_labels(len(latents), max(1, num_classes)).astype(np.int32)
    for z, label in zip(latents, labels, strict=True):
        yield {"z": z[None], "label": label[None]} if num_classes else {"z": z[None]}


def _upsampled(layer: Upsample, x: tf.Tensor) -> tf.Tensor:
    form = sub_pixel_form(layer.kernel, (x.shape[1], x.shape[2]))
    phases = [_convolved(part, layer, x) for part in form.convolutions]
    x = tf.nn.depth_to_space(tf.concat(phases, axis=-1) if len(phases) > 1 else phases[0], 2)
    return x[:, form.crop : -form.crop, form.crop : -form.crop] if form.crop else x


def _convolved(part: Phases, layer: Upsample, x: tf.Tensor) -> tf.Tensor:
    """Convolve; before the pixels are laid out, bias and ReLU become part of the convolution."""
    same = all(
        zeros == _same_padding(taps) for zeros, taps in zip(part.padding, part.kernel.shape, strict=False)
    )
    if not same:
        x = tf.pad(x, [(0, 0), *part.padding, (0, 0)])
    x = tf.nn.conv2d(x, _float32(part.kernel), strides=1, padding="SAME" if same else "VALID")
    x += _float32(np.tile(layer.bias, part.kernel.shape[3] // layer.bias.size))
    return _activated(x, relu=layer.relu)


def _same_padding(taps: int) -> tuple[int, int]:
    """Return the zeros that TensorFlow's "same" adds (before, after), without an operator of their own."""
    return (taps - 1) // 2, taps // 2


def _to_bytes(image: tf.Tensor) -> tf.Tensor:
    """Round to the nearest level, in operations that every runtime has: the cast cuts the fraction off."""
    return tf.cast((image + 1.0) * 127.5 + 0.5, tf.uint8)


def _float32(array: np.ndarray) -> tf.Tensor:
    return tf.constant(array, tf.float32)


def _append(archive: zipfile.ZipFile, name: str, text: str) -> None:
    """Write a member with a fixed date, so that the same model gives the same bytes."""
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)


def _converted(converter: tf.lite.TFLiteConverter) -> bytes:
    # Its remarks are on its own workings: how it names things, that an input is a float.
    with held_back(STDOUT, STDERR), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return bytes(converter.convert())
