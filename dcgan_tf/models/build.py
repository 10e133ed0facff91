"""Build the generator and the discriminator of a configuration."""

from __future__ import annotations

import keras

from dcgan_tf.config import Config, ModelConfig
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import dcgan, gan

_ARCHITECTURES = {"dcgan": dcgan, "gan": gan}


@own_settings()
def build_generator(config: Config, *, num_classes: int = 0, dtype: str = "float32") -> keras.Sequential:
    """Build G: latents float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1].

    Args:
        config: the sections `data`, `model` and the seed are used.
        num_classes: number of classes of a conditional model, whose latents end in the class (`with_labels`);
            else 0.
        dtype: Keras dtype policy of the hidden layers.

    Raises:
        ArgumentError: if the image size does not fit the architecture; it names the nearest sizes that do.
    """
    build = _ARCHITECTURES[config.model.architecture].build_generator
    return build(*_shape(config), num_classes=num_classes, seed=config.training.seed, dtype=dtype)


@own_settings()
def build_discriminator(config: Config, *, num_classes: int = 0, dtype: str = "float32") -> keras.Sequential:
    """Build D: images float32 [N, H, W, C] in [-1, 1] to probabilities float32 [N, 1].

    Args and Raises: as for `build_generator`; in a conditional model, the images end in the class.
    """
    build = _ARCHITECTURES[config.model.architecture].build_discriminator
    return build(*_shape(config), num_classes=num_classes, seed=config.training.seed, dtype=dtype)


def _shape(config: Config) -> tuple[ModelConfig, tuple[int, int], int]:
    return config.model, config.data.image_size, config.data.channels
