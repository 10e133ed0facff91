"""Gradient penalties: terms of D's loss that keep D from changing steeply with the image.

Mescheder et al. 2018, "Which training methods for GANs do actually converge?", section 4.1. The gradient is
that of D's logit with respect to the image, as it is before any augmentation. Without a penalty, D can always
become steeper around the images that it knows; G is then pushed past them again and again, and training
circles.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf


@dataclass(frozen=True)
class Penalty:
    """A term of D's loss that depends on how its logits change with the images.

    The step computes the gradients within the pass that computes the logits. So a penalty costs a second
    derivative, but no further pass of D.

    Attributes:
        of: whose gradient: that of the "real" or of the "fake" images.
        term: from the gradients of the logits with respect to these images, float [n, H, W, C], to the
            penalty per image, float [n, 1].
    """

    of: str
    term: Callable[[tf.Tensor], tf.Tensor]


def squared_norm(gradients: tf.Tensor, *, gamma: float) -> tf.Tensor:
    """Return gamma / 2 · |grad D|², the zero-centred penalty (Mescheder et al. 2018, eq. 9 and 10).

    Args:
        gradients: of the logits with respect to the images, float [n, H, W, C].
        gamma: the weight.

    Returns:
        [n, 1]; float32 for half precision, in which a square of a small number would be 0.
    """
    exact = tf.cast(gradients, tf.float32) if gradients.dtype.size < 4 else gradients
    return gamma / 2 * tf.reduce_sum(exact**2, axis=(1, 2, 3))[:, tf.newaxis]


def r1(gamma: float) -> Penalty:
    """Return R1, the penalty on real images (Mescheder et al. 2018, eq. 9)."""
    return Penalty("real", functools.partial(squared_norm, gamma=gamma))


def r2(gamma: float) -> Penalty:
    """Return R2, the penalty on fake images (Mescheder et al. 2018, eq. 10)."""
    return Penalty("fake", functools.partial(squared_norm, gamma=gamma))
