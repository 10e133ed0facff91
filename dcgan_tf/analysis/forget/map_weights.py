"""Find the feature maps that draw something (Radford et al. 2015, section 6.3.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from dcgan_tf.errors import ArgumentError

MOST_POSITIONS = 10_000
"""The most positions of each kind that the regression is fitted to, which keeps it to seconds."""


@dataclass(frozen=True)
class MapWeights:
    """A logistic regression from the C feature maps' values at a position to whether it lies in a box.

    Attributes:
        weights: float64 [C], for each map's value in units of its standard deviation.
        accuracy: share of the fitted positions that it classifies correctly; 0.5 is chance.
        positions: number of positions, half of them inside.
    """

    weights: np.ndarray
    accuracy: float
    positions: int

    @property
    def positive(self) -> np.ndarray:
        """The maps of positive weight, the largest first, which are those that the paper drops."""
        return np.asarray(self.by_weight[self.weights[self.by_weight] > 0])

    @property
    def by_weight(self) -> np.ndarray:
        """All maps, the largest weight first, int64 [C]."""
        return np.argsort(-self.weights, kind="stable")


def fit_map_weights(
    inside: np.ndarray, elsewhere: np.ndarray, *, penalty: float | None, seed: int
) -> MapWeights:
    """Fit the regression to as many positions inside the boxes as elsewhere.

    Args:
        inside: the maps' values at positions inside, float32 [P, C].
        elsewhere: the maps' values at other positions, float32 [Q, C].
        penalty: how strongly large weights are punished, for each position, as a share of the mean loss; None
            is scikit-learn's own, which is weak. Where it is weak, maps that are active together share
            their weight in any proportion; where it is strong, each has that of its own difference.
        seed: seed of the choice of positions.

    Raises:
        ArgumentError: if there are no positions of a kind.
    """
    count = min(len(inside), len(elsewhere), MOST_POSITIONS)
    if not count:
        raise ArgumentError("the boxes must cover some positions of the feature maps and leave others free")
    rng = np.random.default_rng([seed, 6])
    vectors = [some[rng.choice(len(some), count, replace=False)] for some in (inside, elsewhere)]
    scaled = StandardScaler().fit_transform(np.concatenate(vectors))
    is_inside = np.repeat([1, 0], count)
    strength = 1.0 if penalty is None else 1 / (penalty * 2 * count)
    fitted = LogisticRegression(C=strength, max_iter=2000).fit(scaled, is_inside)
    return MapWeights(fitted.coef_[0], float(fitted.score(scaled, is_inside)), 2 * count)


def random_maps(count: int, *, channels: int, draws: int, seed: int) -> list[np.ndarray]:
    """Return `draws` random choices of as many maps, for comparison."""
    rng = np.random.default_rng([seed, 61])
    return [rng.choice(channels, count, replace=False) for _ in range(draws)]
