"""`ImageSet`, the form in which every source returns its images, and its cache on disk.

A cached set is a folder with `images.npy` (uint8, memory-mapped when read, so that it may be larger than
memory), `labels.npy` and `attributes.npz` if there are any, `held_out`, a set of the same form, if some
images are held out, and `manifest.json`. The manifest is written last: a folder without it was not completed
and is made again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import cache
from dcgan_tf.data.fingerprints import UnorderedDigest, digest_of_shape
from dcgan_tf.errors import DataError

MANIFEST, IMAGES, HELD_OUT = "manifest.json", "images.npy", "held_out"


class MissingSplitError(DataError):
    """The source has no split of that name. Other errors mean that the split exists, but is wrong."""


@dataclass(frozen=True)
class BadFile:
    """A file that was skipped, and the reason."""

    file: str
    reason: str


@dataclass(frozen=True)
class ImageSet:
    """Images with what is known about them.

    Attributes:
        name: a name for people and for file names, such as "portraits", "mnist", "holiday-photos".
        images: uint8 [N, H, W, C], in memory or memory-mapped.
        labels: int64 [N] in [0, len(label_names)), or None.
        label_names: a name for each class.
        attributes: {name: [N]}, uint8 0/1 for binary and float32 in [-1, 1] for continuous ones.
        fingerprint: hexadecimal digest of everything that decides the pixels; equal sets have equal ones.
        bad_files: the files that could not be used.
        held_out: images of the same source, with labels and attributes too, that are held out; or None.
        unordered_fingerprint: a digest that is the same for any order; "" where the order never changes.
        remarks: sentences about what was done to the images, for the people who use them.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    attributes: dict[str, np.ndarray] = field(default_factory=dict)
    fingerprint: str = ""
    bad_files: tuple[BadFile, ...] = ()
    held_out: ImageSet | None = None
    unordered_fingerprint: str = ""
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    @cached_property
    def labels_fingerprint(self) -> str:
        """The hexadecimal digest of each image's class and of the classes' names; "" without labels."""
        return "" if self.labels is None else self._digest_of_labels().hexdigest()

    @cached_property
    def annotation_fingerprint(self) -> str:
        """The hexadecimal digest of all classes, class names and attributes."""
        digest = self._digest_of_labels()
        for name, values in self.attributes.items():
            digest.update(f"{name!r} {values.dtype} {len(values)}\n".encode(errors="surrogateescape"))
            digest.update(np.ascontiguousarray(values).data)
        return digest.hexdigest()

    def _digest_of_labels(self) -> hashlib.blake2b:
        digest = hashlib.blake2b(repr(self.label_names).encode(errors="surrogateescape"), digest_size=8)
        if self.labels is not None:
            digest.update(np.ascontiguousarray(self.labels, np.int64).data)
        return digest

    def subset(self, rows: np.ndarray) -> ImageSet:
        """Return some of the images with their labels and attributes, in memory and without a fingerprint.

        Args:
            rows: indices, int64 [n], or a mask, bool [N].
        """
        return ImageSet(
            name=self.name,
            images=np.asarray(self.images[rows]),
            labels=None if self.labels is None else self.labels[rows],
            label_names=self.label_names,
            attributes={name: values[rows] for name, values in self.attributes.items()},
        )


class ImageWriter:
    """Appends images to `images.npy`, so that a set larger than memory can be written.

    The bytes go through an ordinary file rather than a memory map: the written pages of a map count as memory
    of the process until they are flushed, and the number of good images is not known in advance.

    Use it as a context manager; the file is complete at the end of the block.
    """

    def __init__(self, folder: Path, *, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.count = 0
        self._file = (folder / IMAGES).open("wb")
        self._file.write(self._header())
        self._digest = digest_of_shape(shape)
        self._sum = UnorderedDigest(shape)

    def __enter__(self) -> ImageWriter:
        return self

    def __exit__(self, *_: object) -> None:
        with self._file:  # closed even if there is no room for what is still to be written
            self._file.seek(0)
            self._file.write(self._header())

    def append(self, image: np.ndarray) -> None:
        """Add one image, uint8 [H, W, C]."""
        if image.shape != self.shape or image.dtype != np.uint8:
            raise DataError(f"image must be uint8 {self.shape}, received {image.dtype} {image.shape}")
        pixels = image.tobytes()
        self._digest.update(pixels)
        self._sum.add(pixels)
        self._file.write(pixels)
        self.count += 1

    def fingerprint(self) -> str:
        """Return the `pixel_fingerprint` of the images so far."""
        return self._digest.hexdigest()

    def unordered_fingerprint(self) -> str:
        """Return the `unordered_fingerprint` of the images so far."""
        return self._sum.hexdigest()

    def _header(self) -> bytes:
        """Return the header for `count` images; NumPy leaves room in it for the first axis to grow."""
        header = io.BytesIO()
        description = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(header, description)
        return header.getvalue()


def cached(cache_dir: str | Path | None, key: str, prepare: Callable[[Path], ImageSet]) -> ImageSet:
    """Return the set that is cached under `key`; prepare it first if it is missing.

    Args:
        cache_dir: the cache; None is `default_cache_dir()`.
        key: folder name; it must change with everything that decides the pixels.
        prepare: called with an empty scratch folder (in which it may write `images.npy` itself, for sets
            larger than memory) when nothing is stored yet.

    Returns:
        The set, with images memory-mapped read-only. A damaged set is prepared again.

    Raises:
        StorageError: if the cache cannot be written or is full.
    """
    folder = cache.place(cache_dir, key)
    if (found := cache.read_or_discard(folder, MANIFEST, read)) is not None:
        return found
    cache.store(folder, MANIFEST, lambda scratch: write(prepare(scratch), scratch))
    return read(folder)


def write(image_set: ImageSet, folder: Path) -> None:
    """Write a set to an existing folder, with the manifest last."""
    if not (folder / IMAGES).exists():
        np.save(folder / IMAGES, image_set.images)
    if image_set.labels is not None:
        np.save(folder / "labels.npy", image_set.labels)
    if image_set.attributes:
        # By position: as keywords, attributes called "file" or "allow_pickle" would be arguments of savez.
        np.savez(folder / "attributes.npz", *image_set.attributes.values())
    if image_set.held_out is not None:
        (folder / HELD_OUT).mkdir(exist_ok=True)
        write(image_set.held_out, folder / HELD_OUT)
    text = json.dumps(_manifest(image_set), indent=2, ensure_ascii=False) + "\n"
    # File names that are not UTF-8 reach Python as lone surrogates.
    (folder / MANIFEST).write_text(text, encoding="utf-8", errors="surrogateescape")


def read(folder: Path) -> ImageSet:
    """Return the set in a folder, with images memory-mapped read-only.

    Raises:
        DataError: if the arrays do not match the manifest; damaged files raise errors of NumPy, zipfile or
            json.
    """
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8", errors="surrogateescape"))
    images = np.load(folder / IMAGES, mmap_mode="r")
    if images.dtype != np.uint8 or list(images.shape) != manifest["shape"]:
        raise DataError(
            f"images.npy holds {images.dtype} {list(images.shape)}, the manifest says {manifest['shape']}"
        )
    label_names = tuple(manifest["label_names"])
    attributes = _read_attributes(folder, manifest["attribute_names"])
    for name, values in attributes.items():
        _check_attribute(name, values, len(images))
    return ImageSet(
        name=manifest["name"],
        images=images,
        labels=_read_labels(folder, len(images), len(label_names)) if label_names else None,
        label_names=label_names,
        attributes=attributes,
        fingerprint=manifest["fingerprint"],
        bad_files=tuple(BadFile(**bad) for bad in manifest["bad_files"]),
        held_out=read(folder / HELD_OUT) if manifest.get("held_out") else None,
        unordered_fingerprint=manifest.get("unordered_fingerprint", ""),
        remarks=tuple(manifest.get("remarks", ())),
    )


def _read_labels(folder: Path, num_images: int, num_classes: int) -> np.ndarray:
    labels: np.ndarray = np.load(folder / "labels.npy")
    if labels.dtype != np.int64 or labels.shape != (num_images,):
        raise DataError(
            f"labels.npy holds {labels.dtype} {list(labels.shape)}, expected int64 [{num_images}]"
        )
    if labels.min() < 0 or labels.max() >= num_classes:
        raise DataError(f"labels.npy holds {labels.min()} to {labels.max()}, expected 0 to {num_classes - 1}")
    return labels


def _read_attributes(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    if not names:
        return {}
    with (folder / "attributes.npz").open("rb") as opened, np.load(opened) as arrays:
        return {name: arrays[f"arr_{index}"] for index, name in enumerate(names)}


def _check_attribute(name: str, values: np.ndarray, num_images: int) -> None:
    if values.shape != (num_images,) or values.dtype not in (np.uint8, np.float32):
        raise DataError(
            f"attribute {name!r} holds {values.dtype} {list(values.shape)}, expected uint8 or float32 "
            f"[{num_images}]"
        )
    lowest = -1 if values.dtype == np.float32 else 0
    if not lowest <= values.min() <= values.max() <= 1:  # also refuses NaN
        raise DataError(f"attribute {name!r} holds {values.min()} to {values.max()}, expected {lowest} to 1")


def _manifest(image_set: ImageSet) -> dict[str, Any]:
    return {
        "name": image_set.name,
        "shape": list(image_set.images.shape),
        "label_names": list(image_set.label_names),
        "attribute_names": list(image_set.attributes),
        "fingerprint": image_set.fingerprint,
        "unordered_fingerprint": image_set.unordered_fingerprint,
        "held_out": image_set.held_out is not None,
        "remarks": list(image_set.remarks),
        "bad_files": [dataclasses.asdict(bad) for bad in image_set.bad_files],
    }
