"""Find the folder that `--data` names, or say what is wrong with it."""

from __future__ import annotations

import difflib
import os
from pathlib import Path

from dcgan_tf.config import BUILT_IN_DATA
from dcgan_tf.data.decoding.formats import is_called_image
from dcgan_tf.errors import DataError

_EXPECTED = (
    f"data must be {', '.join(BUILT_IN_DATA)}, tfds:NAME, hf:USER/NAME, or an existing folder of images"
)
_ARCHIVES = (".zip", ".tar", ".tgz", ".gz", ".bz2", ".xz", ".7z", ".rar", ".zst")


def folder_of(spec: str) -> Path:
    """Return the absolute path of the folder, with `~` and links resolved.

    Raises:
        DataError: if there is none; it says what is there, and suggests another name.
    """
    if not spec.strip():
        raise DataError(f"{_EXPECTED}, received {spec!r}; the current folder is called .")
    try:
        path = Path(spec).expanduser()
        if path.is_dir():
            return path.resolve()
        there = path.exists()
    except RuntimeError as error:  # ~nobody
        raise DataError(f"{_EXPECTED}, received {spec!r}: {error}") from error
    except OSError as error:
        raise DataError(f"{spec} cannot be read: {error.strerror or error}") from error
    if not there:
        raise DataError(f"{_EXPECTED}, received {spec!r}: {_absent(spec, path)}")
    if path.name.lower().endswith(_ARCHIVES):
        raise DataError(f"{spec} is an archive: unpack it, and give the unpacked folder")
    if is_called_image(path.name):
        raise DataError(f"{spec} is one image: give the folder that contains it")
    raise DataError(f"{spec} is a file; {_EXPECTED}")


def _absent(spec: str, path: Path) -> str:
    """Return the reason why there is no such folder, with a suggestion."""
    if "://" in spec:
        return "only folders on this computer can be read; copy the images to one first"
    # abspath, because a path that does not exist cannot be followed.
    absolute = Path(os.path.abspath(path))  # noqa: PTH100
    parent = next(above for above in absolute.parents if above.is_dir())
    missing = parent / absolute.relative_to(parent).parts[0]
    try:
        beside = [entry.name for entry in os.scandir(parent) if entry.is_dir()]
    except OSError:
        beside = []
    known = [*beside, *BUILT_IN_DATA] if len(Path(spec).parts) == 1 else beside
    close = difflib.get_close_matches(missing.name, known, n=1)
    close = close or [name for name in known if name.casefold() == missing.name.casefold()][:1]
    hint = f"; did you mean {Path(*absolute.parts[: len(parent.parts)], close[0])}?" if close else ""
    if close and close[0] in BUILT_IN_DATA and close[0] not in beside:
        hint = f"; did you mean {close[0]}?"
    elif not close and len(Path(spec).parts) == 1:
        hint = f"; a dataset of TensorFlow Datasets would be tfds:{spec}"
    return f"{missing} does not exist{hint}"
