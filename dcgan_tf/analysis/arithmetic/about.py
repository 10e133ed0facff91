"""The description of the analysis `arithmetic`: its command, its options, and its texts in the report."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dcgan_tf.analysis.description import (
    Analysis,
    FindingKind,
    Option,
    check_latents,
    draws,
    latents_option,
)
from dcgan_tf.analysis.known_data import KnownData
from dcgan_tf.errors import ArgumentError, RunError

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs import Run


_MOST_DIGITS = 18  # of a sample's number


def make(
    run: Run,
    *,
    plus: Sequence[str],
    minus: Sequence[str],
    every: bool,
    draws: int,
    latents: Path | None = None,
    num_images: int,
    seed: int,
) -> Finding:
    """Compute every analogy, or one formula of attributes or of numbers of samples.

    Raises:
        ArgumentError: as for `check`.
    """
    from dcgan_tf.analysis.arithmetic.analogies import analogies
    from dcgan_tf.analysis.arithmetic.arithmetic import arithmetic
    from dcgan_tf.analysis.arithmetic.by_sample import sample_arithmetic
    from dcgan_tf.latents import read_latents

    check(plus=plus, minus=minus, every=every, latents=latents)
    if every:
        return analogies(run, draws=draws, num_images=num_images, seed=seed)
    if all(_is_numbers(text) for text in (*plus, *minus)):
        added, subtracted = ([_numbers(text) for text in texts] for texts in (plus, minus))
        given = None if latents is None else read_latents(latents, run.config.model)
        return sample_arithmetic(
            run, plus=added, minus=subtracted, latents=given, num_images=num_images, seed=seed
        )
    return arithmetic(run, plus=plus, minus=minus, draws=draws, num_images=num_images, seed=seed)


def check(
    *, plus: Sequence[str], minus: Sequence[str], every: bool, latents: Path | None, **others: object
) -> None:
    """Refuse options that contradict each other, and a file of latents that is not there.

    Raises:
        ArgumentError: if there is no formula, or another besides all of them, or a number that is too large;
            or if there are latents, and the formula is not of their numbers.
    """
    check_latents(latents=latents)
    if latents is not None and (every or not all(_is_numbers(text) for text in (*plus, *minus))):
        raise ArgumentError("--latents needs a formula of numbers, such as --plus 0 --minus 1 --plus 2")
    if every == bool(plus):
        raise ArgumentError("expected either --plus (and --minus), or --all")
    for text in (*plus, *minus):
        if _is_numbers(text):
            _numbers(text)


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
            f"a formula of what pictures show needs two yes-or-no attributes; the data has {len(binary)}"
        )
    a, b = binary[:2]
    return (f"{a}+{b}", f"no-{a}"), (a,)


def _suggest_formula(known: KnownData) -> dict[str, Any]:
    plus, minus = analogy(known.binary if known.is_recorded else ())
    return {"plus": plus, "minus": minus}


def _suggest_all(known: KnownData) -> dict[str, Any]:
    analogy(known.binary)
    return {"every": True}


def _is_numbers(text: str) -> bool:
    return all(part.strip().isdecimal() for part in text.split(","))


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if too_long := [part for part in parts if len(part) > _MOST_DIGITS]:
        raise ArgumentError(f"{too_long[0][:_MOST_DIGITS]}… is too large to be the number of a sample")
    return [int(part) for part in parts]


ANALYSIS = Analysis(
    name="arithmetic",
    place=6,
    short_help="Compute with what pictures show, as in king - man + woman.",
    help="""Add and subtract the mean latents of exemplars, as in king - man + woman.

    Choose exemplars by attribute: --plus man+crown --minus man --plus woman. Or choose them by the numbers of
    samples, which `dcgan-tf sample RUN --numbers` shows: --plus 3,17,42 --minus 1,5,8 --plus 2,20,33.""",
    num_images=8192,
    of="Find the exemplars among this many samples.",
    options=(
        Option(
            "plus",
            (),
            "Add the mean latent of these exemplars: attributes joined by +, such as man+crown, where 'no-' "
            "before one asks for its absence; or the numbers of samples, such as 3,17,42. The option can be "
            "given several times.",
            type=str,
            multiple=True,
            metavar="CONCEPT",
        ),
        Option(
            "minus",
            (),
            "Subtract the mean latent of these exemplars, written as for --plus.",
            type=str,
            multiple=True,
            metavar="CONCEPT",
        ),
        Option(
            "every", False, "Compute every analogy of two attributes, as a table.", type=bool, flag="--all"
        ),
        draws(200, "exemplars"),
        latents_option("Let the numbers in the formula count, from 0, the latents"),
    ),
    make=make,
    check=check,
    findings=(
        FindingKind(
            "arithmetic",
            "Arithmetic with what pictures show",
            "The numbers behind a few example pictures are averaged, added and subtracted, as in king − man "
            "+ woman, and the framed picture is drawn from the result.",
            "The result should show what the formula promises and still be a clean picture; the same sum "
            "taken in pixels shows why this is not mere overlaying.",
            instead="sample-arithmetic",
            suggest=_suggest_formula,
            otherwise={"plus": ("0,1,2", "6,7,8"), "minus": ("3,4,5",)},
        ),
        FindingKind(
            "analogies",
            "Every analogy",
            "One bar for each formula of two properties, such as man with crown − man + woman, in place of "
            "the famous one alone.",
            "Long bars mean that directions in latent space have a meaning; the marks show what the same sum "
            "of pixels and what random latents reach.",
            suggest=_suggest_all,
            condition=lambda known: "" if known.is_recorded else "two attributes are yes-or-no ones",
        ),
    ),
)
