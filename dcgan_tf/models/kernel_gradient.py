"""Convolutions of bfloat16 whose kernels get their gradient faster, where the maps are small.

TensorFlow's own gradient of a kernel is slow in bfloat16 if the maps have few places and many channels: on a
processor with AMX, from 8x8x256 to 4x4x512 it took 64 ms for 64 images, a quarter of what the processor can
do. As one matrix product it took 16 ms. In float32, TensorFlow's own is faster, so only networks that train
in bfloat16 have these layers. Their weights and outputs are those of Keras' own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

_MOST_PLACES, _FEWEST_CHANNELS = 16, 64
"""Where the matrix product was faster: maps up to 4x4 at the small side, and 64 channels at the large one."""
_Gradient = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


@keras.saving.register_keras_serializable("dcgan_tf")
class Conv2D(keras.layers.Conv2D):  # type: ignore[misc]  # Keras is untyped
    """A convolution with "same" padding; its arguments are those of `keras.layers.Conv2D`."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C] with a kernel [h, w, C, filters]; returns [N, H', W', filters]."""
        places = [-(-side // stride) for side, stride in zip(inputs.shape[1:3], self.strides, strict=True)]
        if not _is_faster(places, inputs.shape[-1]):
            return super().convolution_op(inputs, kernel)
        return convolution(inputs, tf.convert_to_tensor(kernel), self.strides)


@keras.saving.register_keras_serializable("dcgan_tf")
class Conv2DTranspose(keras.layers.Conv2DTranspose):  # type: ignore[misc]  # Keras is untyped
    """A transposed convolution with "same" padding, and the arguments of `keras.layers.Conv2DTranspose`."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Turn [N, H, W, C] into [N, strides * H, strides * W, filters]."""
        if not _is_faster(inputs.shape[1:3], self.filters):
            return super().call(inputs)
        outputs = transposed_convolution(inputs, tf.convert_to_tensor(self.kernel), self.strides)
        return outputs if self.bias is None else outputs + self.bias


def convolution(images: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve with "same" padding: [N, H, W, C] with [h, w, C, F] to [N, H / s, W / s, F], rounded up."""

    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = tf.nn.conv2d_transpose(upstream, kernel, tf.shape(images), strides, "SAME")
            return back, kernel_gradient(images, upstream, kernel.shape, strides)

        return tf.nn.conv2d(images, kernel, strides, "SAME"), gradient

    return tf.custom_gradient(convolve)(images, kernel)


def transposed_convolution(maps: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Turn maps [N, H, W, F] into [N, s * H, s * W, C] with a kernel [h, w, C, F] and "same" padding."""

    def spread(maps: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = tf.nn.conv2d(upstream, kernel, strides, "SAME")
            return back, kernel_gradient(upstream, maps, kernel.shape, strides)

        height, width = (side * stride for side, stride in zip(maps.shape[1:3], strides, strict=True))
        shape = tf.stack([tf.shape(maps)[0], height, width, kernel.shape[2]])
        return tf.nn.conv2d_transpose(maps, kernel, shape, strides, "SAME"), gradient

    return tf.custom_gradient(spread)(maps, kernel)


def kernel_gradient(
    large: tf.Tensor, small: tf.Tensor, shape: tf.TensorShape, strides: tuple[int, int]
) -> tf.Tensor:
    """Return the gradient of a kernel that joins large and small maps, as one matrix product.

        dK[i, j, c, f] = sum over n, y, x of large[n, s y + i - p, s x + j - p, c] small[n, y, x, f]

    where p is the padding. One of the two are maps, and the other is the gradient with respect to maps: in a
    convolution the large ones are its inputs, in a transposed one its outputs.

    Args:
        large: [N, H, W, C].
        small: [N, H / s, W / s, F], rounded up.
        shape: of the kernel, [h, w, C, F].
        strides: s, in both directions.
    """
    height, width, channels, filters = shape
    window, step = [1, height, width, 1], [1, *strides, 1]
    patches = tf.image.extract_patches(large, window, step, [1, 1, 1, 1], "SAME")
    rows = tf.reshape(patches, (-1, height * width * channels))
    return tf.reshape(tf.linalg.matmul(rows, tf.reshape(small, (-1, filters)), transpose_a=True), shape)


def _is_faster(places: Any, channels: int) -> bool:
    height, width = places
    return bool(height * width <= _MOST_PLACES and channels >= _FEWEST_CHANNELS)
