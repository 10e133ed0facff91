"""What an analysis is asked about, where nobody has said: chosen from what the images are known to show."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dcgan_tf.errors import RunError

_WITH_DEGREES = "turn"
"""Of the drawn portraits; the only such attribute that can be told by its name alone."""
_BUILT_IN = ("portraits", "digits")
_COMPARED_WITH_UNSEEN = ("neighbours", "embed", "probe")
_FEWEST_UNSEEN = 2


@dataclass(frozen=True)
class Shown:
    """What is known of the images.

    Attributes:
        binary: names of the attributes that an image has or has not.
        continuous: names of those that have degrees.
        classes: names of the classes.
        unseen: how many there are that training never saw; None if that is not recorded.
        is_told: whether it is recorded, or known of the source, which attributes are binary; otherwise they
            are only taken for it.
        is_built_in: whether the data come with the library, and so have other images.
    """

    binary: Sequence[str] = ()
    continuous: Sequence[str] = ()
    classes: Sequence[str] = ()
    unseen: int | None = None
    is_told: bool = True
    is_built_in: bool = False

    @staticmethod
    def of(facts: dict[str, Any], *, spec: str = "") -> Shown:
        """Read what data.json says; attributes of unknown type are taken for binary, as most are.

        Args:
            facts: with attribute_names and label_names, and, unless the run is of an early version,
                binary_attributes and num_unseen.
            spec: of the data, as for --data.
        """
        is_built_in, unseen = spec in _BUILT_IN, facts.get("num_unseen")
        names = _names(facts, "attribute_names")
        binary = [name for name in names if name != _WITH_DEGREES]
        if "binary_attributes" in facts:
            binary = _names(facts, "binary_attributes")
        return Shown(
            binary,
            [n for n in names if n not in binary],
            _names(facts, "label_names"),
            unseen if isinstance(unseen, int) else None,
            "binary_attributes" in facts or is_built_in or spec.startswith("tfds:"),
            is_built_in,
        )


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
    if name in _COMPARED_WITH_UNSEEN and shown.unseen is not None and shown.unseen < _FEWEST_UNSEEN:
        raise RunError(
            f"it needs images that training never saw, and there are {shown.unseen}; a new run has some with "
            "a larger --held-out-fraction, with test/ beside train/ in the folder, or with another --split"
        )
    return _OPTIONS[name](shown) if name in _OPTIONS else ""


def condition_for(name: str, shown: Shown) -> str:
    """Return on what it depends whether an analysis can be had, where the run's files do not tell.

    Args:
        name: of the analysis.
        shown: what is known of the images.

    Returns:
        "if hat is a yes-or-no attribute"; "" if nothing is open.
    """
    open_ = []
    if name in _COMPARED_WITH_UNSEEN and shown.unseen is None and not shown.is_built_in:
        open_.append("there are images that training never saw")
    if not shown.is_told and name in _UNTOLD:
        open_ += [words for words in [_UNTOLD[name](shown)] if words]
    return f"if {' and '.join(open_)}" if open_ else ""


def _turn(shown: Shown) -> str:
    attribute = turned(shown)
    return "" if attribute == "turn" else shlex.join(["--attribute", attribute])


def _forget(shown: Shown) -> str:
    return shlex.join(["--attribute", forgotten(shown)])


def _formula(shown: Shown) -> str:
    """Compute with attributes, or where there are too few of them with samples, which always can be done."""
    try:
        plus, minus = analogy(shown.binary if shown.is_told else ())
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
_UNTOLD: dict[str, Callable[[Shown], str]] = {
    "forget": lambda shown: f"{forgotten(shown)} is a yes-or-no attribute",
    "analogies": lambda shown: "two attributes are yes-or-no ones",
    "probe": lambda shown: "" if len(shown.classes) > 1 else "an attribute is a yes-or-no one",
}
"""What must be true of the attributes where their types are not known."""


def _names(facts: dict[str, Any], key: str) -> list[str]:
    found = facts.get(key)
    return [str(name) for name in found] if isinstance(found, list) else []
