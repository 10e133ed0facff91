"""The course of a run: what the newest lines of stats.jsonl say together."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

import numpy as np

from dcgan_tf.runs import Record
from dcgan_tf.training.diagnosis.looks import EVERY

WINDOW = 200
"""Steps that a condition must last. Shorter swings are a part of healthy training."""
LONG_WINDOW = 400
"""Steps that samples must be alike, pale or unsteady; they are so when they begin to become pictures."""
FEWEST_LOOKS = 3
"""Looks that a window must have, in all its records together; one of them alone decides nothing."""
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
        "generator_loss",
        "real_probability",
    )
)


class Course:
    """The newest records of a run, and the highest levels so far.

    Args:
        records: as in stats.jsonl, the oldest first.
        since: the step after which a condition can begin. What was before it only counts for the highest
            levels: a run that has gone back is not judged by what it was before.
    """

    def __init__(self, records: Iterable[Record] = (), *, since: int = 0) -> None:
        self._since = since
        self._distances: list[tuple[int, float]] = []
        self._recent: deque[tuple[int, int, dict[str, float]]] = deque()  # step, looks, numbers
        self._last_step = 0
        self._highest: dict[str, float] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add the newest record; of its numbers, those that are not finite are left out."""
        kept = {name: record[name] for name in _OF_LOOKS | _OF_STEPS if _is_finite(record.get(name))}
        looks = record["step"] // EVERY - self._last_step // EVERY
        self._recent.append((record["step"], looks, kept))
        self._last_step = record["step"]
        begin = max(record["step"] - LONG_WINDOW, self._since if record["step"] > self._since else 0)
        while self._recent[0][0] <= begin:
            self._recent.popleft()
        if self.has_look:
            for name in _OF_LOOKS | _OF_STEPS:
                self._highest[name] = np.fmax(self._highest.get(name, math.nan), self.level(name))

    def measured(self, distances: Iterable[Record]) -> None:
        """Take the distances of samples to training images that there are so far.

        Args:
            distances: as in distances.jsonl, the oldest first.
        """
        self._distances = list(distances_by_step(distances).items())

    @property
    def lowest_distance(self) -> float:
        """The lowest distance so far, or NaN."""
        return min((value for _, value in self._distances), default=math.nan)

    @property
    def recent_distance(self) -> float:
        """The lower one of the last two distances; NaN if there are fewer since the run last went back."""
        last = [value for step, value in self._distances if step > self._since][-2:]
        return min(last) if len(last) == 2 else math.nan

    @property
    def step(self) -> int:
        """The step of the newest record; 0 before the first one."""
        return self._recent[-1][0] if self._recent else 0

    @property
    def has_look(self) -> bool:
        """Whether the newest record says what a look has found."""
        return bool(self._recent) and "sample_diversity" in self._recent[-1][2]

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
        inside = [
            (looks, kept[name])
            for step, looks, kept in self._recent
            if step > self.step - window and name in kept
        ]
        steps = [step for step, *_ in self._recent]
        covers_all = len(steps) < 2 or steps[-1] - steps[-2] >= window
        few = name in _OF_LOOKS and sum(looks for looks, _ in inside) < FEWEST_LOOKS and not covers_all
        too_short = self.step - (self._since if self.step > self._since else 0) < window
        return np.asarray([] if too_short or few else [value for _, value in inside], np.float64)


def distances_by_step(records: Iterable[Record]) -> dict[int, float]:
    """Return {step: distance} of the lines of distances.jsonl; those without a finite number are left out."""
    name = "pyramid_distance"
    return {record["step"]: float(record[name]) for record in records if _is_finite(record.get(name))}


def _is_finite(value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number with hundreds of digits, of a damaged file
        return False
