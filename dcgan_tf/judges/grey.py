"""A second judge that sees no colours, to recognise things by shape alone.

The classifier has never seen a purple crown, and may not recognise it. A generator without some feature maps
draws such things. So a test of what it has forgotten needs a judge that looks at shapes.
"""

from __future__ import annotations

import dataclasses

import numpy as np

from dcgan_tf.data import ImageSet
from dcgan_tf.images import luminance
from dcgan_tf.judges.classifier import Classifier, trained_classifier

_AT_ONCE = 2000


def shape_judge(
    train: ImageSet, held_out: ImageSet | None, *, cache_dir: str | None = None
) -> Classifier | None:
    """Return a classifier of the images in grey, trained once and cached; None if they are grey already.

    Args:
        train: images with attributes.
        held_out: images to measure its quality on; None takes a tenth of `train`.
        cache_dir: folder of the cache.
    """
    if train.images.shape[-1] == 1:
        return None
    others = held_out and _in_grey(held_out)
    # A share of the same images is known by being the same object.
    own = others if held_out is train.held_out else None
    in_grey = dataclasses.replace(_in_grey(train), held_out=own)
    return trained_classifier(in_grey, others, cache_dir=cache_dir)


def grey(images: np.ndarray) -> np.ndarray:
    """Return images in grey, uint8 [N, H, W, 3] to [N, H, W, 1].

    It works on a part at a time, since the images may be memory-mapped.
    """
    parts = [
        luminance(np.asarray(images[start : start + _AT_ONCE])) for start in range(0, len(images), _AT_ONCE)
    ]
    return np.concatenate(parts)


def _in_grey(images: ImageSet) -> ImageSet:
    return dataclasses.replace(
        images,
        name=f"{images.name}-grey",
        images=grey(images.images),
        fingerprint=f"{images.fingerprint}-grey",
    )
