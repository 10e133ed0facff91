"""Prepare a source's encoded images in one pass: decode, resize, write to the cache, list bad files."""

from __future__ import annotations

import hashlib
import itertools
import logging
import os
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.cache import shortened
from dcgan_tf.config import DataConfig
from dcgan_tf.data.decoding.decode import DecodedImage, UnreadableImageError, decode
from dcgan_tf.data.decoding.depth import Depth, by_kind, depth_remarks, overshadowed
from dcgan_tf.data.decoding.formats import formats
from dcgan_tf.data.decoding.memory import BOUND
from dcgan_tf.data.fingerprints import pixel_fingerprint, unordered_fingerprint
from dcgan_tf.data.image_set import HELD_OUT, IMAGES, BadFile, ImageSet, ImageWriter
from dcgan_tf.errors import DataError, OutOfMemoryError

VERSION = 2  # of the pixels: part of every cache key, raised when the same files would give others
FEWEST_HELD_OUT = 10
"""Fewer held-out images say nothing about a generator; a folder with a smaller share is not divided."""

_LOGGER = logging.getLogger("dcgan_tf")
_BATCH = 256
_SECONDS_BETWEEN_REPORTS = 5.0


@dataclass(frozen=True)
class Prepared:
    """The images that `write_images` wrote.

    Attributes:
        images: uint8 [N, H, W, C], memory-mapped, the good ones in their order.
        kept: int64 [N], the position of each in the source.
        fingerprint: hexadecimal digest of the pixels.
        bad_files: the files that could not be used.
        held_out: the images that are held out, or None.
        unordered_fingerprint: a digest that does not depend on the order.
        remarks: sentences about what was done to the images.
    """

    images: np.ndarray
    kept: np.ndarray
    fingerprint: str
    bad_files: tuple[BadFile, ...] = ()
    held_out: Prepared | None = None
    unordered_fingerprint: str = ""
    remarks: tuple[str, ...] = ()


def key(name: str, split: str, digest: str, *, config: DataConfig) -> str:
    """Return a folder name for the cache.

    Args:
        name: name of the source; it and `split` are shortened, but people can still recognise them.
        split: split of the source.
        digest: a digest that identifies the source and the split.
        config: size, channels and fit are used.
    """
    height, width = config.image_size
    source, part = shortened(name), shortened(split)
    return f"{source}-{part}-{height}x{width}x{config.channels}-{config.fit}-{digest}"


def write_images(
    sources: Iterable[tuple[str, Path | bytes | BadFile]],
    *,
    folder: Path,
    config: DataConfig,
    total: int,
    held_out_fraction: float = 0.0,
) -> Prepared:
    """Decode images into `folder/images.npy`, in order; the memory does not grow with their number.

    Args:
        sources: (name, file or encoded bytes) of each image; a BadFile is one that must not be read.
        folder: an existing folder.
        config: size, channels and fit are used.
        total: how many sources there are.
        held_out_fraction: the share of the images that is written into `folder/held_out/images.npy` instead.

    Raises:
        DataError: if none of the images can be read.
        OutOfMemoryError: if there is too little memory for one.
    """
    share = held_out_fraction if held_out_fraction * total >= FEWEST_HELD_OUT else 0.0
    bad_files: list[BadFile] = []
    reported = time.monotonic()
    with ExitStack() as files:
        parts = [_Part(each, config, files) for each in (folder, folder / HELD_OUT)[: 2 if share else 1]]
        for position, (name, result) in enumerate(_decode_all(sources, config)):
            if isinstance(result, BadFile):
                bad_files.append(result)
            else:
                parts[is_kept_aside(result.pixels, share)].append(result, name, position)
            if time.monotonic() - reported > _SECONDS_BETWEEN_REPORTS:
                reported = time.monotonic()
                _LOGGER.info("prepared %s of %s images", f"{position + 1:,}", f"{total:,}")
    parts = [part for part in parts if part.kept]
    if not parts:
        raise DataError(f"none of the {total:,} images can be read: {_list(bad_files)}")
    remarks = _bring_to_one_white(parts)
    training, *aside = parts
    training.move_to(folder)  # if they are all copies of one picture, that one may be in the share
    held_out = aside[0].prepared() if aside else None
    return replace(training.prepared(), bad_files=tuple(bad_files), held_out=held_out, remarks=remarks)


def is_kept_aside(pixels: np.ndarray, share: float) -> bool:
    """Return whether an image belongs to the share that is held out.

    Only its pixels, uint8 [H, W, C], decide this. So the same image is always on the same side, whatever its
    name and place, and however often it occurs.
    """
    digest = hashlib.blake2b(pixels.tobytes(), digest_size=8).digest()
    return int.from_bytes(digest, "big") < share * 2**64


class _Part:
    """The images that go into one file."""

    def __init__(self, folder: Path, config: DataConfig, files: ExitStack) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.writer = files.enter_context(ImageWriter(folder, shape=(*config.image_size, config.channels)))
        self.kept: list[int] = []
        self.config = config
        self.depths: dict[int, tuple[Depth, str, Path | None]] = {}

    def append(self, picture: DecodedImage, name: str, position: int) -> None:
        if picture.depth:
            self.depths[len(self.kept)] = picture.depth, name, picture.file
        self.writer.append(picture.pixels)
        self.kept.append(position)

    def bring_to(self, white: float, *, kind: str) -> None:
        """Write again the images of a kind that took a lower value for white."""
        darker = {row: depth for row, depth in self.depths.items() if depth[0].kind == kind}
        images = np.load(self.folder / IMAGES, mmap_mode="r+")
        for row, (depth, _, file) in darker.items():
            if depth.white < white:
                images[row] = self._again(images[row], depth, file, white)
        images.flush()

    def _again(self, image: np.ndarray, depth: Depth, file: Path | None, white: float) -> np.ndarray:
        """Return an image with another white: read again from its file, or scaled if it came as bytes."""
        with suppress(UnreadableImageError, OSError):
            if file:
                return decode(file, **_form(self.config), white=white).pixels
        return depth.of_whiter(image, white)

    def move_to(self, folder: Path) -> None:
        if self.folder != folder:
            (self.folder / IMAGES).replace(folder / IMAGES)
            self.folder.rmdir()
            self.folder = folder

    def prepared(self) -> Prepared:
        images = np.load(self.folder / IMAGES, mmap_mode="r")
        # Without pictures that were scaled afterwards, the digest is known from the writing.
        scaled = bool(self.depths)
        return Prepared(
            images,
            np.array(self.kept, np.int64),
            pixel_fingerprint(images) if scaled else self.writer.fingerprint(),
            unordered_fingerprint=(
                unordered_fingerprint(images) if scaled else self.writer.unordered_fingerprint()
            ),
        )


def _bring_to_one_white(parts: list[_Part]) -> tuple[str, ...]:
    """Make one value white in all images of a kind with more than 8 bits, and log it.

    Returns:
        Sentences to show whenever the images are used, because the white may be a mistake.
    """
    named = [(name, depth) for part in parts for depth, name, _ in part.depths.values()]
    depths = [depth for _, depth in named]
    for kind, of_kind in by_kind(depths).items():
        white = max(depth.white for depth in of_kind)
        for part in parts:
            part.bring_to(white, kind=kind)
    for line in depth_remarks(depths):
        _LOGGER.info("%s", line)
    return tuple(overshadowed(named))


def check_bad_fraction(image_set: ImageSet, *, config: DataConfig) -> None:
    """Refuse a set if too large a share of its files could not be read.

    This is done after caching, so that nothing is decoded again when you raise the limit.

    Raises:
        DataError: if there are too many; it names the numbers, the limit, and the first files with reasons.
    """
    bad = len(image_set.bad_files)
    total = bad + len(image_set) + len(image_set.held_out or ())
    if bad > config.max_bad_fraction * total:
        raise DataError(
            f"{bad:,} of the {total:,} images in {config.spec} cannot be read, and at most "
            f"{config.max_bad_fraction:.3g} of them may be: {_list(image_set.bad_files)}. "
            "Remove or repair these files, or raise --max-bad-fraction"
        )


def _decode_all(
    sources: Iterable[tuple[str, Path | bytes | BadFile]], config: DataConfig
) -> Iterator[tuple[str, DecodedImage | BadFile]]:
    """Yield (name, image or error) of each source, in order.

    Threads are enough, because Pillow releases the interpreter while it decodes and resizes. They get one
    batch at a time, because an executor keeps all its tasks, and all results that nobody has read yet.
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
            yield from zip((name for name, _ in batch), results, strict=True)


def _decode_or_reason(
    source: tuple[str, Path | bytes | BadFile], *, config: DataConfig
) -> DecodedImage | BadFile:
    name, content = source
    if isinstance(content, BadFile):
        return content
    try:
        return decode(content, **_form(config))
    except UnreadableImageError as error:
        return BadFile(name, str(error))
    except MemoryError as error:
        raise OutOfMemoryError(
            f"there is not enough memory to decode {name} in {config.spec}, which takes up to "
            f"{BOUND / 2**30:.0f} GiB for large pictures; end other programs, or make the picture smaller"
        ) from error
    except OSError as error:  # what holds the files is at fault, so that the rest would fail too
        raise DataError(
            f"{name} in {config.spec} cannot be read ({error.strerror or error}): the disk or the network "
            "has a fault; try again when it works"
        ) from error


def _form(config: DataConfig) -> dict[str, Any]:
    return {"image_size": config.image_size, "channels": config.channels, "fit": config.fit}


def _list(bad_files: Iterable[BadFile], *, at_most: int = 5) -> str:
    bad_files = list(bad_files)
    shown = ", ".join(f"{bad.file} ({bad.reason})" for bad in bad_files[:at_most])
    return shown + (f" and {len(bad_files) - at_most:,} more" if len(bad_files) > at_most else "")
