"""Read a foreign zip file with bounds on its size."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import ExportError
from dcgan_tf.export.record import LARGEST_JSON

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""Errors of `zipfile` on a damaged file, also on one that is encrypted or compressed in another way."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading, even if it comes after other data.

    Raises:
        ExportError: if the file is not a zip, or its directory is damaged.
    """
    try:
        if not path.is_file():
            raise ExportError(f"cannot read {path}: it is not a file")
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
    except _DAMAGED as error:
        raise ExportError(f"cannot read {path}: it is not a zip, or damaged ({error})") from None
    with archive:
        yield archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a small file of a zip.

    Raises:
        ExportError: if there is no file of that name, or it is damaged, or larger than `LARGEST_JSON` despite
            the size that the zip declares.
    """
    source = f"cannot read {name} in {archive.filename}"
    try:
        with archive.open(name) as member:
            content = member.read(LARGEST_JSON + 1)
    except KeyError:
        raise ExportError(f"{source}: it is missing") from None
    except OSError as error:
        raise ExportError(f"{source}: {error.strerror}") from None
    except _DAMAGED as error:
        raise ExportError(f"{source}: it is damaged ({error or type(error).__name__})") from None
    if len(content) > LARGEST_JSON:
        raise ExportError(f"{source}: it has more than {LARGEST_JSON:,} bytes")
    return content
