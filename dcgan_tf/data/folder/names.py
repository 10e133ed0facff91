"""Find the file that a table means by a name, even if the disk spells it in another way."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from pathlib import PurePosixPath


class FileNames:
    """The files of a folder, which can be found by their path, or by their name alone if it is unique.

    The letter é is one character in typed names and two in names that a Mac wrote; both are found. Names
    without their ending, as in a column `image_id`, and Windows' paths are found too.
    """

    def __init__(self, files: Collection[str], *, root: str = "", folder: str = "") -> None:
        """Prepare the search.

        Args:
            files: paths relative to the folder, with forward slashes.
            root: the folder's own name, which paths may begin with.
            folder: the sub-folder that paths may start in.
        """
        self._root, self._folder = _composed(root), _composed(folder)
        composed = [(_composed(file), file) for file in files]
        self._exact = frozenset(files)
        self._paths = _unique(composed)
        self._names = _unique((path.rpartition("/")[2], file) for path, file in composed)
        self._folded = _grouped((path.casefold(), file) for path, file in composed)
        self._folded_names = _grouped((path.rpartition("/")[2].casefold(), file) for path, file in composed)
        self._stems = _unique((PurePosixPath(path).stem, file) for path, file in composed)

    def find(self, name: str) -> str | None:
        """Return the file of a name, spelt as on the disk; None if there is none, or more than one."""
        exact = f"{self._folder}/{name}" if self._folder else name
        if exact in self._exact:
            return exact
        for spelling in _spellings(name):
            for path in self._beginnings(spelling):
                if path in self._paths:
                    return self._paths[path]
            if "/" not in spelling and (file := self._names.get(spelling) or self._stems.get(spelling)):
                return file
        return None

    def find_in_any_capitals(self, name: str) -> str | None:
        """Return the only file whose name differs at most in capitals, such as 0.jpg for 0.JPG; else None."""
        for spelling in _spellings(name):
            for path in self._beginnings(spelling):
                if len(files := self._folded.get(path.casefold(), [])) == 1:
                    return files[0]
            if "/" not in spelling and len(files := self._folded_names.get(spelling.casefold(), [])) == 1:
                return files[0]
        return None

    def has_twin(self, file: str) -> bool:
        """Return whether another file's path differs only in capitals."""
        return len(self._folded.get(_composed(file).casefold(), [])) > 1

    def _beginnings(self, path: str) -> Iterator[str]:
        """Yield a path as if it began in the folder, in the sub-folder, and above the folder."""
        if self._folder:
            yield f"{self._folder}/{path}"
        yield path
        parts = path.split("/")
        if self._root in parts[:-1]:
            yield "/".join(parts[parts.index(self._root) + 1 :])


def _spellings(name: str) -> Iterator[str]:
    """Yield a name as it is, with Windows' separators turned, and in Windows' western characters."""
    yield PurePosixPath(_composed(name)).as_posix()
    if "\\" in name:
        yield PurePosixPath(_composed(name.replace("\\", "/"))).as_posix()
    if any("\udc80" <= character <= "\udcff" for character in name):
        yield _composed(name.encode(errors="surrogateescape").decode("cp1252", "replace"))


def _composed(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Return {key: file} for the keys that only one file has."""
    return {key: files[0] for key, files in _grouped(pairs).items() if len(files) == 1}


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key, file in pairs:
        found[key].append(file)
    return found
