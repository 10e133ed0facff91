"""The losses of the generator and their gradients, and what is lost where they start from probabilities."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    NOTE_COLOUR,
    RUN_COLOUR,
    new_figure,
    plain,
)
from dcgan_tf.training.objective import losses

Loss = Callable[[tf.Tensor], tf.Tensor]


def values_and_gradients(loss: Loss, logits: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a loss and its derivative with respect to the logit, by automatic differentiation.

    Args:
        loss: per image, [N, 1] to [N, 1].
        logits: float [N].

    Returns:
        (values float32 [N], derivatives float32 [N]).
    """
    inputs = tf.constant(logits[:, None], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        values = loss(inputs)
    return values.numpy()[:, 0], tape.gradient(values, inputs).numpy()[:, 0]


def from_probability(logits: tf.Tensor) -> tf.Tensor:
    """-log(1 - D(G(z))) as the formula stands: `discriminator_fake_loss`, from D's probability."""
    return -tf.math.log(1 - tf.sigmoid(logits))


def from_clipped_probability(logits: tf.Tensor) -> tf.Tensor:
    """-log(1 - D(G(z))) by Keras' cross-entropy, which keeps probabilities away from 0 and 1."""
    probabilities = tf.sigmoid(logits)
    cross_entropy = keras.losses.BinaryCrossentropy(from_logits=False, reduction=None)
    return cross_entropy(tf.zeros_like(probabilities), probabilities)[:, None]


def generator_losses() -> Figure:
    """Draw both losses of the generator, and how hard each pulls at the logit of a fake."""
    logits = np.linspace(-8, 8, 321)
    figure = new_figure(9, 3.7, title="What G is told about a fake, by D's logit for it")
    heights, pulls = figure.subplots(1, 2)
    for name, loss, colour in (
        ("non_saturating", losses.non_saturating_loss, RUN_COLOUR),
        ("minimax", losses.minimax_loss, ACCENT_COLOUR),
    ):
        values, gradients = values_and_gradients(loss, logits)
        heights.plot(logits, values, color=colour, linewidth=2, label=name)
        pulls.plot(logits, -gradients, color=colour, linewidth=2, label=name)
    for axes in (heights, pulls):
        axes.axvspan(-8, -4, color=CONTROL_COLOUR, alpha=0.25, linewidth=0)
        _probability_axis(axes)
    heights.legend(frameon=False, fontsize=9, loc="upper right")
    heights.text(-7.8, -7.4, "D sees through\nthe fake", fontsize=8, color=NOTE_COLOUR)
    plain(heights, title="the loss", x="D's logit for G(z)")
    plain(pulls, title="the pull: minus its derivative", x="D's logit for G(z)")
    pulls.text(-7.9, 1.02, "non_saturating: near 1", fontsize=8, color=RUN_COLOUR)
    pulls.text(-7.9, 0.03, "minimax: near 0", fontsize=8, color=ACCENT_COLOUR)
    pulls.set_ylim(-0.02, 1.1)
    return figure


def losses_from_logits() -> Figure:
    """Draw the discriminator's loss for fakes that fool it, computed in three ways in float32."""
    logits = np.linspace(8, 24, 641)
    figure = new_figure(9, 3.4, title="−log(1 − D(G(z))) in float32, computed in three ways")
    heights, slopes = figure.subplots(1, 2)
    ways: list[tuple[str, Loss, str, float]] = [
        ("from the logit: softplus", losses.discriminator_fake_loss, RUN_COLOUR, 4),
        ("from the probability", from_probability, ACCENT_COLOUR, 1.6),
        ("from the clipped probability", from_clipped_probability, "#3a9d5d", 1.6),
    ]
    for name, loss, colour, width in ways:
        values, gradients = values_and_gradients(loss, logits)
        alpha = 0.35 if width > 2 else 1.0
        heights.plot(
            logits, np.where(np.isfinite(values), values, np.nan), colour, linewidth=width, alpha=alpha
        )
        slopes.plot(logits, gradients, colour, linewidth=width, alpha=alpha, label=name)
    end = last_finite(from_probability, logits)
    for axes in (heights, slopes):
        axes.axvline(end, color=ACCENT_COLOUR, linewidth=0.8, linestyle=":")
    slopes.text(
        end + 0.2,
        0.5,
        "from here the probability is 1,\nthe loss infinite, its derivative\nnot a number",
        fontsize=8,
        color=ACCENT_COLOUR,
        va="center",
    )
    plain(heights, title="the loss", x="D's logit")
    plain(slopes, title="its derivative", x="D's logit")
    handles, labels = slopes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=3, frameon=False, fontsize=9)
    return figure


def last_finite(loss: Loss, logits: np.ndarray) -> float:
    """Return the largest of the ascending logits at which the loss and its derivative are finite."""
    values, gradients = values_and_gradients(loss, logits)
    return float(logits[np.isfinite(values) & np.isfinite(gradients)].max())


def _probability_axis(axes: Axes) -> None:
    """Name the probabilities that belong to the logits, inside the upper edge."""
    upper = axes.secondary_xaxis("top")
    probabilities = np.array([0.001, 0.02, 0.5, 0.98, 0.999])
    upper.set_xticks(np.log(probabilities / (1 - probabilities)), [f"{p:g}" for p in probabilities])
    upper.tick_params(labelsize=7, colors=NOTE_COLOUR, length=2)
    upper.spines["top"].set_visible(False)
    upper.set_xlabel("D(G(z))", fontsize=8, color=NOTE_COLOUR)
