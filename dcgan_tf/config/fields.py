"""Declare settings, and check values against the declarations, with the standard library only."""

from __future__ import annotations

import dataclasses
import math
import numbers
import os
import types
import typing
from typing import Any

from dcgan_tf.errors import ArgumentError


def setting(
    default: Any,
    help: str,
    *,
    name: str | None = None,
    choices: tuple[str | int, ...] = (),
    minimum: float | None = None,
    maximum: float | None = None,
    may_change: bool = False,
) -> Any:
    """Declare a setting.

    Args:
        default: the default value.
        help: a sentence for `--help` and the reference, with the unit and the range.
        name: name on the command line and in flat dictionaries, if not the field's own.
        choices: the allowed values, if it is a choice.
        minimum: smallest allowed value (inclusive).
        maximum: largest allowed value (inclusive).
        may_change: whether a run may be resumed with another value, because the trained weights
            do not depend on it.
    """
    metadata = {
        "help": help,
        "name": name,
        "choices": choices,
        "minimum": minimum,
        "maximum": maximum,
        "may_change": may_change,
    }
    return dataclasses.field(default=default, metadata=metadata)


_TYPE_WORDS: dict[type, str] = {
    bool: "True or False",
    int: "a whole number",
    float: "a finite number",
    str: "text",
}


def validate(section: Any) -> None:
    """Convert every setting to its declared type, and check it against its choices and bounds.

    Raises:
        ArgumentError: if a value is not allowed; it names the setting, the rule and the value.
    """
    hints = typing.get_type_hints(type(section))
    for field in dataclasses.fields(section):
        rule = field.metadata
        name = rule["name"] or field.name
        value_type, optional = without_none(hints[field.name])
        value = getattr(section, field.name)
        if value is None and optional:
            continue
        value = _typed(name, value, value_type)
        # The way around "frozen", before anyone has seen the section.
        object.__setattr__(section, field.name, value)
        if rule["choices"] and value not in rule["choices"]:
            allowed = ", ".join(str(choice) for choice in rule["choices"])
            raise ArgumentError(f"{name} must be one of {allowed}, received {value!r}")
        for number in value if isinstance(value, tuple) else (value,):
            _check_bounds(name, number, rule["minimum"], rule["maximum"])


def check_sections(config: Any) -> None:
    """Check that every section of a `Config` is one.

    Raises:
        ArgumentError: if something else stands in the place of a section.
    """
    for field in dataclasses.fields(config):
        section, value = field.default_factory, getattr(config, field.name)
        if isinstance(section, type) and not isinstance(value, section):
            raise ArgumentError(
                f"{field.name} must be a {section.__name__}, received {value!r:.80}; "
                'preset("default", …) takes settings by their flat names'
            )


def _typed(name: str, value: Any, value_type: type) -> Any:
    """Return the value in the declared type if nothing is lost: a list as tuple, 1 as 1.0, a Path as str.

    Raises:
        ArgumentError: if it is of another type.
    """
    if value_type is bool and isinstance(value, bool):
        return value
    if value_type is int and _is_a(numbers.Integral, value):
        return int(value)
    if value_type is float and _is_a(numbers.Real, value) and _is_finite(value):
        return float(value)
    if value_type is str and isinstance(value, str | os.PathLike):
        return os.fspath(value)
    if typing.get_origin(value_type) is tuple and _are_two_whole_numbers(value):
        return int(value[0]), int(value[1])
    raise ArgumentError(
        f"{name} must be {_TYPE_WORDS.get(value_type, 'two whole numbers')}, received {value!r}"
    )


def _are_two_whole_numbers(value: Any) -> bool:
    return (
        isinstance(value, tuple | list)
        and len(value) == 2
        and all(_is_a(numbers.Integral, side) for side in value)
    )


def _is_a(kind: type, value: Any) -> bool:
    """Return whether a value is a number of this kind, NumPy's included; True is not one here."""
    return isinstance(value, kind) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can be
        return False


def _check_bounds(name: str, value: Any, minimum: float | None, maximum: float | None) -> None:
    if minimum is not None and value < minimum:
        raise ArgumentError(f"{name} must be at least {minimum:.10g}, received {value!r}")
    if maximum is not None and value > maximum:
        raise ArgumentError(f"{name} must be at most {maximum:.10g}, received {value!r}")


def without_none(hint: Any) -> tuple[type, bool]:
    """Split `int | None` into (int, True), and `int` into (int, False)."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        (inner,) = (a for a in typing.get_args(hint) if a is not type(None))
        return inner, True
    return hint, False


def parse_image_size(text: str) -> tuple[int, int]:
    """Read "64" as (64, 64) and "48x64" as (height 48, width 64), in pixels.

    Raises:
        ArgumentError: for anything else.
    """
    parts = text.lower().replace("×", "x").split("x")
    if len(parts) > 2 or not all(part.strip().isdecimal() for part in parts):
        raise ArgumentError(
            f"image size must be SIDE or HEIGHTxWIDTH in pixels, such as 64 or 48x64, received {text!r}"
        )
    height, width = int(parts[0]), int(parts[-1])
    return height, width
