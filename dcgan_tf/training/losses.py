"""The losses, per image, on logits l, where D(x) = sigmoid(l).

Written with softplus, of which -log sigmoid(l) = softplus(-l) and -log(1 - sigmoid(l)) = softplus(l): no
number is lost when D is sure of itself. All take and return float [N, 1] and leave the mean over the global
batch to the step.
"""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf


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
