"""Where images come from. `load` turns a `--data SPEC` into an `ImageSet`, whatever the source."""

from __future__ import annotations

from pathlib import Path

from dcgan_tf.config import DataConfig
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import DataError

__all__ = ["ImageSet", "load"]


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
    split = split or config.split
    if config.spec == "portraits":
        from dcgan_tf.data import portraits

        return portraits.load(config, split=split)
    if config.spec == "digits":
        from dcgan_tf.data import digits

        return digits.load(config, split=split)
    if config.spec.startswith("tfds:"):
        from dcgan_tf.data import tfds

        return tfds.load(config, split=split)
    if Path(config.spec).expanduser().is_dir():
        from dcgan_tf.data import image_folder

        return image_folder.load(config, split=split)
    raise DataError(
        "data must be portraits, digits, tfds:NAME, or an existing folder of images, "
        f"received {config.spec!r}"
    )
