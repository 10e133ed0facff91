"""A transposed convolution as stamps that add up, its four phases, and the checkerboards of odd kernels."""

from __future__ import annotations

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from dcgan_tf import models
from dcgan_tf.analysis.figures import NOTE_COLOUR, TEXT_COLOUR, new_figure, show_image
from dcgan_tf.config import preset
from dcgan_tf.latents import sample_latents
from how_it_works.pictures import grey, numbers

STRIDE = 2
INPUTS = np.array([[1, 2], [3, 1]])
KERNEL = np.outer([1, 2, 2, 1], [1, 2, 2, 1])
INPUT_COLOURS = np.array([["#cfe1f5", "#fbdcb8"], ["#cdeacb", "#e6d3ee"]])
PHASE_COLOURS = np.array([["#9fc5ee", "#f7bd84"], ["#98d3a0", "#cba9dd"]])
KERNEL_SIZES = (2, 3, 4, 5)


def stamps(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return what each input value adds to the output: the kernel times the value, two pixels further on.

    Args:
        inputs: [h, w].
        kernel: [k, k].

    Returns:
        [h, w, 2 (h - 1) + k, 2 (w - 1) + k]: one whole canvas for each input value.
    """
    (h, w), k = inputs.shape, len(kernel)
    canvases = np.zeros((h, w, STRIDE * (h - 1) + k, STRIDE * (w - 1) + k), np.result_type(inputs, kernel))
    for (i, j), value in np.ndenumerate(inputs):
        canvases[i, j, STRIDE * i : STRIDE * i + k, STRIDE * j : STRIDE * j + k] = value * kernel
    return canvases


def same(canvas: np.ndarray, kernel_size: int) -> np.ndarray:
    """Cut a canvas, [2 (h - 1) + k, ...], to twice the input, [2h, ...], as padding "same" does."""
    height, width = (side + STRIDE - kernel_size for side in canvas.shape)
    first = crop(kernel_size)
    return canvas[first : first + height, first : first + width]


def crop(kernel_size: int) -> int:
    """Return how many rows, and columns, padding "same" cuts off at the start."""
    return (kernel_size - STRIDE) // 2


def by_keras(inputs: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Return what Keras' layer makes of them, float32 [2h, 2w]."""
    layer = keras.layers.Conv2DTranspose(1, len(kernel), strides=STRIDE, padding="same", use_bias=False)
    layer.build((None, *inputs.shape, 1))
    layer.set_weights([kernel[:, :, None, None]])
    return np.asarray(layer(inputs[None, :, :, None].astype(np.float32)))[0, :, :, 0]


def kernel_phases(kernel_size: int) -> np.ndarray:
    """Return which output pixels each weight of the kernel reaches.

    Returns:
        int [k, k, 2]: 0 for the even rows (then columns) of the output, 1 for the odd ones.
    """
    phase = (np.arange(kernel_size) - crop(kernel_size)) % STRIDE
    return np.stack(np.meshgrid(phase, phase, indexing="ij"), axis=-1)


def transposed_convolution() -> Figure:
    """Draw how 2x2 values become 4x4: the stamps, their sum, the crop, and the phases."""
    figure = new_figure(9, 7.6, title="A transposed convolution: kernel 4×4, stride 2, padding “same”")
    above, middle, below = figure.subfigures(3, 1, height_ratios=[4.4, 6.2, 6.4], squeeze=False)[:, 0]
    first, second, text = above.subplots(1, 3, width_ratios=[1, 2, 5])
    numbers(first, INPUTS, INPUT_COLOURS, title="input, 2×2")
    numbers(second, KERNEL, np.full(KERNEL.shape, "#f1f3f5"), title="kernel, 4×4")
    text.set_axis_off()
    text.text(0, 0.5, EXPLANATION, fontsize=9, color=TEXT_COLOUR, va="center", linespacing=1.6, wrap=True)
    canvases = stamps(INPUTS, KERNEL)
    for axes, (i, j) in zip(middle.subplots(1, 4), np.ndindex(INPUTS.shape), strict=True):
        colours = np.full(canvases.shape[2:], INPUT_COLOURS[i, j])
        numbers(axes, canvases[i, j], colours, title=f"{INPUTS[i, j]} × kernel", blank_zeros=True)
    _draw_sum(below, canvases.sum(axis=(0, 1)))
    return figure


EXPLANATION = (
    "Each input value multiplies the whole kernel and stamps it\n"
    "on a canvas; its neighbour stamps two pixels further on.\n"
    "Where stamps overlap, they add up. Padding “same” cuts the\n"
    "edge off, so that height and width have exactly doubled."
)


def _draw_sum(figure: Figure, canvas: np.ndarray) -> None:
    total, output, weights = figure.subplots(1, 3, width_ratios=[6, 4, 4])
    numbers(total, canvas, np.full(canvas.shape, "#f1f3f5"), title="the four stamps added; the frame is kept")
    start, side = crop(len(KERNEL)) - 0.5, STRIDE * len(INPUTS)
    total.add_patch(Rectangle((start, start), side, side, fill=False, edgecolor=TEXT_COLOUR, linewidth=2))
    result = by_keras(INPUTS, KERNEL)
    rows, columns = np.indices(result.shape) % STRIDE
    numbers(output, result, PHASE_COLOURS[rows, columns], title="output, 4×4: what Keras computes")
    phases = kernel_phases(len(KERNEL))
    numbers(weights, KERNEL, PHASE_COLOURS[phases[..., 0], phases[..., 1]], title="the kernel's four phases")
    note = "an output pixel adds up inputs, each\ntimes a weight of its own colour"
    weights.text(-0.5, 3.75, note, fontsize=8, color=NOTE_COLOUR, va="top")


def checkerboards(*, seed: int = 0) -> Figure:
    """Draw how many stamps meet in each pixel, and what that does to untrained generators."""
    figure = new_figure(9, 5.2, title="Kernels that stride 2 does not divide leave a checkerboard")
    axes = figure.subplots(2, len(KERNEL_SIZES))
    for column, k in enumerate(KERNEL_SIZES):
        counts = stamps_per_pixel(k)
        numbers(axes[0, column], counts, _shades(counts), title=f"kernel {k}×{k}: stamps per pixel")
        show_image(axes[1, column], grey(spread_of_untrained(k, seed=seed))[..., None])
    heading = axes[1, 0].text(
        0,
        1.06,
        "an untrained G with that kernel: how much each pixel varies from image to image (bright: more)",
        transform=axes[1, 0].transAxes,
        fontsize=9,
        color=TEXT_COLOUR,
    )
    heading.set_in_layout(False)  # it runs over the other columns
    return figure


def _shades(counts: np.ndarray) -> np.ndarray:
    """Return the colours of counts, strings: the more, the darker a blue."""
    blues = colormaps["Blues"](0.05 + 0.5 * counts / counts.max())
    return np.array([to_hex(blue) for blue in blues.reshape(-1, 4)]).reshape(counts.shape)


def stamps_per_pixel(kernel_size: int, side: int = 4) -> np.ndarray:
    """Return how many stamps meet in each output pixel of a side x side input, float32 [2 side, 2 side]."""
    return by_keras(np.ones((side, side)), np.ones((kernel_size, kernel_size)))


def spread_of_untrained(kernel_size: int, *, seed: int, num: int = 256) -> np.ndarray:
    """Return the standard deviation of each pixel over samples of an untrained generator, [32, 32]."""
    config = preset("quick", kernel_size=kernel_size, seed=seed)
    z = sample_latents(num, config.model.latent_dim, seed=seed)
    images = np.asarray(models.build_generator(config)(z, training=True))
    return np.asarray(images.std(axis=0).mean(axis=-1))
