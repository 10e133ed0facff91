"""Pictures that are none: what a score gives them tells whether it can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter

from dcgan_tf import models
from dcgan_tf.config import Config, DataConfig, ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import to_uint8
from dcgan_tf.latents import sample_latents
from dcgan_tf.models import check_size

BLURRED, UNTRAINED, RANDOM = "blurred_real_images", "untrained_generator", "random_pixels"
CONTROLS = {BLURRED: "blurred real images", UNTRAINED: "untrained generator", RANDOM: "random pixels"}
"""{key in records: name}."""
MOST_CONTROLS = 1000
"""Of each kind; what they get is far from real images', so that more would not tell more."""

_BLUR = 1 / 16  # of the shorter side: the deviation of the Gaussian, in pixels
_BATCH = 64


def blurred(images: np.ndarray) -> np.ndarray:
    """Return images without their fine details, uint8 [N, H, W, C] like the given ones."""
    sigma = _BLUR * min(images.shape[1:3])
    parts = [
        gaussian_filter(images[start : start + _BATCH].astype(np.float32), (0, sigma, sigma, 0))
        for start in range(0, len(images), _BATCH)
    ]
    return np.asarray(np.rint(np.concatenate(parts)), np.uint8)


def random_pixels(num: int, image_shape: tuple[int, ...]) -> np.ndarray:
    """Return images whose every value is drawn on its own, from 0 to 255, uint8 [num, H, W, C]."""
    return np.random.default_rng(0).integers(0, 256, (num, *image_shape), dtype=np.uint8)


def untrained(num: int, image_shape: tuple[int, ...], model: ModelConfig) -> np.ndarray:
    """Return what a generator draws before its first step, uint8 [num, H, W, C].

    Args:
        num: how many.
        image_shape: (H, W, C).
        model: the generator; a fully connected one stands in where a convolutional one cannot have that size.
    """
    height, width, channels = image_shape
    data = DataConfig(image_size=(height, width), channels=channels)
    config = Config(data=data, model=replace(model, conditional=False))
    try:
        check_size(config)
    except ArgumentError:
        config = replace(config, model=replace(config.model, architecture="gan"))
    generator = models.build_generator(config)
    latents = sample_latents(num, model.latent_dim, seed=0, distribution=model.latent_distribution)
    parts = [generator(latents[i : i + _BATCH], training=False) for i in range(0, num, _BATCH)]
    return np.concatenate([to_uint8(part) for part in parts])


def controls(num: int, others: np.ndarray, model: ModelConfig) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the pictures that are none, one kind after another, under the names of `CONTROLS`.

    Args:
        num: of each kind; of blurred ones there are no more than other real images.
        others: real images, uint8 [M, H, W, C].
        model: the generator that stands untrained.
    """
    yield BLURRED, blurred(others[:num])
    yield UNTRAINED, untrained(num, others.shape[1:], model)
    yield RANDOM, random_pixels(num, others.shape[1:])
