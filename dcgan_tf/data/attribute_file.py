"""Reads `attributes.csv`, which says what is to be seen in each image of a folder."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from dcgan_tf.errors import DataError

FILE_NAME = "attributes.csv"

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
        """Return {attribute: [N]} of the given files, in their order."""
        chosen = np.array([self.rows[file] for file in files], np.int64)
        return {name: values[chosen] for name, values in self.columns.items()}


def read_attributes(path: Path, *, known: Collection[str], needed: Iterable[str]) -> AttributeTable:
    """Read and check an `attributes.csv`.

    The header is `file,NAME,NAME,...`. A column with nothing but 0 and 1, -1 and 1, or true and false is
    binary; any other holds numbers in [-1, 1] and is continuous.

    Args:
        path: the file.
        known: the files of the folder, relative to it; a row for any other is an error.
        needed: the files that must have a row.

    Raises:
        DataError: names the file, the line, what was found and what was expected.
    """
    lines = _read_lines(path)
    if not lines:
        raise DataError(f"{path} is empty, expected a first line such as file,smiling,age")
    header = _checked_header(path, lines[0][1])
    where = header.index("file")
    rows: dict[str, int] = {}
    values = np.zeros((len(lines) - 1, len(header)))
    for row, (number, cells) in enumerate(lines[1:]):
        if len(cells) != len(header):
            raise DataError(f"{path}, line {number}: expected {len(header)} values, found {len(cells)}")
        file = PurePosixPath(cells[where].strip()).as_posix()
        if file in rows:
            raise DataError(
                f"{path}, line {number}: {file} has a row already, in line {lines[rows[file] + 1][0]}"
            )
        rows[file] = row
        for column, cell in enumerate(cells):
            if column != where:
                values[row, column] = _number(cell, place=f"{path}, line {number}, {header[column]}")
    _check_files(path, rows, known=known, needed=needed)
    columns = {name: _column(values[:, i]) for i, name in enumerate(header) if i != where}
    return AttributeTable(rows=rows, columns=columns)


def _read_lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return (line number, cells) of each line that is not blank."""
    try:
        with path.open(
            newline="", encoding="utf-8-sig", errors="surrogateescape"
        ) as file:  # Excel begins with a mark
            reader = csv.reader(file)
            return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise DataError(f"{path} is not comma-separated text: {error}") from error


def _checked_header(path: Path, cells: list[str]) -> list[str]:
    header = [cell.strip() for cell in cells]
    if "file" not in header or len(header) < 2:
        raise DataError(
            f"{path}, line 1: expected the column names file,NAME,... separated by commas, "
            f"found {','.join(cells)!r}"
        )
    for name in header:
        if not name or header.count(name) > 1:
            raise DataError(
                f"{path}, line 1: each column needs a name of its own, found {name!r} twice or empty"
            )
    return header


def _number(cell: str, *, place: str) -> float:
    text = cell.strip().lower()
    try:
        value = _WORDS[text] if text in _WORDS else float(text)
    except ValueError:
        value = float("nan")
    if not -1 <= value <= 1:  # also refuses NaN
        raise DataError(f"{place}: expected 0 or 1, true or false, or a number in [-1, 1], found {cell!r}")
    return value


def _check_files(
    path: Path, rows: Mapping[str, int], *, known: Collection[str], needed: Iterable[str]
) -> None:
    known = frozenset(known)
    if strangers := [file for file in rows if file not in known]:
        raise DataError(
            f"{path} has rows for {len(strangers):,} files that are not there: {_first(strangers)}"
        )
    if missing := [file for file in needed if file not in rows]:
        raise DataError(f"{path} has no row for {len(missing):,} of the images: {_first(missing)}")


def _column(values: np.ndarray) -> np.ndarray:
    """Return uint8 0/1 if nothing but 0 and 1, or -1 and 1, occurs, else float32."""
    if np.isin(values, (0, 1)).all() or np.isin(values, (-1, 1)).all():
        return (values > 0).astype(np.uint8)
    return values.astype(np.float32)


def _first(files: list[str], *, at_most: int = 3) -> str:
    return ", ".join(files[:at_most]) + (", ..." if len(files) > at_most else "")
