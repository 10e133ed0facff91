"""One look at the game: real images, latents, what G makes of them, what D says, and what it sends back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import NOTE_COLOUR, TEXT_COLOUR, new_figure, show_image
from dcgan_tf.data import load_data
from dcgan_tf.images import to_float, to_uint8
from dcgan_tf.models.derived import logits_of
from dcgan_tf.runs.run import Run
from dcgan_tf.training.objective.objective import objective_of
from how_it_works.pictures import latent_picture

BATCH, SHOWN = 64, 8


@dataclass(frozen=True)
class Game:
    """A batch as a step of training sees it, before either network learns.

    Attributes:
        real_images: uint8 [N, H, W, C].
        real_probabilities: D(x), float32 [N].
        latents: float32 [N, latent_dim].
        fake_images: uint8 [N, H, W, C].
        fake_probabilities: D(G(z)), float32 [N].
        gradients: of G's loss with respect to the fakes' pixels, float32 [N, H, W, C].
    """

    real_images: np.ndarray
    real_probabilities: np.ndarray
    latents: np.ndarray
    fake_images: np.ndarray
    fake_probabilities: np.ndarray
    gradients: np.ndarray


def play(path: Path, *, seed: int) -> Game:
    """Have the raw generator and D of a run look at one batch, both in training mode.

    The run is opened anew, because training mode moves the batch-norm statistics.
    """
    run = Run.open(path, ema=False)
    real_images = np.asarray(load_data(run.config.data).images[:BATCH])
    latents = run.latents(BATCH, seed=seed)
    logits_from = logits_of(run.discriminator)
    fakes = run.generator(latents, training=True)
    real_logits = logits_from(to_float(real_images), training=True)
    with tf.GradientTape() as tape:
        tape.watch(fakes)
        fake_logits = logits_from(fakes, training=True)
        loss = objective_of(run.config.training).loss.generator(fake_logits, lambda: real_logits)
    return Game(
        real_images,
        tf.sigmoid(real_logits).numpy()[:, 0],
        latents,
        to_uint8(fakes),
        tf.sigmoid(fake_logits).numpy()[:, 0],
        tape.gradient(loss, fakes).numpy(),
    )


def change_pictures(gradients: np.ndarray) -> np.ndarray:
    """Draw how much each pixel of a fake matters to the loss: the length of its gradient over the channels.

    Args:
        gradients: float [N, H, W, C].

    Returns:
        uint8 [N, H, W, 1]; white is each image's 99th percentile.
    """
    lengths = np.linalg.norm(gradients, axis=-1, keepdims=True)
    white = np.percentile(lengths, 99, axis=(1, 2, 3), keepdims=True)
    return np.asarray(255 * np.minimum(lengths / np.maximum(white, 1e-30), 1), np.uint8)


def the_game(path: Path, *, seed: int = 0) -> Figure:
    """Draw real images, latents, fakes and where D asks for changes, with D's probabilities."""
    game = play(path, seed=seed)
    figure = new_figure(9, 5.4, title="One batch of training, before G and D learn from it")
    axes = figure.subplots(4, SHOWN, squeeze=False)
    changes = change_pictures(game.gradients)
    for column in range(SHOWN):
        show_image(axes[0, column], game.real_images[column])
        show_image(axes[1, column], latent_picture(game.latents[column]))
        show_image(axes[2, column], game.fake_images[column])
        show_image(axes[3, column], changes[column])
        for row, said in ((0, game.real_probabilities), (2, game.fake_probabilities)):
            _write(axes[row, column], 0.5, -0.05, f"D: {said[column]:.2f}", "center", "top")
    names = ("real images x", "latents z", "fakes G(z)", "where D\nasks G for\nchanges")
    for row, name in enumerate(names):
        _write(axes[row, 0], -0.12, 0.5, name, "right", "center")
    real, fake = game.real_probabilities.mean(), game.fake_probabilities.mean()
    means = f"over all {BATCH} of the batch: mean D(x) {real:.2f}, mean D(G(z)) {fake:.2f}"
    figure.supxlabel(means, fontsize=9, color=NOTE_COLOUR)
    return figure


def _write(axes: Axes, x: float, y: float, text: str, ha: str, va: str) -> None:
    axes.text(x, y, text, transform=axes.transAxes, ha=ha, va=va, fontsize=9, color=TEXT_COLOUR)
