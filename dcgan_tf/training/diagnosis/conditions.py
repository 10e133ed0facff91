"""What can go wrong in training, by name. Each condition is a test of the newest records of stats.jsonl.

`docs/stability.md` shows the runs from which the limits were chosen.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from dcgan_tf.runs import Record
from dcgan_tf.training.diagnosis.looks import LEAST_SPREAD

WINDOW = 200
"""Steps that a condition must last. Shorter swings are a part of healthy training."""
LONG_WINDOW = 400
"""Steps that samples must be alike; they are so for a while when they begin to become pictures."""
BEGUN_BY = 400
"""Steps by which a generator draws something, if the discriminator tells its samples from images."""
PALE = 0.5
"""The contrast up to which samples are too pale to show anything, as a share of that of training images."""


class Course:
    """The course of a run: its newest records, and the highest means so far.

    Args:
        records: as in stats.jsonl, the oldest first.
    """

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._recent: deque[Record] = deque()
        self._highest: dict[str, float] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> None:
        """Add the newest record."""
        self._recent.append(record)
        while self._recent[0]["step"] <= record["step"] - LONG_WINDOW:
            self._recent.popleft()
        for name in record:
            self._highest[name] = np.fmax(self._highest.get(name, math.nan), self.mean(name))

    @property
    def step(self) -> int:
        """The step of the newest record; 0 before the first one."""
        return int(self._recent[-1]["step"]) if self._recent else 0

    def mean(self, name: str) -> float:
        """Return the mean of a number over the window.

        It is NaN, which is neither above nor below any limit, if the records do not have the number, or the
        run is shorter than the window.
        """
        values = self.values(name, WINDOW)
        return float(values.mean()) if len(values) else math.nan

    def values(self, name: str, window: int) -> np.ndarray:
        """Return the values of a number over the last steps, float64; none if the run is shorter.

        Args:
            name: of the number.
            window: steps, at most LONG_WINDOW.
        """
        inside = [record.get(name) for record in self._recent if record["step"] > self.step - window]
        found = [value for value in inside if _is_number(value)] if self.step >= window else []
        return np.asarray(found, np.float64)

    def highest(self, name: str) -> float:
        """Return the highest mean over a window so far, or NaN."""
        return float(self._highest.get(name, math.nan))


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


@dataclass(frozen=True)
class Condition:
    """Something that goes wrong.

    Attributes:
        name: as it stands in diagnosis.jsonl.
        title: the same in words.
        holds: whether it is so, at the end of a course.
        seen: returns what was seen, as a sentence with the numbers.
        advice: what to try, as a sentence.
    """

    name: str
    title: str
    holds: Callable[[Course], bool]
    seen: Callable[[Course], str]
    advice: str


def diagnosis(course: Course) -> Condition | None:
    """Return the first condition of the table that holds at the end of a course, or None.

    Those after it are often its consequences: where D wins, samples become alike.
    """
    return next((condition for condition in CONDITIONS if condition.holds(course)), None)


def _equal_images(course: Course) -> bool:
    return course.mean("data_diversity") < LEAST_SPREAD


def _noise(course: Course) -> bool:
    return course.mean("data_structure") < 0.1


def _discriminator_wins(course: Course) -> bool:
    certain = course.mean("discriminator_accuracy") >= 0.985 and course.mean("fake_probability") <= 0.05
    # Or it is decided against all that G draws, but learns so fast that G finds no way out.
    nothing_drawn = course.highest("sample_diversity") <= 0.3 and course.highest("sample_contrast") <= PALE
    decided = course.step >= BEGUN_BY and course.mean("generator_loss") >= 1.5
    return certain or (decided and nothing_drawn)


def _generator_wins(course: Course) -> bool:
    return course.mean("fake_probability") >= 0.6 and course.mean("discriminator_accuracy") <= 0.5


def _mode_collapse(course: Course) -> bool:
    diversity, contrast = (
        course.values(name, LONG_WINDOW) for name in ("sample_diversity", "sample_contrast")
    )
    alike = len(diversity) > 0 and diversity.max() <= 0.3 and contrast.min() > PALE
    lost = course.mean("sample_diversity") <= 0.5 * min(course.highest("sample_diversity"), 1.0)
    return bool(alike or (lost and course.mean("sample_contrast") > PALE))


def _oscillation(course: Course) -> bool:
    return course.mean("sample_change") >= 0.7


def _vanishing_gradient(course: Course) -> bool:
    name = "generator_gradient_norm"
    return course.mean(name) <= 1e-3 * course.highest(name)


def _memorises(course: Course) -> bool:
    return course.mean("memorisation") >= 0.8


def _fade(course: Course) -> bool:
    highest = min(course.highest("sample_contrast"), 1.0)
    return highest >= 0.8 and course.mean("sample_contrast") <= 0.6 * highest


CONDITIONS: tuple[Condition, ...] = (
    Condition(
        "equal_images",
        "equal images",
        _equal_images,
        lambda course: "The training images are all the same, so there is nothing to learn but one picture.",
        "Try --data with more pictures; dcgan-tf inspect-data shows what is found there.",
    ),
    Condition(
        "noise",
        "noise",
        _noise,
        lambda course: (
            "The training images are noise: neighbouring pixels have a correlation of "
            f"{course.mean('data_structure'):.2f}, and about 0.9 in photographs."
        ),
        "Try --data with pictures; dcgan-tf inspect-data shows what is found there.",
    ),
    Condition(
        "discriminator_wins",
        "D wins",
        _discriminator_wins,
        lambda course: (
            f"D is right about {course.mean('discriminator_accuracy'):.1%} of the images, and finds "
            f"samples real with a probability of {course.mean('fake_probability'):.3f}, so G learns "
            "nothing from it."
        ),
        "Try --label-smoothing 0.1, a --discriminator-learning-rate of half the --learning-rate, or "
        "--instance-noise 0.1; with few pictures --diffaugment 1.",
    ),
    Condition(
        "generator_wins",
        "G wins",
        _generator_wins,
        lambda course: (
            f"D finds samples real with a probability of {course.mean('fake_probability'):.2f}, and "
            f"training images with {course.mean('real_probability'):.2f}, so it leads G nowhere."
        ),
        "Try a higher --discriminator-learning-rate or --discriminator-steps 2, and no --instance-noise.",
    ),
    Condition(
        "mode_collapse",
        "mode collapse",
        _mode_collapse,
        lambda course: (
            f"The samples differ from each other by {course.mean('sample_diversity'):.0%} of what the "
            f"training images do (at most: {course.highest('sample_diversity'):.0%})."
        ),
        "Try half the --learning-rate, a smaller --batch-size, or --loss relativistic with --r1-gamma and "
        "--r2-gamma and --discriminator-norm none. If the training images are all alike, more images.",
    ),
    Condition(
        "oscillation",
        "oscillation",
        _oscillation,
        lambda course: (
            f"In 50 steps the samples change by {course.mean('sample_change'):.0%} of the distance of "
            "two training images, so nothing that G learns stays."
        ),
        "Try a tenth of the --learning-rate, and --anneal 0.3.",
    ),
    Condition(
        "vanishing_gradient",
        "vanishing gradient",
        _vanishing_gradient,
        lambda course: (
            f"G's gradient has a norm of {course.mean('generator_gradient_norm'):.1e}, and had "
            f"{course.highest('generator_gradient_norm'):.1e}, so G stands still."
        ),
        "Try --loss non_saturating, and half the --learning-rate.",
    ),
    Condition(
        "discriminator_memorises",
        "D memorises",
        _memorises,
        lambda course: (
            f"D prefers a training image to one that it has not seen {course.mean('memorisation'):.0%} "
            "of the time (50% is chance), so it knows the pictures by heart."
        ),
        "Try --diffaugment 1, more pictures, or a shorter run.",
    ),
    Condition(
        "samples_fade",
        "samples fade",
        _fade,
        lambda course: (
            f"The contrast of the samples has fallen to {course.mean('sample_contrast'):.0%} of that of "
            "training images."
        ),
        "Try --discriminator-bias, which lets D see how pale they are.",
    ),
)
"""The table, causes before their consequences."""
