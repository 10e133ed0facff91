"""Read JSON files of any content: wrong values are named and left out.

A run directory is copied, cut, merged and written to by hand. The page shows what can be shown of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dcgan_tf.files import read_bytes

Check = Callable[[Any, str], None]
"""A function that raises `MisfitError` if the value at a place is wrong."""

_DEEPEST = 20
_LONGEST_SHOWN = 60


class MisfitError(Exception):
    """A value is wrong; the message names it and what was expected."""


def read(path: Path, check: Check) -> tuple[Any, str]:
    """Read a JSON file.

    Args:
        path: the file.
        check: what it should contain.

    Returns:
        (value, ""), or (None, what is wrong with it); (None, "") if there is no such file.
    """
    try:
        return _checked(read_bytes(path).decode(), check), ""
    except FileNotFoundError:
        return None, ""
    except (OSError, ValueError, RecursionError, MisfitError) as error:
        return None, f"{path} cannot be used and is left out: {_reason(error)}"


def read_lines(path: Path, check: Check) -> tuple[list[Any], str]:
    """Read a file of JSON lines; wrong lines are left out.

    An incomplete last line, from a crash, is not reported.

    Args:
        path: the file; a missing file has no lines.
        check: what each line should contain.

    Returns:
        (values, ""), or (those that can be used, what is wrong with the others).
    """
    try:
        lines = read_bytes(path).split(b"\n")
    except FileNotFoundError:
        return [], ""
    except OSError as error:
        return [], f"{path} cannot be used and is left out: {_reason(error)}"
    found, wrong = [], []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            found.append(_checked(line.decode(), check))
        except (ValueError, RecursionError, MisfitError) as error:
            if number < len(lines):
                wrong.append(f"line {number}: {_reason(error)}")
    if not wrong:
        return found, ""
    return found, f"{path}: {len(wrong)} of its lines cannot be used and are left out; {wrong[0]}"


def string(value: Any, where: str) -> None:
    """Expect a text, or nothing."""
    _expect(value is None or isinstance(value, str), value, where, "a text")


def number(value: Any, where: str) -> None:
    """Expect a number, finite or not, or nothing."""
    _expect(value is None or _is_number(value), value, where, "a number")


def count(value: Any, where: str) -> None:
    """Expect a whole number from 0, or nothing."""
    whole = _is_number(value) and not isinstance(value, float) and value >= 0
    _expect(value is None or whole, value, where, "a whole number from 0")


def anything(value: Any, where: str) -> None:
    """Expect any value."""


def each(check: Check) -> Check:
    """Expect a list of such values, none of them null; or nothing."""

    def check_list(value: Any, where: str) -> None:
        _expect(value is None or isinstance(value, list), value, where, "a list")
        for i, item in enumerate(value or ()):
            _expect(item is not None, item, f"{where}[{i}]", "a value")
            check(item, f"{where}[{i}]")

    return check_list


def named(check: Check) -> Check:
    """Expect an object with any names and such values, or nothing."""

    def check_object(value: Any, where: str) -> None:
        _expect(value is None or isinstance(value, dict), value, where, "an object")
        for name, item in (value or {}).items():
            check(item, f"{where}.{name}")

    return check_object


def record(**checks: Check) -> Check:
    """Expect an object in which these names, if present, have such values; others may have any."""

    def check_record(value: Any, where: str) -> None:
        _expect(isinstance(value, dict), value, where, "an object")
        for name, check in checks.items():
            if name in value:
                check(value[name], f"{where}.{name}")

    return check_record


def needing(name: str, check: Check) -> Check:
    """Expect what `check` expects, with a name that is present and not null."""

    def check_needed(value: Any, where: str) -> None:
        check(value, where)
        _expect(value.get(name) is not None, None, f"{where}.{name}", "a value")

    return check_needed


def _checked(content: str, check: Check) -> Any:
    value = json.loads(content)
    _check_depth(value)
    check(value, "")
    return value


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(_DEEPEST):
        outer = [item for item in level if isinstance(item, dict | list)]
        if not outer:
            return
        level = [inner for item in outer for inner in (item.values() if isinstance(item, dict) else item)]
    raise MisfitError(f"it is nested more than {_DEEPEST} levels deep")


def _is_number(value: Any) -> bool:
    """Return whether a value is a usable number, because JSON's may have any number of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return isinstance(value, float) or abs(value) < 2**63


def _expect(fits: bool, value: Any, where: str, expected: str) -> None:
    if not fits:
        shown = json.dumps(value, ensure_ascii=False)
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]}…"
        place = f" as {where.removeprefix('.')}" if where else ""
        raise MisfitError(f"expected {expected}{place}, received {shown}")


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"it is not JSON ({error})"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, RecursionError):
        return f"it is nested more than {_DEEPEST} levels deep"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return str(error)
