"""Compute every analogy that the attributes allow, not only the famous one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis.arithmetic.about import ANALYSIS
from dcgan_tf.analysis.arithmetic.arithmetic import BothShares, grade
from dcgan_tf.analysis.arithmetic.formulas import Formula, draw_exemplars
from dcgan_tf.analysis.concepts import Concept, describe
from dcgan_tf.analysis.figures import (
    ACCENT_COLOUR,
    CONTROL_COLOUR,
    RUN_COLOUR,
    TEXT_COLOUR,
    new_figure,
    percentage,
    plain,
)
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import RunError
from dcgan_tf.progress import progress
from dcgan_tf.runs import Run

_DRAWN_AT_EITHER_END = 20


@dataclass(frozen=True)
class Analogy:
    """One formula of two attributes, and its result.

    Attributes:
        formula: (x, y) - (x, not y) + (not x, not y).
        grade: shares of the draws that are right.
        chance: share of random latents that are right.
    """

    formula: Formula
    grade: BothShares
    chance: float


def analogies(
    run: Run, *, exemplars: int = 3, num_images: int = 8192, draws: int = 200, seed: int = 0
) -> Finding:
    """Compute every analogy of two binary attributes, as `arithmetic` does king - man + woman.

    For attributes x and y, each in either state: (x, y) - (x, not y) + (not x, not y) should give (not x, y).
    The sum does not change if x and y change places, so four attributes make 24 formulas. Formulas with a
    concept that too few samples show are left out, with a warning.

    Args:
        run: a run trained on images with at least two binary attributes.
        exemplars: number of exemplars for each concept; the paper uses 3.
        num_images: number of samples among which the exemplars are found.
        draws: number of draws of exemplars for each formula.
        seed: seed of the samples and the draws.

    Raises:
        ArgumentError: for a number that is too small.
        RunError: if there are fewer than two binary attributes, or too few samples show a concept.
    """
    ANALYSIS.check_arguments(run, exemplars=exemplars, num_images=num_images, draws=draws, seed=seed)
    started = time.monotonic()
    subject = Subject(run)
    formulas = all_formulas(subject.classifier.binary)
    if not formulas:
        raise RunError(
            f"analogies need at least two binary attributes (classes do not count); {run.config.data.spec} "
            f"has {len(subject.classifier.binary)}"
        )
    samples = Samples.draw(subject, num_images, seed=seed)
    found, skipped = [], []
    for formula in progress(formulas, "analogies"):
        try:
            found.append(_graded(samples, formula, exemplars=exemplars, draws=draws, seed=seed))
        except RunError as reason:  # too few samples show one of its concepts
            skipped.append(f"{formula}: {reason}")
    if not found:
        raise RunError(f"no analogy can be computed; {skipped[0]}")
    protocol = subject.protocol(
        seed=seed,
        num_images=num_images,
        started=started,
        formulas=len(found),
        exemplars=exemplars,
        draws=draws,
        result="mean latents added, then scaled to the length of ordinary latents",
        realistic=samples.criteria,
        **subject.classifier_facts(),
    )
    warnings = [*samples.doubts, *subject.classifier.doubtful(subject.classifier.binary)]
    if skipped:
        warnings.append(f"{len(skipped)} of {len(formulas)} analogies are left out; {skipped[0]}")
    return _finding(found, protocol, tuple(warnings), realistic=samples.realistic_word)


def _finding(
    found: Sequence[Analogy], protocol: dict[str, Any], warnings: tuple[str, ...], *, realistic: str
) -> Finding:
    latents = float(np.mean([analogy.grade.latents.right for analogy in found]))
    pixels = float(np.mean([analogy.grade.pixels.right for analogy in found]))
    chance = float(np.mean([analogy.chance for analogy in found]))
    return Finding(
        name="analogies",
        summary=(
            f"{len(found)} analogies of two attributes come out right and {realistic} in {latents:.1%} of "
            f"{protocol['draws']} draws of {protocol['exemplars']} exemplars each (in pixels {pixels:.1%}, "
            f"random latents {chance:.1%})"
        ),
        protocol=protocol,
        measures=(
            Measure(
                name=f"all {len(found)} analogies, {protocol['exemplars']} exemplars per concept",
                value=latents,
                unit="share",
                controls={"the same in pixels": pixels, "random latents": chance},
                meaning="mean share of draws whose result shows both attributes as the formula asks and is "
                "as realistic as ordinary samples; more is better",
            ),
        ),
        figure=_figure(found, realistic=realistic),
        details={"analogies": [_row(analogy) for analogy in found]},
        warnings=warnings,
        table=_table(found),
    )


def all_formulas(attributes: Sequence[str]) -> list[Formula]:
    """Return every analogy, four for each pair of attributes."""
    found = []
    for x, y in itertools.combinations(attributes, 2):
        for has_x, has_y in ((False, True), (False, False), (True, True), (True, False)):
            both, without = {x: has_x, y: has_y}, {x: has_x, y: not has_y}
            neither = {x: not has_x, y: not has_y}
            plus = [Concept(describe(wanted), wanted) for wanted in (both, neither)]
            found.append(Formula.of(plus, [Concept(describe(without), without)]))
    return found


def _table(found: Sequence[Analogy]) -> str:
    """Return the analogies as lines of text, the hardest first."""
    width = max(len(str(analogy.formula)) for analogy in found)
    lines = [f"{'formula':<{width}}  {'latents':>8}{'pixels':>8}{'random':>8}"]
    for analogy in sorted(found, key=lambda analogy: analogy.grade.latents.right):
        shares = [analogy.grade.latents.right, analogy.grade.pixels.right, analogy.chance]
        lines.append(f"{analogy.formula!s:<{width}}  " + "".join(f"{share:>8.1%}" for share in shares))
    return "\n".join(lines)


def _graded(samples: Samples, formula: Formula, *, exemplars: int, draws: int, seed: int) -> Analogy:
    pools = [samples.exemplars(concept, at_least=exemplars) for concept in formula.terms]
    graded = grade(samples, formula, draw_exemplars(pools, exemplars, draws=draws, seed=seed))
    return Analogy(formula, graded, samples.chance(formula.expected))


def _row(analogy: Analogy) -> dict[str, object]:
    return {
        "formula": str(analogy.formula),
        "expected": analogy.formula.expected.name,
        **asdict(analogy.grade),
        "chance": analogy.chance,
    }


def _figure(found: Sequence[Analogy], *, realistic: str) -> Figure:
    """Draw one bar for each formula, the hardest at the top, with its controls as marks."""
    ordered = sorted(found, key=lambda analogy: -analogy.grade.latents.right)
    title = f"all {len(found)} analogies of two attributes"
    if len(ordered) > 2 * _DRAWN_AT_EITHER_END:
        title += f": the {_DRAWN_AT_EITHER_END} easiest and hardest"
        ordered = ordered[:_DRAWN_AT_EITHER_END] + ordered[-_DRAWN_AT_EITHER_END:]
    figure = new_figure(9, 1.2 + 0.26 * len(ordered), title=title)
    axes = figure.subplots()
    places = np.arange(len(ordered))
    drawn = axes.barh(
        places, [a.grade.latents.right for a in ordered], 0.72, color=RUN_COLOUR, label="latents"
    )
    axes.bar_label(
        drawn,
        [f"{percentage(a.grade.latents.right)} %" for a in ordered],
        fontsize=8,
        color=TEXT_COLOUR,
        padding=3,
    )
    pixels = [a.grade.pixels.right for a in ordered]
    axes.plot(pixels, places, "s", markersize=5, color=ACCENT_COLOUR, label="the same in pixels")
    axes.plot(
        [a.chance for a in ordered], places, "o", markersize=5, color=CONTROL_COLOUR, label="random latents"
    )
    names = [f"{a.formula}  =  {a.formula.expected.name}" for a in ordered]
    axes.set_yticks(places, names, fontsize=8, color=TEXT_COLOUR)
    axes.set_xlim(0, 1.08)
    axes.set_ylim(-0.6, len(ordered) - 0.4)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0 %", "25 %", "50 %", "75 %", "100 %"])
    plain(axes, title=f"results that are right and {realistic}, share of the draws")
    axes.tick_params(axis="y", labelcolor=TEXT_COLOUR)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.4, -0.05), ncols=3)
    return figure
