"""What turning came to in numbers and words: measures, summary, details."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata

from dcgan_tf.analysis.finding import Measure
from dcgan_tf.analysis.turn.attribute_judge import Turned

TOLERANCE = 0.02
"""Of the range of ordinary samples: a fall that counts as none; the portraits' regressor errs by 5 to 6 %."""

TOLERANCES = (0.0, 0.01, TOLERANCE, 0.05)

OURS, RANDOM, PIXELS = "this direction", "random direction", "the same in pixels"


@dataclass(frozen=True)
class TurnMeasures:
    """The numbers of a turn, by name.

    Attributes:
        rises: the share of samples in which the attribute rises all the way.
        correlation: its rank correlation with the step.
        change: from the first step to the last.
        realistic: the share of moved pictures that are realistic.
        rises_and_realistic: the share of samples of which both hold, in every picture.
        kept: the share of moved pictures that keep the other attributes; None if there are no others.
    """

    rises: Measure
    correlation: Measure
    change: Measure
    realistic: Measure
    rises_and_realistic: Measure
    kept: Measure | None

    @property
    def all(self) -> tuple[Measure, ...]:
        """Those that there are, the most important first."""
        values = [getattr(self, field.name) for field in dataclasses.fields(self)]
        return tuple(value for value in values if value is not None)


def measures_of(
    attribute: str, turned: dict[str, Turned], scale: float, others: tuple[str, ...], *, criteria: str
) -> TurnMeasures:
    """Return the numbers of a turn, each beside a random direction's and the pixels'.

    Args:
        attribute: what was changed.
        turned: {way of moving the samples: what was read in them}.
        scale: the range of ordinary samples.
        others: attributes that should stay as they are.
        criteria: what counts as realistic.
    """

    def measure(name: str, unit: str, values: dict[str, float], meaning: str) -> Measure:
        return Measure(name, values.pop(OURS), unit, values, meaning)

    def of_each(compute: Callable[[Turned], np.ndarray]) -> dict[str, float]:
        return {name: float(compute(graded).mean()) for name, graded in turned.items()}

    kept_meaning = f"share of the moved pictures with the sample's own {', '.join(others)}; more is better"
    return TurnMeasures(
        rises=measure(
            f"samples in which {attribute} rises all the way",
            "share",
            of_each(lambda t: monotone(t.values, tolerance=TOLERANCE * scale)),
            f"falls of less than {TOLERANCE:.0%} of the samples' range are forgiven; more is better",
        ),
        correlation=measure(
            f"rank correlation of {attribute} with the step",
            "correlation",
            of_each(lambda t: rank_correlation(t.values)),
            "Spearman's, mean over the samples; 1 is a rise in every step; a random direction is a little "
            "above 0 because samples near one end come back to themselves",
        ),
        change=measure(
            f"change of {attribute} from the first step to the last",
            "ratio",
            of_each(lambda t: np.asarray(t.values[:, -1] - t.values[:, 0]) / scale),
            "mean over the samples, in ranges of ordinary samples (5th to 95th percentile)",
        ),
        realistic=measure(
            "moved pictures that are as realistic as samples",
            "share",
            of_each(lambda t: t.realistic),
            f"{criteria}; more is better",
        ),
        rises_and_realistic=measure(
            f"samples in which {attribute} rises all the way and every picture is realistic",
            "share",
            of_each(lambda t: monotone(t.values, tolerance=TOLERANCE * scale) & t.realistic.all(axis=1)),
            "both of the above for a whole row of pictures; more is better",
        ),
        kept=measure(
            "moved pictures that keep the other attributes", "share", of_each(lambda t: t.kept), kept_meaning
        )
        if others
        else None,
    )


def summary(attribute: str, measures: TurnMeasures) -> str:
    """Return the outcome in one line."""
    rises, correlation, realistic = measures.rises, measures.correlation, measures.realistic
    return (
        f"{attribute} rises all the way in {rises.value:.1%} of the samples (random direction "
        f"{rises.controls[RANDOM]:.1%}, in pixels {rises.controls[PIXELS]:.1%}; falls of up to "
        f"{TOLERANCE:.0%} are ignored); rank correlation with the "
        f"step {correlation.value:.2f} (random direction {correlation.controls[RANDOM]:.2f}); "
        f"{realistic.value:.1%} of the pictures are as realistic as samples (in pixels "
        f"{realistic.controls[PIXELS]:.1%})"
    )


def details(graded: Turned, scale: float) -> dict[str, object]:
    """Return the mean value at each step, and how the share depends on what is forgiven."""
    return {
        "mean value at each step": [round(float(value), 4) for value in graded.values.mean(axis=0)],
        "share that rises all the way, by tolerance": {
            f"{t:.0%}": float(monotone(graded.values, tolerance=t * scale).mean()) for t in TOLERANCES
        },
    }


def greatest_fall(values: np.ndarray) -> np.ndarray:
    """Return how far each sequence falls below the highest value that it has reached before.

    Falls add up: two small ones in a row count as one large one.

    Args:
        values: float32 [N, S], with rows in the order of the steps.

    Returns:
        float32 [N], 0 for a row that never falls.
    """
    return np.asarray((np.maximum.accumulate(values, axis=1) - values).max(axis=1))


def monotone(values: np.ndarray, *, tolerance: float = 0.0) -> np.ndarray:
    """Return whether each sequence rises all the way: higher at the end, with no fall beyond a tolerance.

    Args:
        values: float32 [N, S].
        tolerance: in the unit of the values, for all falls of a sequence together; see `greatest_fall`.

    Returns:
        bool [N].
    """
    return np.asarray((greatest_fall(values) <= tolerance) & (values[:, -1] > values[:, 0]))


def rank_correlation(values: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each sequence with the number of the step.

    Args:
        values: float32 [N, S], S at least 2.

    Returns:
        float64 [N] from -1 to 1; 0 for a row of equal values.
    """
    ranks = rankdata(values, axis=1)
    ranks -= ranks.mean(axis=1, keepdims=True)
    order = np.arange(values.shape[1]) - (values.shape[1] - 1) / 2
    lengths = np.linalg.norm(ranks, axis=1) * np.linalg.norm(order)
    return np.asarray(ranks @ order / np.where(lengths > 0, lengths, 1.0))
