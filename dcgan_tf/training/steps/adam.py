"""The optimizer of both networks: Adam, as one operation for each variable."""

from __future__ import annotations

import keras
import tensorflow as tf

from dcgan_tf.keras_settings import own_settings


@own_settings()
def make_optimizer(
    learning_rate: float, *, beta_1: float, beta_2: float, precision: str
) -> keras.optimizers.Optimizer:
    """Return Adam, inside a LossScaleOptimizer under float16, where small gradients would vanish."""
    adam = OnePassAdam(learning_rate, beta_1=beta_1, beta_2=beta_2)
    return keras.optimizers.LossScaleOptimizer(adam) if precision == "float16" else adam


class OnePassAdam(keras.optimizers.Adam):  # type: ignore[misc]  # Keras is untyped
    """Keras' Adam without its `amsgrad`, which reads and writes each variable and its two moments once.

    Keras computes an update from about ten operations a variable, each of which goes through the memory; in a
    small network, starting them takes longer than what they compute. TensorFlow has one operation for all of
    it. The two differ by rounding only: Keras computes the powers of beta in float32, even for float64. Their
    checkpoints are the same.

    It expects gradients that are summed over the replicas, as `apply_gradients` sums them. Keras' Adam would
    send them through the network once more.

    Kingma and Ba 2015, "Adam: a method for stochastic optimization", with the order of the computation at the
    end of section 2, so that epsilon is their epsilon-hat.
    """

    def update_step(self, gradient: tf.Tensor, variable: tf.Variable, learning_rate: tf.Tensor) -> None:
        """Move a variable and its moments.

        Args:
            gradient: of the loss with respect to the variable, of its shape.
            variable: float of any shape, on one device.
            learning_rate: float scalar.
        """
        number, dtype = self._get_variable_index(variable), variable.dtype
        step = tf.cast(self.iterations + 1, dtype)
        # Not tf.cast, which would round a number of Python to float32 first.
        beta_1, beta_2 = tf.constant(self.beta_1, dtype), tf.constant(self.beta_2, dtype)
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=tf.pow(beta_1, step),
            beta2_power=tf.pow(beta_2, step),
            lr=tf.cast(learning_rate, dtype),
            beta1=beta_1,
            beta2=beta_2,
            epsilon=tf.constant(self.epsilon, dtype),
            grad=tf.cast(gradient, dtype),
        )

    def _all_reduce_sum_gradients(
        self, grads_and_vars: list[tuple[tf.Tensor, tf.Variable]]
    ) -> list[tuple[tf.Tensor, tf.Variable]]:
        return grads_and_vars
