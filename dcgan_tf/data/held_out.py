"""Find the images that a run never saw: those that were held out, or another split of the source."""

from __future__ import annotations

import re
from dataclasses import replace

from dcgan_tf.config import DataConfig
from dcgan_tf.data.folder.splits import split_of
from dcgan_tf.data.image_set import HELD_OUT, ImageSet, MissingSplitError
from dcgan_tf.data.load import load_data, sizes
from dcgan_tf.errors import DataError

SPLITS = ("test", "validation", "val", "valid", "train")


def held_out_images(config: DataConfig, train: ImageSet) -> tuple[str, ImageSet] | None:
    """Return (split, images) of the same source that are not trained on; None if it has none.

    Args:
        config: settings of the training images.
        train: the training images.

    Raises:
        DataError: if an existing split cannot be read; training images must not replace it without notice.
    """
    if train.held_out is not None:
        return HELD_OUT, train.held_out
    for split in _beside(config.split):
        try:
            found = load_data(replace(config, split=split))
        except MissingSplitError:
            continue
        if found.fingerprint != train.fingerprint:
            return split, found
    return None


def num_unseen(config: DataConfig, train: ImageSet) -> int | None:
    """Return the number of images that `held_out_images` returns, without preparing another split.

    Args:
        config: settings of the training images.
        train: the training images.

    Returns:
        The number; 0 if the source has no others, None if an error in the source hides whether it has.
    """
    if train.held_out is not None:
        return len(train.held_out)
    try:
        return next(iter(sizes(config, splits=_beside(config.split)).values()), 0)
    except DataError:  # who asks for these images is told what is wrong
        return None


def why_no_test(config: DataConfig) -> str:
    """Return in brackets why the split "test" is missing; "" if it exists, or overlaps."""
    if "test" in _beside(config.split):
        try:
            load_data(replace(config, split="test"))
        except MissingSplitError as error:
            return f" (test: {error})"
    return ""


def _beside(split: str) -> list[str]:
    """Return the splits that may have other images than this one; the rest of a slice comes last.

    train[:90%] and train+test share images with train, and "all" shares images with every other.
    """
    if "all" in re.findall(r"\w+", split):
        return []
    others = [other for other in SPLITS if other not in split and split_of(other) != split_of(split)]
    if sliced := re.fullmatch(r"(\w+)\[:([^:\[\]]+)\]", split):
        others.append(f"{sliced[1]}[{sliced[2]}:]")
    return others
