"""The losses of D and G per image, computed from logits l, where D(x) = sigmoid(l).

They are written with softplus: -log sigmoid(l) = softplus(-l), and -log(1 - sigmoid(l)) = softplus(l). So no
precision is lost when D is certain. All take and return float [N, 1]. The step takes the mean over the global
batch. The hinge and the relativistic loss use the logits alone; D's sigmoid has no part in them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

Logits = tuple[tf.Tensor, tf.Tensor]


def each_on_its_own(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Logits:
    """Return the logits as they are: D judges each image without the others."""
    return real_logits, fake_logits


def each_against_its_pair(real_logits: tf.Tensor, fake_logits: tf.Tensor) -> Logits:
    """Return l_real - l_fake and its opposite: how sure D is which of real i and fake i is the real one."""
    return real_logits - fake_logits, fake_logits - real_logits


@dataclass(frozen=True)
class AdversarialLoss:
    """The losses that D and G minimise in a train step.

    Attributes:
        discriminator: from the logits of real and of fake images, float [N, 1] each, to the terms of D's
            loss, each per image, float [N, 1].
        generator: from the logits of fake images, and a function that computes those of the real ones, to
            G's loss per image, float [N, 1]. A loss that needs no real images does not call it, so that it
            costs nothing.
        decisions: from the logits of real and of fake images to the logits of the probabilities that the
            statistics report. Where a loss compares only, l + 7 means the same as l, and a logit alone
            decides nothing.
    """

    discriminator: Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, ...]]
    generator: Callable[[tf.Tensor, Callable[[], tf.Tensor]], tf.Tensor]
    decisions: Callable[[tf.Tensor, tf.Tensor], Logits] = each_on_its_own


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


def hinge() -> AdversarialLoss:
    """Return the hinge loss (Lim and Ye 2017, "Geometric GAN"; Miyato et al. 2018, eq. 16 and 17).

        D: max(0, 1 - l_real) + max(0, 1 + l_fake)
        G: -l_fake

    D stops learning from images that it has judged right by a margin of 1.
    """
    return AdversarialLoss(
        lambda real_logits, fake_logits: (tf.nn.relu(1 - real_logits), tf.nn.relu(1 + fake_logits)),
        lambda fake_logits, _: -fake_logits,
    )


def relativistic() -> AdversarialLoss:
    """Return the relativistic pairing loss, RpGAN (Huang et al. 2024, "The GAN is dead; long live the GAN!").

        D: -log sigmoid(l_real - l_fake)
        G: -log sigmoid(l_fake - l_real)

    Their equation 2 with f(t) = -log(1 + e^-t), and G's part in its non-saturating form, as they train it
    (Jolicoeur-Martineau 2018, section 4). Real image i of the batch is compared with fake i. A fake is thus
    judged beside a real image, and G cannot win by samples that are all alike.
    """
    return AdversarialLoss(
        lambda real_logits, fake_logits: (tf.nn.softplus(fake_logits - real_logits),),
        lambda fake_logits, real_logits: tf.nn.softplus(real_logits() - fake_logits),
        each_against_its_pair,
    )


LOSSES: dict[str, Callable[..., AdversarialLoss]] = {
    "non_saturating": functools.partial(cross_entropy, non_saturating_loss),
    "minimax": functools.partial(cross_entropy, minimax_loss),
    "hinge": lambda label_smoothing: hinge(),
    "relativistic": lambda label_smoothing: relativistic(),
}
"""The losses by the name that the setting `loss` has; each takes `label_smoothing`.

The last two have no target that could be lowered; the settings refuse it there.
"""
