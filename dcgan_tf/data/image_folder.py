"""A folder of one's own pictures.

Images may lie at any depth; hidden files and folders are passed over. So are run directories (sub-folders
with `config.json`, and `checkpoints` or `train.lock`): a training that is resumed must not find its own
samples. Images are prepared once: decoded, scaled and written to the cache, and what cannot be read
is skipped by name.

Splits: everything is "train", unless the sub-folders are called train and test, val, valid or validation and
nothing else; then they are the splits.

Labels: if every image lies in a sub-folder of the folder (or of its split), and there are at least two of
these, their names are the classes.

Attributes: an `attributes.csv` in the folder; see `attribute_file`.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.attribute_file import FILE_NAME, AttributeTable, read_attributes
from dcgan_tf.data.decoding import ENDINGS
from dcgan_tf.data.image_set import ImageSet, MissingSplitError, cached
from dcgan_tf.errors import DataError

SPLIT_NAMES = ("train", "test", "val", "valid", "validation")
_RUN_CONFIG, _RUN_PARTS = "config.json", {"checkpoints", "train.lock"}


@dataclass(frozen=True)
class Candidate:
    """A file called like an image, or a sub-folder that cannot be looked into.

    Attributes:
        file: path relative to the folder, with forward slashes.
        size: in bytes; -1 for what is no ordinary file, or cannot be opened.
        modified: nanoseconds since 1970.
    """

    file: str
    size: int
    modified: int


def load(config: DataConfig, *, split: str) -> ImageSet:
    """Return the images of a folder, prepared and cached.

    Moving the folder, or preparing it again, gives the same fingerprint; changing a file, `attributes.csv`,
    the size, the channels or the fit prepares it anew.

    Args:
        config: `spec` is the folder; gives the size, channels, fit and the share of bad files allowed.
        split: "train", or another that the folder has.

    Returns:
        uint8 [N, H, W, C] in [0, 255], memory-mapped, in the order of the sorted relative paths.

    Raises:
        DataError: if the folder cannot be read, there are no images, no such split, too many bad files, or a
            wrong `attributes.csv`.
    """
    root = Path(config.spec).expanduser().resolve()
    candidates = sorted(_find(root), key=lambda candidate: candidate.file)
    if not candidates:
        raise DataError(
            f"no images in {root}: looked at every depth for files that end in {' '.join(ENDINGS)} "
            "(or in capitals)"
        )
    chosen = _of_split(root, candidates, split)

    def prepare(scratch: Path) -> ImageSet:
        return _prepare(root, candidates, chosen, config=config, scratch=scratch)

    image_set = cached(config.cache_dir, _key(root, candidates, config=config, split=split), prepare)
    preparation.check_bad_fraction(image_set, config=config)
    return image_set


def _find(root: Path) -> Iterator[Candidate]:
    """Yield the candidates below a folder, following links, but not in a circle."""
    pending: list[tuple[Path, str, tuple[Path, ...]]] = [(root, "", (root.resolve(),))]
    while pending:
        folder, prefix, above = pending.pop()
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError as error:
            if not prefix:
                raise DataError(f"the folder {root} cannot be read ({error.strerror})") from error
            yield Candidate(prefix.removesuffix("/"), -1, 0)
            continue
        if prefix and _is_run({entry.name for entry in entries}):
            continue
        for entry in entries:
            name = prefix + entry.name
            if entry.name.startswith("."):
                continue
            if _is_called_image(name):
                yield _candidate(Path(entry.path), name)
                continue
            try:
                enter = entry.is_dir() and (real := Path(entry.path).resolve()) not in above
            except OSError:  # a link to itself, or to where one may not look
                yield Candidate(name, -1, 0)
                continue
            if enter:
                pending.append((Path(entry.path), f"{name}/", (*above, real)))


def _is_run(names: set[str]) -> bool:
    """Tell from the names in a folder whether it is a run directory."""
    return _RUN_CONFIG in names and not _RUN_PARTS.isdisjoint(names)


def _is_called_image(file: str) -> bool:
    return file.lower().endswith(ENDINGS)


def _candidate(path: Path, name: str) -> Candidate:
    try:
        status = path.stat()
    except OSError:  # a broken link
        return Candidate(name, -1, 0)
    usable = stat.S_ISREG(status.st_mode) and os.access(path, os.R_OK)
    return Candidate(name, status.st_size if usable else -1, status.st_mtime_ns)


def _of_split(root: Path, candidates: list[Candidate], split: str) -> list[Candidate]:
    """Return the candidates of a split."""
    if not _has_splits(candidates):
        if split != "train":
            raise MissingSplitError(
                f"{root} has the split train only, received {split!r}; for others, its images must lie in "
                f"sub-folders called train and {' or '.join(SPLIT_NAMES[1:])}"
            )
        return candidates
    chosen = [candidate for candidate in candidates if candidate.file.startswith(f"{split}/")]
    if not chosen:
        existing = sorted({_first_folder(candidate.file) for candidate in candidates})
        raise MissingSplitError(f"split of {root} must be one of {', '.join(existing)}, received {split!r}")
    return chosen


def _has_splits(candidates: list[Candidate]) -> bool:
    # A folder that cannot be looked into, such as the lost+found of a disk, is no image beside the splits.
    files = [candidate.file for candidate in candidates if _is_called_image(candidate.file)]
    folders = {_first_folder(file) for file in files}
    return "train" in folders and len(folders) > 1 and folders <= set(SPLIT_NAMES)


def _first_folder(file: str) -> str:
    """Return "cats" for "cats/tom/1.jpg" and "" for "1.jpg"."""
    return file.split("/", 1)[0] if "/" in file else ""


def _key(root: Path, candidates: list[Candidate], *, config: DataConfig, split: str) -> str:
    """Return the name in the cache: readable, and different for whatever else would be prepared."""
    digest = hashlib.blake2b(str(preparation.VERSION).encode(), digest_size=8)
    for candidate in candidates:
        digest.update(
            f"{candidate.file}\0{candidate.size}\0{candidate.modified}\n".encode(errors="surrogateescape")
        )
    if (root / FILE_NAME).is_file():
        digest.update((root / FILE_NAME).read_bytes())
    return preparation.key(root.name or "images", split, digest.hexdigest(), config=config)


def _prepare(
    root: Path, candidates: list[Candidate], chosen: list[Candidate], *, config: DataConfig, scratch: Path
) -> ImageSet:
    attributes = _attributes(root, candidates, chosen)  # first: a mistake should not cost the whole pass
    sources = ((candidate.file, root / candidate.file) for candidate in chosen)
    prepared = preparation.write_images(sources, folder=scratch, config=config, total=len(chosen))
    files = [chosen[position].file for position in prepared.kept]
    labels, label_names = _labels(files, has_splits=_has_splits(candidates))
    return ImageSet(
        name=root.name,
        images=prepared.images,
        labels=labels,
        label_names=label_names,
        attributes=attributes.of(files) if attributes else {},
        fingerprint=prepared.fingerprint,
        bad_files=prepared.bad_files,
    )


def _attributes(root: Path, candidates: list[Candidate], chosen: list[Candidate]) -> AttributeTable | None:
    if not (root / FILE_NAME).is_file():
        return None
    known = [candidate.file for candidate in candidates]
    needed = [candidate.file for candidate in chosen if candidate.size > 0]
    return read_attributes(root / FILE_NAME, known=known, needed=needed)


def _labels(files: list[str], *, has_splits: bool) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """Return the class of each image, int64 [N], and the sorted names; (None, ()) without classes."""
    if has_splits:
        files = [file.split("/", 1)[1] for file in files]
    folders = [_first_folder(file) for file in files]
    names = tuple(sorted(set(folders)))
    if "" in names or len(names) < 2:
        return None, ()
    return np.searchsorted(names, folders).astype(np.int64), names
