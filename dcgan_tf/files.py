"""How a file is written: as a whole, flushed to the disk, or not at all. Standard library only."""

from __future__ import annotations

import contextlib
import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import StorageError

DISK_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NO_FLUSH = (errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.ENOSYS, errno.EBADF, errno.EACCES, errno.EPERM)
"""What `fsync` answers on file systems that cannot flush: Samba, WSL's drives, virtual machines' folders."""


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a scratch file beside `path`; it takes the place of `path` when the block ends well.

    The file then has the old content or the new, never half of it, also after a loss of power. Folders are
    made. If the block fails, the scratch file is removed and `path` stays as it was.

    Args:
        path: of the file.

    Raises:
        StorageError: if the file cannot be written; names it.
    """
    target = Path(path)
    scratch = target.with_name(f".{target.name[:100]}.{uuid.uuid4().hex[:8]}.part")
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            yield scratch
            flush(scratch)
            scratch.replace(target)
            flush(target.parent)
    finally:
        with contextlib.suppress(OSError):
            scratch.unlink()


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a file as a whole, in UTF-8; what is no character, as in file names, is kept as its bytes.

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


def flush(path: Path) -> None:
    """Have the system put a file, or the names in a folder, on the disk, in case the power goes.

    A file system that cannot do so for a folder is left alone.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_FLUSH or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


@contextmanager
def storage_errors(path: str | os.PathLike[str]) -> Iterator[None]:
    """Turn an OSError of the block into a StorageError that names the file.

    Args:
        path: the file that is written; the error's own file name is preferred if it is a user's.
    """
    try:
        yield
    except OSError as error:
        raise storage_error(path, error) from error


def storage_error(path: str | os.PathLike[str], error: OSError) -> StorageError:
    """Return the StorageError that says in one sentence that a file cannot be written, and why."""
    if error.errno in DISK_FULL:
        return StorageError(f"the disk is full: could not write {os.fspath(path)}; make room and try again")
    return StorageError(f"could not write {os.fspath(path)}: {error.strerror or error}")
