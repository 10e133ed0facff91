"""What averaged weights draw, beside those that training has just reached."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import image_rows, new_figure
from dcgan_tf.errors import RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.run import Run

SHOWN, COMPARED = 9, 256
MAGNIFIED = 4
"""Differences are shown so many times as large as they are."""


@dataclass(frozen=True)
class Moments:
    """The same latents at two checkpoints, by the raw and by the averaged generator.

    Attributes:
        steps: of the two checkpoints, the earlier first.
        raw: uint8 [2, N, H, W, C].
        averaged: uint8 [2, N, H, W, C].
    """

    steps: tuple[int, int]
    raw: np.ndarray
    averaged: np.ndarray


def two_moments(path: Path, *, seed: int, num: int = COMPARED) -> Moments:
    """Draw the same latents at the last two checkpoints of a run.

    Raises:
        RunError: if it has only one.
    """
    steps = sorted(CheckpointStore(RunPaths(path).checkpoints).steps())[-2:]
    if len(steps) < 2:
        raise RunError(f"{path} has a single checkpoint; two are needed to show what changes between them")
    raw, averaged = (
        np.stack([Run.open(path, checkpoint=step, ema=ema).sample(num, seed=seed) for step in steps])
        for ema in (False, True)
    )
    return Moments((steps[0], steps[1]), raw, averaged)


def change(pair: np.ndarray) -> float:
    """Return by how many of 255 levels a pixel differs between two sets of images, on average."""
    first, second = pair.astype(np.float64)
    return float(np.abs(first - second).mean())


def averaged_weights(path: Path, *, seed: int = 1) -> Figure:
    """Draw the same latents with raw and averaged weights at two steps close to each other."""
    moments = two_moments(path, seed=seed)
    early, late = moments.steps
    figure = new_figure(9, 5.6, title="The same latents, the weights as they are and averaged")
    for axes, (name, pair) in zip(
        figure.subplots(2, 1), (("raw", moments.raw), ("averaged", moments.averaged)), strict=True
    ):
        shown = pair[:, :SHOWN]
        rows = [(f"step {step:,}", images) for step, images in zip(moments.steps, shown, strict=True)]
        image_rows(
            axes,
            [*rows, (f"difference, ×{MAGNIFIED}", difference(shown))],
            title=f"{name} weights: {late - early} steps change a pixel by {change(pair):.1f} of 255 levels",
        )
    return figure


def difference(pair: np.ndarray) -> np.ndarray:
    """Return the absolute difference of two sets of images, magnified, uint8 [N, H, W, C]."""
    first, second = pair.astype(np.int64)
    return np.asarray(np.minimum(MAGNIFIED * np.abs(first - second), 255), np.uint8)
