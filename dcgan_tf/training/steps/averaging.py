"""The averaged generator (EMA): its weights follow the generator's, and it is the one that draws.

An exponential moving average of the weights: Karras et al. 2018, "Progressive growing of GANs", section A.1;
Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training". Its decay is the setting
`ema_decay`, or follows from the setting `ema_images`.
"""

from __future__ import annotations

import tensorflow as tf

from dcgan_tf.config import TrainingConfig
from dcgan_tf.training.state import TrainState


def averaging_decay(settings: TrainingConfig) -> float:
    """Return the decay of the average per step: from 0, without averaging, to below 1.

        0.5 ^ (batch_size / ema_images)

    With `ema_images`, the weight of a generator in the average halves after so many images; a step stands for
    `batch_size` of them. The formula is in the code of Karras et al. 2020, "Training generative adversarial
    networks with limited data" (`ema_kimg`). Without, the decay is `ema_decay`.
    """
    if settings.ema_images is None:
        return settings.ema_decay
    return float(0.5 ** (settings.batch_size / settings.ema_images))


def update_average(state: TrainState, decay: float, *, from_random: bool = True) -> None:
    """Move the averaged generator towards the generator, in cross-replica context.

    The average covers the first steps only lightly: its decay is min(decay, (1 + t) / (10 + t)) at step t, so
    that the random initial weights are forgotten at once. Batch-norm statistics are averaged like weights.

    Args:
        state: its `generator_ema` is changed; `step` is t, the number of finished steps before this one.
        decay: from 0, which copies the generator, to below 1.
        from_random: whether the run began with random weights. The average of another run is not forgotten.
    """
    step = tf.cast(state.step, tf.float32)
    keep = tf.minimum(decay, (1 + step) / (10 + step)) if from_random else tf.constant(decay)
    for average, current in zip(state.generator_ema.variables, state.generator.variables, strict=True):
        if tf.as_dtype(average.dtype).is_floating:
            rate = tf.cast(keep, average.dtype)
            average.assign(average.value * rate + current.value * (1 - rate))
        else:
            average.assign(current.value)
