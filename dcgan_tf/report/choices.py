"""What an analysis is asked about, where nobody has said: chosen from what the images are known to show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dcgan_tf.errors import RunError

_WITH_DEGREES = "turn"
"""Of the drawn portraits; the only such attribute that can be told by its name alone."""


@dataclass(frozen=True)
class Shown:
    """What is known of the images.

    Attributes:
        binary: names of the attributes that an image has or has not.
        continuous: names of those that have degrees.
        classes: names of the classes.
    """

    binary: Sequence[str] = ()
    continuous: Sequence[str] = ()
    classes: Sequence[str] = ()

    @staticmethod
    def of(facts: dict[str, Any]) -> Shown:
        """Read what data.json says; attributes of unknown type are taken for binary, as most are.

        Args:
            facts: with attribute_names and label_names, and binary_attributes if the types are known.
        """
        names = _names(facts, "attribute_names")
        binary = [name for name in names if name != _WITH_DEGREES]
        if "binary_attributes" in facts:
            binary = _names(facts, "binary_attributes")
        return Shown(binary, [n for n in names if n not in binary], _names(facts, "label_names"))


def analogy(binary: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return a formula for images with these attributes: what is added, and what is subtracted.

    King - man + woman where that can be said; otherwise "with a and b" - "with a" + "without a", of the first
    two attributes, which asks for b without a.

    Args:
        binary: names of the attributes.

    Raises:
        RunError: if there are fewer than two.
    """
    if {"woman", "crown"} <= set(binary):
        return ("man+crown", "woman"), ("man",)
    if len(binary) < 2:
        raise RunError(
            f"a formula of what pictures show needs two yes-or-no attributes, the data has {len(binary)}"
        )
    a, b = binary[:2]
    return (f"{a}+{b}", f"no-{a}"), (a,)


def forgotten(shown: Shown) -> str:
    """Return what to forget: the crown, or the first binary attribute.

    Raises:
        RunError: if there is none.
    """
    if not shown.binary:
        raise RunError("forgetting an object needs a yes-or-no attribute that tells of it, the data has none")
    return "crown" if "crown" in shown.binary else shown.binary[0]


def turned(shown: Shown) -> str:
    """Return what to change step by step: the turn of the head, or the first that there is.

    Attributes with degrees come before binary ones, and those before classes.

    Raises:
        RunError: if there is none of them.
    """
    choices = (*shown.continuous, *shown.binary, *(shown.classes if len(shown.classes) > 1 else ()))
    if not choices:
        raise RunError("turning needs attributes or classes, the data has neither")
    return "turn" if "turn" in choices else choices[0]


def options_for(name: str, shown: Shown) -> str:
    """Return what the command of an analysis needs besides the run, as one types it.

    Args:
        name: of the analysis.
        shown: what is known of the images.

    Raises:
        RunError: if the analysis cannot be had of such images.
    """
    return _OPTIONS[name](shown) if name in _OPTIONS else ""


def _turn(shown: Shown) -> str:
    attribute = turned(shown)
    return "" if attribute == "turn" else shlex.join(["--attribute", attribute])


def _forget(shown: Shown) -> str:
    return shlex.join(["--attribute", forgotten(shown)])


def _formula(shown: Shown) -> str:
    """Compute with attributes, or where there are too few of them with samples, which always can be done."""
    try:
        plus, minus = analogy(shown.binary)
    except RunError:
        return "--plus 0,1,2 --minus 3,4,5 --plus 6,7,8"
    words = ["--plus", plus[0], *(w for m in minus for w in ("--minus", m)), "--plus", plus[1]]
    return shlex.join(words)


def _all(shown: Shown) -> str:
    analogy(shown.binary)
    return "--all"


def _probe(shown: Shown) -> str:
    if not shown.binary and len(shown.classes) < 2:
        raise RunError("a classifier needs yes-or-no attributes or classes to learn, the data has neither")
    return ""


_OPTIONS: dict[str, Callable[[Shown], str]] = {
    "turn": _turn,
    "forget": _forget,
    "arithmetic": _formula,
    "analogies": _all,
    "probe": _probe,
}


def _names(facts: dict[str, Any], key: str) -> list[str]:
    found = facts.get(key)
    return [str(name) for name in found] if isinstance(found, list) else []
