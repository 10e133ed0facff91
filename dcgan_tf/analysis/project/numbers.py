"""The numbers of a projection: how near the search comes to images of each kind, and what follows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf.analysis.finding import Measure
from dcgan_tf.analysis.project.projector import Projections

OWN, TRAINING, HELD_OUT, NOISE = "own samples", "training images", "held-out images", "noise"
COMES_BACK = 8.0
"""The root mean square difference, in levels of 0 to 255, up to which an image is found again."""
LEAST_THAT_COME_BACK = 0.95
"""The share of the run's own samples below which the search itself is in doubt."""
NUM_WORST = 16
_LEVELS = (
    "median of the root mean square differences between the images and what is found for them, of 255 levels"
)


@dataclass(frozen=True)
class Searched:
    """Images of one kind, with what the search found for them.

    Attributes:
        images: uint8 [N, H, W, C].
        found: the latents, and what they draw.
    """

    images: np.ndarray
    found: Projections

    @property
    def share_found(self) -> float:
        """The share of the images that are found again."""
        return float(np.mean(self.found.levels <= COMES_BACK))

    @property
    def share_before(self) -> float:
        """The share of the images to which one of the samples comes as near without a search."""
        return float(np.mean(self.found.before <= COMES_BACK))

    @property
    def median(self) -> float:
        """The median difference, in levels."""
        return float(np.median(self.found.levels))

    @property
    def worst(self) -> np.ndarray:
        """The places of the images that are drawn worst, the worst first, int64 [up to 16]."""
        return np.argsort(-self.found.levels, kind="stable")[:NUM_WORST]


def measures(searched: Mapping[str, Searched], asked: Searched | None) -> tuple[Measure, ...]:
    """Return the numbers, each beside its controls.

    Args:
        searched: {kind: its images}; held-out ones may be missing.
        asked: the photographs, or None.
    """
    shares = {name: some.share_found for name, some in searched.items()}
    medians = {name: some.median for name, some in searched.items()}
    real = HELD_OUT if HELD_OUT in searched else TRAINING
    found = [
        Measure(
            name="own samples that are found again",
            value=shares.pop(OWN),
            unit="share",
            controls={"own samples, without the search": searched[OWN].share_before, **shares},
            meaning=f"share of the images to which the search comes within {COMES_BACK:g} of 255 levels; all "
            "of the run's own samples can be reached, so what is missing there is its fault; without "
            "it, the nearest of the samples from which it starts is taken",
        ),
        Measure(
            name=f"distance of {real}",
            value=medians[real],
            unit="levels",
            controls={name: value for name, value in medians.items() if name != real},
            meaning=f"{_LEVELS}; less is better, and training images that are much nearer than others would "
            "be known by heart",
        ),
    ]
    if asked:
        found.append(
            Measure(
                name="distance of the photographs",
                value=asked.median,
                unit="levels",
                controls=medians,
                meaning=f"{_LEVELS}; as near as real images is all that the run can do",
            )
        )
    return tuple(found)


def summary(searched: Mapping[str, Searched], asked: Searched | None) -> str:
    """Return the outcome in one line."""
    own, real = searched[OWN], searched.get(HELD_OUT, searched[TRAINING])
    kind = HELD_OUT if HELD_OUT in searched else TRAINING
    photos = ""
    if asked:
        who = (
            "the photograph is" if len(asked.images) == 1 else f"{len(asked.images)} photographs are (median)"
        )
        photos = f"{who} {asked.median:.1f} levels away; "
    return (
        f"{photos}{kind} are drawn to within {real.median:.1f} of 255 levels (median; noise "
        f"{searched[NOISE].median:.1f}); {own.share_found:.1%} of the run's own samples are found again"
    )


def details(
    searched: Mapping[str, Searched], asked: Searched | None, photos: Sequence[Path], rows: np.ndarray
) -> dict[str, Any]:
    """Return the spread of each kind, each photograph's numbers, and the training images drawn worst.

    Args:
        searched: {kind: its images}.
        asked: the photographs, or None.
        photos: their files.
        rows: numbers of the training images in their set.
    """
    worst = searched[TRAINING].worst
    return {
        "levels": {
            name: dict(zip(("5 %", "median", "95 %"), _percentiles(some.found.levels), strict=True))
            for name, some in searched.items()
        },
        "photographs": [
            {"file": str(photo), "levels": round(float(levels), 2), "length": round(float(length), 3)}
            for photo, levels, length in zip(
                photos, asked.found.levels if asked else (), asked.found.lengths if asked else (), strict=True
            )
        ],
        "worst": [
            {"image": int(rows[place]), "levels": round(float(searched[TRAINING].found.levels[place]), 2)}
            for place in worst
        ],
    }


def _percentiles(values: np.ndarray) -> list[float]:
    return [round(float(value), 2) for value in np.percentile(values, (5, 50, 95))]


def warnings(searched: Mapping[str, Searched], asked: Searched | None) -> tuple[str, ...]:
    """Return what a reader must know before trusting the numbers."""
    found = []
    share = searched[OWN].share_found
    if share < LEAST_THAT_COME_BACK:
        found.append(
            f"only {share:.0%} of the run's own samples are found again, although all of them can be reached "
            f"(at least {LEAST_THAT_COME_BACK:.0%} are wanted): an image that stays far away may be one that "
            "the search missed"
        )
    if searched[OWN].share_before > 0.5:
        found.append(
            "the samples of this run are so much alike that most are found without a search, so it is not "
            "known how well the search works"
        )
    if searched.get(HELD_OUT, searched[TRAINING]).median >= searched[NOISE].median:
        found.append(
            "real images are no nearer to what the run draws than noise is: train the run for longer"
        )
    if HELD_OUT not in searched:
        found.append("the data has no held-out images, so the run is judged by images that it was trained on")
    if asked and asked.median > np.percentile(searched[TRAINING].found.levels, 95):
        found.append(
            "the photographs are farther away than 95 % of the training images: they show something else, or "
            "show it at another size or place"
        )
    return tuple(found)
