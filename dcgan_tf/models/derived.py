"""What is derived from a network: its logits, its compiled function, and a digest of its weights."""

from __future__ import annotations

import functools
import hashlib
import weakref
from collections.abc import Callable
from typing import Any, cast

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.keras_settings import own_settings

_COMPILED: weakref.WeakKeyDictionary[keras.Model, Callable[[tf.Tensor], Any]] = weakref.WeakKeyDictionary()
_LOGITS: weakref.WeakKeyDictionary[keras.Sequential, keras.Sequential] = weakref.WeakKeyDictionary()


def compiled(network: keras.Model) -> Callable[[tf.Tensor], Any]:
    """Return a network in inference mode as one compiled function, which is faster from its second call on.

    Keras computes layer by layer, in many calls from Python. A network has one function, which is compiled at
    its first call, and once more when it gets a batch of another size. New weights need no new function.

    Args:
        network: any. Keep it as long as the function: it is not kept alive here.

    Returns:
        A function of the network's input. It returns what the network returns with `training=False`.
    """
    if network not in _COMPILED:
        # A reference, because what holds the network would keep its entry here for ever; and a partial,
        # because TensorFlow counts the compilations of all closures of one function together, and warns.
        infer = functools.partial(_infer, weakref.ref(network))
        _COMPILED[network] = tf.function(infer, autograph=False, reduce_retracing=True)
    return _COMPILED[network]


def compiled_logits(discriminator: keras.Sequential) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return `logits_of` a discriminator, compiled."""
    if discriminator not in _LOGITS:
        _LOGITS[discriminator] = logits_of(discriminator)
    return compiled(_LOGITS[discriminator])


def _infer(reference: weakref.ref[keras.Model], inputs: tf.Tensor) -> Any:
    return cast(keras.Model, reference())(inputs, training=False)


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


def digest_of(network: keras.Model) -> str:
    """Return a digest of a network's weights and statistics, of 16 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=8)
    for weight in network.get_weights():
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
