"""Where images come from. `load` turns a `--data SPEC` into an `ImageSet`, whatever the source."""

from __future__ import annotations

import functools
import logging
from pathlib import Path

from dcgan_tf.config import DataConfig
from dcgan_tf.data.folders.remarks import say_once
from dcgan_tf.data.image_set import ImageSet

__all__ = ["ImageSet", "load"]

_LOGGER = logging.getLogger("dcgan_tf")


def load(config: DataConfig, *, split: str | None = None) -> ImageSet:
    """Return the images that `config.spec` names, prepared and cached.

    Args:
        config: the settings under `data`.
        split: another split than `config.split`, such as the held-out one.

    Returns:
        An `ImageSet` of uint8 [N, H, W, C] with the size and channels that `config` asks for.

    Raises:
        DataError: if the spec names nothing that exists; says what was looked for and where.
    """
    image_set = _load(config, split or config.split)
    for remark in image_set.remarks:
        say_once(f"{config.spec}: {remark}")
    return image_set


def _load(config: DataConfig, split: str) -> ImageSet:
    if config.spec == "portraits":
        from dcgan_tf.data import portraits

        _say_which(config.spec)
        return portraits.load(config, split=split)
    if config.spec == "digits":
        from dcgan_tf.data import digits

        _say_which(config.spec)
        return digits.load(config, split=split)
    if config.spec.startswith("tfds:"):
        from dcgan_tf.data import tfds

        return tfds.load(config, split=split)
    from dcgan_tf.data import image_folder

    return image_folder.load(config, split=split)


@functools.cache
def _say_which(spec: str) -> None:
    """Say, once, that a built-in source is read rather than the folder of the same name."""
    if Path(spec).is_dir():
        _LOGGER.warning(
            "%s is the built-in data, not the folder of that name in %s; for that, give ./%s",
            spec,
            Path.cwd(),
            spec,
        )
