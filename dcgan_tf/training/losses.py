"""The losses of D and G per image, computed from logits l, where D(x) = sigmoid(l).

They are written with softplus: -log sigmoid(l) = softplus(-l), and -log(1 - sigmoid(l)) = softplus(l). So no
precision is lost when D is certain. All take and return float [N, 1]. The step takes the mean over the global
batch.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class AdversarialLoss:
    """The losses that D and G minimise in a train step.

    Attributes:
        discriminator: from the logits of real and of fake images, float [N, 1] each, to the terms of D's
            loss, each per image, float [N, 1].
        generator: from the logits of fake images, and a function that computes those of the real ones, to
            G's loss per image, float [N, 1]. A loss that needs no real images does not call it, so that it
            costs nothing.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
    generator: Callable[[tf.Tensor, Callable[[], tf.Tensor]], tf.Tensor]


def discriminator_real_loss(logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """Return -log D(x), the first term of the value function (Goodfellow et al. 2014, eq. 1).

    Args:
        logits: D's logits of real images, [N, 1].
        label_smoothing: s; the target becomes 1 - s, for real images only (Salimans et al. 2016,
            section 3.4).

    Returns:
        -(1 - s) log D(x) - s log(1 - D(x)), [N, 1].
    """
    return (1 - label_smoothing) * tf.nn.softplus(-logits) + label_smoothing * tf.nn.softplus(logits)


def discriminator_fake_loss(logits: tf.Tensor) -> tf.Tensor:
    """Return -log(1 - D(G(z))), the second term of the value function (Goodfellow et al. 2014, eq. 1)."""
    return tf.nn.softplus(logits)


def non_saturating_loss(logits: tf.Tensor) -> tf.Tensor:
    """Return -log D(G(z)): minimax's fixed point, with a gradient where D is certain (ibid., section 3)."""
    return tf.nn.softplus(-logits)


def minimax_loss(logits: tf.Tensor) -> tf.Tensor:
    """Return log(1 - D(G(z))), which G minimises in min_G max_D V(D, G) (ibid., eq. 1)."""
    return -tf.nn.softplus(logits)


def cross_entropy(
    generator_loss: Callable[[tf.Tensor], tf.Tensor], *, label_smoothing: float = 0.0
) -> AdversarialLoss:
    """Return the losses of Goodfellow et al. 2014: D's is that of eq. 1, and G's is one of the two above.

    Args:
        generator_loss: `non_saturating_loss` or `minimax_loss`.
        label_smoothing: how far D's target for real images is lowered, from 0 to 0.5.
    """

    def discriminator_terms(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return discriminator_real_loss(real_logits, label_smoothing), discriminator_fake_loss(fake_logits)

    return AdversarialLoss(discriminator_terms, lambda fake_logits, _: generator_loss(fake_logits))


LOSSES: dict[str, Callable[..., AdversarialLoss]] = {
    "non_saturating": functools.partial(cross_entropy, non_saturating_loss),
    "minimax": functools.partial(cross_entropy, minimax_loss),
}
"""The losses by the name that the setting `loss` has; each takes `label_smoothing`."""
