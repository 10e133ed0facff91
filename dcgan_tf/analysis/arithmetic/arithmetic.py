"""Vector arithmetic on concepts: king - man + woman (Radford et al. 2015, section 6.3.2, figure 7)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis.arithmetic.about import ANALYSIS
from dcgan_tf.analysis.arithmetic.figure import arithmetic_figure, with_neighbours
from dcgan_tf.analysis.arithmetic.formulas import (
    Formula,
    Shares,
    draw_exemplars,
    judged,
    latent_arithmetic,
    pixel_arithmetic,
)
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import RunError
from dcgan_tf.progress import progress
from dcgan_tf.runs import Run

EXEMPLARS = (1, 3, 10)
PAPER_EXEMPLARS = 3


@dataclass(frozen=True)
class BothShares:
    """The results of the draws with one number of exemplars, in latents and in pixels."""

    latents: Shares
    pixels: Shares


def arithmetic(
    run: Run,
    *,
    plus: Sequence[str],
    minus: Sequence[str] = (),
    num_images: int = 8192,
    draws: int = 200,
    seed: int = 0,
) -> Finding:
    """Compute with mean latents of exemplars, and count how often the result shows what it should.

    The paper's protocol: the mean latent of three exemplars for each concept, a panel of nine pictures with
    the result in the middle, and the same arithmetic on pixels beside it. The grade is over many random draws
    of exemplars. A draw is right if the classifier sees in its result everything that the formula asks for,
    *and* the result is as realistic as an ordinary sample. The result's latent is scaled to the length of
    ordinary ones.

    Args:
        run: a run trained on images with attributes.
        plus: concepts to add, such as ["man+crown", "woman"].
        minus: concepts to subtract, such as ["man"].
        num_images: number of samples among which the exemplars are found.
        draws: number of draws, for each of 1, 3 and 10 exemplars.
        seed: seed of the samples and the draws.

    Raises:
        ArgumentError: for an attribute that the data does not have, concepts that are no list of texts, or a
            number that is too small.
        RunError: if the data has no attributes, or too few samples show a concept.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, draws=draws, seed=seed)
    started = time.monotonic()
    subject = Subject(run)
    formula = Formula.parse(plus, minus, _attributes(subject))
    samples = Samples.draw(subject, num_images, seed=seed)
    pools = [samples.exemplars(concept, at_least=max(EXEMPLARS)) for concept in formula.terms]
    grades = {
        k: grade(samples, formula, draw_exemplars(pools, k, draws=draws, seed=seed))
        for k in progress(EXEMPLARS, "exemplars")
    }
    chance = samples.chance(formula.expected)
    paper = grades[PAPER_EXEMPLARS]
    return Finding(
        name="arithmetic",
        summary=f"{formula} shows {formula.expected.name} and is {samples.realistic_word} in "
        f"{paper.latents.right:.1%} of {draws} draws of {PAPER_EXEMPLARS} exemplars "
        f"(in pixels {paper.pixels.right:.1%}, random latents {chance:.1%})",
        protocol=subject.protocol(
            seed=seed,
            num_images=num_images,
            started=started,
            **_method(samples, formula, pools, draws),
            **subject.classifier_facts(),
        ),
        measures=tuple(_measure(formula, k, grades[k], chance) for k in EXEMPLARS),
        figure=_figure(samples, formula, pools, grades, chance, seed=seed),
        details={"grades": {str(k): asdict(graded) for k, graded in grades.items()}, "chance": chance},
        warnings=(*samples.doubts, *subject.classifier.doubtful(list(formula.expected.wanted))),
    )


def _method(samples: Samples, formula: Formula, pools: Sequence[np.ndarray], draws: int) -> dict[str, Any]:
    """Return how it was computed, for the protocol."""
    return {
        "formula": str(formula),
        "expected": formula.expected.name,
        "draws": draws,
        "exemplars": "drawn from well-drawn samples whose neighbours in latent space show the concept too",
        "candidates": {term.name: len(pool) for term, pool in zip(formula.terms, pools, strict=True)},
        "result": "mean latents added, then scaled to the length of ordinary latents",
        "realistic": samples.criteria,
    }


def _attributes(subject: Subject) -> tuple[str, ...]:
    """Return the names of the attributes that formulas may use."""
    if not subject.classifier.binary:
        raise RunError(
            f"{subject.run.config.data.spec} has classes but no yes-or-no attributes, so the result of a "
            "formula cannot be checked; choose samples by their numbers, as on the grid of `dcgan-tf "
            "sample RUN --numbers`"
        )
    return subject.classifier.binary


def grade(samples: Samples, formula: Formula, chosen: Sequence[np.ndarray]) -> BothShares:
    """Return the shares of draws whose results are right.

    Args:
        samples: the samples from which the exemplars were drawn.
        formula: the formula, with its signs and what its result should show.
        chosen: indices of the exemplars of each term, [draws, k].
    """
    results = samples.subject.run.generate(latent_arithmetic(samples, formula.signs, chosen))
    in_pixels = pixel_arithmetic(samples.images, formula.signs, chosen)
    return BothShares(
        judged(samples, results, formula.expected), judged(samples, in_pixels, formula.expected)
    )


def _measure(formula: Formula, k: int, graded: BothShares, chance: float) -> Measure:
    return Measure(
        name=f"{formula}, {k} exemplar{'s' if k > 1 else ''} per concept",
        value=graded.latents.right,
        unit="share",
        controls={"the same in pixels": graded.pixels.right, "random latents": chance},
        meaning=f"share of draws whose result shows {formula.expected.name} and is as realistic as ordinary "
        "samples; more is better",
    )


def _figure(
    samples: Samples,
    formula: Formula,
    pools: Sequence[np.ndarray],
    grades: dict[int, BothShares],
    chance: float,
    *,
    seed: int,
) -> Figure:
    """Draw the figure: the first draw of three exemplars, and the shares of all draws."""
    chosen = [row[:1] for row in draw_exemplars(pools, PAPER_EXEMPLARS, draws=1, seed=seed)]
    run = samples.subject.run
    return arithmetic_figure(
        title=f"{formula} = {formula.expected.name}?",
        exemplars=[
            (term.name, samples.images[row[0]]) for term, row in zip(formula.terms, chosen, strict=True)
        ],
        means=run.generate(np.stack([samples.latents[row[0]].mean(axis=0) for row in chosen])),
        signs=formula.signs,
        panel=run.generate(with_neighbours(latent_arithmetic(samples, formula.signs, chosen)[0], seed=seed)),
        in_pixels=pixel_arithmetic(samples.images, formula.signs, chosen)[0],
        shares={
            "latents": [grades[k].latents.right for k in EXEMPLARS],
            "pixels": [grades[k].pixels.right for k in EXEMPLARS],
            "random latents": [chance] * len(EXEMPLARS),
        },
        groups=[f"{k} exemplar{'s' if k > 1 else ''}" for k in EXEMPLARS],
        graded=f"right and {samples.realistic_word},\nshare of the draws",
    )
