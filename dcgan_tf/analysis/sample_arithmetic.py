"""Vector arithmetic on samples that someone has picked by hand, by their numbers."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np

from dcgan_tf.analysis.arithmetic_panel import panel_figure, with_neighbours
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.formulas import latent_arithmetic, pixel_arithmetic
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import ArgumentError
from dcgan_tf.runs.load import Run


def sample_arithmetic(
    run: Run,
    *,
    plus: Sequence[Sequence[int]],
    minus: Sequence[Sequence[int]] = (),
    num_images: int = 2048,
    seed: int = 0,
) -> Finding:
    """Add and subtract the mean latents of samples chosen by their numbers (Radford et al. 2015, figure 7).

    Number i is image i of `run.sample(..., seed=seed)`, as on the grid of `dcgan-tf sample --numbers`. The
    paper took three exemplars for each concept. Works on unlabelled images; what is graded is only whether
    the nine results are as realistic as ordinary samples.

    Args:
        run: any run.
        plus: for each term to be added, the numbers of its exemplars.
        minus: the same for the terms to be subtracted.
        num_images: ordinary samples that the results are compared with.
        seed: of the samples and the eight neighbours.

    Raises:
        ArgumentError: if nothing is added, or a number is negative.
    """
    started = time.monotonic()
    terms = _checked_terms(plus, minus)
    subject = Subject(run)
    largest = 1 + max(number for term in terms for number in term)
    samples = Samples.draw(subject, max(num_images, largest), seed=seed)
    signs = [1] + [-1] * len(minus) + [1] * (len(plus) - 1)
    chosen = [np.array([term]) for term in terms]
    panel = run.generate(with_neighbours(latent_arithmetic(samples, signs, chosen)[0], seed=seed))
    in_pixels = pixel_arithmetic(samples.images, signs, chosen)
    looks = [samples.look_at(images) for images in (panel, in_pixels)]
    realistic, control = (float(np.mean(samples.realistic(look))) for look in looks)
    names = [f"({', '.join(map(str, term))})" for term in terms]
    formula = _written(names, signs)
    how = {"formula": formula, "realistic": samples.criteria}
    return Finding(
        name="sample-arithmetic",
        summary=f"{formula}: {realistic:.0%} of the nine results are as realistic as ordinary samples "
        f"(in pixels {control:.0%})",
        protocol=subject.protocol(seed=seed, num_images=len(samples.images), started=started, **how),
        measures=(
            Measure(
                name="results as realistic as ordinary samples",
                value=realistic,
                unit="share",
                controls={"the same in pixels": control},
                meaning=f"share of the panel's nine pictures that are {samples.criteria}; more is better",
            ),
        ),
        figure=panel_figure(
            title=formula,
            exemplars=[(name, samples.images[np.array(t)]) for name, t in zip(names, terms, strict=True)],
            means=run.generate(np.stack([samples.latents[np.array(term)].mean(axis=0) for term in terms])),
            signs=signs,
            panel=panel,
            in_pixels=in_pixels[0],
            shares={},
            groups=[],
        ),
    )


def _checked_terms(plus: Sequence[Sequence[int]], minus: Sequence[Sequence[int]]) -> list[Sequence[int]]:
    """Return the terms in the order of reading."""
    terms = [*plus[:1], *minus, *plus[1:]]
    if not plus or any(number < 0 for term in terms for number in term) or not all(terms):
        raise ArgumentError(
            f"expected sample numbers from 0, some of them to be added, received {plus=}, {minus=}"
        )
    return terms


def _written(names: Sequence[str], signs: Sequence[int]) -> str:
    words = [f"{'+' if sign > 0 else '−'} {name}" for sign, name in zip(signs, names, strict=True)]
    return " ".join(words).removeprefix("+ ")
