"""Pass the class of an image to the networks in the same tensor, so that they stay `Sequential`.

Latents end in the one-hot vector of the class. Images end in one plane for each class, with ones for their
own class and zeros for the others (Mirza & Osindero 2014, "Conditional generative adversarial nets", section
3.2; for MNIST, Radford et al. 2015, section 8.1).
"""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models.kernel_gradient import SummedBias


def with_labels(inputs: tf.Tensor, labels: tf.Tensor, num_classes: int) -> tf.Tensor:
    """Append to each input its class, one-hot, along the last axis.

    Args:
        inputs: latents [N, latent_dim] or images [N, H, W, C], of any floating type.
        labels: integer [N] in [0, num_classes).
        num_classes: K; 0 for a network without classes, whose inputs are returned unchanged.

    Returns:
        [N, latent_dim + K] or [N, H, W, C + K], of the inputs' type.
    """
    if not num_classes:
        return inputs
    inputs = tf.convert_to_tensor(inputs)
    vectors = tf.one_hot(labels, num_classes, dtype=inputs.dtype)
    middle = inputs.shape.rank - 2
    vectors = tf.reshape(vectors, [-1, *[1] * middle, num_classes])
    shape = tf.concat([tf.shape(inputs)[:-1], [num_classes]], axis=0)
    return tf.concat([inputs, tf.broadcast_to(vectors, shape)], axis=-1)


@keras.saving.register_keras_serializable("dcgan_tf")
class FixedLabel(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Appends one fixed class to every input, which fixes the class of the network after it.

    Args:
        label: the class, in [0, num_classes).
        num_classes: K.
    """

    def __init__(self, label: int, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.label, self.num_classes = label, num_classes

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Append the class to [N, ..., C]; returns [N, ..., C + K]."""
        return with_labels(inputs, tf.fill(tf.shape(inputs)[:1], self.label), self.num_classes)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "label": self.label, "num_classes": self.num_classes}


@keras.saving.register_keras_serializable("dcgan_tf")
class FlattenWithLabel(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Flattens images whose last planes are their class: the pixels, then the class once.

    The class is multiplied by the root of the number of pixels. So its vector is as long as theirs, and is
    not lost among them.

    Args:
        num_classes: K, the number of these planes.
    """

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.num_classes = num_classes

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Turn [N, H, W, C + K] into [N, H * W * C + K]."""
        height, width, channels = inputs.shape[1:]
        count = height * width * (channels - self.num_classes)
        pixels = tf.reshape(inputs[..., : -self.num_classes], [-1, count])
        return tf.concat([pixels, math.sqrt(count) * inputs[:, 0, 0, -self.num_classes :]], axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable("dcgan_tf")
class Conv2DWithLabel(SummedBias, keras.layers.Conv2D):  # type: ignore[misc]  # Keras is untyped
    """A convolution of images whose last planes are their class, which computes the planes only once.

    The planes of a class are the same in every image, and so is their part of the feature maps. That part is
    computed once for each of the K classes and looked up, instead of convolving K more channels of every
    image. Kernel and result are those of `Conv2D`, up to the order of the sums.

    Args:
        filters, kernel_size and others: as in `keras.layers.Conv2D`.
        num_classes: K, the number of these planes.
    """

    def __init__(self, *args: Any, num_classes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.num_classes = num_classes

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C + K] with a kernel [h, w, C + K, filters]; returns [N, H', W', filters]."""
        planes = self.num_classes
        classes = tf.eye(planes, dtype=inputs.dtype)[:, None, None, :]
        classes *= tf.ones((planes, *inputs.shape[1:3], planes), inputs.dtype)
        of_classes = super().convolution_op(classes, kernel[:, :, -planes:])
        flat = tf.reshape(of_classes, (planes, -1))
        shares = tf.reshape(inputs[:, 0, 0, -planes:] @ flat, (-1, *of_classes.shape[1:]))
        return super().convolution_op(inputs[..., :-planes], kernel[:, :, :-planes]) + shares

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "num_classes": self.num_classes}


@own_settings()
def of_one_class(network: keras.Sequential, label: int, num_classes: int) -> keras.Sequential:
    """Return a copy of a network with its class fixed; its inputs no longer carry one.

    Args:
        network: a generator or discriminator whose inputs, [N, ..., C + K], end in the class.
        label: the class, in [0, num_classes).
        num_classes: K.

    Returns:
        The network with the inputs [N, ..., C], such as latents [N, latent_dim], and the same outputs.
    """
    *shape, last = network.input_shape[1:]
    bare = keras.Input((*shape, last - num_classes), name=network.inputs[0].name)
    # Copies: a layer that stands in two networks has the output of the first, for whoever looks into one.
    layers = [type(layer).from_config(layer.get_config()) for layer in network.layers]
    fixed = keras.Sequential([bare, FixedLabel(label, num_classes), *layers], name=network.name)
    fixed.set_weights(network.get_weights())
    return fixed
