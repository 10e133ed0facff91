"""The one form in which every source hands over its images, and its cache on disk.

A cached set is a folder: `images.npy` (uint8, memory-mapped when read, so that it may be larger than memory),
`labels.npy` and `attributes.npz` where they exist, and `manifest.json`, which is written last: a folder
without it is a preparation that was cut short and is made again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import io
import json
import os
import shutil
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.errors import DataError

MANIFEST = "manifest.json"
_ABANDONED_SECONDS = 24 * 3600


@dataclass(frozen=True)
class BadFile:
    """A file that was skipped, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class ImageSet:
    """Images with what is known about them.

    Attributes:
        name: what it is, for people and for file names: "portraits", "mnist", "holiday-photos".
        images: uint8 [N, H, W, C], in memory or memory-mapped.
        labels: int64 [N] in [0, len(label_names)), or None.
        label_names: one per class.
        attributes: {name: [N]}, uint8 0/1 for binary and float32 in [-1, 1] for continuous ones.
        fingerprint: hexadecimal digest of everything that decides the pixels; equal sets have equal ones.
        bad_files: the files that could not be used.
    """

    name: str
    images: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    attributes: dict[str, np.ndarray] = field(default_factory=dict)
    fingerprint: str = ""
    bad_files: tuple[BadFile, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, rows: np.ndarray) -> ImageSet:
        """Return some of the images with what is known of them; in memory, and without a fingerprint.

        Args:
            rows: indices, int64 [n], or which ones, bool [N].
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

    Used as a context manager; the file is complete when the block is left.
    """

    def __init__(self, folder: Path, *, shape: tuple[int, int, int]) -> None:
        self.shape = shape
        self.count = 0
        self._file = (folder / "images.npy").open("wb")
        self._file.write(self._header())
        self._digest = _digest_of_shape(shape)

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
        self._file.write(pixels)
        self.count += 1

    def fingerprint(self) -> str:
        """Return what `pixel_fingerprint` gives for the images so far."""
        return self._digest.hexdigest()

    def _header(self) -> bytes:
        """Return the header for `count` images; NumPy leaves room in it for the first axis to grow."""
        header = io.BytesIO()
        description = {"descr": "|u1", "fortran_order": False, "shape": (self.count, *self.shape)}
        np.lib.format.write_array_header_1_0(header, description)
        return header.getvalue()


def pixel_fingerprint(images: np.ndarray) -> str:
    """Return the hexadecimal digest of images, uint8 [N, H, W, C]: of their order, size and pixels.

    Works through a memory-mapped array a thousand images at a time.
    """
    digest = _digest_of_shape(images.shape[1:])
    for start in range(0, len(images), 1000):
        digest.update(np.ascontiguousarray(images[start : start + 1000]).data)
    return digest.hexdigest()


def default_cache_dir() -> Path:
    """Return $DCGAN_TF_CACHE, or dcgan_tf in the user's cache folder."""
    if explicit := os.environ.get("DCGAN_TF_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dcgan_tf"


def cached(cache_dir: str | Path | None, key: str, prepare: Callable[[Path], ImageSet]) -> ImageSet:
    """Return the set stored under `key`, preparing it first if it is not there.

    Args:
        cache_dir: the cache; None is `default_cache_dir()`.
        key: folder name; must change with everything that decides the pixels.
        prepare: called with an empty scratch folder (in which it may write `images.npy` itself, for sets
            larger than memory) when nothing is stored yet.

    Returns:
        The set, its images memory-mapped read-only.

    Raises:
        DataError: if the cache cannot be written or is full, or what is stored in it is damaged.
    """
    folder = Path(cache_dir or default_cache_dir()).expanduser() / key
    if not (folder / MANIFEST).exists():
        _remove_abandoned(folder)
        scratch = _make_scratch(folder)
        try:
            write(prepare(scratch), scratch)
            _put_in_place(scratch, folder)
        except OSError as error:  # mostly a full disk; NumPy's has no number: "N requested and M written"
            raise DataError(
                f"the images cannot be prepared in the cache {folder.parent} ({error}); make room there, or "
                "choose another with --cache-dir or the variable DCGAN_TF_CACHE"
            ) from error
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    try:
        return read(folder)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"the prepared images in {folder} are damaged ({error}); delete that folder and "
            "they are made again"
        ) from error


def write(image_set: ImageSet, folder: Path) -> None:
    """Write a set into an existing folder; the manifest last."""
    if not (folder / "images.npy").exists():
        np.save(folder / "images.npy", image_set.images)
    if image_set.labels is not None:
        np.save(folder / "labels.npy", image_set.labels)
    if image_set.attributes:
        # By position: as keywords, attributes called "file" or "allow_pickle" would be arguments of savez.
        np.savez(folder / "attributes.npz", *image_set.attributes.values())
    text = json.dumps(_manifest(image_set), indent=2, ensure_ascii=False) + "\n"
    # File names that are not UTF-8 reach Python as lone surrogates.
    (folder / MANIFEST).write_text(text, encoding="utf-8", errors="surrogateescape")


def read(folder: Path) -> ImageSet:
    """Return the set in a folder, its images memory-mapped read-only."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8", errors="surrogateescape"))
    images = np.load(folder / "images.npy", mmap_mode="r")
    if list(images.shape) != manifest["shape"]:
        raise DataError(f"images.npy holds {list(images.shape)}, the manifest says {manifest['shape']}")
    labels = folder / "labels.npy"
    return ImageSet(
        name=manifest["name"],
        images=images,
        labels=np.load(labels) if labels.exists() else None,
        label_names=tuple(manifest["label_names"]),
        attributes=_read_attributes(folder, manifest["attribute_names"]),
        fingerprint=manifest["fingerprint"],
        bad_files=tuple(BadFile(**bad) for bad in manifest["bad_files"]),
    )


def _read_attributes(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    if not names:
        return {}
    with np.load(folder / "attributes.npz") as arrays:
        return {name: arrays[f"arr_{index}"] for index, name in enumerate(names)}


def _digest_of_shape(shape: tuple[int, ...]) -> hashlib.blake2b:
    """Return a digest that has seen the shape [H, W, C], so that equal bytes of another shape differ."""
    return hashlib.blake2b(str(tuple(shape)).encode(), digest_size=16)


def _manifest(image_set: ImageSet) -> dict[str, Any]:
    return {
        "name": image_set.name,
        "shape": list(image_set.images.shape),
        "label_names": list(image_set.label_names),
        "attribute_names": list(image_set.attributes),
        "fingerprint": image_set.fingerprint,
        "bad_files": [dataclasses.asdict(bad) for bad in image_set.bad_files],
    }


def _make_scratch(folder: Path) -> Path:
    """Make the folder that a preparation is written into: beside its place, so that renaming is atomic."""
    # Not tempfile.mkdtemp: its mode 0700 would lock other users out of a shared cache.
    scratch = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    try:
        scratch.mkdir(parents=True)
    except OSError as error:
        raise DataError(
            f"the cache of prepared images cannot be written: {folder.parent} ({error.strerror}); "
            "choose another with --cache-dir or the variable DCGAN_TF_CACHE"
        ) from error
    return scratch


def _remove_abandoned(folder: Path) -> None:
    """Remove what killed preparations of this set left behind: nothing was written there for a day."""
    for scratch in folder.parent.glob(f".{glob.escape(folder.name)}-*"):
        with contextlib.suppress(OSError):  # its process may finish, or another remove it, at this moment
            written = max(path.stat().st_mtime for path in [scratch, *scratch.iterdir()])
            if time.time() - written > _ABANDONED_SECONDS:
                shutil.rmtree(scratch, ignore_errors=True)


def _put_in_place(scratch: Path, folder: Path) -> None:
    """Rename a finished preparation; another process may have been first, then its result is as good."""
    if _renamed_or_there(scratch, folder):
        return
    shutil.rmtree(folder, ignore_errors=True)  # cut short while it was written or deleted
    if not _renamed_or_there(scratch, folder):
        scratch.rename(folder)  # says why it cannot


def _renamed_or_there(scratch: Path, folder: Path) -> bool:
    """Try to rename; return whether a finished set is now in place, be it this one or another's."""
    with contextlib.suppress(OSError):
        scratch.rename(folder)
    return (folder / MANIFEST).exists()
