"""Spectral normalisation: every layer of D is divided by how much it can stretch its input.

Miyato et al. 2018, "Spectral normalization for generative adversarial networks". The kernel K, as a matrix
[inputs, outputs], is replaced by K / sigma(K) (equation 8); sigma is its largest singular value. K is what is
trained, and the gradient flows through sigma too (equation 11). Keras' own `SpectralNormalization` overwrites
K with K / sigma instead, at every call in training: that is a projection, which forgets how long K was.

The largest singular value is found by power iteration (appendix A, algorithm 1): `u`, a weight that is not
trained, turns towards the first singular vector by one iteration in each update of D. Between the updates it
stays, so that training, inference and all calls within a step use the same sigma. An iteration takes 1 ms of
a step of 320 ms (32x32, 64 filters, 32 images, one thread).
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.models.conditional import Conv2DWithLabel
from dcgan_tf.models.kernel_gradient import SummedBias


class _SpectralLayer(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """What spectrally normalised layers share; the class after it in the order of bases is Keras' own.

    Args:
        seed: seed of the first `u`.
    """

    def __init__(self, *args: Any, seed: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seed = seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the kernel, and u: a random unit vector [outputs]."""
        super().build(input_shape)
        draw = np.random.default_rng([self.seed, 1]).normal(size=self.kernel.shape[-1])
        self.u = self.add_weight(
            name="u",
            shape=draw.shape,
            initializer=lambda shape, dtype: tf.constant(draw / np.linalg.norm(draw), dtype),
            trainable=False,
            autocast=False,
            # All replicas have the same kernel, so they compute the same u.
            aggregation="only_first_replica",
        )

    def normalized(self, kernel: tf.Tensor) -> tf.Tensor:
        """Return K / sigma(K), of the kernel's shape and type (equation 8).

        sigma(K) = v^T K u, with v = K u / |K u|; u and v are constants, so that the gradient of sigma is the
        matrix v u^T (equation 11).
        """
        kernel = tf.convert_to_tensor(kernel)
        u, matrix = tf.convert_to_tensor(self.u), self._matrix(kernel)
        v = tf.stop_gradient(tf.math.l2_normalize(tf.linalg.matvec(matrix, u)))
        sigma = tf.tensordot(v, tf.linalg.matvec(matrix, u), 1)
        return tf.cast(tf.reshape(matrix / sigma, tf.shape(kernel)), kernel.dtype)

    def iterate(self) -> None:
        """Turn u towards the first singular vector: v = K u / |K u|, u = K^T v / |K^T v| (algorithm 1)."""
        matrix = self._matrix(tf.convert_to_tensor(self.kernel))
        v = tf.math.l2_normalize(tf.linalg.matvec(matrix, tf.convert_to_tensor(self.u)))
        self.u.assign(tf.math.l2_normalize(tf.linalg.matvec(matrix, v, transpose_a=True)))

    def _matrix(self, kernel: tf.Tensor) -> tf.Tensor:
        """Return the kernel as a matrix [inputs, outputs] in the type of the weights."""
        return tf.cast(tf.reshape(kernel, (-1, kernel.shape[-1])), self.u.dtype)

    def save_own_variables(self, store: dict[str, Any]) -> None:
        """Save u too, which Keras' layers do not know of."""
        keras.layers.Layer.save_own_variables(self, store)

    def load_own_variables(self, store: dict[str, Any]) -> None:
        """Load what `save_own_variables` saved."""
        keras.layers.Layer.load_own_variables(self, store)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "seed": self.seed}


@keras.saving.register_keras_serializable("dcgan_tf")
class SpectralConv2D(_SpectralLayer, SummedBias, keras.layers.Conv2D):  # type: ignore[misc]  # untyped
    """A convolution whose kernel [h, w, C, filters] is divided by its largest singular value.

    Args:
        filters, kernel_size and others: as in `keras.layers.Conv2D`.
        seed: seed of the first `u`.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C] with the normalised kernel; returns [N, H', W', filters]."""
        return super().convolution_op(inputs, self.normalized(kernel))


@keras.saving.register_keras_serializable("dcgan_tf")
class SpectralConv2DWithLabel(_SpectralLayer, Conv2DWithLabel):
    """`Conv2DWithLabel`, whose kernel [h, w, C + K, filters] is divided by its largest singular value.

    Args:
        filters, kernel_size and others: as in `keras.layers.Conv2D`.
        num_classes: K, the number of planes of the class.
        seed: seed of the first `u`.
    """

    def convolution_op(self, inputs: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        """Convolve [N, H, W, C + K] with the normalised kernel; returns [N, H', W', filters]."""
        return super().convolution_op(inputs, self.normalized(kernel))


@keras.saving.register_keras_serializable("dcgan_tf")
class SpectralDense(_SpectralLayer, keras.layers.Dense):  # type: ignore[misc]  # Keras is untyped
    """A fully connected layer whose kernel [inputs, units] is divided by its largest singular value.

    Args:
        units and others: as in `keras.layers.Dense`, without an activation.
        seed: seed of the first `u`.
    """

    def call(self, inputs: tf.Tensor) -> tf.Tensor:
        """Map [N, inputs] to [N, units]."""
        outputs = tf.linalg.matmul(inputs, self.normalized(self.kernel))
        return outputs if self.bias is None else outputs + self.bias


def power_iteration(network: keras.Sequential) -> None:
    """Turn u of every spectrally normalised layer by one iteration; without such layers nothing happens.

    Call it once in each update of D, in replica context.

    Args:
        network: a discriminator.
    """
    for layer in network.layers:
        if isinstance(layer, _SpectralLayer):
            layer.iterate()
