"""Find the splits of a folder (images for training and for testing) by the names of its sub-folders.

- `train` or `training` beside `test`, `testing`, `eval`, `evaluation`, `val`, `valid`, `validation`, `dev` or
  `holdout`, in small letters or capitals: these are the splits. Everything beside them belongs to no split.
- `train` alone, or beside `unlabeled`, `unlabelled` or `extra`: there is the split train, and no other.
- Any other names: everything is "train", and a folder `train` beside `bus` and `car` is a class.
- Some folders are refused, rather than trained on by mistake: those with test images but no folder `train`
beside them; with similar names, such as train2017 and val2017; or with splits below a sub-folder.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf.data.image_set import MissingSplitError
from dcgan_tf.errors import DataError

_NAMES = {
    "train": ("train", "training"),
    "test": ("test", "testing", "eval", "evaluation"),
    "validation": ("validation", "val", "valid", "dev", "holdout"),
}
_SPLIT_OF = {name: split for split, names in _NAMES.items() for name in names}
# These mean nothing but a split, also where no folder train lies beside them; "valid" may be a class.
_UNMISTAKABLE = ("test", "testing", "validation", "val")
_OF_A_SPLIT = r"(?:set|data|images?|imgs?|split)$"  # trainset beside testset
_IN_NO_SPLIT = ("unlabeled", "unlabelled", "extra")


@dataclass(frozen=True)
class Splits:
    """The splits of a folder.

    Attributes:
        folders: {"train", "test" or "validation": the sub-folders of that name}; empty if it is not divided.
        beside: the sub-folders and images that belong to no split.
    """

    folders: dict[str, list[str]]
    beside: list[str]

    def folder_of(self, split: str, *, root: Path) -> str:
        """Return the sub-folder that holds a split; "" if that is the folder itself.

        Args:
            split: any of the names above.
            root: the folder, for the messages.

        Raises:
            MissingSplitError: if there is no such split.
            DataError: if there are two.
        """
        folders = self.folders.get(split_of(split) or "", [])
        if not self.folders and split_of(split) == "train":
            return ""
        if len(folders) == 1:
            return folders[0]
        if folders:
            raise DataError(
                f"{' and '.join(folders)} in {root} may both be the split {split}; rename one of them"
            )
        if not self.folders:
            raise MissingSplitError(
                f"{root} has the split train only, received {split!r}; for others, its images must lie in "
                "sub-folders called train and test or validation"
            )
        existing = sorted(name for names in self.folders.values() for name in names)
        if split_of(split) == "train":
            raise MissingSplitError(
                f"{root} has images in {' and '.join(existing)}, but no sub-folder called train: put the "
                f"images to train on into {root / 'train'}; or rename {existing[0]}, if it is not for testing"
            )
        raise MissingSplitError(f"split of {root} must be one of {', '.join(existing)}, received {split!r}")

    def whole(self, *, root: Path) -> str:
        """Return the sub-folder that holds all images; "" if that is the folder itself.

        Args:
            root: the folder, for the message.

        Raises:
            DataError: if the folder is divided, so that it is unclear which images are meant.
        """
        names = sorted(name for names in self.folders.values() for name in names)
        if len([*names, *self.beside]) > 1 and names:
            raise DataError(
                f"the images in {root} are divided into {' and '.join(names)}"
                + (f", and there are others beside ({', '.join(self.beside[:3])})" if self.beside else "")
                + f": give the folder of the ones that you mean, such as {root / names[0]}"
            )
        return names[0] if names else ""


def split_of(name: str) -> str | None:
    """Return "train", "test" or "validation" for any of their names, whatever their capitals; else None."""
    return _SPLIT_OF.get(name.casefold())


def find_splits(files: Sequence[str], *, root: Path) -> Splits:
    """Return the splits of a folder.

    Args:
        files: its images as paths relative to it, with forward slashes.
        root: the folder, for the messages.

    Raises:
        DataError: if there seem to be splits, but in the wrong place.
    """
    beside = sorted({first_folder(file) or file for file in files})
    top = sorted({first_folder(file) for file in files} - {""})
    found: dict[str, list[str]] = defaultdict(list)
    for name in top:
        if split := split_of(name):
            found[split].append(name)
    rest = [name for name in beside if split_of(name) is None or name not in top]
    if "train" in found and (len(found) > 1 or all(name.casefold() in _IN_NO_SPLIT for name in rest)):
        return Splits(dict(found), rest)
    _check_resembling(top, root)
    if "train" not in found and any(name.casefold() in _UNMISTAKABLE for name in top):
        return Splits(dict(found), rest)
    _check_below(files, root)
    return Splits({}, [])


def first_folder(file: str) -> str:
    """Return "cats" for "cats/tom/1.jpg" and "" for "1.jpg"."""
    return file.split("/", 1)[0] if "/" in file else ""


def _check_resembling(top: list[str], root: Path) -> None:
    """Refuse names such as train2017 beside val2017."""
    alike: dict[str, set[str]] = defaultdict(set)
    for name in top:
        words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
        splits = {split for word in words if (split := split_of(re.sub(_OF_A_SPLIT, "", word, flags=re.I)))}
        if len(splits) == 1:  # a folder called train_and_test is neither
            alike[splits.pop()].add(name)
    if "train" in alike and len(alike) > 1:
        listed = " and ".join(sorted(min(names) for names in alike.values()))
        raise DataError(
            f"{listed} in {root} look like images to train on and to test with, and all would be trained on: "
            "call them train and test, or give only the folder with the images to train on"
        )


def _check_below(files: Sequence[str], root: Path) -> None:
    """Refuse pets/images/train beside pets/images/test, because both would be trained on."""
    below: dict[str, set[str]] = defaultdict(set)
    for folder in {file.rpartition("/")[0] for file in files}:
        parts = folder.split("/")
        for depth in range(1, len(parts)):
            if split := split_of(parts[depth]):
                below["/".join(parts[:depth])].add(split)
    divided = sorted(folder for folder, splits in below.items() if "train" in splits and len(splits) > 1)
    if len(divided) == 1:
        raise DataError(
            f"the images in {root} are divided into train and test further down, and all would be trained "
            f"on: give {root / divided[0]}"
        )
    if divided:
        raise DataError(
            f"each of {', '.join(divided[:3])}{', …' if len(divided) > 3 else ''} in {root} is divided into "
            f"train and test, and all would be trained on: put the splits at the top, such as "
            f"train/{divided[0]}"
        )
