"""Recognise image files by their ending, or else by their first bytes, with Pillow only."""

from __future__ import annotations

import stat
import warnings
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path, PurePath

from PIL import Image

_TO_READ = 16  # bytes: what Pillow's own checks are given
_BATCH = 100  # files that one thread looks into in a row: handing over each costs more than looking
_AT_ONCE = 8  # files that are looked into at a time: over a network each takes its time
# Named, because Pillow also opens what runs other programs (EPS: Ghostscript), and text. TGA has no mark at
# its beginning and therefore comes last.
_FORMATS = (
    *("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "HEIF", "JPEG2000", "MPO", "PPM", "QOI", "PSD"),
    *("PCX", "SGI", "SUN", "TGA"),
)
_ENDINGS = (
    *(
        ".apng",
        ".avif",
        ".bmp",
        ".dib",
        ".gif",
        ".j2k",
        ".jfif",
        ".jif",
        ".jp2",
        ".jpe",
        ".jpeg",
        ".jpg",
        ".mpo",
    ),
    *(".pbm", ".pcx", ".pgm", ".png", ".pnm", ".ppm", ".psd", ".qoi", ".tga", ".tif", ".tiff", ".webp"),
)
HEIF_ENDINGS = (".heic", ".heif", ".hif")
# Their first bytes are those of a TIFF, and what Pillow finds in there is the thumbnail.
RAW_ENDINGS = (
    *(".3fr", ".arw", ".cr2", ".cr3", ".dng", ".erf", ".kdc", ".mrw", ".nef", ".nrw", ".orf", ".pef", ".raf"),
    *(".raw", ".rw2", ".rwl", ".sr2", ".srf", ".srw", ".x3f"),
)
# Pictures that Pillow cannot open, or that are no photographs to it: drawings, volumes, icons, textures.
UNREAD_ENDINGS = (
    *(".ai", ".dcm", ".dds", ".djvu", ".emf", ".eps", ".exr", ".fits", ".hdr", ".icns", ".ico", ".jls"),
    *(".jxl", ".jxr", ".ktx", ".pdf", ".svg", ".wdp", ".wmf", ".xcf"),
)
# Copies that an editor leaves, halves of what is still being downloaded, a camera's thumbnails.
_LEFT_OVER = (".bak", ".crdownload", ".download", ".part", ".partial", ".thm", ".tmp", "_original", "~")


@cache
def formats() -> tuple[str, ...]:
    """Return the names of the supported formats, as `Image.open` takes them.

    HEIC is one of them if the package pillow-heif is installed.
    """
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        pass
    else:
        register_heif_opener()
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@cache
def endings() -> tuple[str, ...]:
    """Return the endings, in small letters, of files that count as images without a look inside."""
    return (*_ENDINGS, *HEIF_ENDINGS) if "HEIF" in formats() else _ENDINGS


def ending(name: str) -> str:
    """Return ".jpg" for "a/b.JPG", and "" where there is none."""
    return PurePath(name).suffix.lower()


def is_called_image(name: str) -> bool:
    """Return whether a file's name is that of an image."""
    return name.lower().endswith(endings())


def are_images(files: Sequence[Path]) -> list[bool]:
    """Return which files are images despite their names; 16 bytes of most are read.

    Args:
        files: files that have none of the `endings`.
    """
    formats()  # loads the decoders once, here rather than in several threads at once
    batches = [files[start : start + _BATCH] for start in range(0, len(files), _BATCH)]
    with ThreadPoolExecutor(_AT_ONCE) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about odd metadata
        answers = pool.map(lambda batch: [_is_image(file) for file in batch], batches)
        return [answer for batch in answers for answer in batch]


def _is_image(file: Path) -> bool:
    if file.name.lower().endswith((*RAW_ENDINGS, *_LEFT_OVER)):
        return False
    try:
        if not stat.S_ISREG(file.stat().st_mode):  # opening a pipe would wait for ever
            return False
        with file.open("rb") as opened:
            start = opened.read(_TO_READ)
            marked = [name for name in formats() if _is_marked(name, start)]
            if not marked:
                return False
            with Image.open(opened, formats=marked):
                return True
    except Image.DecompressionBombError:
        return True  # decoding says that it is too large
    except Exception:  # Pillow's decoders raise nearly anything on what is no image
        return False


def _is_marked(name: str, start: bytes) -> bool:
    """Return whether the first bytes of a file are the mark of a format; some formats have no mark."""
    accept = Image.OPEN[name][1]
    return accept is not None and accept(start) is True  # a text says why Pillow cannot open it
