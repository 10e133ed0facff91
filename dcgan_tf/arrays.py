"""Read an array that NumPy saved, from a file that may be anything."""

from __future__ import annotations

from pathlib import Path
from tokenize import TokenError

import numpy as np

from dcgan_tf.errors import DataError

_MAGIC = b"\x93NUMPY"
_DAMAGES = (
    OSError,
    ValueError,
    EOFError,
    SyntaxError,
    TokenError,
    TypeError,
    KeyError,
    RecursionError,
    MemoryError,
    OverflowError,
)
"""Errors of NumPy on headers that are damaged, describe objects, or are larger than the file."""


def read_array(path: Path, *, made_by: str) -> np.ndarray:
    """Map an array into memory; only its header is read, and nothing in it is ever run.

    Args:
        path: a file that `numpy.save` wrote.
        made_by: what makes such files, for the errors.

    Raises:
        DataError: if the file cannot be read, or is something else.
    """
    expected = f"{path} must be an array as numpy.save writes it, such as {made_by} makes"
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from None
    if magic != _MAGIC:  # NumPy would take a zip, or a pickle, for what its ending does not say
        raise DataError(f"{expected}, received something else")
    try:
        array: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except _DAMAGES as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(
            f"{expected}; its header cannot be read, or does not fit the file: {reason}"
        ) from None
    return array
