"""Read pictures from the files that the package `datasets` has downloaded, and from no others."""

from __future__ import annotations

import errno
import lzma
import zipfile
import zlib
from pathlib import Path
from typing import Any

from dcgan_tf.data.decoding.decode import FILE_ERRORS
from dcgan_tf.errors import DataError

_IN_ARCHIVE = "zip://"
"""How `datasets` begins the path of a picture inside of a ZIP archive: zip://MEMBER::ARCHIVE."""
LARGEST = 2**28
"""Bytes of the largest picture that is unpacked; a small archive may claim to hold far more."""
_DAMAGE = (ValueError, KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error, lzma.LZMAError)
"""What `zipfile` raises for a damaged archive, or for a member that it does not hold or cannot unpack."""


class DownloadedFiles:
    """The files in the caches of `datasets` and of the Hub's client.

    A dataset can name any file of this computer as an image. Only those that were downloaded are read.
    """

    def __init__(self) -> None:
        from datasets import config
        from huggingface_hub import constants

        places = (
            config.HF_DATASETS_CACHE,
            config.DOWNLOADED_DATASETS_PATH,
            config.EXTRACTED_DATASETS_PATH,
            constants.HF_HUB_CACHE,
        )
        self._caches = [Path(place).resolve() for place in places]
        self._archive: zipfile.ZipFile | None = None

    def encoded(self, value: dict[str, Any] | None) -> Path | bytes | None:
        """Return an image as it is stored: its bytes, or its file.

        Args:
            value: an undecoded example of `datasets.Image`, with `bytes` or `path`.

        Returns:
            No bytes for an example without an image, and for what cannot be taken out of its archive, or is
            larger there than any picture. None for a file, or an archive, outside of the caches.

        Raises:
            DataError: if the disk fails, rather than an archive.
        """
        stored = value or {}
        if (content := stored.get("bytes")) is not None:
            return bytes(content)
        path = stored.get("path") or ""
        if not path:
            return b""
        if not path.startswith(_IN_ARCHIVE):
            return self._downloaded(path)
        member, _, archive = path.removeprefix(_IN_ARCHIVE).rpartition("::")
        file = self._downloaded(archive)
        return None if file is None else self._member(file, member)

    def _downloaded(self, path: str) -> Path | None:
        try:
            file = Path(path).resolve()
        except (OSError, ValueError, RuntimeError):  # a name that no file can have, or links in a circle
            return None
        return file if any(file.is_relative_to(cache) for cache in self._caches) else None

    def _member(self, archive: Path, name: str) -> bytes:
        try:
            with self._opened(archive).open(name) as member:
                content = member.read(LARGEST + 1)
            return content if len(content) <= LARGEST else b""
        except _DAMAGE:
            return b""
        except OSError as error:
            if error.errno in (None, errno.EINVAL, *FILE_ERRORS):  # damage is no error of the system
                return b""
            raise DataError(
                f"{name} in {archive} cannot be read ({error.strerror}): the disk or the network has a "
                "fault; try again when it works"
            ) from error

    def _opened(self, archive: Path) -> zipfile.ZipFile:
        """Return an archive, which stays open for its next pictures: its list of members is long."""
        if self._archive is None or self._archive.filename != str(archive):
            if self._archive is not None:
                self._archive.close()
            self._archive = None
            self._archive = zipfile.ZipFile(archive)
        return self._archive
