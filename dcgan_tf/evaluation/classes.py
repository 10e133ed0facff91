"""Choose the classes that a conditional generator draws when it is compared with real images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from dcgan_tf.evaluation.evaluator import SampleFunction
from dcgan_tf.evaluation.real_images import RealImages
from dcgan_tf.images import evenly_spaced


def as_trained(
    sample: Callable[..., np.ndarray], class_names: Sequence[str], real: RealImages
) -> SampleFunction:
    """Return a function that draws the classes in the shares that the real images have.

    Args:
        sample: the method of a run or an export; it takes `labels`, one for each image, if it is conditional.
        class_names: names of its classes; () if it is not conditional.
        real: the real images, whose shares are used if they have the same classes; otherwise all classes are
            drawn equally often.
    """
    if not class_names or real.labels is None or tuple(class_names) != real.label_names:
        return sample
    labels = real.labels

    def draw(num: int, *, seed: int) -> np.ndarray:
        chosen = np.resize(labels[evenly_spaced(len(labels), num)], num)
        return sample(num, seed=seed, labels=chosen)

    return draw
