"""Find the files in a folder: images at any depth, links and folders that cannot be read, and others.

Some files are skipped without a message: hidden files and folders; files that systems and programs put beside
images (thumbnails, bins, resource forks); and files of this library: run directories, exports, analyses, and
the sheets that a command writes to the current folder. A resumed training must not find its own samples.
"""

from __future__ import annotations

import errno
import heapq
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dcgan_tf.data.decoding.formats import are_images, is_called_image
from dcgan_tf.data.folder.attributes import is_called_table
from dcgan_tf.errors import DataError
from dcgan_tf.images import is_own

# In small letters. @…, #…, ~… and the two below: network drives; found.000 and the bins: Windows; lost.dir:
# Android.
_NOT_DATA = {
    *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "#recycle", "#snapshot", "@sharebin", "~snapshot"),
    *("network trash folder", "temporary items"),
    *(
        "$recycle.bin",
        "recycler",
        "recycled",
        "system volume information",
        "found.000",
        "lost.dir",
        "lost+found",
    ),
    *("thumbs.db", "thumbs.db:encryptable", "ehthumbs.db", "desktop.ini", "picasa.ini", "icon\r"),
    *("__macosx", "__pycache__"),
}
_RUN_CONFIG, _RUN_PARTS = "config.json", {"checkpoints", "train.lock"}
_SHEETS = ("samples.png", "-images.png")  # of sample and inspect-data, where they are not told another place
_EXPORT, _ANALYSIS = {"export.json", "MODEL_CARD.md"}, {"result.json", "figure.png"}


@dataclass(frozen=True)
class Candidate:
    """A file that is an image or has an image's name, or a link or sub-folder that cannot be read.

    Attributes:
        file: path relative to the folder, with forward slashes.
        size: in bytes; -1 if it is not an ordinary file, or cannot be opened.
        modified: nanoseconds since 1970.
    """

    file: str
    size: int
    modified: int


@dataclass(frozen=True)
class FolderFiles:
    """The files in a folder, as sorted paths relative to it, with forward slashes.

    Attributes:
        candidates: files that may be images.
        tables: files that have the name of a table of attributes.
        others: files that are not images.
        seen_before: links to folders that were read already, under another name.
        too_deep: folders whose path is too long for the system.
        ours: {folder: what it is} of the run directories, exports and analyses, which are skipped.
    """

    candidates: list[Candidate] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    seen_before: list[str] = field(default_factory=list)
    too_deep: list[str] = field(default_factory=list)
    ours: dict[str, str] = field(default_factory=dict)


def find_files(root: Path) -> FolderFiles:
    """Find the files in a folder at every depth; follow links, but read each real folder once.

    Only ordinary files are opened, and only those without the ending of an image.

    Raises:
        DataError: if the folder cannot be read.
    """
    found = FolderFiles()
    unknown: list[tuple[str, os.DirEntry[str]]] = []
    for name, entry in _Walk(root, found).entries():
        if is_called_image(name):
            found.candidates.append(_candidate(entry, name))
        elif is_called_table(entry.name):
            found.tables.append(name)
        else:
            unknown.append((name, entry))
    answers = are_images([Path(entry.path) for _, entry in unknown])
    for (name, entry), is_image in zip(unknown, answers, strict=True):
        if is_image:
            found.candidates.append(_candidate(entry, name))
        else:
            found.others.append(name)
    found.candidates.sort(key=lambda candidate: candidate.file)
    for names in (found.tables, found.others, found.seen_before, found.too_deep):
        names.sort()
    return found


class _Walk:
    """Walks through a folder, real sub-folders first, so that a link never replaces its own target."""

    def __init__(self, root: Path, found: FolderFiles) -> None:
        self._root, self._found = root, found
        self._folders: list[tuple[str, str]] = [(str(root), "")]  # (path, the same relative, with a slash)
        self._links: list[tuple[str, str]] = []
        self._visited: set[tuple[int, int]] = set()
        self._through_links = False  # from the first link on: the real sub-folders come before

    def entries(self) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Yield (relative path, entry) of everything but folders."""
        while self._folders or self._links:
            if not self._folders:
                self._folders.append(heapq.heappop(self._links))
                self._through_links = True
            path, prefix = self._folders.pop()
            for entry in self._read(path, prefix):
                name = prefix + entry.name
                kind = _kind(entry)
                if _is_passed_over(entry, kind):
                    continue
                if kind == "folder" and not is_called_image(name):
                    self._later((entry.path, f"{name}/"), is_link=entry.is_symlink())
                elif kind == "away" and not is_called_image(name):
                    self._found.candidates.append(Candidate(name, -1, 0))
                else:
                    yield name, entry

    def _later(self, folder: tuple[str, str], *, is_link: bool) -> None:
        if is_link:
            heapq.heappush(self._links, folder)
        else:
            self._folders.append(folder)

    def _read(self, path: str, prefix: str) -> list[os.DirEntry[str]]:
        """Return the entries of a folder; record it if it was read before or cannot be read."""
        try:
            status = Path(path).stat()
            # Without links no folder is met twice, whatever numbers a network's file system gives them.
            if self._through_links and (status.st_dev, status.st_ino) in self._visited:
                self._found.seen_before.append(prefix.removesuffix("/"))
                return []
            self._visited.add((status.st_dev, status.st_ino))
            with os.scandir(path) as scanned:
                entries = sorted(scanned, key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise DataError(f"the folder {self._root} cannot be read ({error.strerror})") from error
            if error.errno == errno.ENAMETOOLONG:
                self._found.too_deep.append(prefix.removesuffix("/"))
            else:
                self._found.candidates.append(Candidate(prefix.removesuffix("/"), -1, 0))
            return []
        if prefix and (kind := _kind_of_ours({entry.name for entry in entries})):
            self._found.ours[prefix] = kind
            return []
        return entries


def _is_passed_over(entry: os.DirEntry[str], kind: str) -> bool:
    if entry.name.startswith(".") or entry.name.lower() in _NOT_DATA:
        return True
    return kind == "file" and entry.name.endswith(_SHEETS) and entry.is_file() and is_own(entry.path)


def _kind(entry: os.DirEntry[str]) -> str:
    """Return "folder", "file" (also a pipe or a device), or "away" (a link without a target)."""
    try:
        if entry.is_dir():
            return "folder"
        if entry.is_symlink():
            entry.stat()
    except OSError:
        return "away"
    return "file"


def _kind_of_ours(names: set[str]) -> str | None:
    """Return what a folder with these names in it is: "a run", "an export", "an analysis", or None."""
    if _RUN_CONFIG in names and not _RUN_PARTS.isdisjoint(names):
        return "a run"
    if names >= _EXPORT:
        return "an export"
    return "an analysis" if names >= _ANALYSIS else None


def _candidate(entry: os.DirEntry[str], name: str) -> Candidate:
    try:
        status = entry.stat()
    except OSError:  # a broken link
        return Candidate(name, -1, 0)
    usable = stat.S_ISREG(status.st_mode) and os.access(entry.path, os.R_OK)
    return Candidate(name, status.st_size if usable else -1, status.st_mtime_ns)
