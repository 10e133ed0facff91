"""The way of one sample through both networks: the shape behind each layer, and some of the feature maps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from matplotlib.figure import Figure, SubFigure

from dcgan_tf.analysis.figures import NOTE_COLOUR, RUN_COLOUR, TEXT_COLOUR, new_figure
from dcgan_tf.images import grid, to_float, to_uint8
from dcgan_tf.runs.run import Run
from how_it_works.pictures import latent_picture, liveliest

ENDS = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.Activation)


@dataclass(frozen=True)
class Stage:
    """Some layers up to an activation, and what comes out of them.

    Attributes:
        layers: in order; the last is the activation.
    """

    layers: tuple[keras.Layer, ...]

    @property
    def shape(self) -> str:
        """The shape of one sample's output, such as "8×8×64"."""
        return "×".join(str(side) for side in self.layers[-1].output.shape[1:])

    @property
    def what(self) -> str:
        """The layers in words, one on each line."""
        return "\n".join(filter(None, map(describe, self.layers)))


def stages(network: keras.Sequential) -> list[Stage]:
    """Cut a network into stages, each ending in an activation."""
    found: list[Stage] = []
    pending: list[keras.Layer] = []
    for layer in network.layers:
        pending.append(layer)
        if isinstance(layer, ENDS):
            found.append(Stage(tuple(pending)))
            pending = []
    return found


def describe(layer: keras.Layer) -> str:
    """Name a layer as the text does; nothing for those that only reshape."""
    if isinstance(layer, keras.layers.Conv2DTranspose | keras.layers.Conv2D):
        kind = "transposed conv" if isinstance(layer, keras.layers.Conv2DTranspose) else "convolution"
        kernel = "×".join(map(str, layer.kernel_size))
        stride = f", stride {layer.strides[0]}" if layer.strides[0] > 1 else ""
        return f"{kind} {kernel}{stride}"
    if isinstance(layer, keras.layers.BatchNormalization):
        return "batch norm"
    if isinstance(layer, keras.layers.Activation):
        return str(layer.activation.__name__)
    return type(layer).__name__ if isinstance(layer, ENDS) else ""


def outputs_of(network: keras.Sequential, inputs: np.ndarray) -> list[np.ndarray]:
    """Return what each stage makes of one input, [1, ...], in inference mode."""
    several = keras.Model(network.inputs, [stage.layers[-1].output for stage in stages(network)])
    return [np.asarray(output)[0] for output in several([inputs], training=False)]


def feature_maps(run: Run, *, seed: int = 0) -> Figure:
    """Draw one sample's way from z to the image and on to D's probability."""
    z = run.latents(1, seed=seed)
    made = outputs_of(run.generator, z)
    image = to_uint8(made[-1])
    seen = outputs_of(run.discriminator, to_float(image)[None])
    figure = new_figure(9, 4.9)
    above, below = figure.subfigures(2, 1, squeeze=False)[:, 0]
    _draw_way(
        above,
        "G draws: the side doubles, the channels halve",
        [(latent_picture(z[0]), f"z: {z.shape[1]} numbers", "")]
        + [
            (_nine(maps), stage.shape, stage.what)
            for maps, stage in zip(made[:-1], stages(run.generator), strict=False)
        ]
        + [(image, _shape(image), stages(run.generator)[-1].what)],
    )
    *hidden, (last, judge) = zip(seen, stages(run.discriminator), strict=True)
    _draw_way(
        below,
        "D looks: the side halves, the channels double",
        [(image, _shape(image), "")]
        + [(_nine(maps), stage.shape, stage.what) for maps, stage in hidden]
        + [(np.full((1, 1, 1), 255, np.uint8), "D(G(z))", judge.what)],
    )
    below.axes[-1].text(
        0.5, 0.5, f"{last.item():.2f}", ha="center", va="center", fontsize=16, color=TEXT_COLOUR
    )
    return figure


def _nine(maps: np.ndarray) -> np.ndarray:
    """Return the nine liveliest feature maps in one picture."""
    return grid(liveliest(maps, 9), columns=3, gap=1)


def _shape(image: np.ndarray) -> str:
    return "×".join(map(str, image.shape))


def _draw_way(figure: SubFigure, title: str, steps: Sequence[tuple[np.ndarray, str, str]]) -> None:
    """Draw pictures of one size from left to right, above each its shape, below it what made it."""
    figure.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold", color=TEXT_COLOUR)
    for i, (axes, (picture, shape, what)) in enumerate(
        zip(figure.subplots(1, len(steps)), steps, strict=True)
    ):
        height, width = (side / max(picture.shape[:2]) for side in picture.shape[:2])
        axes.imshow(_rgb(picture), interpolation="nearest", extent=(0, width, 0, height))
        axes.text(width / 2, height + 0.05, shape, ha="center", va="bottom", fontsize=10, color=TEXT_COLOUR)
        axes.text(width / 2, -0.06, what, ha="center", va="top", fontsize=8, color=NOTE_COLOUR)
        if i:
            arrow = {"arrowstyle": "-|>", "color": RUN_COLOUR, "linewidth": 1.5}
            axes.annotate("", (-0.02, height / 2), (-0.26, height / 2), arrowprops=arrow)
        axes.set_xlim(-0.28, 1.02)
        axes.set_ylim(-0.5, 1.2)
        axes.set_aspect("equal")
        axes.set_axis_off()


def _rgb(picture: np.ndarray) -> np.ndarray:
    return np.broadcast_to(picture, (*picture.shape[:2], 3))
