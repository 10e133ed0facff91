"""Write files as a whole, flushed to the disk, or not at all. This module needs the standard library only."""

from __future__ import annotations

import contextlib
import errno
import functools
import hashlib
import logging
import os
import re
import shutil
import socket
import stat
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import StorageError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_FLUSH = (errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM)
"""Errors of `fsync` on file systems that cannot flush: Samba, WSL's drives, folders of virtual machines."""
_SCRATCH = re.compile(r"\..+\.(?P<system>[0-9a-f]{8})-(?P<process>\d+)-[0-9a-f]{8}\.part")
_ABANDONED_SECONDS = 24 * 3600
_swept: set[Path] = set()
_CANNOT_FLUSH_A_FILE = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_PATTERN = "*?[" if os.sep == "\\" else "*?[\\"
_log = logging.getLogger("dcgan_tf")


def writable(path: Path) -> bool:
    """Return whether the permissions allow a file or folder to be written or made."""
    there = next(one for one in (path, *path.absolute().parents) if one.exists())
    return (there == path or there.is_dir()) and os.access(there, os.W_OK)


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a scratch file beside `path`; it takes the place of `path` when the block ends well.

    The file then has the old content or the new, never half of it, also after a loss of power. Folders are
    made. If the block fails, the scratch file is removed and `path` stays as it was.

    Args:
        path: the file.

    Raises:
        StorageError: if the file cannot be written; the message names it.
    """
    target = Path(path)
    scratch = scratch_beside(target)
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            _sweep_once(target.parent)
            yield scratch
            flush(scratch)
            scratch.replace(target)
            flush(target.parent)
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a text as a file in UTF-8; bytes of file names that are no characters stay what they are.

    Raises:
        StorageError: if it cannot be written.
    """
    write_bytes(path, text.encode(errors="surrogateescape"))


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file as a whole.

    Raises:
        StorageError: if it cannot be written.
    """
    with replacing(path) as scratch:
        scratch.write_bytes(content)


def read_bytes(path: Path) -> bytes:
    """Return the content of an ordinary file.

    Raises:
        OSError: if it cannot be read, or is a pipe or a device: opening one could wait for ever.
    """
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "not an ordinary file", os.fspath(path))
    return path.read_bytes()


def flush(path: Path) -> None:
    """Flush a file, or the names in a folder, to the disk, so that a loss of power does not lose it.

    On a file system that cannot flush, this only warns; the file is written nevertheless.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (_NO_FLUSH if path.is_dir() else _CANNOT_FLUSH_A_FILE):
            raise
        _say_unflushed(error.strerror)
    finally:
        os.close(descriptor)


def scratch_beside(path: Path) -> Path:
    """Return a hidden path beside `path`, for a file or folder that is renamed when it is complete.

    The name contains the process that writes it, so that the remains of a killed process can be removed.
    """
    name = path.name.encode(errors="surrogateescape")[:100].decode(errors="ignore")
    return path.with_name(f".{name}.{_system()}-{os.getpid()}-{uuid.uuid4().hex[:8]}.part")


def remove_abandoned(folder: Path) -> None:
    """Remove what killed processes left in a folder: at once if they have ended, else after a day."""
    if not folder.is_dir():
        return
    for path in folder.iterdir():
        if scratch := _SCRATCH.fullmatch(path.name):
            with contextlib.suppress(OSError):  # its process may finish, or another remove it, at this moment
                if _is_abandoned(path, scratch["system"], int(scratch["process"])):
                    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _sweep_once(folder: Path) -> None:
    """Remove abandoned files of a folder once in each process, because a folder may hold many files."""
    if folder not in _swept:
        _swept.add(folder)
        with contextlib.suppress(OSError):
            remove_abandoned(folder)


def _is_abandoned(path: Path, system: str, process: int) -> bool:
    if system == _system() and _is_over(process):
        return True
    written = max(each.stat().st_mtime for each in [path, *path.rglob("*")])
    return time.time() - written > _ABANDONED_SECONDS


@functools.cache
def _system() -> str:
    """Return an identifier of the system in which a process number is valid."""
    numbers = Path("/proc/self/ns/pid")  # containers number their own, and may share a host's name
    space = numbers.readlink() if numbers.is_symlink() else ""
    return hashlib.blake2b(f"{socket.gethostname()} {space}".encode(), digest_size=4).hexdigest()


def _is_over(process: int) -> bool:
    """Return whether a process of this system has ended; False if that is unknown."""
    if os.name != "posix":  # there, os.kill ends a process whatever the signal
        return False
    try:
        os.kill(process, 0)
    except OSError as error:
        return error.errno == errno.ESRCH
    except OverflowError:
        return True
    return False


@functools.cache
def _say_unflushed(reason: str) -> None:
    """Warn once that the file system cannot flush."""
    _log.warning(
        "the file system cannot flush files to the disk (%s); a loss of power may lose the newest ones",
        reason,
    )


@contextmanager
def literal_path(folder: Path) -> Iterator[Path]:
    """Yield a path of `folder` that TensorFlow takes literally, for the time of the block.

    TensorFlow treats a path that it reads as a pattern, in which `[`, `*`, `?` and a backslash have a
    meaning. It cannot take names that are not UTF-8. Such a folder is reached through a link in the system's
    temporary folder.

    Args:
        folder: an existing one.

    Raises:
        StorageError: if the link cannot be made.
    """
    if _is_literal(str(folder)):
        yield folder
        return
    usual = tempfile.gettempdir()
    places = (usual, "/tmp", "/var/tmp")  # TMPDIR may lie below such a name too
    place = next((at for at in places if _is_literal(at) and os.access(at, os.W_OK)), usual)
    with tempfile.TemporaryDirectory(prefix="dcgan_tf-", dir=place) as scratch:
        link = Path(scratch) / "folder"
        with storage_errors(link):
            link.symlink_to(folder.absolute(), target_is_directory=True)
        yield link


def _is_literal(path: str) -> bool:
    return not any(c in _PATTERN or "\ud800" <= c <= "\udfff" for c in path)


@contextmanager
def storage_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError that names the file.

    Args:
        path: the file that is written; the message prefers the error's own file name if a user knows it.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: str | os.PathLike[str], error: OSError) -> StorageError:
    """Return a StorageError that says in one sentence which file cannot be written, and why."""
    if error.errno in DISK_FULL:
        return StorageError(f"the disk is full: could not write {os.fspath(path)}; make room and try again")
    return StorageError(f"could not write {os.fspath(path)}: {error.strerror or error}")
