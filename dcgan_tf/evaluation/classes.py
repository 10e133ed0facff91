"""Which classes a conditional generator is told to draw where it is held against real images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dcgan_tf.evaluation.evaluator import SampleFunction
from dcgan_tf.evaluation.real_images import RealImages
from dcgan_tf.images import evenly_spaced


def as_trained(
    sample: Callable[..., np.ndarray], class_names: Sequence[str], real: RealImages
) -> SampleFunction:
    """Return what draws as many images of each class as there are among the real ones.

    Args:
        sample: of a run or an export; takes `labels`, one for each image, if it is conditional.
        class_names: that it must be told; () if it is not conditional.
        real: gives the shares of the classes, if they are the same; otherwise all are drawn in turn.
    """
    if not class_names or real.labels is None or tuple(class_names) != real.label_names:
        return sample
    labels = real.labels

    def draw(num: int, *, seed: int) -> np.ndarray:
        chosen = np.resize(labels[evenly_spaced(len(labels), num)], num)
        return sample(num, seed=seed, labels=chosen)

    return draw
