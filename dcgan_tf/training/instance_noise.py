"""Instance noise: the discriminator sees all pictures through noise.

Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", and Arjovsky and Bottou 2017,
"Towards principled methods for training generative adversarial networks", section 3.

Real and generated pictures lie on sheets so thin that a discriminator can tell them apart without a fault,
and from there on it teaches nothing. Noise on both gives them common ground. It also hides what is weaker
than itself.
"""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from dcgan_tf.latents import share_of_replica


class RandomKey(NamedTuple):
    """What the random numbers of a step's augmentations are a function of.

    Attributes:
        seed: of the run.
        step: int64 scalar.
        number: from 0; tells the draws of one step apart.
    """

    seed: int
    step: tf.Tensor
    number: int


def add_instance_noise(images: tf.Tensor, key: RandomKey, *, stddev: float) -> tf.Tensor:
    """Add noise from N(0, stddev²), a function of (seed, step, key, image's place in the global batch).

    It is called in replica context; how many replicas share the batch makes no difference.

    Args:
        images: this replica's, [n, H, W, C] in [-1, 1], of any floating type.
        key: decides the random numbers.
        stddev: of the noise, above 0, in units of the range [-1, 1].

    Returns:
        [n, H, W, C], of the images' type; not clipped to the range.
    """
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    seed = tf.stack([tf.constant(key.seed, tf.int64), key.step])
    pair = tf.random.experimental.stateless_fold_in(seed, key.number + 1)
    whole = tf.random.stateless_normal((tf.shape(images)[0] * replicas, *images.shape[1:]), pair)
    return images + stddev * tf.cast(share_of_replica(whole), images.dtype)
