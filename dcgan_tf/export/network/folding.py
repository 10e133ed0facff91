"""Fold a trained generator for inference: no batch norm, no dropout, the projection of z as a dense layer.

In inference mode, batch normalisation is a fixed affine map of each channel. So it is multiplied into the
weights before it (Jacob et al. 2018, section 3.2), once and in float64. A class is an input of 1: it adds its
row of the first layer's weights, so a class is a choice of bias. Nothing here depends on a target format.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import keras
import numpy as np

from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import StepDropout


@dataclass(frozen=True)
class Dense:
    """A fully connected layer, [N, inputs] to [N, outputs].

    Attributes:
        kernel: float64 [inputs, outputs].
        bias: float64 [outputs].
        relu: whether max(·, 0) follows.
    """

    kernel: np.ndarray
    bias: np.ndarray
    relu: bool = False


@dataclass(frozen=True)
class Upsample:
    """A transposed convolution of stride 2 and "same" padding, [N, H, W, inputs] to [N, 2H, 2W, outputs].

    Attributes:
        kernel: float64 [k, k, inputs, outputs], indexed as in the convolution that this one is the transpose
            of: input pixel i reaches output pixel 2i + j - (k - 2) // 2 through kernel row (or column) j.
        bias: float64 [outputs].
        relu: whether max(·, 0) follows.
    """

    kernel: np.ndarray
    bias: np.ndarray
    relu: bool = False


@dataclass(frozen=True)
class FoldedGenerator:
    """A generator as layers: dense layers up to the first map, upsamplings up to the picture, then tanh.

    Attributes:
        dense: at least one layer; the inputs of the first are the latent, followed by the one-hot class.
        first_map: (height, width, channels) into which the last dense layer's outputs are reshaped.
        upsamples: each doubles height and width; none in the fully connected GAN.
        num_classes: K; 0 if the generator is not conditional.
    """

    dense: tuple[Dense, ...]
    first_map: tuple[int, int, int]
    upsamples: tuple[Upsample, ...]
    num_classes: int = 0

    @property
    def latent_dim(self) -> int:
        """The length of a latent vector."""
        return int(self.dense[0].kernel.shape[0]) - self.num_classes

    @property
    def latent_weights(self) -> np.ndarray:
        """The first layer's weights of the latent, float64 [latent_dim, outputs]."""
        return self.dense[0].kernel[: self.latent_dim]

    @property
    def class_weights(self) -> np.ndarray:
        """The first layer's weights of the classes, float64 [num_classes, outputs]."""
        return self.dense[0].kernel[self.latent_dim :]

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the picture."""
        height, width, channels = self.first_map
        scale = 2 ** len(self.upsamples)
        if self.upsamples:
            channels = int(self.upsamples[-1].bias.size)
        return height * scale, width * scale, channels


def fold(generator: keras.Sequential, *, num_classes: int = 0) -> FoldedGenerator:
    """Fold a generator of `dcgan_tf.models`.

    Args:
        generator: takes latents float32 [N, latent_dim (+ num_classes)] and returns images float32 [N, H, W,
            C] in [-1, 1]; its last layer is tanh.
        num_classes: number of classes of a conditional generator, whose inputs end in the class; else 0.

    Raises:
        ArgumentError: if it has a layer of another type, or weights that are not finite.
    """
    folded: list[Dense | Upsample] = []
    first_map: tuple[int, ...] = ()
    for layer in generator.layers:
        if isinstance(layer, keras.layers.BatchNormalization) and not folded[-1].relu:
            folded[-1] = _normalized(folded[-1], layer)
        elif isinstance(layer, keras.layers.ReLU):
            folded[-1] = replace(folded[-1], relu=True)
        elif isinstance(layer, keras.layers.Conv2DTranspose) and not folded:
            first_map = tuple(layer.output.shape[1:])
            folded.append(_projection(layer))
        elif isinstance(layer, keras.layers.Conv2DTranspose):
            folded.append(_upsampling(layer))
        elif isinstance(layer, keras.layers.Dense):
            folded.append(Dense(_array(layer.kernel), _bias(layer, layer.units)))
        elif isinstance(layer, keras.layers.Reshape):
            first_map = tuple(layer.output.shape[1:])
        elif not _changes_nothing(layer, is_last=layer is generator.layers[-1]):
            raise ArgumentError(f"cannot export layer {layer.name!r} of type {type(layer).__name__}")
    if not all(np.isfinite(values).all() for layer in folded for values in (layer.kernel, layer.bias)):
        raise ArgumentError(
            "cannot export a generator whose weights are not finite; take an earlier checkpoint"
        )
    height, width, channels = first_map
    dense = tuple(layer for layer in folded if isinstance(layer, Dense))
    upsamples = tuple(layer for layer in folded if isinstance(layer, Upsample))
    return FoldedGenerator(dense, (height, width, channels), upsamples, num_classes)


def _changes_nothing(layer: keras.Layer, *, is_last: bool) -> bool:
    """Return whether a layer is dropout, which inference skips, or the last tanh, which every format adds."""
    if is_last:
        return isinstance(layer, keras.layers.Activation) and layer.activation is keras.activations.tanh
    return isinstance(layer, StepDropout)


def _projection(layer: keras.layers.Conv2DTranspose) -> Dense:
    """Return the transposed convolution of a single pixel as the dense layer that it is."""
    height, width, outputs, inputs = layer.kernel.shape
    kernel = _array(layer.kernel).transpose(3, 0, 1, 2).reshape(inputs, height * width * outputs)
    return Dense(kernel, np.tile(_bias(layer, outputs), height * width))


def _upsampling(layer: keras.layers.Conv2DTranspose) -> Upsample:
    if layer.strides != (2, 2) or layer.padding != "same":
        raise ArgumentError(
            f"expected transposed convolutions of stride 2 and same padding, received {layer.name!r} "
            f"with stride {layer.strides} and {layer.padding} padding"
        )
    return Upsample(_array(layer.kernel).transpose(0, 1, 3, 2), _bias(layer, layer.kernel.shape[2]))


def _bias(layer: keras.Layer, outputs: int) -> np.ndarray:
    return np.zeros(outputs) if layer.bias is None else _array(layer.bias)


def _normalized(before: Dense | Upsample, norm: keras.layers.BatchNormalization) -> Dense | Upsample:
    """Multiply the layer's outputs by gamma / sqrt(variance + epsilon), and shift them accordingly.

    A projection has one output for each pixel and channel; the channel is the fastest index.
    """
    scale = _array(norm.gamma) / np.sqrt(_array(norm.moving_variance) + norm.epsilon)
    shift = _array(norm.beta) - _array(norm.moving_mean) * scale
    pixels = before.bias.size // scale.size
    scale, shift = np.tile(scale, pixels), np.tile(shift, pixels)
    return replace(before, kernel=before.kernel * scale, bias=before.bias * scale + shift)


def _array(variable: keras.Variable) -> np.ndarray:
    return np.asarray(variable).astype(np.float64)
