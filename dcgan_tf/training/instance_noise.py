"""Instance noise: noise is added to every image that the discriminator sees.

Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", and Arjovsky and Bottou 2017,
"Towards principled methods for training generative adversarial networks", section 3.

Real and generated images lie on manifolds of low dimension, which a discriminator can separate without an
error. From then on it teaches the generator nothing. Noise on both makes the two distributions overlap. It
also hides every detail that is weaker than the noise. Its strength, the setting `instance_noise`, is the same
throughout the training.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from dcgan_tf.latents import share_of_replica


class RandomKey(NamedTuple):
    """The key of the random numbers in a step's augmentations.

    Attributes:
        seed: seed of the run.
        step: int64 scalar.
        draw: counts the draws of one step, from 0.
    """

    seed: int
    step: tf.Tensor
    draw: int


def add_instance_noise(images: tf.Tensor, key: RandomKey, *, stddev: float) -> tf.Tensor:
    """Add noise from N(0, stddev²), which depends on the key and the image's place in the batch alone.

    It is called in replica context. The noise does not depend on the number of replicas.

    Args:
        images: this replica's, [n, H, W, C] in [-1, 1], of any floating type.
        key: the key of the random numbers.
        stddev: standard deviation of the noise, above 0, in units of the range [-1, 1].

    Returns:
        [n, H, W, C], of the images' type; not clipped to the range.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    seed = tf.stack([tf.constant(key.seed, tf.int64), key.step])
    pair = tf.random.experimental.stateless_fold_in(seed, key.draw + 1)
    whole = tf.random.stateless_normal((tf.shape(images)[0] * replicas, *images.shape[1:]), pair)
    return images + stddev * tf.cast(share_of_replica(whole), images.dtype)
