"""Control pictures that show nothing: their scores say whether a metric can be trusted."""

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
"""The most control pictures of each kind; more would not help, as their scores are far from real ones."""

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
    """Return images of independent random values from 0 to 255, uint8 [num, H, W, C]."""
    return np.random.default_rng(0).integers(0, 256, (num, *image_shape), dtype=np.uint8)


def untrained(num: int, image_shape: tuple[int, ...], model: ModelConfig) -> np.ndarray:
    """Return images of an untrained generator, uint8 [num, H, W, C].

    Args:
        num: number of images.
        image_shape: (H, W, C).
        model: settings of the generator; a fully connected one replaces a convolutional one that cannot have
            this size.
    """
    height, width, channels = image_shape
    data = DataConfig(image_size=(height, width), channels=channels)
    config = Config(data=data, model=replace(model, conditional=False))
    try:
        check_size(config)
    except ArgumentError:
        other = ModelConfig("gan", hidden_units=model.hidden_units, latent_dim=model.latent_dim)
        config = replace(config, model=other)
    generator = models.build_generator(config)
    latents = sample_latents(num, model.latent_dim, seed=0, distribution=model.latent_distribution)
    parts = [generator(latents[i : i + _BATCH], training=False) for i in range(0, num, _BATCH)]
    return np.concatenate([to_uint8(part) for part in parts])


def controls(num: int, others: np.ndarray, model: ModelConfig) -> Iterator[tuple[str, np.ndarray]]:
    """Yield (name, control pictures) for each kind, by the names of `CONTROLS`.

    Args:
        num: number of each kind; there are no more blurred ones than other real images.
        others: real images, uint8 [M, H, W, C].
        model: settings of the untrained generator.
    """
    yield BLURRED, blurred(others[:num])
    yield UNTRAINED, untrained(num, others.shape[1:], model)
    yield RANDOM, random_pixels(num, others.shape[1:])
