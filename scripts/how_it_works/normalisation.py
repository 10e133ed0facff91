"""What batch normalisation does to a layer's channels, and to the signal that runs through many layers."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dcgan_tf import models
from dcgan_tf.analysis.figures import ACCENT_COLOUR, NOTE_COLOUR, RUN_COLOUR, new_figure, plain
from dcgan_tf.config import Config
from dcgan_tf.data import load_data
from dcgan_tf.errors import RunError
from dcgan_tf.images import to_float
from dcgan_tf.latents import sample_latents
from dcgan_tf.runs.run import Run
from how_it_works.feature_maps import stages

BATCH = 64


def channels_around(network: keras.Sequential, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the values before and after the last batch normalisation, in training mode.

    Args:
        network: moving statistics are changed.
        inputs: a batch, [N, ...].

    Returns:
        (before, after), each float32 [N * H * W, C].
    """
    places = [i for i, layer in enumerate(network.layers) if _normalises(layer)]
    before = inputs
    for layer in network.layers[: places[-1]]:
        before = _through(layer, before)
    after = _through(network.layers[places[-1]], before)
    channels = before.shape[-1]
    return np.asarray(before).reshape(-1, channels), np.asarray(after).reshape(-1, channels)


def without_normalisation(network: keras.Sequential) -> keras.Sequential:
    """Return the same network, sharing its weights, with its batch normalisation left out."""
    kept = [layer for layer in network.layers if not _normalises(layer)]
    return keras.Sequential([network.inputs[0], *kept])


def spreads(network: keras.Sequential, inputs: np.ndarray) -> list[float]:
    """Return the standard deviation of the values behind each stage, in training mode."""
    values, found = inputs, []
    for stage in stages(network):
        for layer in stage.layers:
            values = _through(layer, values)
        found.append(float(np.std(np.asarray(values))))
    return found


def batch_normalisation(run: Run, *, seed: int = 0) -> Figure:
    """Draw D's channels before and after a normalisation, and G's signal with and without any.

    Raises:
        RunError: if a network of the run has no batch norm.
    """
    model = run.config.model
    if not model.discriminator_norm == model.generator_norm == "batch":
        raise RunError(f"{run.path} has no batch norm in both networks; draw this figure from another run")
    images = np.asarray(load_data(run.config.data).images[:BATCH])
    figure = new_figure(9, 3.9, title="Batch norm brings every channel to one scale")
    left, right = figure.subplots(1, 2)
    _draw_channels(left, *channels_around(run.discriminator, to_float(images)))
    _draw_spreads(right, run.config, seed=seed)
    return figure


def _draw_channels(axes: Axes, before: np.ndarray, after: np.ndarray) -> None:
    """Draw each channel as a point: its mean and its spread over the batch."""
    for values, label, colour in ((before, "before", ACCENT_COLOUR), (after, "after", RUN_COLOUR)):
        axes.scatter(values.mean(axis=0), values.std(axis=0), 9, color=colour, label=label, alpha=0.7)
    axes.axvline(0, color=NOTE_COLOUR, linewidth=0.8, linestyle=":")
    axes.axhline(1, color=NOTE_COLOUR, linewidth=0.8, linestyle=":")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8, loc="lower right", title="batch norm", title_fontsize=8)
    plain(
        axes,
        title=f"the {before.shape[1]} channels of D's last hidden layer",
        x="mean over a batch of real images",
        y="standard deviation",
    )


def _draw_spreads(axes: Axes, config: Config, *, seed: int) -> None:
    network = models.build_generator(config)
    z = np.asarray(sample_latents(BATCH, config.model.latent_dim, seed=seed))
    bare = without_normalisation(network)
    names = [stage.shape for stage in stages(network)]
    for each, label, colour in ((network, "with batch norm", RUN_COLOUR), (bare, "without", ACCENT_COLOUR)):
        values = spreads(each, z)
        axes.semilogy(range(len(values)), values, "o-", color=colour, label=label)
        axes.annotate(
            f"{values[-1]:.1g}",
            (len(values) - 1, values[-1]),
            textcoords="offset points",
            xytext=(0, 7),
            ha="center",
            fontsize=8,
            color=colour,
        )
    axes.set_xticks(range(len(names)), names, rotation=20)
    axes.margins(y=0.15)
    axes.legend(frameon=False, fontsize=8, labelcolor=NOTE_COLOUR)
    plain(axes, title="an untrained G: spread behind each layer", y="standard deviation")


def _through(layer: keras.Layer, values: np.ndarray) -> np.ndarray:
    """Apply a layer as training does."""
    return np.asarray(layer(values, training=True) if _normalises(layer) else layer(values))


def _normalises(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)
