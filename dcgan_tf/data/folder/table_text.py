"""Read the cells of a table in any of the forms that spreadsheets and datasets use.

Cells may be separated by commas, semicolons, tabs or, as in CelebA's own list, spaces. The text may be UTF-8,
or UTF-16 as in Windows' "Unicode text".
"""

from __future__ import annotations

import codecs
import csv
import io
from dataclasses import dataclass
from pathlib import Path

from dcgan_tf.errors import DataError, StorageError

_SEPARATORS = (",", ";", "\t")
FILE_COLUMNS = ("file", "filename", "file_name", "image_id", "image", "path", "filepath")
"""Names of the column of files, in small letters; the first one that the table has is used."""


@dataclass(frozen=True)
class TableRow:
    """One line of a table.

    Attributes:
        number: its number in the file, from 1.
        cells: its cells, without space around them.
    """

    number: int
    cells: list[str]


def read_lines(path: Path) -> list[TableRow]:
    """Return the lines that are not blank; the first one has the columns' names.

    Raises:
        DataError: if the file is not a table.
        StorageError: if it cannot be read.
    """
    text = _decoded(path)
    lines = text.splitlines()
    first = next((line for line in lines if line.strip()), "")
    if first.strip().isdigit():  # CelebA's list begins with their number
        return _separated_by_space(lines)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # what Excel writes for itself
        separator, text = first.strip()[4], text.replace(first, "", 1)
    elif any(separator in first for separator in _SEPARATORS):
        separator = max(_SEPARATORS, key=first.count)
    elif len(first.split()) > 1:
        return _separated_by_space(lines)
    else:
        separator = ","
    return _separated(path, text, separator)


def read_table(path: Path) -> bytes:
    """Return the bytes of a table.

    Raises:
        DataError: if it is not an ordinary file.
        StorageError: if it cannot be read.
    """
    if path.exists() and not path.is_file():  # opening a pipe would wait for ever
        raise DataError(f"{path} must be a table of attributes, but is not an ordinary file")
    try:
        return path.read_bytes()
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror or error}") from error


def _decoded(path: Path) -> str:
    """Return the text; bytes that are not UTF-8, as file names may have, become lone surrogates."""
    content = read_table(path)
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding = "utf-16"
    elif b"\0" in content[:2]:
        encoding = "utf-16-be" if content[:1] == b"\0" else "utf-16-le"
    else:
        encoding = "utf-8-sig"  # Excel begins with a mark
    try:
        return content.decode(encoding, "surrogateescape" if encoding == "utf-8-sig" else "strict")
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not text: {error.reason}") from error


def _separated(path: Path, text: str, separator: str) -> list[TableRow]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        lines = [TableRow(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error as error:
        raise DataError(f"{path}, line {reader.line_num}, is not a line of a table: {error}") from error
    return [line for line in lines if any(line.cells)]


def _separated_by_space(lines: list[str]) -> list[TableRow]:
    """Return the lines of a table like CelebA's: the names of the attributes, then files with values."""
    counted = [(number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if counted[0][1].strip().isdigit():
        counted = counted[1:]
    if not counted:
        return []
    names = counted[0][1].split()
    header = names if any(name.lower() in FILE_COLUMNS for name in names) else [FILE_COLUMNS[0], *names]
    # From the right, because a file's name may hold spaces.
    rows = [TableRow(number, line.strip().rsplit(maxsplit=len(header) - 1)) for number, line in counted[1:]]
    return [TableRow(counted[0][0], header), *rows]
