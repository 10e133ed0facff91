"""Decide whether samples are nearer to the training images than other images of the same kind."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from dcgan_tf.analysis.neighbours.closeness import FEATURES, PIXELS, Neighbours
from dcgan_tf.analysis.neighbours.control import HELD_OUT, Control
from dcgan_tf.metrics import LEAST_OF_PICTURES

NEAR_PERCENT = 1.0
"""A sample is near if it is nearer to a training image than this percentage of held-out images."""

MEMORISES, SIGNIFICANT = 0.10, 0.001


def rule(control: Control = HELD_OUT) -> str:
    """Return the rule of the verdict in words.

    Args:
        control: what samples are compared with.
    """
    return (
        "a sample is near if it is nearer to a training image, in pixels and in features, than "
        f"{NEAR_PERCENT:g} % of {control.are}; chance explains what as many other images of the same kind "
        f"would show in all but {SIGNIFICANT:.1%} of cases (beta-binomial: the percentile is an estimate); "
        f"more near than that, and at least {MEMORISES:.0%}: memorises; more, but fewer than "
        f"{MEMORISES:.0%}: may copy some; no more: does not memorise, if chance explains no more than "
        f"{MEMORISES:.0%} and at least {LEAST_OF_PICTURES:.0%} of the samples have the form of real images, "
        "else it cannot be told"
    )


@dataclass(frozen=True)
class Verdict:
    """The meaning of the number of near samples.

    Attributes:
        said: "memorises", "may copy some", "does not memorise", or "cannot be told".
        why: what is missing, and what would help; empty if there is a verdict.
    """

    said: str
    why: str = ""

    @property
    def summary(self) -> str:
        """The verdict in words."""
        return f"whether it memorises {self.said}" if self.why else self.said

    @property
    def title(self) -> str:
        """The verdict as the end of a heading."""
        return self.summary if self.why else f"the generator {self.said}"


@dataclass(frozen=True)
class Comparison:
    """The distances of samples to the training images, compared with those of held-out images, in one space.

    Attributes:
        ratio: median distance of the samples over that of the held-out images.
        nearer: probability that a sample lies nearer than a held-out image, ties counted half; 0.5 if alike.
            It is the effect size of the Mann-Whitney test.
        p_value: of that test, two-sided.
        kolmogorov_smirnov: the largest gap between the two cumulative distributions, 0 to 1.
        threshold: the 1st percentile of the held-out images' distances.
        near: whether each sample is nearer than that, bool [N].
    """

    ratio: float
    nearer: float
    p_value: float
    kolmogorov_smirnov: float
    threshold: float
    near: np.ndarray

    @property
    def numbers(self) -> dict[str, float]:
        """All numbers, for result.json."""
        return {
            "ratio_of_medians": self.ratio,
            "probability_nearer": self.nearer,
            "mann_whitney_p": self.p_value,
            "kolmogorov_smirnov": self.kolmogorov_smirnov,
            "first_percentile_of_held_out": self.threshold,
            "near": int(np.count_nonzero(self.near)),
        }


def compare(samples: np.ndarray, held_out: np.ndarray) -> Comparison:
    """Compare distances to the nearest training image, float32 [N] and [M]."""
    test = stats.mannwhitneyu(held_out, samples, alternative="two-sided")
    threshold = float(np.percentile(held_out, NEAR_PERCENT))
    return Comparison(
        ratio=float(np.median(samples) / np.median(held_out)),
        nearer=float(test.statistic / (len(samples) * len(held_out))),
        p_value=float(test.pvalue),
        kolmogorov_smirnov=float(stats.ks_2samp(samples, held_out).statistic),
        threshold=threshold,
        near=samples < threshold,
    )


def compare_all(
    samples: Mapping[str, Neighbours], held_out: Mapping[str, Neighbours]
) -> dict[str, Comparison]:
    """Compare the distances to the nearest neighbour in each space."""
    return {
        space: compare(found.distances[:, 0], held_out[space].distances[:, 0])
        for space, found in samples.items()
    }


def near_in_both(comparisons: Mapping[str, Comparison]) -> np.ndarray:
    """Return which samples are near in pixels and in features, bool [N].

    A blurred image is near to many images in pixels, and a typical one in features; a copy is near in both.
    """
    return np.asarray(comparisons[PIXELS].near & comparisons[FEATURES].near)


def explained_by_chance(count: int, held_out: int, control: Control = HELD_OUT) -> float:
    """Return the largest share of samples that may be near although none is a copy.

    If samples and held-out images are alike, how many samples lie below one of the smallest of the held-out
    distances follows a beta-binomial distribution. To be near in features too can only make them fewer.

    Args:
        count: of samples.
        held_out: how many images the percentile was taken of.
        control: which images these are.
    """
    return float(_chance(count, held_out, control).isf(SIGNIFICANT)) / count


def verdict(near: int, count: int, *, held_out: int, pictures: float, control: Control = HELD_OUT) -> Verdict:
    """Return the verdict on a number of near samples, by the `rule`.

    Args:
        near: number of near samples.
        count: number of samples.
        held_out: number of images that they were compared with.
        pictures: share of the samples that have the form of real images.
        control: which images they were compared with.
    """
    if pictures < LEAST_OF_PICTURES:
        return Verdict(
            "cannot be told",
            f"only {pictures:.0%} of the samples have the form of real images, so most are not pictures "
            "yet, and noise is near to every dark or even image; train the run for longer",
        )
    if _chance(count, held_out, control).sf(near - 1) < SIGNIFICANT:
        return Verdict("memorises" if near >= MEMORISES * count else "may copy some")
    if (chance := explained_by_chance(count, held_out, control)) > MEMORISES:
        return Verdict(
            "cannot be told",
            f"of {held_out:,} {control.name} and {count:,} samples, chance explains up to {chance:.1%} near "
            f"ones; {control.advice}",
        )
    return Verdict("does not memorise")


def _chance(count: int, held_out: int, control: Control) -> Any:
    """Return the distribution of near samples among as many that are like the images of the control."""
    rank = math.ceil(NEAR_PERCENT / 100 * (held_out - 1)) + 1  # the percentile is at most this smallest one
    return stats.betabinom(count, rank / control.sharing, (held_out + 1 - rank) / control.sharing)
