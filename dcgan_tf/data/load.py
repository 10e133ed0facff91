"""`load_data`, which turns any `--data SPEC` into an `ImageSet`."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from dcgan_tf.config import BUILT_IN_DATA, DataConfig
from dcgan_tf.data.folder.remarks import say_once
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import ArgumentError

_LOGGER = logging.getLogger("dcgan_tf")


class DatasetReader(Protocol):
    """What a module does that reads datasets by name."""

    def load(self, config: DataConfig, *, split: str) -> ImageSet:
        """Return the images of a split, prepared and cached."""

    def sizes(self, config: DataConfig, *, splits: Sequence[str]) -> dict[str, int]:
        """Return {split: number of images} for the splits that exist."""

    def first_images(self, config: DataConfig, num: int) -> Sequence[Path | bytes]:
        """Return the first images as they are stored, encoded."""


def load_data(config: DataConfig, *, split: str | None = None) -> ImageSet:
    """Return the images that `config.spec` names, prepared and cached.

    Args:
        config: the settings under `data`.
        split: another split than `config.split`, such as the held-out one.

    Returns:
        An `ImageSet` of uint8 [N, H, W, C] with the size and channels that `config` asks for.

    Raises:
        ArgumentError: if `config` is anything but these settings, such as a spec or a whole `Config`.
        DataError: if the spec names nothing that exists; it says what was looked for and where.
    """
    if not isinstance(config, DataConfig):
        raise ArgumentError(
            'expected the settings of the data, such as config.data or DataConfig(spec="digits"), received '
            f"{config!r:.80}"
        )
    image_set = _load(config, split or config.split)
    for remark in image_set.remarks:
        say_once(f"{config.spec}: {remark}")
    return image_set


def sizes(config: DataConfig, *, splits: Sequence[str]) -> dict[str, int]:
    """Return {split: number of images} for the splits that exist, without preparing them.

    Args:
        config: the settings under `data`.
        splits: names of splits; the result is in their order.

    Raises:
        DataError: if the spec names nothing that exists, or the splits are unclear.
    """
    if config.spec in BUILT_IN_DATA:
        from dcgan_tf.data import digits
        from dcgan_tf.data.portraits import portraits

        built_in = {"portraits": portraits.SPLITS, "digits": digits.SPLITS}[config.spec]
        return {split: built_in[split] for split in splits if split in built_in}
    if dataset := dataset_reader(config.spec):
        return dataset.sizes(config, splits=splits)
    from dcgan_tf.data.folder import loading

    return loading.sizes(config, splits=splits)


def dataset_reader(spec: str) -> DatasetReader | None:
    """Return the module that reads a dataset by its name, or None if the spec is no such name."""
    if spec.startswith("tfds:"):
        from dcgan_tf.data import tfds

        return tfds
    if spec.startswith("hf:"):
        from dcgan_tf.data import hf

        return hf
    return None


def _load(config: DataConfig, split: str) -> ImageSet:
    if config.spec == "portraits":
        from dcgan_tf.data.portraits import portraits

        _say_which(config.spec)
        return portraits.load(config, split=split)
    if config.spec == "digits":
        from dcgan_tf.data import digits

        _say_which(config.spec)
        return digits.load(config, split=split)
    if dataset := dataset_reader(config.spec):
        return dataset.load(config, split=split)
    from dcgan_tf.data.folder import loading

    return loading.load(config, split=split)


@functools.cache
def _say_which(spec: str) -> None:
    """Log once that a built-in source is read, and not the folder of the same name."""
    if Path(spec).is_dir():
        _LOGGER.warning(
            "%s is the built-in data, not the folder of that name in %s; write ./%s for the folder",
            spec,
            Path.cwd(),
            spec,
        )
