"""Convolutions whose kernels get their gradient faster on a CPU in bfloat16, where the maps are small.

Their biases get a gradient that TensorFlow's own operation there does not compute: see `SummedBias`.

TensorFlow's own gradient of a kernel is slow there if the maps have few places and many channels. From
8x8x256 to 4x4x512, for 64 images, it took 64 ms on a processor with AMX, which is an eighth of the speed of a
large matrix product. As one matrix product it took 16 ms. Without AMX, the two took 65 and 40 ms. In float32,
TensorFlow's own is faster, and GPUs were not measured. So only networks that train in bfloat16 on a CPU have
these layers. Their weights and outputs are those of Keras' own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

_MOST_PLACES, _FEWEST_CHANNELS = 16, 128
"""Where the product was faster: maps up to 4x4 at the small side, and 128 channels at the large one."""
_Gradient = Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


class SummedBias(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """A convolution with the right gradient of its bias in bfloat16; the class after it is Keras' own.

    Keras adds a bias by `tf.nn.bias_add`. Its gradient is a sum over all places of all images, and in
    bfloat16 TensorFlow adds them up on a CPU one after another, in 8 bits: 65,536 ones become 512. The
    gradient of an ordinary addition is the right sum. Other types stay with Keras' way.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C] and add the bias; returns [N, H', W', filters]."""
        if self.bias is None or self.compute_dtype != "bfloat16":
            return super().call(inputs)
        return self.activation(self.convolution_op(inputs, self.kernel) + self.bias)


@keras.saving.register_keras_serializable("dcgan_tf")
class Conv2D(SummedBias, keras.layers.Conv2D):  # type: ignore[misc]  # Keras is untyped
    """A convolution; its arguments, weights and outputs are those of `keras.layers.Conv2D`."""

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C] with a kernel [h, w, C, filters]; returns [N, H', W', filters]."""
        places = [-(-side // stride) for side, stride in zip(inputs.shape[1:3], self.strides, strict=True)]
        if not _is_faster(self, places, channels=inputs.shape[-1]):
            return super().convolution_op(inputs, kernel)
        return convolution(inputs, tf.convert_to_tensor(kernel), self.strides)


@keras.saving.register_keras_serializable("dcgan_tf")
class Conv2DTranspose(keras.layers.Conv2DTranspose):  # type: ignore[misc]  # Keras is untyped
    """A transposed convolution with the arguments, weights and outputs of `keras.layers.Conv2DTranspose`."""

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Turn [N, H, W, C] into [N, strides * H, strides * W, filters]."""
        kernel = tf.convert_to_tensor(self.kernel)
        if _is_faster(self, inputs.shape[1:3], channels=self.filters):
            outputs = transposed_convolution(inputs, kernel, self.strides)
        else:
            how = self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate
            outputs = keras.ops.conv_transpose(inputs, kernel, *how)
        # Not by Keras' own call: see `SummedBias`.
        return self.activation(outputs if self.bias is None else outputs + self.bias)


def convolution(images: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve with "same" padding, as `tf.nn.conv2d` does, but with the other gradient of the kernel.

    Args:
        images: of any floating type, [N, H, W, C].
        kernel: of the same type, [h, w, C, F].
        strides: s, in both directions.

    Returns:
        Of the same type, [N, H / s, W / s, F], rounded up.
    """

    def convolve(images: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = tf.nn.conv2d_transpose(upstream, kernel, tf.shape(images), strides, "SAME")
            return back, gradient_of_kernel(images, upstream, kernel.shape, strides)

        return tf.nn.conv2d(images, kernel, strides, "SAME"), gradient

    return tf.custom_gradient(convolve)(images, kernel)


def transposed_convolution(maps: tf.Tensor, kernel: tf.Tensor, strides: tuple[int, int]) -> tf.Tensor:
    """Convolve transposed with "same" padding, as `tf.nn.conv2d_transpose` does, but with the other gradient.

    Args:
        maps: of any floating type, [N, H, W, F].
        kernel: of the same type, [h, w, C, F].
        strides: s, in both directions.

    Returns:
        Of the same type, [N, s * H, s * W, C].
    """

    def spread(maps: tf.Tensor, kernel: tf.Tensor) -> tuple[tf.Tensor, _Gradient]:
        def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            back = tf.nn.conv2d(upstream, kernel, strides, "SAME")
            return back, gradient_of_kernel(upstream, maps, kernel.shape, strides)

        height, width = (side * stride for side, stride in zip(maps.shape[1:3], strides, strict=True))
        shape = tf.stack([tf.shape(maps)[0], height, width, kernel.shape[2]])
        return tf.nn.conv2d_transpose(maps, kernel, shape, strides, "SAME"), gradient

    return tf.custom_gradient(spread)(maps, kernel)


def gradient_of_kernel(
    large: tf.Tensor, small: tf.Tensor, shape: tf.TensorShape, strides: tuple[int, int]
) -> tf.Tensor:
    """Return the gradient of a kernel that joins large and small maps, as one matrix product.

        dK[i, j, c, f] = sum over n, y, x of large[n, s y + i - p, s x + j - p, c] small[n, y, x, f]

    where p is the padding. One of the two are maps, and the other is the gradient with respect to maps: in a
    convolution the large ones are its inputs, in a transposed one its outputs.

    Args:
        large: of any floating type, [N, H, W, C].
        small: of the same type, [N, H / s, W / s, F], rounded up.
        shape: of the kernel, [h, w, C, F].
        strides: s, in both directions.

    Returns:
        Of the same type, [h, w, C, F].
    """
    height, width, channels, filters = shape
    window, step = [1, height, width, 1], [1, *strides, 1]
    patches = tf.image.extract_patches(large, window, step, [1, 1, 1, 1], "SAME")
    rows = tf.reshape(patches, (-1, height * width * channels))
    return tf.reshape(tf.linalg.matmul(rows, tf.reshape(small, (-1, filters)), transpose_a=True), shape)


def _is_faster(layer: Any, places: Sequence[int], *, channels: int) -> bool:
    """Return whether a layer is one that the functions here compute, and faster so.

    Args:
        layer: a convolution.
        places: height and width of the small maps.
        channels: of the large maps.
    """
    is_plain = layer.padding == "same" and layer.dilation_rate == (1, 1)
    return bool(is_plain and math.prod(places) <= _MOST_PLACES and channels >= _FEWEST_CHANNELS)
