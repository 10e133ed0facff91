"""The course of a run: what the newest lines of stats.jsonl say together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from dcgan_tf.runs import Record

WINDOW = 200
"""Steps that a condition must last. Shorter swings are a part of healthy training."""
LONG_WINDOW = 400
"""Steps that samples must be alike, pale or unsteady; they are so when they begin to become pictures."""
FEWEST_LOOKS = 3
"""Looks that a window must have; one of them alone decides nothing."""
_OF_LOOKS = frozenset(
    (
        "data_diversity",
        "data_structure",
        "memorisation",
        "sample_change",
        "sample_contrast",
        "sample_diversity",
    )
)
_OF_STEPS = frozenset(
    (
        "discriminator_accuracy",
        "fake_probability",
        "generator_gradient_norm",
        "generator_loss",
        "real_probability",
    )
)


class Course:
    """The newest records of a run, and the highest levels so far.

    Args:
        records: as in stats.jsonl, the oldest first.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._recent: deque[tuple[int, dict[str, float]]] = deque()
        self._highest: dict[str, float] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add the newest record; of its numbers, those that are not finite are left out."""
        kept = {name: record[name] for name in _OF_LOOKS | _OF_STEPS if _is_finite(record.get(name))}
        self._recent.append((record["step"], kept))
        while self._recent[0][0] <= record["step"] - LONG_WINDOW:
            self._recent.popleft()
        if self.has_look:
            for name in _OF_LOOKS | _OF_STEPS:
                self._highest[name] = np.fmax(self._highest.get(name, math.nan), self.level(name))

    @property
    def step(self) -> int:
        """The step of the newest record; 0 before the first one."""
        return self._recent[-1][0] if self._recent else 0

    @property
    def has_look(self) -> bool:
        """Whether the newest record says what a look has found."""
        return bool(self._recent) and "sample_diversity" in self._recent[-1][1]

    def level(self, name: str, window: int = WINDOW) -> float:
        """Return the median of a number over the window.

        It is NaN, which is neither above nor below any limit, if there are too few values, or the run is
        shorter than the window.

        Args:
            name: of the number.
            window: steps, at most LONG_WINDOW.
        """
        values = self.values(name, window)
        return float(np.median(values)) if len(values) else math.nan

    def highest(self, name: str) -> float:
        """Return the highest level so far, or NaN."""
        return float(self._highest.get(name, math.nan))

    def values(self, name: str, window: int) -> np.ndarray:
        """Return the values of a number over the last steps.

        Args:
            name: of the number.
            window: steps, at most LONG_WINDOW.

        Returns:
            float64 [values]; empty if the run is shorter than the window, or has fewer looks in it than
            `FEWEST_LOOKS`. A single record of as many steps as the window is enough: it has the mean of all
            its looks.
        """
        inside = [kept[name] for step, kept in self._recent if step > self.step - window and name in kept]
        steps = [step for step, _ in self._recent]
        covers_all = len(steps) < 2 or steps[-1] - steps[-2] >= window
        few = name in _OF_LOOKS and len(inside) < FEWEST_LOOKS and not covers_all
        return np.asarray([] if self.step < window or few else inside, np.float64)


def _is_finite(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits, of a damaged file
        return False
