"""Log what a folder contains that is not used, and what to do about it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from dcgan_tf.data.decoding.formats import HEIF_ENDINGS, RAW_ENDINGS, UNREAD_ENDINGS, ending
from dcgan_tf.data.folder.attributes import FILE_NAME, resembles_table
from dcgan_tf.data.folder.files import FolderFiles
from dcgan_tf.data.folder.splits import Splits, first_folder, split_of

_AT_MOST = 8
_LOGGER = logging.getLogger("dcgan_tf")
_said: set[str] = set()  # by this process


def say_once(line: str, *, level: int = logging.WARNING) -> None:
    """Log a line once in each process, because a command may load the same images several times.

    Args:
        line: the line; it must name its folder, since several folders may need the same line.
        level: level of the log.
    """
    if line not in _said:
        _said.add(line)
        _LOGGER.log(level, "%s", line)


def remarks(root: Path, files: FolderFiles, splits: Splits, *, table: str | None) -> list[str]:
    """Return the remarks on a folder, each of one line.

    Args:
        root: the folder.
        files: what lies there.
        splits: how it is divided.
        table: the table of attributes that is read.
    """
    images = [candidate.file for candidate in files.candidates if candidate.size > 0]
    lines = []
    for name in files.others:
        if resembles_table(name.rpartition("/")[2]):
            lines.append(
                f"{name} in {root} looks like a table of attributes and is not read: save it as "
                f"comma-separated text, called {FILE_NAME}"
            )
    if files.others:
        lines.append(f"skipped in {root}: {kinds_of(files.others)}")
    top = Counter(first_folder(file) for file in images)
    if without := sorted({first_folder(file) for file in files.others} - set(top) - {""}):
        lines.append(f"no image is in {_list(f'{name}/' for name in without)} of {root}")
    if splits.beside:
        others = _list(f"{name} ({top[name]:,} images)" if name in top else name for name in splits.beside)
        folders = " and ".join(sorted(name for names in splits.folders.values() for name in names))
        lines.append(f"skipped in {root}, because {folders} are the splits: {others}")
    if not splits.folders:
        lines += _of_classes(root, images, top)
    if files.seen_before:
        lines.append(f"skipped in {root}: links to folders that are read already: {_list(files.seen_before)}")
    if files.too_deep:
        lines.append(f"skipped in {root}: {len(files.too_deep):,} folder(s) deeper than the system can open")
    if unread := [name for name in files.tables if name != table and not _is_of_split(name, splits)]:
        lines.append(f"not read: {_list(unread)} in {root}; a table of attributes lies in the folder itself")
    return lines


def _is_of_split(table: str, splits: Splits) -> bool:
    return any(table.rpartition("/")[0] in folders for folders in splits.folders.values())


def kinds_of(files: Sequence[str]) -> str:
    """Return "30 .heic (…), 2 .txt, 1 without an ending", with advice for images among them."""
    counts = Counter(ending(file)[:12] for file in files)
    named = [
        f"{count:,} {kind or 'without an ending'}{_advice(kind)}"
        for kind, count in counts.most_common(_AT_MOST)
    ]
    rest = len(files) - sum(count for _, count in counts.most_common(_AT_MOST))
    return ", ".join(named) + (f" and {rest:,} others" if rest else "")


def what_is_there(files: FolderFiles) -> str:
    """Return what is in a folder without images, for the error about it."""
    parts = [f"there are {kinds_of(files.others)} (at any depth)"] if files.others else []
    if files.ours:
        named = [f"{folder} is {kind}" for folder, kind in sorted(files.ours.items())]
        parts.append(f"{_list(named)}; runs, exports and analyses are skipped, because they are not data")
    return "; ".join(parts) or "it is empty (at any depth)"


def are_pictures(files: Iterable[str]) -> bool:
    """Return whether some of these files are images in formats that cannot be read."""
    return any(ending(file) in (*HEIF_ENDINGS, *RAW_ENDINGS, *UNREAD_ENDINGS) for file in files)


def _advice(kind: str) -> str:
    if kind in HEIF_ENDINGS:
        return " (they can be read after: pip install pillow-heif)"
    if kind in RAW_ENDINGS:
        return " (a camera's raw data: save them as JPEG or PNG)"
    return " (images in an unsupported format: save them as PNG)" if kind in UNREAD_ENDINGS else ""


def _of_classes(root: Path, images: Sequence[str], top: Counter[str]) -> list[str]:
    """Return remarks on folders that may not be classes, or might have been meant as classes."""
    folders = sorted(set(top) - {""})
    if "" in top and len(folders) > 1:
        loose = [file for file in images if "/" not in file]
        return [f"the sub-folders of {root} are not classes, because images lie beside them: {_list(loose)}"]
    return [
        f"{name} in {root} is taken for a class of images"
        for name in folders
        if split_of(name) and folders[1:]
    ]


def _list(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_AT_MOST]) + (", …" if len(names) > _AT_MOST else "")
