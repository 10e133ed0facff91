"""The losses, per image, on logits l, where D(x) = sigmoid(l).

Written with softplus, of which -log sigmoid(l) = softplus(-l) and -log(1 - sigmoid(l)) = softplus(l): no
number is lost when D is sure of itself. All take and return float [N, 1] and leave the mean over the global
batch to the step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class AdversarialLoss:
    """What D and G minimise, as the train step takes it.

    Attributes:
        discriminator: from the logits of real and of fake images, float [N, 1] each, to the terms of D's
            loss, each per image, float [N, 1].
        generator: from the logits of fake images, and a function that computes those of the real ones, to
            G's loss per image, float [N, 1]. A loss that needs no real images does not call it, so that it
            costs nothing.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
    generator: Callable[[tf.Tensor, Callable[[], tf.Tensor]], tf.Tensor]


def adversarial_loss(name: str, *, label_smoothing: float = 0.0) -> AdversarialLoss:
    """Return the loss of this name; D's is that of Goodfellow et al. 2014, eq. 1, with each.

    Args:
        name: of G's loss, one of `GENERATOR_LOSSES`.
        label_smoothing: of D's target for real images, from 0 to 0.5.
    """
    generator_loss = GENERATOR_LOSSES[name]

    def discriminator_terms(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> tuple[tf.Tensor, ...]:
        return discriminator_real_loss(real_logits, label_smoothing), discriminator_fake_loss(fake_logits)

    return AdversarialLoss(discriminator_terms, lambda fake_logits, _: generator_loss(fake_logits))


def discriminator_real_loss(logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """-log D(x), the first term of the value function (Goodfellow et al. 2014, eq. 1).

    Args:
        logits: of real images, [N, 1].
        label_smoothing: s; the target becomes 1 - s, for real images only (Salimans et al. 2016,
            section 3.4).

    Returns:
        -(1 - s) log D(x) - s log(1 - D(x)), [N, 1].
    """
    return (1 - label_smoothing) * tf.nn.softplus(-logits) + label_smoothing * tf.nn.softplus(logits)


def discriminator_fake_loss(logits: tf.Tensor) -> tf.Tensor:
    """-log(1 - D(G(z))), the second term of the value function (Goodfellow et al. 2014, eq. 1)."""
    return tf.nn.softplus(logits)


def non_saturating_loss(logits: tf.Tensor) -> tf.Tensor:
    """-log D(G(z)): the same fixed point as minimax, with gradient where D is sure (ibid., section 3)."""
    return tf.nn.softplus(-logits)


def minimax_loss(logits: tf.Tensor) -> tf.Tensor:
    """log(1 - D(G(z))): what G minimises in min_G max_D V(D, G) as it stands (ibid., eq. 1)."""
    return -tf.nn.softplus(logits)


GENERATOR_LOSSES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "non_saturating": non_saturating_loss,
    "minimax": minimax_loss,
}
