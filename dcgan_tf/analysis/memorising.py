"""Whether samples are nearer to the training images than other images of the same kind are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import stats

from dcgan_tf.analysis.closeness import FEATURES, PIXELS, Neighbours

NEAR_PERCENT = 1.0
"""A sample is near if it is nearer to a training image than this percentage of the held-out images are."""

MEMORISES, SIGNIFICANT = 0.10, 0.001
RULE = (
    "a sample is near if it is nearer to a training image, in pixels and in features, than "
    f"{NEAR_PERCENT:g} % of held-out images are; no more near than chance explains (binomial test, p >= "
    f"{SIGNIFICANT}): does not memorise; else at least {MEMORISES:.0%} near: memorises; fewer: may copy some"
)


@dataclass(frozen=True)
class Comparison:
    """Distances of samples to the training images, against those of held-out images, in one space.

    Attributes:
        ratio: median distance of the samples over that of the held-out images.
        nearer: probability that a sample lies nearer than a held-out image, ties counted half; 0.5 if alike.
            It is the effect size of the Mann-Whitney test.
        p_value: of that test, two-sided.
        kolmogorov_smirnov: the largest gap between the two cumulative distributions, 0 to 1.
        threshold: the 1st percentile of the held-out images' distances.
        near: which samples are nearer than that, bool [N].
    """

    ratio: float
    nearer: float
    p_value: float
    kolmogorov_smirnov: float
    threshold: float
    near: np.ndarray

    @property
    def numbers(self) -> dict[str, float]:
        """All of it, for a result."""
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
    """Compare in each space by the nearest neighbour."""
    return {
        space: compare(found.distances[:, 0], held_out[space].distances[:, 0])
        for space, found in samples.items()
    }


def near_in_both(comparisons: Mapping[str, Comparison]) -> np.ndarray:
    """Return which samples are near in pixels and in features, bool [N].

    A blurred image is near in pixels to much, and a typical one near in features; a copy is near in both.
    """
    return np.asarray(comparisons[PIXELS].near & comparisons[FEATURES].near)


def verdict(near: int, count: int) -> str:
    """Say by the `RULE` what it means that so many of the samples are near."""
    chance = stats.binomtest(near, count, NEAR_PERCENT / 100, alternative="greater").pvalue
    if chance >= SIGNIFICANT:
        return "does not memorise"
    return "memorises" if near >= MEMORISES * count else "may copy some"
