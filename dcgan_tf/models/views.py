"""Other views of a network: up to its logits, and compiled for inference. They share its weights."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import cast

import keras
import tensorflow as tf

from dcgan_tf.keras_settings import own_settings

_COMPILED: weakref.WeakKeyDictionary[keras.Model, Callable[[tf.Tensor], tf.Tensor]] = (
    weakref.WeakKeyDictionary()
)


def compiled(network: keras.Model) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a network in inference mode as one compiled function: the same numbers, in half the time.

    Keras computes layer by layer, in many calls from Python. A network has one function, which is compiled at
    its first call, and once more when it gets a batch of another size. New weights need no new function.

    Args:
        network: any; it is not kept alive.

    Returns:
        A function of the network's input. It returns what the network returns with `training=False`.
    """
    if network not in _COMPILED:
        # The function must not hold the network, which would then be held by its own entry here.
        reference = weakref.ref(network)

        def compute(inputs: tf.Tensor) -> tf.Tensor:
            return cast(keras.Model, reference())(inputs, training=False)

        _COMPILED[network] = tf.function(compute, autograph=False, reduce_retracing=True)
    return _COMPILED[network]


@own_settings()
def logits_of(discriminator: keras.Sequential) -> keras.Sequential:
    """Return the discriminator without its closing sigmoid, sharing the weights.

    The losses start from the logits, because log(sigmoid(x)) loses its gradient where softplus(-x) does not.

    Args:
        discriminator: a network from images [N, H, W, C] to probabilities [N, 1] that ends in a sigmoid.

    Returns:
        The same network up to the sigmoid's input, from images to logits [N, 1].
    """
    return keras.Sequential([discriminator.inputs[0], *discriminator.layers[:-1]], name="logits")
