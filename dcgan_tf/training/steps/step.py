"""One step of training: first the discriminator learns, then the generator learns from it.

Goodfellow et al. 2014, "Generative adversarial nets", algorithm 1: k updates of D, then one of G; the setting
`discriminator_steps` is k. Each update of D has real images and latents of its own. Those of the last one
serve the update of G too; in the paper, G draws other latents. What the two minimise, and what D sees of a
picture, are in `objective/`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import keras
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.images import to_float
from dcgan_tf.latents import replica_latents
from dcgan_tf.models import logits_of, power_iteration, with_labels
from dcgan_tf.training.augmentations.random_key import RandomKey
from dcgan_tf.training.objective.objective import Objective, objective_of
from dcgan_tf.training.schedule import Schedule, set_learning_rates
from dcgan_tf.training.state import TrainState
from dcgan_tf.training.steps.averaging import averaging_decay, update_average

_DRAWS = 4  # of random numbers: for the real and the fake images of D's update, and of G's
Batch: TypeAlias = tf.Tensor | tuple[tf.Tensor, tf.Tensor]
Metrics = dict[str, tf.Tensor]
TrainStep = Callable[[Batch], Metrics]


def make_train_step(
    config: Config,
    state: TrainState,
    strategy: tf.distribute.Strategy,
    *,
    num_classes: int = 0,
    schedule: Schedule | None = None,
    from_random: bool = True,
) -> TrainStep:
    """Return the compiled step: uint8 [images_per_step, H, W, C] in (spread over replicas), metrics out.

    A conditional model's step takes (images, labels int64 [images_per_step]). The fakes get the labels of the
    real images, so that D sees as many of each class in both.

    Args:
        config: all sections but `run` are used.
        state: what is trained, made in the scope of the strategy.
        strategy: spreads the batch over its replicas.
        num_classes: number of classes of a conditional model, or 0.
        schedule: of the run; None for constant learning rates.
        from_random: whether the run began with random weights, and not with the networks of another run.

    Returns:
        The step. Its metrics are scalars over the global batch, and reading one waits for the device:
        discriminator_loss (with the penalties) and generator_loss; real_probability D(x) and fake_probability
        D(G(z)), as D sees them before it learns (a relativistic D sees pairs: the first is the probability
        that it gives the real one of two, the second is 1 minus that); discriminator_accuracy, the share of
        both that D classifies correctly; and the global norms discriminator_gradient_norm and
        generator_gradient_norm. Those about D are means over its updates. Learning rates too, if they change.
    """
    objective = objective_of(config.training)
    logits_of_inputs = logits_of(state.discriminator)
    names: list[str] = []

    def on_replica(step: tf.Tensor, images: tf.Tensor, labels: tf.Tensor | None = None) -> tf.Tensor:
        of_updates = []
        for update in range(config.training.discriminator_steps):
            replica = Replica(config, state, objective, logits_of_inputs, num_classes, step, update, labels)
            # The fakes are made once. D learns from them; then G learns through the updated D.
            with tf.GradientTape() as generator_tape:
                fake_images = replica.fake_images()
            real_images = to_float(replica.dealt(images), state.generator_ema.dtype)
            of_updates.append(update_discriminator(replica, real_images, tf.stop_gradient(fake_images)))
        metrics = _means(of_updates) | update_generator(replica, real_images, fake_images, generator_tape)
        names[:] = metrics
        return tf.stack([*metrics.values()])

    def train_step(batch: Batch) -> Metrics:
        rates = set_learning_rates(state, config.training, schedule) if schedule else {}
        # The number, read once: given the variable, each replica would read it for itself.
        metrics = strategy.run(on_replica, (state.step + 0, *(batch if num_classes else (batch,))))
        update_average(state, averaging_decay(config.training), from_random=from_random)
        state.step.assign_add(1)
        # All at once: between machines, each sum is a message.
        total = strategy.reduce(tf.distribute.ReduceOp.SUM, metrics, axis=None)
        return dict(zip(names, tf.unstack(total), strict=True)) | rates

    # AutoGraph would read this source file again, which may be zipped, or edited while a job starts.
    compiled: TrainStep = tf.function(train_step, autograph=False)
    return compiled


@dataclass(frozen=True)
class Replica:
    """What an update of D, and of G after the last one, needs on one replica.

    Attributes:
        config: all sections but `run` are used.
        state: what is trained.
        objective: the losses, penalties and augmentations.
        logits_of_inputs: D without its closing sigmoid.
        num_classes: number of classes of a conditional model, or 0.
        step: int64 scalar, the number of finished steps.
        update: the number of the update of D in the step, from 0.
        labels: of all real images of the step, and of the fake ones, int64; None if the model is not
            conditional.
    """

    config: Config
    state: TrainState
    objective: Objective
    logits_of_inputs: keras.Model
    num_classes: int
    step: tf.Tensor
    update: int
    labels: tf.Tensor | None

    def dealt(self, rows: tf.Tensor) -> tf.Tensor:
        """Return what this update takes of the step's images, labels or latents.

        They are dealt out like cards, one after another to each update. So an update has the same images
        however many replicas share them.
        """
        return rows[self.update :: self.config.training.discriminator_steps]

    def labelled(self, inputs: tf.Tensor) -> tf.Tensor:
        """Return the latents or images of this update with their classes, if the model is conditional."""
        labels = None if self.labels is None else self.dealt(self.labels)
        return with_labels(inputs, labels, self.num_classes)

    def fake_images(self) -> tf.Tensor:
        """Draw z and return G(z), float [n, H, W, C] in [-1, 1]."""
        model, training = self.config.model, self.config.training
        z = replica_latents(model, training.images_per_step, seed=training.seed, step=self.step)
        z = tf.cast(self.dealt(z), self.state.generator_ema.dtype)
        return self.state.generator(self.labelled(z), training=True)

    def logits(self, images: tf.Tensor, *, draw: int) -> tf.Tensor:
        """Return the logits l of images, float [n, 1], where D(x) = sigmoid(l).

        Args:
            images: float [n, H, W, C] in [-1, 1].
            draw: counts the random draws of an update of D, and of G after it, from 0.
        """
        key = RandomKey(self.config.training.seed, self.step, self.update * _DRAWS + draw)
        for augmentation in self.objective.augmentations:
            images = augmentation(images, key)
        return self.logits_of_inputs(self.labelled(images), training=True)

    def mean(self, per_image: tf.Tensor) -> tf.Tensor:
        """Return this replica's part of the mean over the global batch; the parts are summed later."""
        return tf.reduce_sum(per_image) / self.config.training.batch_size


def update_discriminator(replica: Replica, real_images: tf.Tensor, fake_images: tf.Tensor) -> Metrics:
    """Update D: take one step of Adam down the gradient of its loss.

        mean[-log D(x)] + mean[-log(1 - D(G(z)))] + penalties

    Goodfellow et al. 2014, equation 1 with the sign turned, unless the objective has another loss; the
    penalties are those of the objective.

    Args:
        replica: the networks and settings on this replica.
        real_images: x, float [n, H, W, C] in [-1, 1].
        fake_images: G(z), of the same shape, through which no gradient flows.

    Returns:
        This replica's part of each metric about D.
    """
    optimizer, discriminator = replica.state.discriminator_optimizer, replica.state.discriminator
    adversarial, penalties = replica.objective.loss, replica.objective.penalties
    penalised = [{"real": real_images, "fake": fake_images}[penalty.of] for penalty in penalties]
    power_iteration(discriminator)
    with tf.GradientTape() as tape:
        # It watches nothing but the images that a penalty asks for, so that without penalties it is free.
        with tf.GradientTape(watch_accessed_variables=False) as image_tape:
            image_tape.watch(penalised)
            real_logits = replica.logits(real_images, draw=0)
            fake_logits = replica.logits(fake_images, draw=1)
        slopes = image_tape.gradient([real_logits, fake_logits], penalised)
        terms = list(adversarial.discriminator(real_logits, fake_logits))
        terms += [penalty.term(slope) for penalty, slope in zip(penalties, slopes, strict=True)]
        loss = tf.add_n([replica.mean(term) for term in terms])
        scaled = optimizer.scale_loss(loss)
    gradients = tape.gradient(scaled, discriminator.trainable_variables)
    real_decisions, fake_decisions = adversarial.decisions(real_logits, fake_logits)
    right = _positive(real_decisions) + _positive(-fake_decisions)
    return {
        "discriminator_loss": loss,
        "real_probability": replica.mean(tf.sigmoid(real_decisions)),
        "fake_probability": replica.mean(tf.sigmoid(fake_decisions)),
        "discriminator_accuracy": replica.mean(right) / 2,
        "discriminator_gradient_norm": apply_gradients(optimizer, gradients),
    }


def update_generator(
    replica: Replica, real_images: tf.Tensor, fake_images: tf.Tensor, tape: tf.GradientTape
) -> Metrics:
    """Update G against the new D: take one step of Adam down the gradient of its loss.

        mean[-log D(G(z))]

    Goodfellow et al. 2014, section 3, unless the objective has another loss. The chain rule is cut at the
    fake images: first the gradient with respect to them, then on through the tape that made them. That saves
    one forward pass of G.

    Args:
        replica: the networks and settings on this replica.
        real_images: x, float [n, H, W, C] in [-1, 1], for losses that compare.
        fake_images: G(z), of the same shape.
        tape: the tape that recorded how G made the fake images.

    Returns:
        This replica's part of each metric about G.
    """
    optimizer, generator = replica.state.generator_optimizer, replica.state.generator
    with tf.GradientTape(watch_accessed_variables=False) as image_tape:
        image_tape.watch(fake_images)
        fake_logits = replica.logits(fake_images, draw=2)
        real_logits = functools.partial(replica.logits, real_images, draw=3)
        loss = replica.mean(replica.objective.loss.generator(fake_logits, real_logits))
        scaled = optimizer.scale_loss(loss)
    upstream = image_tape.gradient(scaled, fake_images)
    gradients = tape.gradient(fake_images, generator.trainable_variables, upstream)
    return {
        "generator_loss": loss,
        "generator_gradient_norm": apply_gradients(optimizer, gradients),
    }


def apply_gradients(optimizer: keras.optimizers.Optimizer, gradients: list[tf.Tensor]) -> tf.Tensor:
    """Update the optimizer's weights, in replica context, and return a share of the gradient's global norm.

    The sum over the replicas is taken here, so that the norm is the true one, and so that under float16 every
    replica judges alike whether it is finite. Our Adam does not sum once more.

    Args:
        optimizer: that of `make_optimizer`, built with the variables that the gradients belong to.
        gradients: this replica's part, of the scaled loss where the optimizer scales it.

    Returns:
        Scalar, without the loss scale: the norm divided by the number of replicas, whose shares are summed.
    """
    context = tf.distribute.get_replica_context()
    summed = context.all_reduce(tf.distribute.ReduceOp.SUM, gradients)
    norm = tf.linalg.global_norm(summed)
    scale = tf.cast(optimizer.scale_loss(tf.ones([])), norm.dtype)
    optimizer.apply(summed)
    return norm / scale / context.num_replicas_in_sync


def _means(of_updates: list[Metrics]) -> Metrics:
    return {name: tf.add_n([one[name] for one in of_updates]) / len(of_updates) for name in of_updates[0]}


def _positive(logits: tf.Tensor) -> tf.Tensor:
    return tf.cast(logits > 0, logits.dtype)
