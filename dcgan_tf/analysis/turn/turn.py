"""Turn samples along one direction of latent space, the pose vector (Radford et al. 2015, figure 8)."""

from __future__ import annotations

import time
from functools import partial

import numpy as np
from matplotlib.figure import Figure

from dcgan_tf.analysis.finding import Finding
from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.analysis.subject import Subject, given_latents
from dcgan_tf.analysis.turn import directions
from dcgan_tf.analysis.turn.about import ANALYSIS
from dcgan_tf.analysis.turn.attribute_judge import AttributeJudge, Turned, check_attribute
from dcgan_tf.analysis.turn.figure import turn_figure
from dcgan_tf.analysis.turn.numbers import (
    OURS,
    PIXELS,
    RANDOM,
    TOLERANCE,
    TurnMeasures,
    details,
    measures_of,
    summary,
)
from dcgan_tf.analysis.turn.sliders import find_sliders, sliders_details, sliders_table
from dcgan_tf.analysis.walk.paths import on_paths
from dcgan_tf.errors import RunError
from dcgan_tf.progress import progress
from dcgan_tf.runs import Direction, Run, RunPaths, add_adjustments

POOL = 4096
"""The number of samples among which the exemplars are found; none of them is turned."""

EXTREME_SHARE = 0.03
"""The share of the well-drawn samples at each end from which exemplars are drawn."""

STEPS = 9
"""The number of pictures of each sample, from 0 (the low exemplars) to 1 (the high ones)."""

METHOD = {
    "exemplars_from": f"the {EXTREME_SHARE:.0%} at either end of the well drawn among {POOL} other samples",
    "steps": STEPS,
    "walk": "from 0 (as the low exemplars) to 1 (as the high ones); a sample starts from the place that its "
    "own value gives it, and every latent is scaled to the sample's own length",
    "tolerance": f"rises all the way: no value is more than {TOLERANCE:.0%} of the samples' range (5th to "
    "95th percentile) below an earlier one of its row, and the last is above the first",
}
_SHOWN = 5


def turn(
    run: Run,
    *,
    attribute: str = "turn",
    exemplars: int = 4,
    draws: int = 20,
    latents: np.ndarray | None = None,
    num_images: int = 500,
    seed: int = 0,
) -> Finding:
    """Move samples along an attribute's direction, and see whether it changes step by step.

    The direction is the mean latent of exemplars that show much of the attribute minus the mean latent of
    exemplars that show little of it. Every sample is moved along it, from the end of the low exemplars to
    that of the high ones. Measured on samples that are no exemplars: the share in which the attribute rises
    all the way, and its rank correlation with the step. The controls are a random direction of the same
    length, and the same arithmetic on pixels. directions.json gets a direction of every attribute, for the
    sliders of an exported page.

    Args:
        run: a run trained on images with attributes or labels.
        attribute: a continuous or binary attribute, or a class; the last two have the margin as value.
        exemplars: number of exemplars at each end; the paper has 4.
        draws: number of draws of exemplars, over which the samples are spread.
        latents: what the figure shows instead of samples, float32 [N, latent_dim]; it has room for five.
        num_images: number of samples that are turned.
        seed: seed of the latents and the draws.

    Raises:
        ArgumentError: for an attribute that the data does not have; it lists those that it has.
        RunError: if the data has neither attributes nor labels, or too few samples can be exemplars.
    """
    ANALYSIS.check_arguments(run, exemplars=exemplars, draws=draws, num_images=num_images, seed=seed)
    latents = given_latents(latents, run)
    started, subject = time.monotonic(), Subject(run)
    check_attribute(attribute, subject.classifier, run.config.data.spec)
    samples = Samples.draw(subject, POOL, seed=seed)
    judge = AttributeJudge(samples, attribute)
    low, high = draw_ends(judge, exemplars, draws=draws, seed=seed)
    others = run.latents(POOL + num_images, seed=seed)[POOL:]
    pictures, own = _moved(judge, others, low, high, seed=seed)
    turned = {name: judge.grade(moved, own) for name, moved in progress(list(pictures.items()), "looking")}
    shown = pictures if latents is None else _moved(judge, latents[:_SHOWN], low, high, seed=seed)[0]
    measures = measures_of(attribute, turned, judge.scale, judge.others, criteria=samples.criteria)
    sliders = _sliders(samples, others, seed=seed)
    names = [*subject.classifier.continuous, *subject.classifier.concepts]
    save = partial(add_adjustments, run=run, found=sliders, looked_for=names)
    how = _how(subject, given=latents is not None, attribute=attribute, exemplars=exemplars, draws=draws)
    return Finding(
        name="turn",
        summary=summary(attribute, measures),
        protocol=subject.protocol(seed=seed, num_images=num_images, started=started, **how),
        measures=measures.all,
        figure=_figure(judge, shown, turned, measures, given=latents is not None),
        details={name: details(graded, judge.scale) for name, graded in turned.items()}
        | {"sliders": sliders_details(sliders)},
        warnings=(*samples.doubts, *subject.classifier.doubtful([attribute])),
        files={RunPaths(run.path).directions.name: save},
        table=sliders_table(sliders),
    )


def _how(subject: Subject, *, given: bool, **chosen: object) -> dict[str, object]:
    """Return how it was measured, for the protocol."""
    shown = "given latents" if given else "samples"
    return {**chosen, "shown": shown, **METHOD, **subject.classifier_facts()}


def _sliders(samples: Samples, others: np.ndarray, *, seed: int) -> list[Direction]:
    """Return the directions for a page's sliders, measured on other samples than they are found by."""
    subject, seen = samples.subject, samples.judgement.predictions
    if seen is None:
        return []
    return find_sliders(
        subject.classifier,
        subject.run.generate,
        samples.latents,
        seen,
        others,
        shown_class=subject.run.shown_class,
        seed=seed,
    )


def _moved(
    judge: AttributeJudge, latents: np.ndarray, low: np.ndarray, high: np.ndarray, *, seed: int
) -> tuple[dict[str, np.ndarray], Judgement]:
    """Return {way: pictures of the latents moved in this way}, and the judgement of where they begin."""
    samples = judge.samples
    own = samples.judge(samples.subject.run.generate(latents))
    value = judge.value(samples.judgement)
    place = directions.positions(judge.value(own), float(value[low].mean()), float(value[high].mean()))
    fractions = np.linspace(0, 1, STEPS) - place[:, None]
    return _move(samples, latents, fractions, low, high, seed=seed), own


def draw_ends(
    judge: AttributeJudge, exemplars: int, *, draws: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Draw the exemplars of the low and of the high end, int64 [draws, exemplars] each.

    Exemplars are well drawn, as in `Samples.exemplars`, and the most extreme of those. For a binary attribute
    or a class, low exemplars do not show it and high ones do.

    Raises:
        RunError: if there are too few, and how many there are; or if they are all alike.
    """
    judgement, good = judge.samples.judgement, judge.samples.well_drawn
    values = judge.value(judgement)
    share = max(EXTREME_SHARE, exemplars / max(1, int(np.count_nonzero(good))))
    low, high = directions.extremes(values, good, share)
    if judge.attribute in judgement.margins:
        low, high = low[values[low] < 0], high[values[high] > 0]
    for pool, kind in ((low, "without"), (high, "with")):
        if len(pool) < exemplars:
            raise RunError(
                f"{len(pool)} of {len(values):,} samples are good exemplars {kind} {judge.attribute!r}, and "
                f"{exemplars} are needed; take fewer --exemplars, or train the run for longer"
            )
    if values[low].mean() == values[high].mean():
        raise RunError(
            f"{judge.attribute} is the same in all samples, so no direction changes it; the run may have "
            "collapsed to one picture"
        )
    rng = np.random.default_rng([seed, exemplars])
    low, high = (
        np.stack([rng.choice(p, exemplars, replace=False) for _ in range(draws)]) for p in (low, high)
    )
    return low, high


def _move(
    samples: Samples,
    latents: np.ndarray,
    fractions: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    *,
    seed: int,
) -> dict[str, np.ndarray]:
    """Return the pictures of the samples moved in three ways, uint8 [N, S, H, W, C] each."""
    run = samples.subject.run
    turns = np.arange(len(latents)) % len(low)
    ours = directions.mean_differences(samples.latents, low, high)[turns]
    pixels = directions.mean_differences(samples.images, low, high)[turns]
    by_chance = directions.random_directions(ours, seed=[seed, 1])
    return {
        OURS: on_paths(run.generate, directions.along(latents, ours, fractions)),
        RANDOM: on_paths(run.generate, directions.along(latents, by_chance, fractions)),
        PIXELS: directions.along_in_pixels(run.generate(latents), pixels, fractions),
    }


def _figure(
    judge: AttributeJudge,
    pictures: dict[str, np.ndarray],
    turned: dict[str, Turned],
    measures: TurnMeasures,
    *,
    given: bool,
) -> Figure:
    groups = {
        "rises all\nthe way": measures.rises,
        "… and looks\nreal all the way": measures.rises_and_realistic,
    }
    if measures.kept:
        groups["other at-\ntributes kept"] = measures.kept
    binary = judge.attribute in judge.samples.judgement.margins
    return turn_figure(
        judge.attribute,
        pictures,
        {name: graded.values for name, graded in turned.items()},
        {name: [{**m.controls, OURS: m.value}[name] for m in groups.values()] for name in turned},
        groups=list(groups),
        unit="classifier's margin (above 0: shown)"
        if binary
        else f"{judge.attribute}, in the data's own units",
        shown=_SHOWN,
        of="given latent" if given else "sample",
    )
