"""The DCGAN generator and discriminator (Radford, Metz, Chintala 2015, section 3 and figure 1).

At 64x64x3 with 64 filters they equal, layer by layer, the networks of the well-known PyTorch listing: kernel
4, stride 2, padding 1 (which is "same" here), no bias beside batch normalisation.

At 28x28, two halvings give maps of 7x7. Each place of these sees 10x10 pixels, and a sum over such places
cannot judge a shape. The authors' own networks for MNIST have a fully connected layer there: `dense_units`.
"""

from __future__ import annotations

import functools

import keras

from dcgan_tf.config import ModelConfig
from dcgan_tf.models.blocks import Blocks
from dcgan_tf.models.image_sizes import first_map
from dcgan_tf.models.layers import (
    LEAKY_RELU_GAIN,
    LEAKY_RELU_SLOPE,
    RELU_GAIN,
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
        model: filters, kernel_size, generator_norm, even_upsampling, dense_units and latent_dim are used.
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
    seeds = layer_seeds(seed, "generator")
    make = Blocks(model.generator_norm, keras.layers.ReLU, RELU_GAIN, seeds, dtype)
    upsample = functools.partial(make.upsample, kernel=model.kernel_size, even=model.even_upsampling)
    first, *others = widths(model.filters, doublings)[::-1]
    inputs = model.latent_dim + num_classes
    summed = model.latent_dim + bool(num_classes)  # of the one-hot class, one number is not 0
    if model.dense_units:
        layers = [
            make.dense(model.dense_units, inputs=summed),
            *make.activated(),
            make.dense(height * width * first, inputs=model.dense_units),
            keras.layers.Reshape((height, width, first), dtype=dtype),
        ]
    else:
        layers = [
            keras.layers.Reshape((1, 1, inputs), dtype=dtype),
            make.project(first, (height, width), inputs=summed),
        ]
    for filters in others:
        layers += [*make.activated(), upsample(filters, inputs=2 * filters)]
    layers += [
        *make.activated(),
        upsample(channels, inputs=model.filters, last=True),
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

    Args and Raises: as for `build_generator`; of the model, the settings that begin with "discriminator" are
    used too.
    """
    height, width, doublings = first_map(image_size)
    seeds = layer_seeds(seed, "discriminator")
    leaky = functools.partial(keras.layers.LeakyReLU, LEAKY_RELU_SLOPE)
    make = Blocks(model.discriminator_norm, leaky, LEAKY_RELU_GAIN, seeds, dtype)
    layers: list[keras.Layer] = []
    inputs = channels
    for filters in widths(model.discriminator_filters or model.filters, doublings):
        for kernel, strides in [(3, 1)] * (model.discriminator_depth - 1) + [(model.kernel_size, 2)]:
            first = not layers
            made = make.convolution(
                filters,
                kernel,
                inputs=inputs,
                strides=strides,
                num_classes=num_classes if first else 0,
                bias=first and model.discriminator_bias,
            )
            # The paper leaves out batch norm where the image comes in.
            layers += [made, *make.activated(normalized=not first)]
            inputs = filters
    if model.dense_units:
        layers += [
            keras.layers.Flatten(dtype=dtype),
            make.dense(model.dense_units, inputs=height * width * inputs),
            *make.activated(),
            make.closing_dense(inputs=model.dense_units),
        ]
    else:
        layers += [
            make.closing_convolution((height, width), inputs=inputs),
            keras.layers.Flatten(dtype=output_dtype(dtype), name="logit"),
        ]
    layers += [keras.layers.Activation("sigmoid", dtype=output_dtype(dtype), name="probability")]
    return keras.Sequential(
        [keras.Input((*image_size, channels + num_classes), name="image"), *layers], name="discriminator"
    )


def widths(filters: int, doublings: int) -> list[int]:
    """Return the channels of the feature maps, from the image side inwards: 64, 128, 256, 512."""
    return [filters * 2**i for i in range(doublings)]
