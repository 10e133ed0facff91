"""Measure how well single features detect an attribute, by the area under the ROC curve (AUC)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

FEWEST = 10
"""The fewest images with, and without, an attribute in each half."""


@dataclass(frozen=True)
class Detector:
    """The feature that detects an attribute best.

    Attributes:
        attribute: name of the attribute or class.
        ranking: all features, the best on the choosing half first, int64 [F].
        auc: of all features on the other half, float64 [F].
    """

    attribute: str
    ranking: np.ndarray
    auc: np.ndarray

    @property
    def best(self) -> float:
        """The AUC of the chosen feature on the images that were not used to choose it."""
        return float(self.auc[self.ranking[0]])


def area_under_curve(values: np.ndarray, positive: np.ndarray) -> np.ndarray:
    """Return the AUC: how often an image that shows something has a higher value than one that does not.

    Args:
        values: value of each feature in each image, float [N, F]; equal values count one half.
        positive: whether each image shows it, bool [N]; at least one does and one does not.

    Returns:
        float64 [F]: 0.5 for chance, 1 if every one that shows it is higher.
    """
    ranks = rankdata(values, axis=0)
    yes, no = np.count_nonzero(positive), np.count_nonzero(~positive)
    return np.asarray((ranks[positive].sum(axis=0) - yes * (yes + 1) / 2) / (yes * no))


def halves(count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the numbers 0 .. count-1 in two random halves, each ascending."""
    order = np.random.default_rng([seed, 2]).permutation(count)
    return np.sort(order[: count // 2]), np.sort(order[count // 2 :])


def find_detectors(values: np.ndarray, truths: Mapping[str, np.ndarray], *, seed: int) -> dict[str, Detector]:
    """Choose the best feature for each attribute on one half of the images and grade it on the other.

    Among hundreds of features, some fit anything by luck in the images that chose them. In other images, luck
    gives 0.5.

    Args:
        values: value of each feature in each image, float [N, F].
        truths: {attribute: bool [N]}; those with fewer than 10 images on either side in a half are left out.
        seed: seed of the halves.

    Returns:
        {attribute: its detector}, in the order of `truths`.
    """
    choosing, grading = halves(len(values), seed=seed)
    found = {}
    for name, truth in truths.items():
        sides = [np.count_nonzero(truth[half] == side) for half in (choosing, grading) for side in (0, 1)]
        if min(sides) >= FEWEST:
            ranking = np.argsort(-area_under_curve(values[choosing], truth[choosing]), kind="stable")
            found[name] = Detector(name, ranking, area_under_curve(values[grading], truth[grading]))
    return found


def best_features(detectors: Mapping[str, Detector], count: int) -> list[tuple[int, Detector]]:
    """Return different features to look at: first each attribute's best, then its second best.

    Args:
        detectors: the attributes whose best features do best come first.
        count: number of features.

    Returns:
        (feature, the attribute that it detects), at most `count`.
    """
    order = sorted(detectors.values(), key=lambda detector: -detector.best)
    chosen: dict[int, Detector] = {}
    for place in range(min((len(detector.ranking) for detector in order), default=0)):
        for detector in order:
            if len(chosen) < count:
                chosen.setdefault(int(detector.ranking[place]), detector)
    return list(chosen.items())
