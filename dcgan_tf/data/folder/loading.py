"""Load a folder of images as an `ImageSet`.

Images may lie at any depth, under any name; `files` says what is skipped. They are prepared once: decoded,
scaled and written to the cache. Files that cannot be read are skipped and named.

Splits: everything is "train", unless there are sub-folders called train and test, or similar; `splits` has
    the rule.

Labels: if every image lies in a sub-folder of the folder (or of its split), and there are at least two
    sub-folders, their names are the classes.

Attributes: they come from an `attributes.csv` in the folder, or in that of the split; see `attributes`.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from dcgan_tf import cache
from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.decoding.decode import FILE_ERRORS
from dcgan_tf.data.decoding.formats import formats
from dcgan_tf.data.folder.attributes import AttributeTable, read_attributes
from dcgan_tf.data.folder.files import find_files
from dcgan_tf.data.folder.image_folder import ImageFolder
from dcgan_tf.data.folder.place import folder_of
from dcgan_tf.data.folder.remarks import are_pictures, kinds_of, say_once
from dcgan_tf.data.folder.splits import find_splits, split_of
from dcgan_tf.data.folder.table_text import read_table
from dcgan_tf.data.image_set import MANIFEST, BadFile, ImageSet, MissingSplitError, cached
from dcgan_tf.data.preparation import Prepared
from dcgan_tf.errors import DataError
from dcgan_tf.files import storage_errors

# Of what is an image, a split and a class: part of every key, raised when the same files would give others.
_RULES = 2


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return the images of a folder, prepared and cached.

    A folder that is moved, or prepared again, has the same fingerprint. A change of a file, `attributes.csv`,
    the size, the channels or the fit prepares it again.

    Args:
        config: `spec` is the folder; size, channels, fit and the allowed share of bad files are used too.
        split: "train", or another that the folder has.

    Returns:
        uint8 [N, H, W, C] in [0, 255], memory-mapped, in the order of the sorted relative paths. If the
        folder has no other split, `held_out` has the share that is held out.

    Raises:
        DataError: if the folder cannot be read, there are no images, no such split, too many bad files, a
            class without an image that can be read, or a wrong `attributes.csv`.
    """
    folder = ImageFolder.open(folder_of(config.spec), split=split)
    key = _key(folder, config=config, split=split)

    def prepare(scratch: Path) -> ImageSet:
        return _prepare(folder, config=config, scratch=scratch)

    image_set = cached(config.cache_dir, key, prepare)
    if any(_is_back(folder.root, bad) for bad in image_set.bad_files):
        with storage_errors(cache.place(config.cache_dir, key)):
            (cache.place(config.cache_dir, key) / MANIFEST).unlink(missing_ok=True)
        image_set = cached(config.cache_dir, key, prepare)
    preparation.check_bad_fraction(image_set, config=config)
    _check_classes(folder, image_set, config=config)
    _say_share(folder.root, image_set, _held_out_fraction(folder, config))
    return image_set


def sizes(config: DataConfig, *, splits: Sequence[str]) -> dict[str, int]:
    """Return {split: number of images} for the splits that exist.

    Raises:
        DataError: if the folder cannot be read, or its splits are unclear.
    """
    root = folder_of(config.spec)
    images = [candidate.file for candidate in find_files(root).candidates if candidate.size > 0]
    parts, found = find_splits(images, root=root), {}
    for split in splits:
        with suppress(MissingSplitError):
            place = parts.folder_of(split, root=root)
            found[split] = sum(file.startswith(f"{place}/") for file in images) if place else len(images)
    return found


def _say_share(root: Path, image_set: ImageSet, fraction: float) -> None:
    """Log which share is held out, or which analyses will not be possible without one."""
    if image_set.held_out:
        kept = len(image_set.held_out)
        line = (
            f"{kept:,} of the {kept + len(image_set):,} images in {root} are held out: "
            "training never sees them (held_out_fraction)"
        )
    elif fraction:
        num = len(image_set)
        images = f"all {num:,} images in {root} are" if num > 1 else f"the one image in {root} is"
        line = (
            f"{images} trained on, because a share of {fraction:g} would be too small to hold out; "
            "embed, probe, and neighbours without --control training need held-out images: set a larger "
            "--held-out-fraction for them"
        )
    else:
        return
    say_once(line, level=logging.INFO)


def _is_back(root: Path, bad: BadFile) -> bool:
    """Return whether a file that could not be read when the folder was prepared can be read now."""
    if bad.reason not in FILE_ERRORS.values():
        return False
    try:
        if not (root / bad.file).is_file():
            return False
        with (root / bad.file).open("rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def _check_classes(folder: ImageFolder, image_set: ImageSet, *, config: DataConfig) -> None:
    """Refuse a class of which no image can be read, because it would disappear."""
    if config.max_bad_fraction >= 1:
        return
    if image_set.labels is not None:
        aside = image_set.held_out.labels if image_set.held_out else None
        known = np.concatenate([image_set.labels, [] if aside is None else aside]).astype(np.int64)
        there = {image_set.label_names[label] for label in np.unique(known)}
        sizes = {candidate.file: candidate.size for candidate in folder.candidates}
        for bad in image_set.bad_files:
            if sizes.get(bad.file, -1) >= 0 and folder.class_of(bad.file) not in (*there, ""):
                raise DataError(
                    f"none of the images of the class {folder.class_of(bad.file)} in {folder.root} can be "
                    f"read, such as {bad.file} ({bad.reason}); repair them, or remove that folder"
                )
    for name, files in folder.without_images().items():
        if are_pictures(files):
            raise DataError(
                f"none of the images of the class {name} in {folder.root} can be read: {kinds_of(files)}; or "
                "remove that folder"
            )


def _key(folder: ImageFolder, *, config: DataConfig, split: str) -> str:
    """Return a readable name in the cache, which differs for everything that is prepared differently."""
    share = _held_out_fraction(folder, config)
    rules = f"{preparation.VERSION} {_RULES} {formats()} {folder.sub_folder} {share}"
    digest = hashlib.blake2b(rules.encode(), digest_size=8)
    for candidate in folder.files.candidates:
        digest.update(
            f"{candidate.file}\0{candidate.size}\0{candidate.modified}\n".encode(errors="surrogateescape")
        )
    if folder.table:
        digest.update(read_table(folder.root / folder.table))
    return preparation.key(
        folder.root.name or "images", split_of(split) or split, digest.hexdigest(), config=config
    )


def _prepare(folder: ImageFolder, *, config: DataConfig, scratch: Path) -> ImageSet:
    attributes = _attributes(folder)  # first: a mistake should not cost the whole pass
    chosen = folder.candidates
    sources = ((candidate.file, folder.root / candidate.file) for candidate in chosen)
    share = _held_out_fraction(folder, config)
    prepared = preparation.write_images(
        sources, folder=scratch, config=config, total=len(chosen), held_out_fraction=share
    )
    return _with_annotations(prepared, folder, attributes)


def _held_out_fraction(folder: ImageFolder, config: DataConfig) -> float:
    """Return the share that is held out: none if the folder has a split for it."""
    return 0.0 if set(folder.splits.folders) - {"train"} else config.held_out_fraction


def _with_annotations(prepared: Prepared, folder: ImageFolder, attributes: AttributeTable | None) -> ImageSet:
    """Return the images with the labels and attributes from the folder."""
    candidates = folder.candidates
    files = [candidates[position].file for position in prepared.kept]
    labels, label_names = _labels(folder, files)
    return ImageSet(
        name=_printable(folder.root.name) or "images",
        images=prepared.images,
        labels=labels,
        label_names=label_names,
        attributes=attributes.of(files) if attributes else {},
        fingerprint=prepared.fingerprint,
        bad_files=prepared.bad_files,
        unordered_fingerprint=prepared.unordered_fingerprint,
        remarks=prepared.remarks,
        held_out=_with_annotations(prepared.held_out, folder, attributes) if prepared.held_out else None,
    )


def _attributes(folder: ImageFolder) -> AttributeTable | None:
    if folder.table is None:
        return None
    place = folder.table.rpartition("/")[0]
    known = folder.candidates if place else folder.files.candidates
    return read_attributes(
        folder.root / folder.table,
        known=[candidate.file for candidate in known],
        needed=[candidate.file for candidate in folder.candidates if candidate.size > 0],
        folder=place,
    )


def _labels(folder: ImageFolder, files: list[str]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the class of each image, int64 [N], and the sorted names; (None, ()) without classes."""
    names = folder.class_names()
    if not names:
        return None, ()
    return np.searchsorted(names, [folder.class_of(file) for file in files]).astype(np.int64), names


def _printable(name: str) -> str:
    """Return a file's name as text, whatever its bytes, because nothing later could write other bytes."""
    return name.encode(errors="surrogateescape").decode(errors="replace")
