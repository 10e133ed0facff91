"""The result of an evaluation: scores on a scale with two ends, their protocol, and warnings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dcgan_tf.evaluation.scores import PARTS, Score

REAL, FORMLESS = "other_real_images", "pixels_without_form"
"""The names of the two ends of every scale in records."""
ERROR = (
    f"one standard error over draws of samples, from {PARTS} disjoint fifths; of the kernel distance, the "
    "classifier score and MS-SSIM, over disjoint blocks, splits and pairs"
)
GUARDED = (
    "a picture counts for precision and density only if it also has the form of real images: contrast, tails "
    "and likeness of neighbouring pixels at every scale, within the range of 95 % of real images"
)


@dataclass(frozen=True)
class Row:
    """One metric of an evaluation, with the scores to compare it with.

    Attributes:
        score: the score of the pictures.
        ends: {name: score}: REAL for other real images; FORMLESS for independent pixels; and the controls of
            `controls.CONTROLS`, if they were scored.
    """

    score: Score
    ends: Mapping[str, Score]

    @property
    def real(self) -> float:
        """The score of other real images."""
        return self.ends[REAL].value

    @property
    def bad(self) -> float:
        """The score of independent pixels."""
        return self.ends[FORMLESS].value

    @property
    def controls(self) -> dict[str, Score]:
        """The ends without that of real images."""
        return {name: score for name, score in self.ends.items() if name != REAL}


@dataclass(frozen=True)
class Evaluation:
    """The scores of a set of pictures.

    Attributes:
        rows: the most important first, among those that answer the same question.
        protocol: how it was measured.
        warnings: plain sentences on what a reader must know before trusting the numbers, and on what must not
            be overlooked in them.
    """

    rows: tuple[Row, ...]
    protocol: Mapping[str, Any]
    warnings: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """The first row in one plain sentence."""
        row = self.rows[0]
        return (
            f"{row.score.name} {shown(row.score.value)}: other real images get {shown(row.real)}, "
            f"pixels without form {shown(row.bad)}."
        )

    def record(self) -> dict[str, Any]:
        """Return the record for metrics.jsonl: step (if any), metrics, warnings and protocol."""
        step = {"step": self.protocol["step"]} if "step" in self.protocol else {}
        metrics = {row.score.key: _metric(row) for row in self.rows}
        return {**step, **metrics, "warnings": list(self.warnings), "protocol": dict(self.protocol)}


def shown(value: float) -> str:
    """Return a number with three significant digits, without an exponent for usual sizes."""
    if value == 0 or not math.isfinite(value) or abs(value) >= 1000:
        return f"{value:,.0f}"
    digits = max(0, 2 - math.floor(math.log10(abs(value))))
    return f"{value:.{min(digits, 4)}f}"


def _metric(row: Row) -> dict[str, Any]:
    score = row.score
    alone = {name: _finite(end.features_alone) for name, end in row.ends.items()}
    return {
        "name": score.name.strip(),
        "value": _finite(score.value),
        "error": _finite(score.error),
        **{name: _finite(end.value) for name, end in row.ends.items()},
        **(
            {}
            if score.features_alone is None
            else {"features_alone": {"value": _finite(score.features_alone), **alone}}
        ),
    }


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None
