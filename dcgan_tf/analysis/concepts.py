"""Concepts in formulas such as king - man + woman, and what the result should show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.errors import ArgumentError

# Attributes that have a word for their absence too: the word, and the attributes whose absence it may be.
_OPPOSITES = {"man": ("woman",), "woman": ("Male", "man"), "female": ("Male",)}
_SYNONYMS = {
    "man": ("Male", "male"),
    "woman": ("Female", "female"),
    "smile": ("Smiling",),
    "glasses": ("Eyeglasses",),
}
_ABSENT = "no-"


@dataclass(frozen=True)
class Concept:
    """A concept: what some exemplars have in common.

    Attributes:
        name: as it was written: "man+crown".
        wanted: {attribute or class: whether it should be visible}.
    """

    name: str
    wanted: Mapping[str, bool]

    def clarity(self, margins: Mapping[str, np.ndarray]) -> np.ndarray:
        """Return how clearly each image shows the concept: its smallest margin, above 0 if it does.

        Args:
            margins: {name: float32 [N]}, above 0 where an image shows it.

        Returns:
            float32 [N].
        """
        signed = [margins[name] if shown else -margins[name] for name, shown in self.wanted.items()]
        return np.asarray(np.min(signed, axis=0))


def parse_concept(text: str, known: Sequence[str]) -> Concept:
    """Read "man+crown": attributes joined by +, each by its name or with "no-" before it.

    "man" means the absence of "woman" if only that is an attribute, and the other way round.
    These and a few other words stand for the attributes of celeb_a too.

    Args:
        text: the text of the user.
        known: names of the attributes and classes.

    Raises:
        ArgumentError: for a name that is not known.
    """
    wanted: dict[str, bool] = {}
    for word in text.split("+"):
        name, shown = _understood(word.strip(), known)
        if wanted.get(name, shown) != shown:
            raise ArgumentError(f"{text!r} asks for {name!r} and for its absence")
        wanted[name] = shown
    return Concept(text, wanted)


def complete(plus: Sequence[Concept], minus: Sequence[Concept]) -> tuple[list[Concept], list[Concept]]:
    """Complete each concept: attributes that only other concepts of the formula name are absent in it.

    In king - man + woman, where king is man+crown, the men and women have no crown. Man and woman are each
    other's absence, so a concept that names neither leaves that open.
    """
    named = {name for concept in (*plus, *minus) for name, shown in concept.wanted.items() if shown}

    def completed(concept: Concept) -> Concept:
        missing = {name: False for name in sorted(named - set(concept.wanted)) if not _has_opposite(name)}
        return Concept(concept.name, {**concept.wanted, **missing})

    return [completed(concept) for concept in plus], [completed(concept) for concept in minus]


def expected(plus: Sequence[Concept], minus: Sequence[Concept]) -> Concept:
    """Return what the formula's result should show: attributes count +1 or -1 and are added up.

    Raises:
        ArgumentError: if the formula leaves nothing, as in a - a.
    """
    total: dict[str, int] = {}
    for sign, concepts in ((1, plus), (-1, minus)):
        for concept in concepts:
            for name, shown in concept.wanted.items():
                total[name] = total.get(name, 0) + (sign if shown else -sign)
    wanted = {name: count > 0 for name, count in total.items() if count}
    if not wanted:
        raise ArgumentError("the formula cancels itself out: its result should show nothing")
    return Concept(describe(wanted), wanted)


def describe(wanted: Mapping[str, bool]) -> str:
    """Return the wanted attributes in words: "woman+crown", "man+no-glasses"."""
    return "+".join(name if shown else _absence(name) for name, shown in wanted.items())


def _understood(word: str, known: Sequence[str]) -> tuple[str, bool]:
    if word in known:
        return word, True
    if word.startswith(_ABSENT) and word.removeprefix(_ABSENT) in known:
        return word.removeprefix(_ABSENT), False
    for shown, others in ((True, _SYNONYMS), (False, _OPPOSITES)):
        for attribute in others.get(word, ()):
            if attribute in known:
                return attribute, shown
    raise ArgumentError(
        f"{word!r} is not known here; there are {', '.join([*known, *_other_words(known)])}, each also with "
        f"{_ABSENT} before it, joined by +"
    )


def _other_words(known: Sequence[str]) -> list[str]:
    """Return the words that stand for one of these attributes or its absence."""
    words = {**_OPPOSITES, **_SYNONYMS}
    return sorted(
        word
        for word in words
        if word not in known and set(known) & {*_OPPOSITES.get(word, ()), *_SYNONYMS.get(word, ())}
    )


def _has_opposite(name: str) -> bool:
    return any(name in absent for absent in _OPPOSITES.values())


def _absence(name: str) -> str:
    for word, absent in _OPPOSITES.items():
        if name in absent:
            return word
    return _ABSENT + name
