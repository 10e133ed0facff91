"""Measure what dropping feature maps changes, and choose how many to drop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Effect:
    """The effect of dropping maps on what N samples show; all shares are from 0 to 1.

    Attributes:
        shares: {attribute: share of the samples that show it afterwards}.
        changed: {attribute: share of the samples that show it before or after, but not both}.
        by_shape: share of the samples in which the judge of shapes sees the attribute to forget; None without
            one.
    """

    shares: dict[str, float]
    changed: dict[str, float]
    by_shape: float | None = None

    @staticmethod
    def between(
        before: Mapping[str, np.ndarray], after: Mapping[str, np.ndarray], *, by_shape: float | None = None
    ) -> Effect:
        """Return the effect between two judgements of the same samples.

        Args:
            before: {attribute: margins float32 [N]}, above 0 where it is shown.
            after: the same of the samples without the maps.
            by_shape: the share for the judge of shapes.
        """
        return Effect(
            {name: float(np.mean(after[name] > 0)) for name in before},
            {name: float(np.mean((after[name] > 0) != (before[name] > 0))) for name in before},
            by_shape,
        )

    @staticmethod
    def mean(effects: Sequence[Effect]) -> Effect:
        """Return the mean of several effects on the same samples."""
        names = effects[0].shares
        return Effect(
            {name: float(np.mean([one.shares[name] for one in effects])) for name in names},
            {name: float(np.mean([one.changed[name] for one in effects])) for name in names},
            None
            if effects[0].by_shape is None
            else float(np.mean([one.by_shape for one in effects if one.by_shape is not None])),
        )

    def left(self, attribute: str) -> float:
        """Return the larger share of samples in which the classifier or the judge of shapes still sees it."""
        return max(self.shares[attribute], self.by_shape or 0.0)

    def collateral(self, attribute: str) -> float:
        """Return the largest share of samples in which another attribute changed; 0 if there is none."""
        return max((share for name, share in self.changed.items() if name != attribute), default=0.0)


def numbers_to_try(most: int, *, at_most: int = 12) -> list[int]:
    """Return numbers of maps to try: 1 to `most`, or `at_most` of them with growing distances."""
    if most <= at_most:
        return list(range(1, most + 1))
    return sorted({int(n) for n in np.rint(np.geomspace(1, most, at_most))})


def numbers_beside(number: int, tried: Sequence[int], *, at_most: int = 8) -> list[int]:
    """Return untried numbers between the next smaller and the next larger tried number.

    Args:
        number: one of `tried`.
        tried: ascending.
        at_most: how many to return, evenly spread.
    """
    place = list(tried).index(number)
    first, last = tried[max(place - 1, 0)], tried[min(place + 1, len(tried) - 1)]
    new = [n for n in range(first + 1, last) if n != number]
    return new if len(new) <= at_most else [new[i * len(new) // at_most] for i in range(at_most)]


def balanced(effects: Mapping[int, Effect], attribute: str) -> int:
    """Return the number of dropped maps at which the larger of two evils is smallest; if equal, the fewest.

    The evils are the share of the samples that still show the attribute, and the share in which another one
    appears or vanishes.

    Args:
        effects: {number of dropped maps: its effect}.
        attribute: the attribute to forget.
    """
    return min(effects, key=lambda n: (max(effects[n].left(attribute), effects[n].collateral(attribute)), n))


def mean_change(before: np.ndarray, after: np.ndarray, where: np.ndarray) -> float:
    """Return the mean absolute difference of pixels, in levels of 255.

    Args:
        before: uint8 [N, H, W, C].
        after: the same shape.
        where: the pixels that count, bool [N, H, W].
    """
    difference = np.abs(before.astype(np.float32) - after)[where]
    return float(difference.mean()) if difference.size else 0.0
