"""Vector arithmetic on samples that are picked by hand, by their numbers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from dcgan_tf.analysis.arithmetic.about import ANALYSIS
from dcgan_tf.analysis.arithmetic.figure import arithmetic_figure, with_neighbours
from dcgan_tf.analysis.arithmetic.formulas import combine, pixel_arithmetic
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject, given_latents
from dcgan_tf.errors import ArgumentError
from dcgan_tf.latents import is_whole, numbered_latents, with_typical_norm
from dcgan_tf.runs import SAMPLING_BATCH, Run

LARGEST_NUMBER, MOST_NUMBERS = 10**9, 300


def sample_arithmetic(
    run: Run,
    *,
    plus: Sequence[Sequence[int]],
    minus: Sequence[Sequence[int]] = (),
    latents: np.ndarray | None = None,
    num_images: int = 2048,
    seed: int = 0,
) -> Finding:
    """Add and subtract the mean latents of samples chosen by their numbers (Radford et al. 2015, figure 7).

    Number i is image i of `run.sample(..., seed=seed)`, as on the grid of `dcgan-tf sample --numbers`. The
    paper took three exemplars for each concept. The grade is whether the nine results are realistic.

    Args:
        run: any run.
        plus: numbers of the exemplars for each term to add.
        minus: the same for the terms to subtract.
        latents: what the numbers count instead of samples, float32 [N, latent_dim].
        num_images: number of ordinary samples that the results are compared with.
        seed: seed of the samples and the eight neighbours.

    Raises:
        ArgumentError: if nothing is added, or for more than 300 numbers, or what is no number of a sample.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    started, given = time.monotonic(), given_latents(latents, run)
    terms, signs = _checked_terms(plus, minus, last=LARGEST_NUMBER if given is None else len(given) - 1)
    samples = Samples.draw(Subject(run), num_images, seed=seed)
    latents, images = _exemplars(run, [number for term in terms for number in term], given, seed=seed)
    chosen = np.split(np.arange(len(latents)), np.cumsum([len(term) for term in terms])[:-1])
    draws = [rows[None] for rows in chosen]
    result = with_typical_norm(combine(latents, signs, draws), run.config.model)[0]
    panel = run.generate(with_neighbours(result, seed=seed))
    in_pixels = pixel_arithmetic(images, signs, draws)
    shares = [float(np.mean(samples.realistic(samples.judge(some)))) for some in (panel, in_pixels)]
    names = [f"({', '.join(map(str, term))})" for term in terms]
    written = _written(names, signs)
    return Finding(
        name="sample-arithmetic",
        summary=_summary(written, samples, shares),
        protocol=samples.subject.protocol(
            seed=seed,
            num_images=num_images,
            started=started,
            formula=written,
            numbers_of="samples" if given is None else "given latents",
            **_criteria(samples),
        ),
        measures=(_measure(samples, shares),),
        figure=arithmetic_figure(
            title=written,
            exemplars=[(name, images[rows]) for name, rows in zip(names, chosen, strict=True)],
            means=run.generate(np.stack([latents[rows].mean(axis=0) for rows in chosen])),
            signs=signs,
            panel=panel,
            in_pixels=in_pixels[0],
        ),
        warnings=tuple(samples.doubts),
    )


def _criteria(samples: Samples) -> dict[str, str]:
    return {
        "realistic": samples.criteria,
        "near_real_images": f"{samples.near_real:.1%} of the ordinary samples",
    }


def _exemplars(
    run: Run, numbers: Sequence[int], given: np.ndarray | None, *, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the latents and the images with these numbers: of the given latents, or of the samples."""
    if given is None:
        return _numbered(run, numbers, seed=seed)
    return given[numbers], run.generate(given[numbers])


def _numbered(run: Run, numbers: Sequence[int], *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw only the samples with these numbers, exactly as `run.sample` does.

    Each is drawn together with its batch, because in another place, or beside others, it may round
    differently.

    Returns:
        (latents float32 [N, latent_dim], images uint8 [N, H, W, C]).
    """
    batches = np.unique(np.asarray(numbers, np.int64) // SAMPLING_BATCH)
    every = (batches[:, None] * SAMPLING_BATCH + np.arange(SAMPLING_BATCH)).ravel()
    model = run.config.model
    latents = numbered_latents(every, model.latent_dim, seed=seed, distribution=model.latent_distribution)
    rows = np.searchsorted(every, numbers)
    return latents[rows], run.generate(latents)[rows]


def _summary(formula: str, samples: Samples, shares: Sequence[float]) -> str:
    """Return how many of the nine results are realistic, if ordinary samples are a good measure of that."""
    realistic, control = shares
    if samples.doubts:
        return (
            f"{formula}: whether the nine results are realistic cannot be told; {realistic:.0%} are no worse "
            f"than ordinary samples (in pixels {control:.0%}), of which only {samples.near_real:.0%} are "
            "near real images"
        )
    return (
        f"{formula}: {realistic:.0%} of the nine results are as realistic as ordinary samples "
        f"(in pixels {control:.0%})"
    )


def _measure(samples: Samples, shares: Sequence[float]) -> Measure:
    realistic, control = shares
    return Measure(
        name="results as realistic as ordinary samples",
        value=realistic,
        unit="share",
        controls={"the same in pixels": control},
        meaning=f"share of the panel's nine pictures that are {samples.criteria}; more is better",
    )


def _as_lists(name: str, terms: Any) -> list[list[int]]:
    """Return terms as lists, whose numbers may have been in arrays."""
    try:
        listed = [list(term) for term in terms]
    except TypeError:  # a number in place of a list
        listed = None
    if listed is None or not all(is_whole(number) for term in listed for number in term):
        raise ArgumentError(
            f"{name} must be lists of whole numbers, one for each term, such as [[3, 17], [2]], received "
            f"{terms!r:.80}"
        )
    return [[int(number) for number in term] for term in listed]


def _checked_terms(
    plus: Sequence[Sequence[int]], minus: Sequence[Sequence[int]], *, last: int
) -> tuple[list[list[int]], list[int]]:
    """Return the terms in the order of reading and their signs; numbers must be from 0 to the last."""
    plus, minus = _as_lists("plus", plus), _as_lists("minus", minus)
    terms = [*plus[:1], *minus, *plus[1:]]
    if not plus or not all(terms):
        raise ArgumentError(
            f"expected numbers of samples, and at least one term to add, received {plus=}, {minus=}"
        )
    numbers = [number for term in terms for number in term]
    if wrong := [number for number in numbers if not 0 <= number <= last]:
        raise ArgumentError(f"the number of a sample is from 0 to {last:,}, received {wrong[0]}")
    if len(numbers) > MOST_NUMBERS:
        raise ArgumentError(f"at most {MOST_NUMBERS} samples can be chosen, received {len(numbers):,}")
    return terms, [1] + [-1] * len(minus) + [1] * (len(plus) - 1)


def _written(names: Sequence[str], signs: Sequence[int]) -> str:
    words = [f"{'+' if sign > 0 else '−'} {name}" for sign, name in zip(signs, names, strict=True)]
    return " ".join(words).removeprefix("+ ")
