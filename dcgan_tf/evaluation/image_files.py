"""Pictures from files instead of a generator: a folder of images, or one array."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_tf import data
from dcgan_tf.arrays import read_array
from dcgan_tf.config import DataConfig
from dcgan_tf.data import ImageFolder, UnreadableImageError, folder_of, header
from dcgan_tf.errors import DataError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.runs import local_folder


@dataclass(frozen=True)
class ImageFiles:
    """Pictures that exist already, in files.

    Attributes:
        images: uint8 [N, H, W, C], perhaps memory-mapped.
    """

    images: np.ndarray

    @staticmethod
    def open(path: str | os.PathLike[str], *, cache_dir: str | None = None) -> ImageFiles:
        """Read FILE.npy, uint8 [N, H, W, C], or all images in a folder, which must be of one size.

        A folder that is divided into train and test is refused, because it is unclear which images are meant.

        Raises:
            DataError: if there is anything else; it says what was expected.
        """
        path = local_folder(path)
        if path.suffix == ".npy":
            return ImageFiles(_read_array(path))
        root = folder_of(str(path))
        folder = ImageFolder.open(root, split=None)
        size, channels = _size_of_all(folder)
        config = DataConfig(
            spec=str(root / folder.sub_folder),
            image_size=size,
            channels=channels,
            held_out_fraction=0.0,
            cache_dir=cache_dir,
        )
        return ImageFiles(data.load_data(config).images)

    @property
    def image_size(self) -> tuple[int, int]:
        """The (height, width) in pixels."""
        return self.images.shape[1], self.images.shape[2]

    @property
    def channels(self) -> int:
        """The number of channels, 1 or 3."""
        return int(self.images.shape[3])

    def draw(self, num: int, *, seed: int) -> np.ndarray:
        """Return evenly spaced pictures, in a random order of this seed, uint8 [num, H, W, C].

        Raises:
            DataError: if there are too few.
        """
        if num > len(self.images):
            raise DataError(
                f"the number of images must be at most {len(self.images):,}, because there are no more, "
                f"received {num:,}"
            )
        chosen = evenly_spaced(len(self.images), num)
        return np.asarray(self.images[chosen])[np.random.default_rng(seed).permutation(num)]


def _read_array(path: Path) -> np.ndarray:
    images = read_array(path, made_by="dcgan-tf sample --out FILE.npy")
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3):
        raise DataError(
            f"{path} must be uint8 [N, H, W, 1 or 3], such as dcgan-tf sample --out FILE.npy writes, "
            f"received {images.dtype} {list(images.shape)}"
        )
    return images


def _size_of_all(folder: ImageFolder) -> tuple[tuple[int, int], int]:
    """Return the common ((height, width), channels) of the upright images in a folder.

    They are not resized to one size, because a resizer would change every number.
    """
    sizes: dict[tuple[int, int], str] = {}
    grey = True
    for candidate in folder.candidates:
        if candidate.size <= 0:  # loading names it
            continue
        try:
            size, is_grey = header(folder.root / candidate.file)
        except (UnreadableImageError, OSError):  # loading passes over it, and says so if there are many
            continue
        sizes.setdefault(size, candidate.file)
        grey = grey and is_grey
    if len(sizes) != 1:
        listed = ", ".join(f"{h}x{w} ({file})" for (h, w), file in list(sizes.items())[:3])
        raise DataError(
            f"the images in {folder.root} must all be of one size, received {listed or 'none to be read'}; "
            "resize them like the real images, before you compare them"
        )
    return next(iter(sizes)), 1 if grey else 3
