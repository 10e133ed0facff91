"""The cache: folders that are made once, read often, and made again if they are damaged.

A folder is written under another name, flushed to the disk and renamed, so that it is complete or does not
exist. Its marker is the file that is written last.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from dcgan_tf.errors import StorageError
from dcgan_tf.files import flush, remove_abandoned, scratch_beside

T = TypeVar("T")

_OF_THE_SYSTEM = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)
"""Errors of a system that is out of open files, or of memory: what cannot be read then may be sound."""

_log = logging.getLogger("dcgan_tf")


def default_cache_dir() -> Path:
    """Return $DCGAN_TF_CACHE, or dcgan_tf in the user's cache folder."""
    if explicit := os.environ.get("DCGAN_TF_CACHE"):
        return Path(explicit)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "dcgan_tf"


def place(cache_dir: str | Path | None, key: str) -> Path:
    """Return the path of an entry of the cache.

    Args:
        cache_dir: the cache; None is `default_cache_dir()`.
        key: name of the entry; it must change with everything that decides the content.
    """
    return Path(cache_dir or default_cache_dir()).expanduser() / key


def shortened(name: str, *, at_most: int = 40) -> str:
    """Return a readable form of a name for use in a file name, cut to a number of bytes."""
    simple = re.sub(r"[^\w.-]+", "_", name)
    return simple.encode(errors="replace")[:at_most].decode(errors="ignore")


def read_or_discard(folder: Path, marker: str, read: Callable[[Path], T]) -> T | None:
    """Return the content of a folder in the cache; None if it does not exist or is damaged.

    A damaged folder is reported and removed, so that it can be made again.

    Args:
        folder: in the cache.
        marker: name of the file in it that was written last.
        read: takes the folder and returns its content; raises any exception if that is damaged.

    Raises:
        StorageError: if it may not be read, the system has no means to read it, or it is damaged and cannot
            be taken away.
    """
    if not (folder / marker).exists():
        return None
    try:
        return read(folder)
    except PermissionError as error:  # sound, and somebody else's
        raise StorageError(
            f"{folder} cannot be read ({error.strerror}); change its permissions, or choose another cache "
            "with --cache-dir or the variable DCGAN_TF_CACHE"
        ) from error
    except Exception as error:  # NumPy, zipfile and json raise nearly anything on damaged files
        if isinstance(error, OSError) and error.errno in _OF_THE_SYSTEM:
            raise StorageError(
                f"{folder} cannot be read ({error.strerror}); end other programs, and try again"
            ) from error
        reason = str(error).strip() or type(error).__name__
        _log.warning("%s is damaged (%s); it is made again", folder, reason.splitlines()[0])
    broken = scratch_beside(folder)
    try:
        with contextlib.suppress(FileNotFoundError):  # another process was first
            folder.rename(broken)
    except OSError as error:
        raise _not_written(folder, error) from error
    shutil.rmtree(broken, ignore_errors=True)
    return None


def store(folder: Path, marker: str, write: Callable[[Path], None]) -> None:
    """Make a folder of the cache; if another process is first, its equal result stays.

    Args:
        folder: in the cache.
        marker: name of the file in it that is written last.
        write: fills an empty scratch folder.

    Raises:
        StorageError: if the cache cannot be written or is full.
    """
    remove_abandoned(folder.parent)
    scratch = scratch_beside(folder)
    try:
        # Not tempfile.mkdtemp: its mode 0700 would lock other users out of a shared cache.
        scratch.mkdir(parents=True)
    except OSError as error:
        raise _not_written(folder, error) from error
    try:
        write(scratch)
        # A rename can reach the disk before the content does; after a loss of power the files would be empty.
        for path in [*scratch.rglob("*"), scratch]:
            flush(path)
        _put_in_place(scratch, folder, marker)
        flush(folder.parent)
    except OSError as error:  # mostly a full disk; NumPy's has no number: "N requested and M written"
        raise StorageError(
            f"{folder.name} cannot be prepared in the cache {folder.parent} ({error}); make room there, or "
            "choose another with --cache-dir or the variable DCGAN_TF_CACHE"
        ) from error
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _not_written(folder: Path, error: OSError) -> StorageError:
    return StorageError(
        f"the cache of prepared images cannot be written: {folder.parent} ({error.strerror}); "
        "choose another with --cache-dir or the variable DCGAN_TF_CACHE"
    )


def _put_in_place(scratch: Path, folder: Path, marker: str) -> None:
    """Rename a finished folder; if another process was first, keep its equal result."""
    if _renamed_or_there(scratch, folder, marker):
        return
    shutil.rmtree(folder, ignore_errors=True)  # cut short while it was written or deleted
    if not _renamed_or_there(scratch, folder, marker):
        scratch.rename(folder)  # says why it cannot


def _renamed_or_there(scratch: Path, folder: Path, marker: str) -> bool:
    """Try to rename; return whether a finished folder is in place now, this one or another process's."""
    with contextlib.suppress(OSError):
        scratch.rename(folder)
    return (folder / marker).exists()
