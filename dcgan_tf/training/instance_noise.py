"""Instance noise: the discriminator sees all pictures through noise.

Sønderby et al. 2017, "Amortised MAP inference for image super-resolution", and Arjovsky and Bottou 2017,
"Towards principled methods for training generative adversarial networks", section 3.

Real and generated pictures lie on sheets so thin that a discriminator can tell them apart without a fault,
and from there on it teaches nothing. Noise on both gives them common ground. It also hides what is weaker
than itself.
"""

from __future__ import annotations

import tensorflow as tf

from dcgan_tf.latents import share_of_replica


def perturbed(images: tf.Tensor, stddev: float, *, seed: int, step: tf.Tensor, draw: int) -> tf.Tensor:
    """Add noise from N(0, stddev²), a function of (seed, step, draw, image's place in the global batch).

    To be called in replica context; how many replicas share the batch makes no difference.

    Args:
        images: this replica's, [n, H, W, C] in [-1, 1], of any floating type.
        stddev: of the noise, in units of the range [-1, 1]; 0 returns the images as they are.
        seed: of the run.
        step: int64 scalar.
        draw: from 0; tells the draws of a step apart.

    Returns:
        [n, H, W, C], of the images' type; not clipped to the range.
    """
    if not stddev:
        return images
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    pair = tf.random.experimental.stateless_fold_in(tf.stack([tf.constant(seed, tf.int64), step]), draw + 1)
    whole = tf.random.stateless_normal((tf.shape(images)[0] * replicas, *images.shape[1:]), pair)
    return images + stddev * tf.cast(share_of_replica(whole), images.dtype)
