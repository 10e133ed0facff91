"""The DCGAN generator and discriminator (Radford, Metz, Chintala 2015, section 3 and figure 1).

At 64x64x3 with 64 filters they equal, layer by layer, the networks of the well-known PyTorch listing: kernel
4, stride 2, padding 1 (which is "same" here), no bias beside batch normalisation.

At 28x28, two halvings give maps of 7x7. Each place of these sees 10x10 pixels, and a sum over such places
cannot judge a shape. The authors' own networks for MNIST have a fully connected layer there: `dense_units`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras

from dcgan_tf.config import ModelConfig
from dcgan_tf.models.conditional import Conv2DWithLabel
from dcgan_tf.models.image_sizes import first_map
from dcgan_tf.models.layers import (
    LEAKY_RELU_SLOPE,
    batch_normalization,
    convolution_initializer,
    layer_seeds,
    output_dtype,
)


def build_generator(
    model: ModelConfig,
    image_size: tuple[int, int],
    channels: int,
    *,
    num_classes: int = 0,
    seed: int = 0,
    dtype: str = "float32",
) -> keras.Sequential:
    """Build G: latents [N, latent_dim (+ num_classes)] to images [N, H, W, channels] in [-1, 1] (tanh).

    Args:
        model: filters, kernel_size, dense_units and latent_dim are used.
        image_size: (height, width) in pixels.
        channels: channels of the images.
        num_classes: number of classes of a conditional model, whose inputs end in the class; else 0.
        seed: seed of the initial weights.
        dtype: Keras dtype policy of the hidden layers, such as "mixed_bfloat16"; images come out as float32
            (float64 for float64).

    Raises:
        ArgumentError: if the size does not fit the architecture.
    """
    height, width, doublings = first_map(image_size)
    kernel, seeds = model.kernel_size, layer_seeds(seed, "generator")
    first, *others = widths(model.filters, doublings)[::-1]
    inputs = model.latent_dim + num_classes
    if model.dense_units:
        layers = [
            _dense(model.dense_units, next(seeds), dtype),
            *_normalized(next(seeds), dtype),
            _dense(height * width * first, next(seeds), dtype),
            keras.layers.Reshape((height, width, first), dtype=dtype),
        ]
    else:
        layers = [
            keras.layers.Reshape((1, 1, inputs), dtype=dtype),
            _project(first, (height, width), next(seeds), dtype),
        ]
    for filters in others:
        layers += [*_normalized(next(seeds), dtype), _upsample(filters, kernel, next(seeds), dtype)]
    layers += _normalized(next(seeds), dtype)
    layers += [
        _upsample(channels, kernel, next(seeds), dtype),
        keras.layers.Activation("tanh", dtype=output_dtype(dtype), name="image"),
    ]
    return keras.Sequential([keras.Input((inputs,), name="z"), *layers], name="generator")


def build_discriminator(
    model: ModelConfig,
    image_size: tuple[int, int],
    channels: int,
    *,
    num_classes: int = 0,
    seed: int = 0,
    dtype: str = "float32",
) -> keras.Sequential:
    """Build D: images [N, H, W, channels (+ num_classes)] in [-1, 1] to the probability [N, 1] of being real.

    Args and Raises: as for `build_generator`.
    """
    height, width, doublings = first_map(image_size)
    kernel, seeds = model.kernel_size, layer_seeds(seed, "discriminator")
    layers: list[keras.Layer] = []
    for i, filters in enumerate(widths(model.filters, doublings)):
        labelled = num_classes if i == 0 else 0
        layers += [_downsample(filters, kernel, next(seeds), dtype, num_classes=labelled)]
        layers += [batch_normalization(next(seeds), dtype)] if i else []
        layers += [keras.layers.LeakyReLU(LEAKY_RELU_SLOPE, dtype=dtype)]
    if model.dense_units:
        layers += [
            keras.layers.Flatten(dtype=dtype),
            _dense(model.dense_units, next(seeds), dtype),
            batch_normalization(next(seeds), dtype),
            keras.layers.LeakyReLU(LEAKY_RELU_SLOPE, dtype=dtype),
            _dense(1, next(seeds), output_dtype(dtype), name="logit"),
        ]
    else:
        layers += [
            _judge((height, width), next(seeds), dtype),
            keras.layers.Flatten(dtype=output_dtype(dtype), name="logit"),
        ]
    layers += [keras.layers.Activation("sigmoid", dtype=output_dtype(dtype), name="probability")]
    return keras.Sequential(
        [keras.Input((*image_size, channels + num_classes), name="image"), *layers], name="discriminator"
    )


def widths(filters: int, doublings: int) -> list[int]:
    """Return the channels of the feature maps, from the image side inwards: 64, 128, 256, 512."""
    return [filters * 2**i for i in range(doublings)]


def _normalized(seed: int, dtype: str) -> list[keras.Layer]:
    """Return the layers that follow every generator layer but the last."""
    return [batch_normalization(seed, dtype), keras.layers.ReLU(dtype=dtype)]


def _dense(units: int, seed: int, dtype: str, *, name: str | None = None) -> keras.Layer:
    return keras.layers.Dense(
        units, use_bias=False, kernel_initializer=convolution_initializer(seed), dtype=dtype, name=name
    )


def _project(filters: int, size: tuple[int, int], seed: int, dtype: str) -> keras.Layer:
    """Map z, as one pixel, to the first feature map."""
    return keras.layers.Conv2DTranspose(
        filters, size, use_bias=False, kernel_initializer=convolution_initializer(seed), dtype=dtype
    )


def _upsample(filters: int, kernel: int, seed: int, dtype: str) -> keras.Layer:
    """Double height and width."""
    return _strided(keras.layers.Conv2DTranspose, filters, kernel, seed, dtype)


def _downsample(filters: int, kernel: int, seed: int, dtype: str, *, num_classes: int) -> keras.Layer:
    """Halve height and width of maps, or of images that end in their class."""
    labelled = functools.partial(Conv2DWithLabel, num_classes=num_classes)
    return _strided(labelled if num_classes else keras.layers.Conv2D, filters, kernel, seed, dtype)


def _strided(
    layer: Callable[..., keras.Layer], filters: int, kernel: int, seed: int, dtype: str
) -> keras.Layer:
    return layer(
        filters,
        kernel,
        strides=2,
        padding="same",
        use_bias=False,
        kernel_initializer=convolution_initializer(seed),
        dtype=dtype,
    )


def _judge(size: tuple[int, int], seed: int, dtype: str) -> keras.Layer:
    """Map the last feature map to one number."""
    return keras.layers.Conv2D(
        1, size, use_bias=False, kernel_initializer=convolution_initializer(seed), dtype=dtype
    )
