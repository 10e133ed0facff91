"""What an evaluation hands over: scores on a scale with two ends, how they were measured, what they say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcgan_tf.evaluation.scores import PARTS, Score

SURE = 3.0
"""Errors by which a set must be nearer to the reference than real images are, to be suspected of copying."""
ERROR = (
    f"one standard error over draws of samples, from {PARTS} disjoint fifths; of the kernel distance, the "
    "classifier score and MS-SSIM, over disjoint blocks, splits and pairs"
)


@dataclass(frozen=True)
class Row:
    """One metric.

    Attributes:
        score: of the pictures.
        real: what other real images get: a perfect generator.
        bad: what independent pixels get: a generator without any idea of form.
    """

    score: Score
    real: float
    bad: float


@dataclass(frozen=True)
class Evaluation:
    """How good a set of pictures is.

    Attributes:
        rows: the most important first, among those that answer the same question.
        protocol: how it was measured.
        remarks: what a reader must know before trusting the numbers.
        comparable: whether other real images are as many; of fewer, distances are larger for that alone.
    """

    rows: tuple[Row, ...]
    protocol: Mapping[str, Any]
    remarks: tuple[str, ...] = ()
    comparable: bool = True

    @property
    def summary(self) -> str:
        """The first row in one plain sentence."""
        row = self.rows[0]
        return (
            f"{row.score.name} {shown(row.score.value)}: other real images get {shown(row.real)}, "
            f"pixels without form {shown(row.bad)}."
        )

    @property
    def warnings(self) -> tuple[str, ...]:
        """The remarks; and, if the leading distance is below that of real images, what this may mean."""
        row = self.rows[0]
        nearer = row.real - row.score.value
        suspected = row.score.error is not None and nearer > SURE * row.score.error and self.comparable
        return (*self.remarks, _copied(row)) if suspected else self.remarks

    def record(self) -> dict[str, Any]:
        """Return the line of metrics.jsonl: the step, if there is one, the metrics, and the protocol."""
        step = {"step": self.protocol["step"]} if "step" in self.protocol else {}
        metrics = {
            row.score.key: {
                "name": row.score.name.strip(),
                "value": _finite(row.score.value),
                "error": _finite(row.score.error),
                "other_real_images": _finite(row.real),
                "pixels_without_form": _finite(row.bad),
            }
            for row in self.rows
        }
        return {**step, **metrics, "protocol": {**self.protocol, "warnings": list(self.warnings)}}


def shown(value: float) -> str:
    """Return a number with three significant digits, and no exponent for those of usual size."""
    if value == 0 or not math.isfinite(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"


def _copied(row: Row) -> str:
    return (
        f"{row.score.name} {shown(row.score.value)} is below that of other real images, "
        f"{shown(row.real)}, by more than {SURE:.0f} errors: the generator may have memorised training "
        "images; see dcgan-tf neighbours"
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
