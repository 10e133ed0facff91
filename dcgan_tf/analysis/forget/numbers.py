"""The results of forgetting in numbers and words: measures, protocol, summary, warnings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from dcgan_tf.analysis.finding import Measure
from dcgan_tf.analysis.forget.outcome import PENALTY, RANDOM_DRAWS, ForgetResult, ForgetSetup

_PAPER, _RANDOM = "the paper's rule", "as many random maps"
_TOO_MUCH = 0.10
_LEAST_EFFECT = 0.5
"""Of the samples with the attribute, more than random maps change; with less, nothing was forgotten."""


def summary(setup: ForgetSetup, outcome: ForgetResult) -> str:
    """Return the outcome in one line."""
    name = setup.attribute
    before, ours, random, paper = (
        f"{effect.shares[name]:.1%}"
        + ("" if effect.by_shape is None else f" ({effect.by_shape:.1%} in grey)")
        for effect in (outcome.before, outcome.ours, outcome.random, outcome.paper)
    )
    left = outcome.remains
    return (
        f"{verdict(setup, outcome)}: of the samples that showed it, {left.still:.1%} still do, and in "
        f"{left.not_gone - left.still:.1%} it is in doubt (as many random maps: "
        f"{outcome.random_remains[0]:.1%} still do). Of all samples {before} show it, and {ours} without "
        f"{len(outcome.dropped)} of {setup.halves.shape[-1]} feature maps; no other attribute changes in "
        f"more than {outcome.ours.collateral(name):.1%} of them. As many random maps: {random}, "
        f"others {outcome.random.collateral(name):.1%}; the paper's rule: {paper}, others "
        f"{outcome.paper.collateral(name):.1%}"
    )


def verdict(setup: ForgetSetup, outcome: ForgetResult) -> str:
    """Return whether the attribute is forgotten, by what is left in the samples that showed it."""
    if not is_forgotten(outcome):
        return f"{setup.attribute} is not forgotten"
    gone = outcome.remains.not_gone <= _TOO_MUCH
    return f"{setup.attribute} is {'forgotten' if gone else 'only partly forgotten'}"


def is_forgotten(outcome: ForgetResult) -> bool:
    """Return whether the attribute is gone from most of the samples that showed it, at least in part."""
    return outcome.random_remains[0] - outcome.remains.still >= _LEAST_EFFECT


def protocol(setup: ForgetSetup, outcome: ForgetResult, *, drop: int | None) -> dict[str, Any]:
    """Return how it was measured."""
    paper = setup.as_in_the_paper.halves.shape
    shape = setup.shape
    return {
        "attribute": setup.attribute,
        "maps": f"{_size(setup.halves.shape)}, behind ReLU",
        "boxes": setup.boxes.source,
        "num_boxes": setup.boxes.count,
        "regression": f"logistic, L2 ({PENALTY} for each position), values in standard deviations; positives "
        "in the boxes, as many negatives at the same places in samples without the attribute",
        "positions": outcome.fitted.positions,
        "learnt_from": f"samples 0 to {setup.half - 1}",
        "reported_on": f"samples {setup.half} to {2 * setup.half - 1}",
        "rule": f"the {drop} of largest weight (--drop)"
        if drop
        else "of largest weight, as many as make the larger of two shares smallest in the half that is "
        "learnt from: attribute left over, in colour or in grey; largest change of another attribute",
        "dropped": "set to 0 at every position",
        "paper_rule": f"maps next to the image ({_size(paper)}), negatives elsewhere in the same samples, L2 "
        f"(C = 1), all {len(outcome.paper_dropped)} of positive weight",
        "random_draws": RANDOM_DRAWS,
        "realistic": setup.samples.criteria,
        "grey": shape
        and {
            "classifier": shape.feature_space,
            "held_out_accuracy": round(shape.quality[setup.attribute], 4),
        },
    }


def measures(setup: ForgetSetup, outcome: ForgetResult) -> tuple[Measure, ...]:
    """Return the measures with their controls; what is left of the attribute comes first."""
    name, changes = setup.attribute, outcome.changes
    return (
        *_left(setup, outcome),
        Measure(
            f"{name} after forgetting",
            outcome.ours.shares[name],
            "share",
            {
                "before": outcome.before.shares[name],
                _PAPER: outcome.paper.shares[name],
                _RANDOM: outcome.random.shares[name],
            },
            f"share of all samples that show {name} to the classifier; less is better",
        ),
        *_in_grey(setup, outcome),
        *_others(setup, outcome),
        Measure(
            "realistic after forgetting",
            outcome.realistic[1],
            "share",
            {"before": outcome.realistic[0]},
            f"share of samples that are {setup.samples.criteria}; more is better",
        ),
        Measure(
            "change outside the boxes",
            changes["outside"],
            "levels",
            {"inside the boxes": changes["inside"], f"samples without {name}": changes["absent"]},
            f"mean absolute difference of pixels, of 255, in the samples with boxes, which are of the half "
            f"that is learnt from; without {name}: in all such samples of both halves; less is better",
        ),
    )


def details(outcome: ForgetResult) -> Mapping[str, Any]:
    """Return all shares, the weights, and the effects of other numbers of maps."""
    return {
        "dropped_maps": outcome.dropped.tolist(),
        "weights": [round(float(weight), 5) for weight in outcome.fitted.weights],
        "accuracy_of_the_regression": round(outcome.fitted.accuracy, 4),
        "before": asdict(outcome.before),
        "without_the_dropped_maps": asdict(outcome.ours),
        "without_random_maps": asdict(outcome.random),
        "paper_rule": {"dropped_maps": outcome.paper_dropped.tolist(), **asdict(outcome.paper)},
        "tried_on_the_first_half": {str(n): asdict(effect) for n, effect in outcome.tried.items()},
    }


def warnings(setup: ForgetSetup, outcome: ForgetResult) -> list[str]:
    """Return warnings if it did not work: too much is left, or too much else has changed."""
    name, ours, found = setup.attribute, outcome.ours, []
    if (left := outcome.remains.not_gone) > _TOO_MUCH:
        found.append(
            f"{verdict(setup, outcome)}: traces are left in {left:.1%} of the samples that showed it"
        )
    if ours.collateral(name) > _TOO_MUCH:
        found.append(f"another attribute changes in {ours.collateral(name):.1%} of the samples")
    return found


def _left(setup: ForgetSetup, outcome: ForgetResult) -> tuple[Measure, ...]:
    name = setup.attribute
    left, random, paper = outcome.remains, outcome.random_remains, outcome.paper_remains
    return (
        Measure(
            f"still {name}, of the samples that showed it",
            left.still,
            "share",
            {_PAPER: paper.still, _RANDOM: random[0]},
            "share of them in which the classifier, or the one that sees no colours, still finds it; less is "
            "better",
        ),
        Measure(
            f"{name} still there or in doubt, of the samples that showed it",
            left.not_gone,
            "share",
            {_PAPER: paper.not_gone, _RANDOM: random[1]},
            "the same, with those of which one of the two is not sure, with a probability of 95 %, that it "
            "is gone: traces that a person sees",
        ),
    )


def _in_grey(setup: ForgetSetup, outcome: ForgetResult) -> list[Measure]:
    effects = {"before": outcome.before, _PAPER: outcome.paper, _RANDOM: outcome.random}
    controls = {name: effect.by_shape for name, effect in effects.items() if effect.by_shape is not None}
    if outcome.ours.by_shape is None:
        return []
    return [
        Measure(
            f"{setup.attribute} after forgetting, in grey pictures",
            outcome.ours.by_shape,
            "share",
            controls,
            f"share of samples that show {setup.attribute} to a classifier that sees no colours: what has "
            "only lost its colour is not forgotten; less is better",
        )
    ]


def _others(setup: ForgetSetup, outcome: ForgetResult) -> list[Measure]:
    return [
        Measure(
            f"{other} changed",
            share,
            "share",
            {_PAPER: outcome.paper.changed[other], _RANDOM: outcome.random.changed[other]},
            f"share of samples in which {other} appears or vanishes; less is better",
        )
        for other, share in outcome.ours.changed.items()
        if other != setup.attribute
    ]


def _size(shape: tuple[int, int, int]) -> str:
    h, w, channels = shape
    return f"{channels} maps of {h}x{w}"
