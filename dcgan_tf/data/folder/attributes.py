"""Reads `attributes.csv`, which says what is to be seen in each image of a folder."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dcgan_tf.data.folder.names import FileNames
from dcgan_tf.data.folder.table_text import FILE_COLUMNS, TableRow, read_lines
from dcgan_tf.errors import DataError

FILE_NAME = "attributes.csv"

_LOGGER = logging.getLogger("dcgan_tf")
# The last two are CelebA's own; in this order, if there are several.
_NAMES = (FILE_NAME, "attributes.tsv", "attributes.txt", "list_attr_celeba.txt", "list_attr_celeba.csv")
_WORDS = {"true": 1.0, "false": 0.0}


@dataclass(frozen=True)
class AttributeTable:
    """The columns of an `attributes.csv`.

    Attributes:
        rows: {file: its row}, files relative to the folder, with forward slashes.
        columns: {attribute: [rows]}, uint8 0/1 for binary and float32 in [-1, 1] for continuous ones.
    """

    rows: Mapping[str, int]
    columns: Mapping[str, np.ndarray]

    def of(self, files: Iterable[str]) -> dict[str, np.ndarray]:
        """Return {attribute: [N]} for the given files, in their order."""
        chosen = np.array([self.rows[file] for file in files], np.int64)
        return {name: values[chosen] for name, values in self.columns.items()}


def is_called_table(name: str) -> bool:
    """Return whether a file has the name of a table of attributes, in small letters or capitals."""
    return name.lower() in _NAMES


def resembles_table(name: str) -> bool:
    """Return whether a file with another name seems to be a table of attributes."""
    return name.lower().startswith(("attribute", "list_attr")) and not is_called_table(name)


def choose_table(tables: Sequence[str], *, root: Path) -> str | None:
    """Return the one of several tables in a folder that is read, or None without tables.

    Args:
        tables: their names.
        root: the folder, for the error.

    Raises:
        DataError: if two names differ only in capitals.
    """
    for name in _NAMES:
        alike = [table for table in tables if table.lower() == name]
        if len(alike) > 1:
            raise DataError(f"{' and '.join(alike)} in {root} are both tables of attributes; remove one")
        if alike:
            return alike[0]
    return None


def read_attributes(
    path: Path, *, known: Collection[str], needed: Iterable[str], folder: str = ""
) -> AttributeTable:
    """Read and check an `attributes.csv`.

    The header is `file,NAME,NAME,...`. A column with nothing but 0 and 1, -1 and 1, or true and false is
    binary; any other holds numbers in [-1, 1] and is continuous. Files are found by their path, or by their
    name alone if it is unique. Rows for missing files are skipped, and a line says how many.

    Args:
        path: the file; see `table_text` for its forms.
        known: the files of the folder, relative to it.
        needed: the files that must have a row.
        folder: the sub-folder that the table lies in, if its paths may start there.

    Raises:
        DataError: if the table is wrong; it names the file, the line, what was found and what was expected.
        StorageError: if the file cannot be read.
    """
    lines = read_lines(path)
    if not lines:
        raise DataError(f"{path} is empty, expected a first line such as file,smiling,age")
    header, where = _checked_header(path, lines[0].cells)
    values = np.zeros((len(lines) - 1, len(header)))
    for row, line in enumerate(lines[1:]):
        if len(line.cells) != len(header):
            raise DataError(
                f"{path}, line {line.number}: expected {len(header)} values, found {len(line.cells)}"
            )
        for column, cell in enumerate(line.cells):
            if column != where:
                values[row, column] = _number(cell, place=f"{path}, line {line.number}, {header[column]}")
    names = FileNames(known, root=path.parent.name, folder=folder)
    rows = _rows(path, lines, where, names)
    if missing := [file for file in needed if file not in rows]:
        alike = [file for file in missing if names.has_twin(file)]
        advice = (
            f" ({alike[0]} differs from another file only in capitals, so they must be the same)"
            if alike
            else ""
        )
        raise DataError(f"{path} has no row for {len(missing):,} of the images: {_first(missing)}{advice}")
    columns = {name: _column(values[:, i]) for i, name in enumerate(header) if i != where}
    return AttributeTable(rows=rows, columns=columns)


def _checked_header(path: Path, header: list[str]) -> tuple[list[str], int]:
    """Return the names of the columns, and the index of the column of files."""
    lower = [name.lower() for name in header]
    found = [name for name in FILE_COLUMNS if name in lower]
    if not found or len(header) < 2:
        raise DataError(
            f"{path}, line 1: expected the column names file,NAME,... separated by commas, "
            f"found {','.join(header)!r}"
        )
    for name in header:
        if not name or header.count(name) > 1:
            raise DataError(
                f"{path}, line 1: each column needs a name of its own, found {name!r} twice or empty"
            )
    return header, lower.index(found[0])


def _number(cell: str, *, place: str) -> float:
    text = cell.lower().replace(",", ".")  # half of the world writes 0,5
    try:
        value = _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        value = float("nan")
    if not -1 <= value <= 1:  # also refuses NaN
        raise DataError(f"{place}: expected 0 or 1, true or false, or a number in [-1, 1], found {cell!r}")
    return value


def _rows(path: Path, lines: Sequence[TableRow], where: int, names: FileNames) -> dict[str, int]:
    """Return {file: its row}; log how many rows name missing files."""
    rows: dict[str, int] = {}
    strangers: list[tuple[int, str]] = []
    for row, line in enumerate(lines[1:]):
        file = names.find(line.cells[where])
        if file is None:
            strangers.append((row, line.cells[where]))
        elif file in rows:
            earlier = lines[rows[file] + 1].number
            raise DataError(f"{path}, line {line.number}: {file} has a row already, in line {earlier}")
        else:
            rows[file] = row
    absent = _take_other_capitals(path, lines, strangers, names, rows)
    if absent and rows:
        _LOGGER.warning("%s has rows for %s missing files: %s", path, f"{len(absent):,}", _first(absent))
    return rows


def _take_other_capitals(
    path: Path,
    lines: Sequence[TableRow],
    strangers: Iterable[tuple[int, str]],
    names: FileNames,
    rows: dict[str, int],
) -> list[str]:
    """Add rows whose file names have other capitals, for files without a row; return the names left over."""
    found: dict[str, int] = {}
    absent = []
    for row, name in strangers:
        file = names.find_in_any_capitals(name)
        if file is None or file in rows:
            absent.append(name)
        elif file in found:
            raise DataError(
                f"{path}, lines {lines[found[file] + 1].number} and {lines[row + 1].number}, may both mean "
                f"{file}; write it with the same capitals in one of them"
            )
        else:
            found[file] = row
    rows.update(found)
    return absent


def _column(values: np.ndarray) -> np.ndarray:
    """Return uint8 0/1 if only 0 and 1, or -1 and 1, occur; else float32."""
    if np.isin(values, (0, 1)).all() or np.isin(values, (-1, 1)).all():
        return (values > 0).astype(np.uint8)
    return values.astype(np.float32)


def _first(files: list[str], *, at_most: int = 3) -> str:
    return ", ".join(files[:at_most]) + (", ..." if len(files) > at_most else "")
