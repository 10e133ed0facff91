"""Find what a reader must not overlook in the numbers, and say it in plain sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dcgan_tf.evaluation.controls import CONTROLS
from dcgan_tf.evaluation.result import FORMLESS, REAL, Row, shown
from dcgan_tf.evaluation.scores import Score

SURE = 3.0
"""The number of errors by which a set must be nearer to the reference than real images to suggest copying."""
FAR_ERRORS, FAR_LIKENESS = 5.0, 0.05
"""Pictures are monotonous if they are more alike than real images by this many errors and this much."""
MISSED = 0.1
"""The share of real images' recall, or coverage, below which almost everything is said to be missing."""
MISTAKEN = 0.5
"""The share of real images' precision from which control pictures are said to be taken for real."""
_NAMES = {FORMLESS: "pixels without form", **CONTROLS}


def doubts(rows: Sequence[Row], *, comparable: bool) -> list[str]:
    """Return a sentence for every number that is not as it should be.

    Args:
        rows: rows of an evaluation; the first is the leading distance.
        comparable: whether there are as many other real images as pictures; with fewer, distances are larger
            for that reason alone.
    """
    of = {row.score.key: row for row in rows}
    found = [*_mistaken(of["guarded_precision"])] if "guarded_precision" in of else []
    if "ms_ssim" in of:
        found += _monotonous(of["ms_ssim"])
    found += _missing([of[key] for key in ("recall", "coverage") if key in of])
    return found + (_copied(rows[0]) if comparable else [])


def _mistaken(row: Row) -> Iterator[str]:
    """Doubt precision where the features, or even the guard, take control pictures for real ones."""
    alone, real = row.score.features_alone, row.ends[REAL].features_alone
    if alone is None or real is None:
        return
    fooled = {
        _NAMES[name]: score.features_alone
        for name, score in row.controls.items()
        if score.features_alone is not None and score.features_alone >= MISTAKEN * real
    }
    if alone > real + FAR_LIKENESS:
        fooled["these pictures themselves"] = alone
    if fooled:
        yield (
            "precision in these features alone cannot be trusted here: other real images get "
            f"{shown(real)}, {_listed(fooled)}; the guarded numbers count only pictures that have the "
            "form of real images too"
        )
    passing = {
        _NAMES[name]: score.value
        for name, score in row.controls.items()
        if score.value >= MISTAKEN * row.real
    }
    if passing:
        yield (
            f"not even guarded precision can be trusted here: other real images get {shown(row.real)}, "
            f"{_listed(passing)}; look at the pictures"
        )


def _monotonous(row: Row) -> list[str]:
    error = max(_error(row.score), _error(row.ends[REAL]))
    if row.score.value - row.real < max(FAR_ERRORS * error, FAR_LIKENESS):
        return []
    return [
        f"the pictures are far more alike than real images ({row.score.name}: {shown(row.score.value)}, "
        f"real images: {shown(row.real)}): the generator repeats itself"
    ]


def _missing(rows: Sequence[Row]) -> list[str]:
    low = [row for row in rows if row.score.value < MISSED * row.real]
    if not low:
        return []
    listed = " and ".join(
        f"{row.score.name} is {shown(row.score.value)} (real images: {shown(row.real)})" for row in low
    )
    return [f"almost everything that real images show is missing in the pictures: {listed}"]


def _copied(row: Row) -> list[str]:
    if row.score.error is None or row.real - row.score.value <= SURE * row.score.error:
        return []
    return [
        f"{row.score.name} {shown(row.score.value)} is below that of other real images, "
        f"{shown(row.real)}, by more than {SURE:.0f} errors: the generator may have memorised training "
        "images; see dcgan-tf neighbours"
    ]


def _listed(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {shown(value)}" for name, value in values.items())


def _error(score: Score) -> float:
    return score.error or 0.0
