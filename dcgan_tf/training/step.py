"""One step of training: the discriminator learns, then the generator learns from it."""

from __future__ import annotations

import functools
from collections.abc import Callable

import keras
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.images import to_float
from dcgan_tf.latents import replica_latents
from dcgan_tf.models import logits_of, with_labels
from dcgan_tf.training import losses
from dcgan_tf.training.instance_noise import perturbed
from dcgan_tf.training.state import TrainState

Metrics = dict[str, tf.Tensor]
TrainStep = Callable[[tf.Tensor | tuple[tf.Tensor, tf.Tensor]], Metrics]


def make_train_step(config: Config, state: TrainState, strategy: tf.distribute.Strategy) -> TrainStep:
    """Return the compiled step: uint8 [batch_size, H, W, C] images in (spread over replicas), metrics out.

    A conditional model's step takes (images, labels int64 [batch_size]). The fakes get the labels of the real
    images, so that D sees as many of each class in both.

    The metrics are scalar tensors over the global batch, and reading one waits for the device:
    discriminator_loss and generator_loss; real_probability D(x) and fake_probability D(G(z)), as D sees them
    before it learns; discriminator_accuracy, the share of both that it tells rightly; and the global norms
    discriminator_gradient_norm and generator_gradient_norm.
    """
    settings, replicas = config.training, strategy.num_replicas_in_sync
    generator, generator_optimizer = state.generator, state.generator_optimizer
    discriminator, discriminator_optimizer = state.discriminator, state.discriminator_optimizer
    logits_of_inputs = logits_of(discriminator)
    num_classes = generator.input_shape[-1] - config.model.latent_dim
    real_loss_of = functools.partial(losses.discriminator_real_loss, label_smoothing=settings.label_smoothing)
    generator_loss_of = losses.GENERATOR_LOSSES[settings.loss]
    dtype = state.generator_ema.dtype

    def mean(per_image: tf.Tensor) -> tf.Tensor:
        """Return this replica's part of the mean over the global batch; the parts are summed later."""
        return tf.reduce_sum(per_image) / settings.batch_size

    def update(step: tf.Tensor, images: tf.Tensor, labels: tf.Tensor | None = None) -> Metrics:
        def logits_from(images: tf.Tensor, *, draw: int) -> tf.Tensor:
            seen = perturbed(images, settings.instance_stddev, seed=settings.seed, step=step, draw=draw)
            return logits_of_inputs(with_labels(seen, labels, num_classes), training=True)

        real_images = to_float(images, dtype)
        z = tf.cast(replica_latents(config.model, settings.batch_size, seed=settings.seed, step=step), dtype)
        # The fakes are made once: D learns from them, then G learns through the D that has.
        with tf.GradientTape() as generator_tape:
            fake_images = generator(with_labels(z, labels, num_classes), training=True)

        with tf.GradientTape() as tape:
            real_logits = logits_from(real_images, draw=0)
            fake_logits = logits_from(tf.stop_gradient(fake_images), draw=1)
            d_loss = mean(real_loss_of(real_logits)) + mean(losses.discriminator_fake_loss(fake_logits))
            objective = discriminator_optimizer.scale_loss(d_loss)
        gradients = tape.gradient(objective, discriminator.trainable_variables)
        d_norm = apply_gradients(discriminator_optimizer, gradients)

        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(fake_images)
            g_loss = mean(generator_loss_of(logits_from(fake_images, draw=2)))
            objective = generator_optimizer.scale_loss(g_loss)
        upstream = tape.gradient(objective, fake_images)
        gradients = generator_tape.gradient(fake_images, generator.trainable_variables, upstream)
        g_norm = apply_gradients(generator_optimizer, gradients)

        return {
            "discriminator_loss": d_loss,
            "generator_loss": g_loss,
            "real_probability": mean(tf.sigmoid(real_logits)),
            "fake_probability": mean(tf.sigmoid(fake_logits)),
            "discriminator_accuracy": mean(_positive(real_logits) + _positive(-fake_logits)) / 2,
            "discriminator_gradient_norm": d_norm / replicas,
            "generator_gradient_norm": g_norm / replicas,
        }

    def train_step(batch: tf.Tensor | tuple[tf.Tensor, tf.Tensor]) -> Metrics:
        metrics = strategy.run(update, (state.step + 0, *(batch if num_classes else (batch,))))
        update_average(state, settings.ema_decay)
        state.step.assign_add(1)
        total = functools.partial(strategy.reduce, tf.distribute.ReduceOp.SUM, axis=None)
        return {name: total(value) for name, value in metrics.items()}

    # AutoGraph would read this source file again, which may be zipped, or edited while a job starts.
    compiled: TrainStep = tf.function(train_step, autograph=False)
    return compiled


def apply_gradients(optimizer: keras.optimizers.Optimizer, gradients: list[tf.Tensor]) -> tf.Tensor:
    """Update the optimizer's weights, in replica context, and return the global norm of the gradient.

    The sum over the replicas is taken here, so that the norm is the true one, and so that under float16 every
    replica judges alike whether it is finite; Keras sums once more when it applies, hence the equal shares.

    Args:
        optimizer: built with the variables that the gradients belong to.
        gradients: this replica's part, of the scaled loss where the optimizer scales it.

    Returns:
        Scalar, without the loss scale.
    """
    replica = tf.distribute.get_replica_context()
    summed = replica.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    norm = tf.linalg.global_norm(summed)
    scale = tf.cast(optimizer.scale_loss(tf.ones([])), norm.dtype)
    optimizer.apply([gradient / replica.num_replicas_in_sync for gradient in summed])
    return norm / scale


def update_average(state: TrainState, decay: float) -> None:
    """Move the averaged generator towards the generator, in cross-replica context.

    The average covers the first steps only lightly: its decay is min(decay, (1 + t) / (10 + t)) at step t, so
    that the random initial weights are forgotten at once. Batch-norm statistics are averaged like weights.
    """
    step = tf.cast(state.step, tf.float32)
    keep = tf.minimum(decay, (1 + step) / (10 + step))
    for average, current in zip(state.generator_ema.variables, state.generator.variables, strict=True):
        if tf.as_dtype(average.dtype).is_floating:
            rate = tf.cast(keep, average.dtype)
            average.assign(average.value * rate + current.value * (1 - rate))
        else:
            average.assign(current.value)


def _positive(logits: tf.Tensor) -> tf.Tensor:
    return tf.cast(logits > 0, logits.dtype)
