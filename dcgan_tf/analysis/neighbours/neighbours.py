"""Find out whether the generator copies its training images, by nearest neighbours.

Radford et al. 2015 did not search for nearest neighbours, which are "trivially fooled by small image
transforms" (section 6); they argue by samples after one epoch, by de-duplicating the data, and by smooth
walks. So this analysis searches in features and in pixels, includes mirror images, and has a control: images
of the same kind that were never trained on are near to some training images too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np

from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.neighbours.about import ANALYSIS
from dcgan_tf.analysis.neighbours.closeness import (
    FEATURES,
    PIXELS,
)
from dcgan_tf.analysis.neighbours.control import Control, control_of
from dcgan_tf.analysis.neighbours.distances import Distances, Real
from dcgan_tf.analysis.neighbours.duplicates import MOST_CHECKED, NEAR_LEVELS, Duplicates, duplicates
from dcgan_tf.analysis.neighbours.figure import SampleRow, neighbours_figure
from dcgan_tf.analysis.neighbours.memorising import (
    Comparison,
    Verdict,
    compare_all,
    explained_by_chance,
    near_in_both,
    rule,
    verdict,
)
from dcgan_tf.analysis.subject import NUM_REAL, Subject
from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics import share_with_form
from dcgan_tf.runs import Run

FEWEST_IMAGES = 8
"""The fewest samples, which the figure shows all; fewer say nothing about a generator."""
_SHOWN = 4
_LEAST_P_VALUE = 1e-300
_PAPER = (
    "did not search: nearest neighbours are 'trivially fooled by small image transforms' "
    "(section 6); it argues by one-epoch samples, de-duplication and smooth walks"
)


def neighbours(run: Run, *, num_images: int = 1000, seed: int = 0, control: str = "held_out") -> Finding:
    """Find each sample's nearest training images, and decide whether samples are too near.

    Each distance is the smaller of those from the image and from its left-right mirror image. Held-out
    images, searched in the same way, show how near images of this kind are without copying. Duplicate
    training images are counted too, because they are learnt by heart first.

    Where too few images are held out, the training images can be the control, each searched among the others
    (leave-one-out), in features of a network that was not trained on them.

    Args:
        run: a run whose data has held-out images, for that control.
        num_images: number of samples, and of held-out images at most; at least 8.
        seed: seed of the samples.
        control: "held_out" or "training": the real images that samples are compared with.

    Raises:
        RunError: if there are no held-out images, or fewer than two that are not training images too.
        ArgumentError: for fewer images than 8, an unknown control, or if there are neither labels nor
            convolutional features to compare in.
    """
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    _check_number(num_images)
    started = time.monotonic()
    subject = Subject(run, of_all_classes=True)
    images = run.sample(num_images, seed=seed, labels=subject.labels_for(run, num_images))
    real = Real.of(subject, control_of(control), num_images)
    distances = Distances.measure(subject, images, real)
    comparisons = compare_all(distances.samples, distances.held_out)
    near, repeated = near_in_both(comparisons), duplicates(subject.train.images)
    pictures = _pictures(images, real, subject.train.images)
    found = verdict(
        int(near.sum()),
        num_images,
        held_out=distances.num_held_out,
        pictures=pictures.value,
        control=distances.control,
    )
    return Finding(
        name="neighbours",
        summary=f"{found.summary}: {_in_words(near, comparisons, distances)}",
        protocol=_protocol(subject, distances, repeated, seed=seed, num_images=num_images, started=started),
        measures=(*_measures(comparisons, distances, near, repeated, len(subject.train)), pictures),
        figure=neighbours_figure(
            found.title,
            rows=_rows(images, distances, near),
            train=subject.train.images,
            spaces=_spaces(distances),
            control=distances.control,
        ),
        details={
            "spaces": {space: found.numbers for space, found in comparisons.items()},
            "near_samples": np.flatnonzero(near)[:100].tolist(),
            "near_duplicates": repeated.pairs[:100].tolist(),
            "paper": _PAPER,
        },
        warnings=_warnings(distances, found),
    )


def _check_number(num_images: int) -> None:
    if num_images < FEWEST_IMAGES:
        raise ArgumentError(
            f"at least {FEWEST_IMAGES} samples are needed to compare with held-out images, and 1,000 are "
            f"better (--num-images), received {num_images}"
        )


def _in_words(near: np.ndarray, comparisons: Mapping[str, Comparison], distances: Distances) -> str:
    return (
        f"{near.mean():.1%} of {len(near):,} samples are nearer to a training image, "
        f"in pixels and in features, than 1% of {distances.control.are} (chance: up to "
        f"{_chance_of(distances, len(near)):.1%}), and the median sample is "
        f"{comparisons[PIXELS].ratio:.2f} (pixels) and {comparisons[FEATURES].ratio:.2f} (features) "
        f"times as far as the median {distances.control.one}"
    )


def _chance_of(distances: Distances, count: int) -> float:
    return explained_by_chance(count, distances.num_held_out, distances.control)


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
            FEATURES: distances.space,
        },
        distance="to the nearest training image; the smaller one of the image's and of its mirror image's",
        control=distances.control.name,
        rule=rule(distances.control),
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
    halves, control = distances.halves(), distances.control
    return (
        Measure(
            "samples near a training image in pixels and in features",
            float(near.mean()),
            "share",
            {
                "chance explains up to": _chance_of(distances, len(near)),
                _halves(control): float(near_in_both(halves).mean()),
            },
            f"nearer than 1 % of {control.are}, in both; above what chance explains, some are copies",
        ),
        *(
            measure
            for space, compared in comparisons.items()
            for measure in _measures_in(space, compared, halves[space], control)
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


def _halves(control: Control) -> str:
    return f"one half of the {control.name} against the other"


def _measures_in(
    space: str, compared: Comparison, halves: Comparison, control: Control
) -> tuple[Measure, ...]:
    return (
        Measure(
            f"samples nearer in {space} than 1 % of {control.name}",
            float(compared.near.mean()),
            "share",
            {"chance": 0.01, _halves(control): float(halves.near.mean())},
            "much above chance means copies, or images that are all alike",
        ),
        Measure(
            f"distance in {space} to the nearest training image, samples over {control.name}",
            compared.ratio,
            "ratio",
            {"alike": 1.0, _halves(control): halves.ratio},
            "ratio of the medians; far below 1 means copies, far above 1 unlikeness to the data",
        ),
        Measure(
            f"probability that a sample is nearer in {space} than a {control.one}",
            compared.nearer,
            "share",
            {"alike": 0.5, _halves(control): halves.nearer},
            f"effect size of the Mann-Whitney test ({_p_value_text(compared.p_value)}); near 1 means copies",
        ),
    )


def _pictures(images: np.ndarray, compared: Real, train: np.ndarray) -> Measure:
    real = np.asarray(train[evenly_spaced(len(train), NUM_REAL)])
    name = "held-out images" if compared.places is None else "training images"
    return Measure(
        "samples with the form of real images",
        share_with_form(images, real),
        "share",
        {name: share_with_form(compared.images, real)},
        "share of them whose contrast, tails and correlations at every scale are those of real images; "
        "without that a sample is not yet a picture",
    )


def _p_value_text(p_value: float) -> str:
    """Return a p-value in words, never as 0, which no test can show."""
    return f"p = {p_value:.2g}" if p_value > _LEAST_P_VALUE else f"p < {_LEAST_P_VALUE:g}"


def _warnings(distances: Distances, found: Verdict) -> tuple[str, ...]:
    said = []
    if distances.copies:
        said.append(f"{distances.copies} {distances.control.copies} or its mirror; they were left out")
    if found.why:
        said.append(f"{found.summary}: {found.why}")
    return tuple(said)
