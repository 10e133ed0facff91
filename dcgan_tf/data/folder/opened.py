"""A folder that was looked through, as seen from one of its splits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf.data.folder.attributes import choose_table
from dcgan_tf.data.folder.files import Candidate, FolderFiles, find_files
from dcgan_tf.data.folder.remarks import kinds_of, remarks, say_once
from dcgan_tf.data.folder.splits import Splits, find_splits, first_folder, split_of
from dcgan_tf.errors import DataError


@dataclass(frozen=True)
class ImageFolder:
    """A folder that was looked through.

    Attributes:
        root: the folder.
        files: what lies there.
        splits: how it is divided.
        sub_folder: where the images of the chosen split lie, relative to the folder; "" for all of it.
    """

    root: Path
    files: FolderFiles
    splits: Splits
    sub_folder: str

    @staticmethod
    def open(root: Path, *, split: str | None) -> ImageFolder:
        """Look through a folder; what is passed over is said in a line each, once in a process.

        Args:
            root: the folder, existing.
            split: "train", or another that it has; None for all images, which must not be divided then.

        Raises:
            DataError: if it cannot be read, there are no images, no such split, or more than one.
        """
        files = find_files(root)
        if not files.candidates:
            there = f"there are {kinds_of(files.others)}" if files.others else "it is empty"
            raise DataError(f"no images in {root}: {there} (looked at every depth)")
        _check_links(root, files)
        images = [candidate.file for candidate in files.candidates if candidate.size > 0]
        splits = find_splits(images, root=root)
        place = splits.whole(root=root) if split is None else splits.folder_of(split, root=root)
        folder = ImageFolder(root, files, splits, place)
        for line in remarks(root, files, splits, table=folder.table):
            say_once(line)
        return folder

    @property
    def candidates(self) -> list[Candidate]:
        """What may be an image of the chosen split, sorted by path."""
        return [candidate for candidate in self.files.candidates if self.holds(candidate.file)]

    @property
    def table(self) -> str | None:
        """The table of attributes that counts, relative to the folder: that of the split, or else its own."""
        for place in dict.fromkeys((self.sub_folder, "")):
            tables = [table for table in self.files.tables if table.rpartition("/")[0] == place]
            names = [table.rpartition("/")[2] for table in tables]
            if name := choose_table(names, root=self.root / place):
                return f"{place}/{name}" if place else name
        return None

    def class_names(self) -> tuple[str, ...]:
        """Return the classes, sorted; () if there are none.

        Where a split has no other classes than "train", it gets the names of that, so that equal numbers are
        equal classes.
        """
        own = self._sub_folders(self.sub_folder)
        train = self.splits.folders.get("train", [])
        of_train = self._sub_folders(train[0]) if len(train) == 1 else set()
        names = of_train if own <= of_train else own
        return () if "" in names or len(names) < 2 else tuple(sorted(names))

    def holds(self, file: str) -> bool:
        """Tell whether a file is of the chosen split."""
        return not self.sub_folder or file.startswith(f"{self.sub_folder}/")

    def class_of(self, file: str) -> str:
        """Return the sub-folder of the folder, or of its split, that a file lies in; "" if in none."""
        return first_folder(file.removeprefix(f"{self.sub_folder}/") if self.sub_folder else file)

    def without_images(self) -> dict[str, list[str]]:
        """Return {sub-folder: its files} of those that hold no image, where these would be classes."""
        good = self._sub_folders(self.sub_folder)
        found: dict[str, list[str]] = defaultdict(list)
        for file in self.files.others:
            if self.holds(file) and self.class_of(file) not in (*good, ""):
                found[self.class_of(file)].append(file)
        return {} if "" in good else found

    def _sub_folders(self, place: str) -> set[str]:
        """Return the first folders below a place, with "" if images lie in the place itself."""
        start = f"{place}/" if place else ""
        return {
            first_folder(candidate.file[len(start) :])
            for candidate in self.files.candidates
            if candidate.size > 0 and candidate.file.startswith(start)
        }


def _check_links(root: Path, files: FolderFiles) -> None:
    """Refuse splits that are made of links to what lies in the folder anyway, or in another split."""
    for link in files.seen_before:
        if split_of(link.split("/")[0]):
            raise DataError(
                f"{link} in {root} is a link to a folder that is there under another name too, so that "
                "nobody can tell which images are for training: move that folder away, or take out the link"
            )
