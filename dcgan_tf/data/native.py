"""The pictures as they are at their source: how large, and whether they are grey."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data.decoding.decode import UnreadableImageError, decode, header
from dcgan_tf.data.load import dataset_reader
from dcgan_tf.errors import DataError
from dcgan_tf.images import evenly_spaced

LOOKED_AT = 64
_SIDE = 32  # of the copies in which colours are looked for
_GREY_WITHIN = 6  # levels: JPEG stores grey pictures as colour with errors of a few


@dataclass(frozen=True)
class NativeForm:
    """What the pictures are before they are resized.

    Attributes:
        size: (height, width) in pixels: of each picture if they are all alike, else the medians; None if they
            are drawn at any size.
        alike: whether all pictures that were looked at have that size.
        grey: whether none of them has a colour.
    """

    size: tuple[int, int] | None
    alike: bool
    grey: bool


def native_form(config: DataConfig) -> NativeForm:
    """Return what the pictures of a source are, from up to 64 of them.

    Args:
        config: `spec`, `split` and `data_dir` are used.

    Raises:
        DataError: if the spec names nothing that exists, or none of these pictures can be read.
    """
    if config.spec == "portraits":
        return NativeForm(None, alike=True, grey=False)
    if config.spec == "digits":
        return NativeForm((8, 8), alike=True, grey=True)
    sizes, grey, sources = [], True, list(_some(config))
    for source in sources:
        try:
            size, is_grey = header(source)
            grey = grey and (is_grey or _has_no_colour(source))
        except UnreadableImageError:
            continue
        sizes.append(size)
    if not sizes:
        raise DataError(f"none of the {len(sources)} images looked at in {config.spec} can be read")
    height, width = (int(side) for side in np.median(sizes, axis=0))
    return NativeForm((height, width), alike=len(set(sizes)) == 1, grey=grey)


def _some(config: DataConfig) -> Iterable[Path | bytes]:
    """Return some pictures: files spread evenly over a folder, the first ones of a dataset."""
    if dataset := dataset_reader(config.spec):
        return dataset.first_images(config, LOOKED_AT)
    from dcgan_tf.data.folder.image_folder import ImageFolder
    from dcgan_tf.data.folder.place import folder_of

    folder = ImageFolder.open(folder_of(config.spec), split=config.split)
    files = [folder.root / candidate.file for candidate in folder.candidates if candidate.size > 0]
    return [files[i] for i in evenly_spaced(len(files), LOOKED_AT)]


def _has_no_colour(source: Path | bytes) -> bool:
    """Return whether the three channels of a picture are equal, but for the errors of a compression."""
    small = decode(source, image_size=(_SIDE, _SIDE), channels=3, fit="crop").pixels.astype(int)
    return bool(np.ptp(small, axis=2).max() <= _GREY_WITHIN)
