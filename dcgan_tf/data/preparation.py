"""The one pass over a source's encoded images: decode, resize, append to the cache, and name what is bad."""

from __future__ import annotations

import itertools
import logging
import os
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data.cache import shortened
from dcgan_tf.data.decoding import UnreadableImageError, decode
from dcgan_tf.data.image_formats import formats
from dcgan_tf.data.image_set import BadFile, ImageSet, ImageWriter
from dcgan_tf.errors import DataError

VERSION = 1  # of the pixels: part of every cache key, raised when the same files would give others

_LOGGER = logging.getLogger("dcgan_tf")
_BATCH = 256
_SECONDS_BETWEEN_REPORTS = 5.0


@dataclass(frozen=True)
class Prepared:
    """What `write_images` did.

    Attributes:
        images: uint8 [N, H, W, C], memory-mapped, the good ones in their order.
        kept: int64 [N], the position of each in the source.
        bad_files: the others.
        fingerprint: hexadecimal digest of the pixels.
    """

    images: np.ndarray
    kept: np.ndarray
    bad_files: tuple[BadFile, ...]
    fingerprint: str


def key(name: str, split: str, digest: str, *, config: DataConfig) -> str:
    """Return a folder name for the cache.

    Args:
        name: of the source; it and `split` are shortened and simplified, for people to recognise.
        split: of the source.
        digest: what tells the source and split apart from all others.
        config: gives the size, the channels and the fit.
    """
    height, width = config.image_size
    source, part = shortened(name), shortened(split)
    return f"{source}-{part}-{height}x{width}x{config.channels}-{config.fit}-{digest}"


def write_images(
    sources: Iterable[tuple[str, Path | bytes]], *, folder: Path, config: DataConfig, total: int
) -> Prepared:
    """Decode images into `folder/images.npy`, in order, whatever their number: memory does not grow with it.

    Args:
        sources: (name, file or encoded bytes) of each image.
        folder: an existing folder.
        config: gives the size, the channels and the fit.
        total: how many sources there are, for the progress line.

    Raises:
        DataError: if none of the images can be read.
    """
    frame = (*config.image_size, config.channels)
    kept: list[int] = []
    bad_files: list[BadFile] = []
    reported = time.monotonic()
    with ImageWriter(folder, shape=frame) as writer:
        for position, result in enumerate(_decode_all(sources, config)):
            if isinstance(result, BadFile):
                bad_files.append(result)
            else:
                writer.append(result)
                kept.append(position)
            if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                _LOGGER.info("prepared %s of %s images", f"{position + 1:,}", f"{total:,}")
    if not kept:
        raise DataError(f"none of the {total:,} images can be read: {_list(bad_files)}")
    return Prepared(
        images=np.load(folder / "images.npy", mmap_mode="r"),
        kept=np.array(kept, np.int64),
        bad_files=tuple(bad_files),
        fingerprint=writer.fingerprint(),
    )


def check_bad_fraction(image_set: ImageSet, *, config: DataConfig) -> None:
    """Refuse a set of which too large a share could not be read.

    Done after caching, so that nothing is decoded again when the limit is raised.

    Raises:
        DataError: names the counts, the limit, and the first files with their reasons.
    """
    bad, total = len(image_set.bad_files), len(image_set.bad_files) + len(image_set)
    if bad > config.max_bad_fraction * total:
        raise DataError(
            f"{bad:,} of the {total:,} images in {config.spec} cannot be read, and at most "
            f"{config.max_bad_fraction:.3g} of them may be: {_list(image_set.bad_files)}. "
            "Remove or repair these files, or raise --max-bad-fraction"
        )


def _decode_all(
    sources: Iterable[tuple[str, Path | bytes]], config: DataConfig
) -> Iterator[np.ndarray | BadFile]:
    """Yield each image, or why there is none, in order.

    Threads are enough: Pillow lets go of the interpreter while it decodes and resizes. One batch at a time is
    handed to them, since an executor holds all it was given, and all results nobody has asked for yet.
    """
    formats()  # loads the decoders once, here rather than in several threads at once
    one = partial(_decode_or_reason, config=config)
    remaining = iter(sources)
    with ThreadPoolExecutor(min(8, os.cpu_count() or 1)) as pool:
        while batch := list(itertools.islice(remaining, _BATCH)):
            # Pillow warns about odd metadata; who is told of a hundred such files can do nothing with it.
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                results = list(pool.map(one, batch))
            yield from results


def _decode_or_reason(source: tuple[str, Path | bytes], *, config: DataConfig) -> np.ndarray | BadFile:
    name, content = source
    try:
        return decode(content, image_size=config.image_size, channels=config.channels, fit=config.fit)
    except UnreadableImageError as error:
        return BadFile(name, str(error))
    except OSError as error:  # what holds the files is at fault, so that the rest would fail too
        raise DataError(
            f"{name} in {config.spec} cannot be read ({error.strerror or error}): the disk, or the network "
            "between, has a fault; try again when it is mended"
        ) from error


def _list(bad_files: Iterable[BadFile], *, at_most: int = 5) -> str:
    bad_files = list(bad_files)
    shown = ", ".join(f"{bad.file} ({bad.reason})" for bad in bad_files[:at_most])
    return shown + (f" and {len(bad_files) - at_most:,} more" if len(bad_files) > at_most else "")
