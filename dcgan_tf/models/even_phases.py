"""Even upsampling: a flat map stays flat when a transposed convolution doubles it.

With stride 2, each output of a transposed convolution is reached by a quarter of the kernel's weights: which
quarter depends on whether its row and its column are even or odd. If one of these four *phases* sums up to
more than another, a flat map becomes a grid of dots, which nothing after it takes away (Odena et al. 2016,
"Deconvolution and checkerboard artifacts"). Sugawara et al. 2019, "Checkerboard artifacts free convolutional
neural networks", give the condition under which there are none: all phases have the same sum.
"""

from __future__ import annotations

import keras
import numpy as np
import tensorflow as tf


@keras.saving.register_keras_serializable("dcgan_tf")
class EvenPhases(keras.constraints.Constraint):  # type: ignore[misc]  # Keras is untyped
    """Keeps the sums of the four phases of a kernel equal, for a transposed convolution of stride 2.

    It moves a kernel to the nearest one whose phases have the same sum, after each update. So it changes
    neither the layer nor an exported file.
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
