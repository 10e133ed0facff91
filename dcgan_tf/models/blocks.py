"""The layers that a convolutional network is made of, each with its norm, bias and initial weights.

A layer beside batch norm has no bias unless it is asked for, because batch norm has one of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from dcgan_tf.models import kernel_gradient
from dcgan_tf.models.conditional import Conv2DWithLabel
from dcgan_tf.models.layers import EvenPhases, batch_normalization, kernel_initializer, output_dtype
from dcgan_tf.models.spectral import SpectralConv2D, SpectralConv2DWithLabel, SpectralDense


@dataclass(frozen=True)
class Blocks:
    """Makes the layers of one network.

    Attributes:
        norm: batch, spectral (for a discriminator) or none.
        activation: returns a new layer for the type: the activation of all layers but the last.
        gain: of this activation, as in `kernel_initializer`.
        seeds: a seed for each layer, in their order.
        dtype: Keras dtype policy of the layers.
    """

    norm: str
    activation: Callable[..., keras.Layer]
    gain: float
    seeds: Iterator[int]
    dtype: str

    def dense(self, units: int, *, inputs: int) -> keras.Layer:
        """Return a fully connected layer of as many units, [N, inputs] to [N, units]."""
        kind = SpectralDense if self.norm == "spectral" else keras.layers.Dense
        return kind(units, **self._arguments(inputs), dtype=self.dtype)

    def closing_dense(self, *, inputs: int) -> keras.Layer:
        """Return the layer that sums everything up to the logit, [N, inputs] to [N, 1]."""
        kind = SpectralDense if self.norm == "spectral" else keras.layers.Dense
        return kind(1, **self._arguments(inputs, gain=1.0), dtype=output_dtype(self.dtype), name="logit")

    def project(self, filters: int, size: tuple[int, int], *, inputs: int) -> keras.Layer:
        """Return the map of z, as one pixel, to the first feature maps: [N, 1, 1, inputs] to [N, h, w, F]."""
        arguments = self._arguments(inputs)
        return self._strided_layers.Conv2DTranspose(filters, size, **arguments, dtype=self.dtype)

    def upsample(
        self, filters: int, kernel: int, *, inputs: int, even: bool = False, last: bool = False
    ) -> keras.Layer:
        """Return a layer that doubles height and width: [N, H, W, inputs] to [N, 2H, 2W, filters].

        In each direction, every second row of the kernel reaches an output.

        Args:
            filters: number of its outputs at each place.
            kernel: side of the kernel.
            inputs: number of its inputs at each place.
            even: whether training keeps its phases even, as `EvenPhases` says.
            last: whether it makes the image, so that no ReLU follows.
        """
        arguments = self._arguments(inputs * kernel**2 / 4, gain=1.0 if last else None)
        if even:
            arguments["kernel_constraint"] = EvenPhases()
        layers = self._strided_layers
        return layers.Conv2DTranspose(
            filters, kernel, strides=2, padding="same", **arguments, dtype=self.dtype
        )

    def convolution(
        self,
        filters: int,
        kernel: int,
        *,
        inputs: int,
        strides: int,
        num_classes: int = 0,
        bias: bool = False,
    ) -> keras.Layer:
        """Return a convolution with "same" padding: [N, H, W, inputs (+ K)] to [N, H / s, W / s, filters].

        Args:
            filters: number of its outputs at each place.
            kernel: side of the kernel.
            inputs: number of its inputs at each place, without the planes of the class.
            strides: s.
            num_classes: K, the number of planes at the end of the inputs that hold the class; one of them is
                1 and the others are 0.
            bias: whether it has a bias beside batch norm too.
        """
        kind = SpectralConv2D if self.norm == "spectral" else self._strided_layers.Conv2D
        labelled: dict[str, int] = {}
        if num_classes:
            kind = SpectralConv2DWithLabel if self.norm == "spectral" else Conv2DWithLabel
            labelled = {"num_classes": num_classes}
        arguments = self._arguments((inputs + bool(num_classes)) * kernel**2)
        arguments["use_bias"] |= bias
        return kind(
            filters, kernel, strides=strides, padding="same", **arguments, **labelled, dtype=self.dtype
        )

    def closing_convolution(self, size: tuple[int, int], *, inputs: int) -> keras.Layer:
        """Return the layer that sums the last maps up to one number: [N, h, w, inputs] to [N, 1, 1, 1]."""
        kind = SpectralConv2D if self.norm == "spectral" else keras.layers.Conv2D
        height, width = size
        return kind(1, size, **self._arguments(inputs * height * width, gain=1.0), dtype=self.dtype)

    def activated(self, *, normalized: bool = True) -> list[keras.Layer]:
        """Return what follows a layer: its normalisation, if it has one, and the activation."""
        norms = normalized and self.norm == "batch"
        layers = [batch_normalization(next(self.seeds), self.dtype)] if norms else []
        return [*layers, self.activation(dtype=self.dtype)]

    @property
    def _strided_layers(self) -> Any:
        """Return the module of Conv2D and Conv2DTranspose: Keras' own, or that with the faster gradient."""
        in_bfloat16 = keras.DTypePolicy(self.dtype).compute_dtype == "bfloat16"
        on_cpu = not tf.config.list_physical_devices("GPU")
        return kernel_gradient if in_bfloat16 and on_cpu else keras.layers

    def _arguments(self, inputs: float, *, gain: float | None = None) -> dict[str, Any]:
        seed = next(self.seeds)
        gain = self.gain if gain is None else gain
        return {
            "use_bias": self.norm != "batch",
            "kernel_initializer": kernel_initializer(seed, norm=self.norm, inputs=inputs, gain=gain),
            **({"seed": seed} if self.norm == "spectral" else {}),
        }
