"""What Keras lacks in the needed form: layers, a constraint, and the initialisers of both networks."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.latents import share_of_replica

LEAKY_RELU_SLOPE = 0.2
RELU_GAIN = math.sqrt(2)
LEAKY_RELU_GAIN = math.sqrt(2 / (1 + LEAKY_RELU_SLOPE**2))
BATCH_NORM_EPSILON = 1e-5
BATCH_NORM_MOMENTUM = 0.9


@keras.saving.register_keras_serializable("dcgan_tf")
class SyncBatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]  # Keras is untyped
    """Batch normalisation over the global batch, with the fused kernel where it computes the same.

    Keras' own layer, `synchronized=True`, reads its input several times and casts it to float32 and back.
    TensorFlow's fused kernel reads it once, which makes a bfloat16 training step about a tenth faster, but it
    ignores replicas, so it is used with a single one. Several replicas add up two sums: one forwards, and one
    in the gradient. Keras' layer needs five, each of which waits for the one before. All normalise by the
    mean and variance of all images of the step.
    """

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("synchronized", True)
        kwargs.setdefault("epsilon", BATCH_NORM_EPSILON)
        kwargs.setdefault("momentum", BATCH_NORM_MOMENTUM)
        super().__init__(**kwargs)

    def call(self, inputs: tf.Tensor, training: bool = False, mask: Any = None) -> tf.Tensor:
        """Normalise [N, H, W, C] of any floating type; statistics are float32 (float64 for float64)."""
        if training and tf.distribute.get_strategy().num_replicas_in_sync > 1:
            return self._over_replicas(inputs)
        if training and inputs.shape.rank == 4 and self._can_fuse(inputs.dtype):
            return self._fused(inputs)
        return super().call(inputs, training=training, mask=mask)

    def _can_fuse(self, dtype: tf.DType) -> bool:
        return bool(dtype != tf.float64)

    def _over_replicas(self, inputs: tf.Tensor) -> tf.Tensor:
        dtype = self.moving_mean.dtype
        x = tf.cast(inputs, dtype)
        axes = list(range(x.shape.rank - 1))
        own = tf.stack([tf.reduce_mean(x, axes), tf.reduce_mean(tf.square(x), axes)])
        replica = tf.distribute.get_replica_context()
        # All replicas have equally many images. The gradient of this sum is a sum over the replicas, too.
        shared = replica.all_reduce(tf.distribute.ReduceOp.SUM, own) / replica.num_replicas_in_sync
        mean, squares = tf.unstack(shared)
        variance = tf.maximum(squares - tf.square(mean), 0)
        self._remember(mean, variance)
        gamma, beta = tf.convert_to_tensor(self.gamma), tf.convert_to_tensor(self.beta)
        outputs = tf.nn.batch_normalization(x, mean, variance, beta, gamma, self.epsilon)
        return tf.cast(outputs, inputs.dtype)

    def _fused(self, inputs: tf.Tensor) -> tf.Tensor:
        outputs, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs,
            scale=tf.convert_to_tensor(self.gamma),
            offset=tf.convert_to_tensor(self.beta),
            mean=tf.constant([], tf.float32),
            variance=tf.constant([], tf.float32),
            epsilon=self.epsilon,
            is_training=True,
        )
        # The kernel divides this variance by n - 1; left as it is, two replicas would not remember what one
        # does.
        n = tf.cast(tf.size(inputs) // inputs.shape[-1], variance.dtype)
        self._remember(mean, variance * (n - 1) / n)
        return outputs

    def _remember(self, mean: tf.Tensor, variance: tf.Tensor) -> None:
        keep = self.momentum
        self.moving_mean.assign(self.moving_mean * keep + mean * (1 - keep))
        self.moving_variance.assign(self.moving_variance * keep + variance * (1 - keep))


@keras.saving.register_keras_serializable("dcgan_tf")
class StepDropout(keras.layers.Layer):  # type: ignore[misc]  # Keras is untyped
    """Dropout with a mask that depends on (seed, number of earlier calls, place in the global batch) alone.

    Keras' own layer draws the same mask on every replica, so two replicas would train another model than one.

    Args:
        rate: share of the units set to zero in training, in [0, 1); the others are divided by 1 - rate.
        seed: seed of the masks.
    """

    def __init__(self, rate: float, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = rate, seed

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        """Create the call counter as a weight, so that a resumed run continues with new masks."""
        self.calls = self.add_weight(
            name="calls", shape=(), dtype="int64", initializer="zeros", trainable=False, autocast=False
        )

    def call(self, inputs: tf.Tensor, training: bool = False) -> tf.Tensor:
        """Drop units of [n, units] in training; return the inputs unchanged otherwise."""
        if not training:
            return inputs
        seed = tf.stack([tf.constant(self.seed, tf.int64), tf.convert_to_tensor(self.calls)])
        self.calls.assign(self.calls + 1)
        replicas = tf.distribute.get_replica_context().num_replicas_in_sync
        shape = (tf.shape(inputs)[0] * replicas, inputs.shape[1])
        draws = share_of_replica(tf.random.stateless_uniform(shape, seed))
        return tf.where(draws >= self.rate, inputs / (1 - self.rate), tf.zeros_like(inputs))

    def get_config(self) -> dict[str, Any]:
        """Return the arguments that rebuild the layer."""
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


@keras.saving.register_keras_serializable("dcgan_tf")
class EvenPhases(keras.constraints.Constraint):  # type: ignore[misc]  # Keras is untyped
    """Keeps flat maps flat where a transposed convolution of stride 2 doubles them.

    Each output is reached by one of four parts of the kernel, its *phases*: by which one depends on whether
    the output's row and column are even or odd. If one phase sums up to more than another, a flat map becomes
    a grid of dots (Odena et al. 2016, "Deconvolution and checkerboard artifacts"). There is none if all
    phases have the same sum (Sugawara et al. 2019, "Checkerboard artifacts free convolutional neural
    networks"). Keras applies a constraint after each update: this one moves a kernel to the nearest one with
    even phases. So neither the layer nor an exported file knows of it.
    """

    def __call__(self, kernel: tf.Tensor) -> tf.Tensor:
        """Return the nearest kernel with even phases, of the same shape [k, k, outputs, inputs] and type.

        With s the sums of the phases and n their numbers of weights, each weight of phase p gets
        (t - s_p) / n_p more, where t = sum(s_p / n_p) / sum(1 / n_p) is what all of them then sum up to.
        """
        kernel = tf.convert_to_tensor(kernel)
        of_row = np.eye(2)[np.arange(kernel.shape[0]) % 2]
        numbers = tf.constant(np.outer(of_row.sum(0), of_row.sum(0))[:, :, None, None], kernel.dtype)
        rows = tf.constant(of_row, kernel.dtype)
        sums = tf.einsum("yp,xq,yxoi->pqoi", rows, rows, kernel)
        common = tf.reduce_sum(sums / numbers, (0, 1)) / tf.reduce_sum(1 / numbers)
        return kernel + tf.einsum("yp,xq,pqoi->yxoi", rows, rows, (common - sums) / numbers)


def layer_seeds(seed: int, network: str) -> Iterator[int]:
    """Yield a seed for each layer, which depends on the run's seed and the network's name alone."""
    root = np.random.SeedSequence([seed, *network.encode()])
    while True:
        (child,) = root.spawn(1)
        yield int(child.generate_state(1)[0] >> 1)


def kernel_initializer(
    seed: int, *, norm: str, inputs: float, gain: float = 1.0
) -> keras.initializers.RandomNormal:
    """Return the distribution that the initial weights of a convolution or dense layer are drawn from.

    Beside batch norm it is N(0, 0.02) (Radford et al. 2015, section 4). Without it, nothing rescales the
    signal from layer to layer; the deviation is then gain / sqrt(inputs), which keeps its scale (He et al.
    2015, "Delving deep into rectifiers", equations 10 and 15).

    Args:
        seed: seed of the draw.
        norm: batch, spectral or none.
        inputs: the number of values that are summed up in each output.
        gain: the root of what the activation after the layer divides the mean square by; 1 without one.
    """
    return keras.initializers.RandomNormal(0.0, 0.02 if norm == "batch" else gain / math.sqrt(inputs), seed)


def batch_normalization(seed: int, dtype: str) -> SyncBatchNormalization:
    """Return batch normalisation with gamma from N(1, 0.02) and beta 0."""
    gamma = keras.initializers.RandomNormal(1.0, 0.02, seed=seed)
    return SyncBatchNormalization(gamma_initializer=gamma, dtype=dtype)


def output_dtype(dtype: str) -> str:
    """Return the type of the outputs of a network with this dtype policy, which is that of its weights.

    Losses and pixels are computed from float32, even if the network runs in bfloat16 or float16.
    """
    return str(keras.DTypePolicy(dtype).variable_dtype)
