"""Read pictures from the files that the package `datasets` has downloaded, and from no others."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

_IN_ARCHIVE = "zip://"
"""How `datasets` begins the path of a picture inside of a ZIP archive: zip://MEMBER::ARCHIVE."""


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
        self._archives: dict[Path, zipfile.ZipFile] = {}

    def encoded(self, value: dict[str, Any] | None) -> Path | bytes | None:
        """Return an image as it is stored: its bytes, or its file.

        Args:
            value: an undecoded example of `datasets.Image`, with `bytes` or `path`.

        Returns:
            No bytes for an example without an image, and for what cannot be taken out of its archive. None
            for a file, or an archive, outside of the caches.
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
            if archive not in self._archives:  # its list of members is long, and read once
                self._archives[archive] = zipfile.ZipFile(archive)
            return self._archives[archive].read(name)
        except (OSError, ValueError, KeyError, RuntimeError, EOFError, zipfile.BadZipFile, zlib.error):
            return b""
