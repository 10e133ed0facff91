"""The fully connected GAN (Goodfellow et al. 2014), which is the baseline of the DCGAN.

The generator maps the latent through two hidden layers with dropout to pixels; the discriminator is its
mirror image. Unlike a DCGAN, it does not know which pixels are neighbours.
"""

from __future__ import annotations

import math

import keras

from dcgan_tf.config import ModelConfig
from dcgan_tf.models.conditional import FlattenWithLabel
from dcgan_tf.models.layers import LEAKY_RELU_SLOPE, StepDropout, layer_seeds, output_dtype

DROPOUT_RATE = 0.1


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
        model: hidden_units and latent_dim are used.
        image_size: (height, width) in pixels; any.
        channels: channels of the images.
        num_classes: number of classes of a conditional model, whose inputs end in the class; else 0.
        seed: seed of the initial weights and of the dropout masks.
        dtype: Keras dtype policy of the hidden layers; images come out as float32 (float64 for float64).
    """
    seeds = layer_seeds(seed, "gan generator")
    layers: list[keras.Layer] = []
    for _ in range(2):
        layers += [
            _dense(model.hidden_units, next(seeds), dtype),
            keras.layers.ReLU(dtype=dtype),
            StepDropout(DROPOUT_RATE, next(seeds), dtype=dtype),
        ]
    layers += [
        _dense(math.prod(image_size) * channels, next(seeds), dtype),
        keras.layers.Reshape((*image_size, channels), dtype=dtype),
        keras.layers.Activation("tanh", dtype=output_dtype(dtype), name="image"),
    ]
    return keras.Sequential(
        [keras.Input((model.latent_dim + num_classes,), name="z"), *layers], name="generator"
    )


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

    Args: as for `build_generator`.
    """
    seeds = layer_seeds(seed, "gan discriminator")
    layers: list[keras.Layer] = [
        FlattenWithLabel(num_classes, dtype=dtype) if num_classes else keras.layers.Flatten(dtype=dtype)
    ]
    for _ in range(2):
        layers += [
            _dense(model.hidden_units, next(seeds), dtype),
            keras.layers.LeakyReLU(LEAKY_RELU_SLOPE, dtype=dtype),
            StepDropout(DROPOUT_RATE, next(seeds), dtype=dtype),
        ]
    layers += [
        _dense(1, next(seeds), dtype),
        keras.layers.Activation("linear", dtype=output_dtype(dtype), name="logit"),
        keras.layers.Activation("sigmoid", dtype=output_dtype(dtype), name="probability"),
    ]
    return keras.Sequential(
        [keras.Input((*image_size, channels + num_classes), name="image"), *layers], name="discriminator"
    )


def _dense(units: int, seed: int, dtype: str) -> keras.Layer:
    return keras.layers.Dense(
        units, kernel_initializer=keras.initializers.GlorotUniform(seed=seed), dtype=dtype
    )
