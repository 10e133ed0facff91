"""Generators to write pages of, and facts to write on them."""

from __future__ import annotations

import itertools

import numpy as np

from dcgan_tf.export.network.folding import Dense, FoldedGenerator, Upsample

FACTS = {
    "name": "faces",
    "data": "portraits",
    "step": 1234,
    "latent_dim": 12,
    "latent_distribution": "normal",
}


def random_generator(
    *,
    kernel_size: int = 4,
    filters: int = 8,
    channels: int = 3,
    first: tuple[int, int] = (4, 4),
    upsamples: int = 2,
    num_classes: int = 0,
) -> FoldedGenerator:
    """Return a generator whose pictures use the whole range of levels."""
    numbers = np.random.default_rng(kernel_size)
    widths = [filters * 2**i for i in reversed(range(upsamples))] + [channels]
    units = first[0] * first[1] * widths[0]
    dense = Dense(
        0.4 * numbers.normal(size=(12 + num_classes, units)), 0.2 * numbers.normal(size=units), relu=True
    )
    layers = []
    for i, (inputs, outputs) in enumerate(itertools.pairwise(widths)):
        kernel = numbers.normal(size=(kernel_size, kernel_size, inputs, outputs))
        kernel *= np.sqrt(8 / (kernel_size**2 * inputs))
        layers.append(Upsample(kernel, 0.2 * numbers.normal(size=outputs), relu=i < upsamples - 1))
    return FoldedGenerator((dense,), (*first, widths[0]), tuple(layers), num_classes)


def fully_connected(*, num_classes: int = 0) -> FoldedGenerator:
    """Return the GAN without convolutions, its last layer making 7 x 5 pixels of 3 channels."""
    numbers = np.random.default_rng(0)
    sizes = [12 + num_classes, 10, 9, 7 * 5 * 3]
    dense = [
        Dense(numbers.normal(size=(i, o)) * 0.4, numbers.normal(size=o) * 0.2, relu=o < 100)
        for i, o in itertools.pairwise(sizes)
    ]
    return FoldedGenerator(tuple(dense), (7, 5, 3), (), num_classes)


CLASSES = ["cat", "dog", "an <b>animal</b> whose name is far too long for the side of any telephone there is"]
