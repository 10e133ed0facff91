"""Several updates of D in a step: each has images, latents and noise of its own, and epochs count all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.errors import DataError
from dcgan_tf.latents import sample_latents
from dcgan_tf.report.reported_run import ReportedRun
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.training.loop import train
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.steps.adam import OnePassAdam
from dcgan_tf.training.steps.step import make_train_step
from dcgan_tf.training.strategy import make_strategy
from states import everything_in_float64

BATCH, TIMES = 4, 3
IMAGES = np.random.default_rng(0).integers(0, 256, (BATCH * TIMES, 8, 8, 1), np.uint8)
CLASSES = 2
LABELS = np.random.default_rng(1).integers(0, CLASSES, len(IMAGES))


def adam(network: keras.Model) -> Any:
    optimizer = OnePassAdam(0.01, beta_1=0.5)
    optimizer.build(network.trainable_variables)
    return optimizer


def written_out(config: Config) -> tuple[list[np.ndarray], list[dict[str, float]]]:
    """Return the weights of G and D after a step, and what each update of D reports."""
    generator = models.build_generator(config, num_classes=CLASSES, dtype="float64")
    discriminator = models.build_discriminator(config, num_classes=CLASSES, dtype="float64")
    of_generator, of_discriminator = adam(generator), adam(discriminator)
    latents = tf.cast(sample_latents(len(IMAGES), config.model.latent_dim, seed=0, step=0), tf.float64)

    def logits(images: tf.Tensor, labels: np.ndarray, draw: int) -> tf.Tensor:
        pair = tf.random.experimental.stateless_fold_in(tf.constant([0, 0], tf.int64), draw + 1)
        noise = tf.cast(tf.random.stateless_normal(images.shape, pair), tf.float64)
        seen = images + config.training.instance_noise * noise
        probability = discriminator(models.with_labels(seen, labels, CLASSES), training=True)
        return tf.math.log(probability / (1 - probability))

    reported = []
    for update in range(TIMES):
        mine = slice(update, None, TIMES)
        models.power_iteration(discriminator)
        real, labels = tf.constant(IMAGES[mine] / 127.5 - 1), LABELS[mine]
        with tf.GradientTape(persistent=True) as tape:
            fake = generator(models.with_labels(latents[mine], labels, CLASSES), training=True)
            judged = logits(real, labels, 4 * update), logits(fake, labels, 4 * update + 1)
            loss = tf.reduce_mean(tf.nn.relu(1 - judged[0])) + tf.reduce_mean(tf.nn.relu(1 + judged[1]))
        of_discriminator.apply(tape.gradient(loss, discriminator.trainable_variables))
        reported.append(
            {"discriminator_loss": float(loss), "real_probability": np.mean(tf.sigmoid(judged[0]))}
        )
    with tape:
        loss = -tf.reduce_mean(logits(fake, labels, 4 * update + 2))
    of_generator.apply(tape.gradient(loss, generator.trainable_variables))
    return [*generator.get_weights(), *discriminator.get_weights()], reported


def test_a_step_is_that_of_the_paper_written_out(tiny_config: Callable[..., Config]) -> None:
    # Goodfellow et al. 2014, algorithm 1. Batch norm in G shows how often, and of what, fakes are made.
    config = tiny_config(
        image_size=(8, 8),
        batch_size=BATCH,
        discriminator_steps=TIMES,
        conditional=True,
        discriminator_norm="spectral",
        learning_rate=0.01,
        loss="hinge",
        instance_noise=0.5,
    )
    with everything_in_float64():
        expected, reported = written_out(config)
        strategy = make_strategy(1)
        with strategy.scope():
            state = create_train_state(config, num_classes=CLASSES, dtype="float64")
        step = make_train_step(config, state, strategy, num_classes=CLASSES)
        metrics = step((tf.constant(IMAGES), tf.constant(LABELS)))
    found = [*state.generator.get_weights(), *state.discriminator.get_weights()]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-9)
    for name in reported[0]:
        assert float(metrics[name]) == pytest.approx(np.mean([one[name] for one in reported]), rel=1e-9)
    updates = [state.discriminator_optimizer.iterations, state.generator_optimizer.iterations, state.step]
    assert [int(count.numpy()) for count in updates] == [TIMES, 1, 1]


def test_epochs_and_speed_count_the_images_of_all_updates(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    # 296 images are 4 steps of 2 x 32, and the rest is left out.
    config = tiny_config(run_dir=str(tmp_path / "run"), epochs=2, discriminator_steps=2, image_size=(8, 8))
    run = train(config)
    records = read_records(RunPaths(run).stats)
    assert [record["epoch"] for record in records] == [0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75, 2]
    reported = ReportedRun(run)
    assert (reported.steps_per_epoch, reported.epochs(8)) == (4, "2 epochs")


def test_images_that_do_not_fill_a_step_are_refused(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), discriminator_steps=10)
    words = (
        "found 296 images, fewer than the 320 of a step, which takes 10 batches of 32; add images, or lower"
    )
    with pytest.raises(DataError, match=words):
        train(config)
