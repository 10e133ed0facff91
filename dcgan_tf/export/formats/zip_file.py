"""A zip of somebody else's, read with bounds."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dcgan_tf.errors import ExportError
from dcgan_tf.export.record import LARGEST_JSON

_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)
"""What `zipfile` says of a damaged file: also that it is encrypted, or compressed in another way."""


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip for reading, also one behind something else.

    Raises:
        ExportError: if the file is none, or its directory is damaged.
    """
    try:
        if not path.is_file():
            raise ExportError(f"cannot read {path}: it is not a file")
        archive = zipfile.ZipFile(path)
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
    except _DAMAGED as error:
        raise ExportError(f"cannot read {path}: it is no zip, or damaged ({error})") from None
    with archive:
        yield archive


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """Return a small file of a zip.

    Raises:
        ExportError: if there is none of that name, it is damaged, or larger than `LARGEST_JSON`, whatever
            the zip says of its size.
    """
    source = f"cannot read {name} in {archive.filename}"
    try:
        with archive.open(name) as member:
            content = member.read(LARGEST_JSON + 1)
    except KeyError:
        raise ExportError(f"{source}: it is not there") from None
    except OSError as error:
        raise ExportError(f"{source}: {error.strerror}") from None
    except _DAMAGED as error:
        raise ExportError(f"{source}: it is damaged ({error or type(error).__name__})") from None
    if len(content) > LARGEST_JSON:
        raise ExportError(f"{source}: it has more than {LARGEST_JSON:,} bytes")
    return content
