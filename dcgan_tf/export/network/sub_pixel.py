"""Rewrite a transposed convolution of stride 2, exactly, as convolutions and a depth-to-space.

Every pixel of the output belongs to one of four phases: even or odd row, even or odd column. The pixels of
one phase are an ordinary convolution of the input, of stride 1, with every second row and column of the
kernel. So the four phases are computed as channels, and depth-to-space lays them out (Shi et al. 2016, "Is
the deconvolution layer the same as a convolutional layer?"). Mobile runtimes run an ordinary convolution on
their fastest kernels. A transposed one, whose output shape is computed at run time, runs on the slowest.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

LANES = 16
"""Runtimes compute the outputs of a pixel in vectors of about this length; a part of one costs the same."""


@dataclass(frozen=True)
class Phases:
    """One or all four phases of the output, as a convolution.

    Attributes:
        kernel: float64 [rows, columns, inputs, phases * outputs].
        padding: zeros to add to the input, ((above, below), (left, right)); the convolution itself adds none.
    """

    kernel: np.ndarray
    padding: tuple[tuple[int, int], tuple[int, int]]


@dataclass(frozen=True)
class SubPixelForm:
    """The steps of the rewriting: convolve, join the results as channels, depth-to-space by 2, crop.

    Attributes:
        convolutions: all four phases in one, or each on its own, in the order of depth-to-space.
        crop: pixels to cut off on every side.
    """

    convolutions: tuple[Phases, ...]
    crop: int


def sub_pixel_form(kernel: np.ndarray, size: tuple[int, int]) -> SubPixelForm:
    """Rewrite a transposed convolution of stride 2 and "same" padding in the cheaper of two forms.

    Separate phases make no useless multiplications. A single convolution needs as many taps as all phases
    together (for a 5x5 kernel 36 weights instead of 25) and some more pixels if blocks are cropped. But it
    fills its vectors if there are few outputs, as in the last layer.

    Args:
        kernel: [k, k, inputs, outputs] as in `folding.Upsample`, k >= 2.
        size: (height, width) of the input.
    """
    return min((_joint(kernel), _separate(kernel)), key=lambda form: _cost(form, size))


def _separate(kernel: np.ndarray) -> SubPixelForm:
    k = len(kernel)
    convolutions = []
    for row, column in itertools.product((0, 1), repeat=2):
        rows, columns = _taps(k, (row,)), _taps(k, (column,))
        part = kernel[[_kernel_index(k, row, tap) for tap in rows]]
        part = part[:, [_kernel_index(k, column, tap) for tap in columns]]
        convolutions.append(Phases(part, (_padding(rows), _padding(columns))))
    return SubPixelForm(tuple(convolutions), crop=0)


def _joint(kernel: np.ndarray) -> SubPixelForm:
    """Compute all phases at once, with blocks shifted by a pixel if that needs fewer taps (4x4: 2, not 3)."""
    k, _, inputs, outputs = kernel.shape
    shift = min((0, 1), key=lambda pixels: len(_taps(k, (-pixels, 1 - pixels))))
    taps = _taps(k, (-shift, 1 - shift))
    blocks = np.zeros((len(taps), len(taps), inputs, 2, 2, outputs))
    for (y, row), (x, column) in itertools.product(itertools.product(taps, (0, 1)), repeat=2):
        j, i = _kernel_index(k, row - shift, y), _kernel_index(k, column - shift, x)
        if 0 <= j < k and 0 <= i < k:
            blocks[y - taps.start, x - taps.start, :, row, column] = kernel[j, i]
    padding = (-taps.start, taps[-1] + shift)
    joined = blocks.reshape(len(taps), len(taps), inputs, 4 * outputs)
    return SubPixelForm((Phases(joined, (padding, padding)),), crop=shift)


def _cost(form: SubPixelForm, size: tuple[int, int]) -> int:
    """Return the multiply-adds for each input channel, in full vectors."""
    height, width = (side + form.crop for side in size)
    weights: int = sum(
        part.kernel.shape[0] * part.kernel.shape[1] * -(-part.kernel.shape[3] // LANES)
        for part in form.convolutions
    )
    return height * width * weights


def _kernel_index(k: int, pixel: int, tap: int) -> int:
    """Return the kernel row (or column) from input q + tap to output 2q + pixel; outside [0, k) if none."""
    return pixel + (k - 2) // 2 - 2 * tap


def _taps(k: int, pixels: tuple[int, ...]) -> range:
    """Return the input pixels, relative to q, that reach any of the outputs 2q + pixel."""
    used = [tap for tap in range(-k, k) if any(0 <= _kernel_index(k, pixel, tap) < k for pixel in pixels)]
    return range(used[0], used[-1] + 1)


def _padding(taps: range) -> tuple[int, int]:
    return -taps.start, taps[-1]
