"""Instance noise: noise is added to every image that the discriminator sees.

Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", and Arjovsky and Bottou 2017,
"Towards principled methods for training generative adversarial networks", section 3.

Real and generated images lie on manifolds of low dimension, which a discriminator can separate without an
error. From then on it teaches the generator nothing. Noise on both makes the two distributions overlap. It
also hides every detail that is weaker than the noise. Its strength, the setting `instance_noise`, is the same
throughout the training.
"""

from __future__ import annotations

import tensorflow as tf

from dcgan_tf.training.augmentations.random_key import RandomKey


def add_instance_noise(images: tf.Tensor, key: RandomKey, *, stddev: float) -> tf.Tensor:
    """Add noise from N(0, stddev²), which depends on the key and the image's place in the batch alone.

    It is called in replica context.

    Args:
        images: this replica's, [n, H, W, C] in [-1, 1], of any floating type.
        key: the key of the random numbers.
        stddev: standard deviation of the noise, above 0, in units of the range [-1, 1].

    Returns:
        [n, H, W, C], of the images' type; not clipped to the range.
    """
    noise = key.normal(tf.shape(images)[0], tuple(images.shape[1:]))
    return images + stddev * tf.cast(noise, images.dtype)
