"""The random numbers of the augmentations: functions of the run's seed, the step and the draw within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import tensorflow as tf

from dcgan_tf.latents import share_of_replica

_UNIFORM = 1


class RandomKey(NamedTuple):
    """The key of the random numbers in a step's augmentations.

    Its methods are called in replica context. They draw for the global batch and return this replica's share,
    so that the numbers of an image depend on the key and on its place in the batch alone, not on how many
    replicas there are.

    Attributes:
        seed: seed of the run.
        step: int64 scalar.
        draw: counts the draws of one step, from 0.
    """

    seed: int
    step: tf.Tensor
    draw: int

    def normal(self, num: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
        """Draw from N(0, 1) for each of this replica's `num` images: float32 [num, *shape]."""
        return self._share(tf.random.stateless_normal, num, shape, self._pair())

    def uniform(self, num: tf.Tensor, shape: tuple[int, ...]) -> tf.Tensor:
        """Draw from U[0, 1), independently of `normal`: float32 [num, *shape]."""
        pair = tf.random.experimental.stateless_fold_in(self._pair(), _UNIFORM)
        return self._share(tf.random.stateless_uniform, num, shape, pair)

    def _pair(self) -> tf.Tensor:
        seed = tf.stack([tf.constant(self.seed, tf.int64), self.step])
        return tf.random.experimental.stateless_fold_in(seed, self.draw + 1)

    def _share(
        self, distribution: Callable[..., tf.Tensor], num: tf.Tensor, shape: tuple[int, ...], pair: tf.Tensor
    ) -> tf.Tensor:
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        return share_of_replica(distribution((num * replicas, *shape), pair))
