"""Build a folded generator as a TensorFlow graph whose heavy operators run on LiteRT's fastest kernels."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from dcgan_tf.export.network.folding import FoldedGenerator, Upsample
from dcgan_tf.export.network.sub_pixel import Phases, sub_pixel_form

SATURATION = 4.0
"""Beyond this value, tanh is nearer to 1 than a tenth of a level of an 8-bit image."""


def float_image(generator: FoldedGenerator, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
    """Build the graph: z float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1].

    Args:
        generator: folded.
        z: the latents; with float16 ones, all is computed in float16.
        label: int32 [N]; required for a conditional generator, and only there.
    """
    return after_first_layer(generator, first_layer(generator, z, label))


def first_layer(generator: FoldedGenerator, z: tf.Tensor, label: tf.Tensor | None = None) -> tf.Tensor:
    """Build the first dense layer, from the arguments of `float_image` to float32 [N, outputs].

    The class chooses a bias from a table. With 8 bits, LiteRT's one-hot operator loses the class, and it
    would take a label out of range for no class at all.
    """
    layer = generator.dense[0]
    bias = tf.constant(layer.bias if label is None else layer.bias + generator.class_weights, z.dtype)
    x = tf.linalg.matmul(z, tf.constant(generator.latent_weights, z.dtype))
    return _activated(x + (bias if label is None else tf.gather(bias, label)), relu=layer.relu)


def after_first_layer(
    generator: FoldedGenerator, x: tf.Tensor, limits: tuple[float, float] | None = None
) -> tf.Tensor:
    """Build all that follows, float32 [N, outputs of the first layer] to images float32 [N, H, W, C].

    Args:
        generator: folded.
        x: output of the first layer.
        limits: (least, greatest) of the values before tanh, with 0 between them: the range of int8's steps.
            In the converted file this is no operator. Other precisions cannot use it, because it rounds to
            256 levels.
    """
    for layer in generator.dense[1:]:
        x = tf.linalg.matmul(x, tf.constant(layer.kernel, x.dtype)) + tf.constant(layer.bias, x.dtype)
        x = _activated(x, relu=layer.relu)
    x = tf.reshape(x, (-1, *generator.first_map))
    for upsample in generator.upsamples:
        x = _upsampled(upsample, x)
    if limits:
        x = tf.quantization.fake_quant_with_min_max_args(x, *limits)
    return tf.math.tanh(x)


def to_bytes(image: tf.Tensor) -> tf.Tensor:
    """Round float32 in [-1, 1] to the nearest of 256 levels, uint8, in operations that every runtime has.

    The cast cuts off the fraction, so that ties are rounded up.
    """
    return tf.cast((image + 1.0) * 127.5 + 0.5, tf.uint8)


def _activated(x: tf.Tensor, *, relu: bool) -> tf.Tensor:
    return tf.nn.relu(x) if relu else x


def _upsampled(layer: Upsample, x: tf.Tensor) -> tf.Tensor:
    form = sub_pixel_form(layer.kernel, (x.shape[1], x.shape[2]))
    phases = [_convolved(part, layer, x) for part in form.convolutions]
    x = tf.nn.depth_to_space(tf.concat(phases, axis=-1) if len(phases) > 1 else phases[0], 2)
    return x[:, form.crop : -form.crop, form.crop : -form.crop] if form.crop else x


def _convolved(part: Phases, layer: Upsample, x: tf.Tensor) -> tf.Tensor:
    """Convolve, then lay the pixels out; bias and ReLU become part of the convolution."""
    same = all(
        zeros == _same_padding(taps) for zeros, taps in zip(part.padding, part.kernel.shape, strict=False)
    )
    if not same:
        x = tf.pad(x, [(0, 0), *part.padding, (0, 0)])
    kernel = tf.constant(part.kernel, x.dtype)
    x = tf.nn.conv2d(x, kernel, strides=1, padding="SAME" if same else "VALID")
    x += tf.constant(np.tile(layer.bias, part.kernel.shape[3] // layer.bias.size), x.dtype)
    return _activated(x, relu=layer.relu)


def _same_padding(taps: int) -> tuple[int, int]:
    """Return the zeros that TensorFlow's "same" adds (before, after), without an operator of their own."""
    return (taps - 1) // 2, taps // 2
