"""Find out whether the generator copies its training images, by nearest neighbours.

Radford et al. 2015 did not search for nearest neighbours, which are "trivially fooled by small image
transforms" (section 6); they argue by samples after one epoch, by de-duplicating the data, and by smooth
walks. So this analysis searches in features and in pixels, includes mirror images, and has a control: images
of the same kind that were never trained on are near to some training images too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.neighbours.closeness import (
    FEATURES,
    PIXELS,
    Neighbours,
    feature_space,
    neighbours_in_training,
)
from dcgan_tf.analysis.neighbours.duplicates import MOST_CHECKED, NEAR_LEVELS, Duplicates, duplicates
from dcgan_tf.analysis.neighbours.figure import SampleRow, neighbours_figure
from dcgan_tf.analysis.neighbours.memorising import (
    RULE,
    Comparison,
    Verdict,
    compare_all,
    explained_by_chance,
    near_in_both,
    verdict,
)
from dcgan_tf.analysis.subject import NUM_REAL, Subject
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics import share_with_form
from dcgan_tf.runs import Run

FEWEST_IMAGES = 8
"""The fewest samples, which the figure shows all; fewer say nothing about a generator."""
_SHOWN = 4
_LEAST_P_VALUE = 1e-300
_HALVES = "one half of the held-out images against the other"


@dataclass(frozen=True)
class Distances:
    """The nearest training images of samples and of held-out images in each space.

    Attributes:
        samples: {space: neighbours of the samples}.
        held_out: {space: neighbours of held-out images that are not training images themselves}.
        copies: held-out images that were left out because they equal a training image or its mirror image.
    """

    samples: Mapping[str, Neighbours]
    held_out: Mapping[str, Neighbours]
    copies: int

    @staticmethod
    def measure(subject: Subject, images: np.ndarray, held_out: np.ndarray) -> Distances:
        """Search the training images once, for samples and held-out images together, uint8 [N, H, W, C].

        Raises:
            RunError: if fewer than two of the held-out images are different from all training images.
        """
        _, features = feature_space(subject)
        found = neighbours_in_training(np.concatenate([images, held_out]), subject.train.images, features)
        own = len(images) + np.flatnonzero(found[PIXELS].distances[len(images) :, 0] > 0)
        if len(own) < 2:
            raise RunError(
                f"{len(held_out) - len(own)} of {len(held_out)} held-out images looked at are training "
                "images too, and at least 2 others are needed to compare with; hold out more images, and "
                "make sure that no image is in both splits"
            )
        return Distances(
            {space: of.of(slice(len(images))) for space, of in found.items()},
            {space: of.of(own) for space, of in found.items()},
            len(held_out) - len(own),
        )

    @property
    def num_held_out(self) -> int:
        """The number of held-out images that samples are compared with."""
        return len(self.held_out[PIXELS].indices)

    def halves(self) -> dict[str, Comparison]:
        """Compare every second held-out image with the others, which shows the result without memorising."""
        return compare_all(
            {space: found.of(slice(0, None, 2)) for space, found in self.held_out.items()},
            {space: found.of(slice(1, None, 2)) for space, found in self.held_out.items()},
        )


def neighbours(run: Run, *, num_images: int = 1000, seed: int = 0) -> Finding:
    """Find each sample's nearest training images, and decide whether samples are too near.

    Each distance is the smaller of those from the image and from its left-right mirror image. Held-out
    images, searched in the same way, show how near images of this kind are without copying. Duplicate
    training images are counted too, because they are learnt by heart first.

    Args:
        run: a run whose data has held-out images.
        num_images: number of samples, and of held-out images at most; at least 8.
        seed: seed of the samples.

    Raises:
        RunError: if there are no held-out images, or fewer than two that are not training images too.
        ArgumentError: for fewer images than 8, or if there are neither labels nor convolutional features to
            compare in.
    """
    if num_images < FEWEST_IMAGES:
        raise ArgumentError(
            f"at least {FEWEST_IMAGES} samples are needed to compare with held-out images, and 1,000 are "
            f"better (--num-images), received {num_images}"
        )
    started = time.monotonic()
    subject = Subject(run, of_all_classes=True)
    images = run.sample(num_images, seed=seed)
    held_out = np.asarray(subject.held_out.images[evenly_spaced(len(subject.held_out), num_images)])
    distances = Distances.measure(subject, images, held_out)
    comparisons = compare_all(distances.samples, distances.held_out)
    near, repeated = near_in_both(comparisons), duplicates(subject.train.images)
    pictures = _pictures(images, held_out, subject.train.images)
    found = verdict(int(near.sum()), num_images, held_out=distances.num_held_out, pictures=pictures.value)
    return Finding(
        name="neighbours",
        summary=(
            f"{found.summary}: {near.mean():.1%} of {num_images:,} samples are nearer to a training image, "
            "in pixels and in features, than 1% of held-out images are (chance: up to "
            f"{explained_by_chance(num_images, distances.num_held_out):.1%}), and the median sample is "
            f"{comparisons[PIXELS].ratio:.2f} (pixels) and {comparisons[FEATURES].ratio:.2f} (features) "
            "times as far as the median held-out image"
        ),
        protocol=_protocol(subject, distances, repeated, seed=seed, num_images=num_images, started=started),
        measures=(*_measures(comparisons, distances, near, repeated, len(subject.train)), pictures),
        figure=neighbours_figure(
            found.title,
            rows=_rows(images, distances, near),
            train=subject.train.images,
            spaces=_spaces(distances),
        ),
        details={
            "spaces": {space: found.numbers for space, found in comparisons.items()},
            "near_samples": np.flatnonzero(near)[:100].tolist(),
            "near_duplicates": repeated.pairs[:100].tolist(),
            "paper": "did not search: nearest neighbours are 'trivially fooled by small image transforms' "
            "(section 6); it argues by one-epoch samples, de-duplication and smooth walks",
        },
        warnings=_warnings(distances, found),
    )


def suspicion(distances: Distances) -> np.ndarray:
    """Return the larger of each sample's ranks in the two spaces, float64 [N]; the lowest are suspicious."""
    ranks = [np.argsort(np.argsort(found.distances[:, 0])) for found in distances.samples.values()]
    return np.asarray(np.max(ranks, axis=0), np.float64)


def _rows(images: np.ndarray, distances: Distances, near: np.ndarray) -> list[SampleRow]:
    """Choose samples for the figure: the most likely copies, and ordinary ones."""
    order = np.lexsort((suspicion(distances), ~near))
    middle = order[len(order) // 2 :][:_SHOWN]
    first = order[: min(_SHOWN, len(order) - len(middle))]
    return [
        SampleRow(name, images[i], {space: found.of(i) for space, found in distances.samples.items()})
        for name, part in (("nearest in both", first), ("ordinary", middle))
        for i in part
    ]


def _spaces(distances: Distances) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    return {
        space: (found.distances[:, 0], distances.held_out[space].distances[:, 0])
        for space, found in distances.samples.items()
    }


def _protocol(
    subject: Subject,
    distances: Distances,
    repeated: Duplicates,
    *,
    seed: int,
    num_images: int,
    started: float,
) -> dict[str, object]:
    return subject.protocol(
        seed=seed,
        num_images=num_images,
        started=started,
        held_out_images=distances.num_held_out,
        training_images=len(subject.train),
        spaces={
            PIXELS: "root mean square difference, levels of 0 to 255",
            FEATURES: feature_space(subject)[0],
        },
        distance="to the nearest training image; the smaller one of the image's and of its mirror image's",
        rule=RULE,
        near_duplicates=f"root mean square difference of at most {NEAR_LEVELS:g} levels, mirrored or not, "
        f"not equal byte by byte; among {repeated.checked:,} different images (at most {MOST_CHECKED:,})",
    )


def _measures(
    comparisons: Mapping[str, Comparison],
    distances: Distances,
    near: np.ndarray,
    repeated: Duplicates,
    training: int,
) -> tuple[Measure, ...]:
    halves = distances.halves()
    chance = explained_by_chance(len(near), distances.num_held_out)
    return (
        Measure(
            "samples near a training image in pixels and in features",
            float(near.mean()),
            "share",
            {"chance explains up to": chance, _HALVES: float(near_in_both(halves).mean())},
            "nearer than 1 % of held-out images are, in both; above what chance explains, some are copies",
        ),
        *(
            measure
            for space, compared in comparisons.items()
            for measure in _measures_in(space, compared, halves[space])
        ),
        *(
            Measure(
                f"{kind} duplicates among the training images",
                float(count),
                "count",
                {"training images": float(training)},
                "images that are there more than once are learned by heart first; 0 is best",
            )
            for kind, count in (("exact", repeated.exact), ("near", repeated.near))
        ),
    )


def _measures_in(space: str, compared: Comparison, halves: Comparison) -> tuple[Measure, ...]:
    return (
        Measure(
            f"samples nearer in {space} than 1 % of held-out images",
            float(compared.near.mean()),
            "share",
            {"chance": 0.01, _HALVES: float(halves.near.mean())},
            "much above chance means copies, or images that are all alike",
        ),
        Measure(
            f"distance in {space} to the nearest training image, samples over held-out images",
            compared.ratio,
            "ratio",
            {"alike": 1.0, _HALVES: halves.ratio},
            "ratio of the medians; far below 1 means copies, far above 1 unlikeness to the data",
        ),
        Measure(
            f"probability that a sample is nearer in {space} than a held-out image",
            compared.nearer,
            "share",
            {"alike": 0.5, _HALVES: halves.nearer},
            f"effect size of the Mann-Whitney test ({_p_value_text(compared.p_value)}); near 1 means copies",
        ),
    )


def _pictures(images: np.ndarray, held_out: np.ndarray, train: np.ndarray) -> Measure:
    real = np.asarray(train[evenly_spaced(len(train), NUM_REAL)])
    return Measure(
        "samples with the form of real images",
        share_with_form(images, real),
        "share",
        {"held-out images": share_with_form(held_out, real)},
        "share of them whose contrast, tails and correlations at every scale are those of real images; "
        "without that a sample is not yet a picture",
    )


def _p_value_text(p_value: float) -> str:
    """Return a p-value in words, never as 0, which no test can show."""
    return f"p = {p_value:.2g}" if p_value > _LEAST_P_VALUE else f"p < {_LEAST_P_VALUE:g}"


def _warnings(distances: Distances, found: Verdict) -> tuple[str, ...]:
    said = []
    if distances.copies:
        said.append(
            f"{distances.copies} held-out images equal a training image or its mirror; they were left out"
        )
    if found.why:
        said.append(f"{found.summary}: {found.why}")
    return tuple(said)
