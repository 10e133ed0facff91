"""Latent vectors z as pure functions of (seed, step), and the paths between them."""

from __future__ import annotations

import tensorflow as tf

from dcgan_tf.config import ModelConfig

SAMPLING_STEP = -1
"""The "step" of latents that are drawn for people to look at: none of training's."""


def sample_latents(
    num: int | tf.Tensor,
    latent_dim: int,
    *,
    seed: int | tf.Tensor,
    step: int | tf.Tensor = SAMPLING_STEP,
    distribution: str = "normal",
) -> tf.Tensor:
    """Draw latents; the first n of a larger draw are the draw of n.

    Args:
        num: how many, a number or an integer scalar.
        latent_dim: length of each.
        seed: of the run, or of the samples; a number or an integer scalar.
        step: of training, an int64 scalar.
        distribution: "normal", N(0, 1), or "uniform", U(-1, 1).

    Returns:
        float32 [num, latent_dim].
    """
    pair = tf.stack([tf.cast(seed, tf.int64), tf.cast(step, tf.int64)])
    if distribution == "normal":
        return tf.random.stateless_normal((num, latent_dim), pair)
    if distribution == "uniform":
        return tf.random.stateless_uniform((num, latent_dim), pair, minval=-1.0, maxval=1.0)
    raise ValueError(f"distribution must be normal or uniform, received {distribution!r}")


def replica_latents(model: ModelConfig, batch_size: int, *, seed: int, step: tf.Tensor) -> tf.Tensor:
    """Draw the latents of the global batch and return this replica's share, in replica context.

    The numbers do not depend on how many replicas share them. Drawing the whole batch costs
    `batch_size * latent_dim` floats, which is nothing beside one feature map.

    Args:
        model: latent_dim and latent_distribution are used.
        batch_size: global; a multiple of the number of replicas.
        seed: of the run.
        step: int64 scalar.

    Returns:
        float32 [batch_size / replicas, latent_dim].
    """
    replica = tf.distribute.get_replica_context()
    share = batch_size // replica.num_replicas_in_sync
    first = replica.replica_id_in_sync_group * share
    whole = sample_latents(
        batch_size, model.latent_dim, seed=seed, step=step, distribution=model.latent_distribution
    )
    return whole[first : first + share]
