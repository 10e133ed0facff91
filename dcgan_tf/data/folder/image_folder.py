"""A folder of images after its files were found, seen from one of its splits."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf.data.folder.attributes import choose_table
from dcgan_tf.data.folder.files import Candidate, FolderFiles, find_files
from dcgan_tf.data.folder.remarks import remarks, say_once, what_is_there
from dcgan_tf.data.folder.splits import Splits, find_splits, first_folder, split_of
from dcgan_tf.errors import DataError


@dataclass(frozen=True)
class ImageFolder:
    """The files of a folder and one of its splits.

    Attributes:
        root: the folder.
        files: the files in it.
        splits: how the folder is divided.
        sub_folder: the place of the chosen split's images, relative to the folder; "" for all of it.
    """

    root: Path
    files: FolderFiles
    splits: Splits
    sub_folder: str

    @staticmethod
    def open(root: Path, *, split: str | None) -> ImageFolder:
        """Find the files of a folder; log what is skipped, once in each process.

        Args:
            root: the folder, which must exist.
            split: "train", or another split that it has; None for all images of a folder without splits.

        Raises:
            DataError: if it cannot be read, has no images, no such split, or more than one.
        """
        files = find_files(root)
        if not files.candidates:
            raise DataError(f"no images in {root}: {what_is_there(files)}")
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
        """The files that may be images of the chosen split, sorted by path."""
        return [candidate for candidate in self.files.candidates if self.holds(candidate.file)]

    @property
    def table(self) -> str | None:
        """The table of attributes that is read, relative to the folder: the split's, or else the folder's."""
        for place in dict.fromkeys((self.sub_folder, "")):
            tables = [table for table in self.files.tables if table.rpartition("/")[0] == place]
            names = [table.rpartition("/")[2] for table in tables]
            if name := choose_table(names, root=self.root / place):
                return f"{place}/{name}" if place else name
        return None

    def class_names(self) -> tuple[str, ...]:
        """Return the classes, sorted; () if there are none.

        A split that has no other classes than "train" gets the names of "train", so that equal numbers are
        equal classes.
        """
        own = self._sub_folders(self.sub_folder)
        train = self.splits.folders.get("train", [])
        of_train = self._sub_folders(train[0]) if len(train) == 1 else set()
        names = of_train if own <= of_train else own
        return () if "" in names or len(names) < 2 else tuple(sorted(names))

    def holds(self, file: str) -> bool:
        """Return whether a file belongs to the chosen split."""
        return not self.sub_folder or file.startswith(f"{self.sub_folder}/")

    def class_of(self, file: str) -> str:
        """Return the sub-folder of the folder, or of its split, that holds a file; "" if none does."""
        return first_folder(file.removeprefix(f"{self.sub_folder}/") if self.sub_folder else file)

    def without_images(self) -> dict[str, list[str]]:
        """Return {sub-folder: its files} for sub-folders without images that would be classes."""
        good = self._sub_folders(self.sub_folder)
        found: dict[str, list[str]] = defaultdict(list)
        for file in self.files.others:
            if self.holds(file) and self.class_of(file) not in (*good, ""):
                found[self.class_of(file)].append(file)
        return {} if "" in good else found

    def _sub_folders(self, place: str) -> set[str]:
        """Return the first folders below a folder, with "" if images lie in that folder itself."""
        start = f"{place}/" if place else ""
        return {
            first_folder(candidate.file[len(start) :])
            for candidate in self.files.candidates
            if candidate.size > 0 and candidate.file.startswith(start)
        }


def _check_links(root: Path, files: FolderFiles) -> None:
    """Refuse splits made of links to images that lie in the folder, or in another split, already."""
    for link in files.seen_before:
        if split_of(link.split("/")[0]):
            raise DataError(
                f"{link} in {root} is a link to a folder that is also there under another name, so it is "
                "unclear which images are for training: move that folder away, or remove the link"
            )
