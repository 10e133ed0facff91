"""Draw the paper's table on MNIST: samples, and the errors beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis import NOTE_COLOUR, RUN_COLOUR, bar_chart, new_figure, show_image
from dcgan_tf.data import ImageSet
from dcgan_tf.images import grid

_COLUMNS = 8


def draw(sets: Mapping[str, ImageSet], errors: Mapping[str, float], paper: Mapping[str, float]) -> Figure:
    """Draw one row of images for each class of each set, and the errors.

    Args:
        sets: {name: images with labels}.
        errors: {name: share of test images that are classified wrongly}.
        paper: the same in the paper.
    """
    figure = new_figure(13, 4.6, title="MNIST: samples with labels in the place of training images")
    *pictures, chart = figure.subplots(1, len(sets) + 1, width_ratios=[1] * len(sets) + [1.25])
    for axes, (name, labelled) in zip(pictures, sets.items(), strict=True):
        show_image(axes, _rows(labelled), title=name)
    bar_chart(
        chart,
        list(errors),
        {"here": [100 * errors[name] for name in errors], "paper": [100 * paper[name] for name in errors]},
        title="1-NN error on the test images, %",
        percent=False,
        number=".2f",
        colours=(RUN_COLOUR, NOTE_COLOUR),
    )
    return figure


def _rows(labelled: ImageSet) -> np.ndarray:
    """Return a grid with the first images of each class in its row, uint8 [H, W, C]."""
    labels = np.asarray(labelled.labels)
    rows = [np.flatnonzero(labels == label)[:_COLUMNS] for label in range(len(labelled.label_names))]
    columns = min(map(len, rows))
    chosen = np.concatenate([row[:columns] for row in rows])
    return grid(np.asarray(labelled.images[chosen]), columns=columns)
