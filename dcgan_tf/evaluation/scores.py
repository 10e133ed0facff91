"""Compute every metric of a set of images against the reference, with its standard error."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.evaluation.cached_features import View
from dcgan_tf.evaluation.feature_spaces import MetricNames
from dcgan_tf.metrics import (
    DENSITY_NEIGHBOURS,
    PRECISION_NEIGHBOURS,
    Cut,
    ball_membership,
    ball_memberships,
    distances_of,
    frechet_distance,
    inception_score,
    kernel_distance,
    mean_ms_ssim,
    neighbour_radii,
    sorted_projections,
)
from dcgan_tf.progress import Bar

WHOLE = "Are they like real images, as a whole?"
LOOK = "Does each one look real?"
VARIETY = "Do they cover the variety of real images?"
QUESTIONS = (WHOLE, LOOK, VARIETY)
LOWER, HIGHER, AS_REAL = "lower", "higher", "as real"

PARTS = 5
SPLITS = 10
DESCRIPTORS, DIRECTIONS = 131_072, 128
PAIRS = 1000
SMALLEST_PATCHES, SMALLEST_WINDOW = 7, 11
"""The shortest sides, in pixels, of images for the sliced Wasserstein distance and for MS-SSIM."""


@dataclass(frozen=True)
class Score:
    """One score of a set of images.

    Attributes:
        key: its name in records, such as "frechet_distance".
        name: its name for people, with the feature space where that matters.
        question: which of QUESTIONS it answers.
        better: "lower", "higher", or "as real", which means near to that of real images.
        value: the score of all images.
        error: one standard error over draws of as many images, or None.
        features_alone: a guarded score's value without the guard; None for other scores.
    """

    key: str
    name: str
    question: str
    better: str
    value: float
    error: float | None
    features_alone: float | None = None


@dataclass(frozen=True)
class Task:
    """The input of a metric.

    Attributes:
        images: the set that is scored.
        reference: the real images that it is compared with.
        names: names of the metrics in their space.
        seed: seed of every random choice of a metric.
        with_errors: whether to compute errors on parts of the set.
    """

    images: View
    reference: View
    names: MetricNames
    seed: int
    with_errors: bool


Metric = Callable[[Task], list[Score]]


def score(task: Task, metrics: Sequence[Metric], description: str, *, bar: Bar) -> list[Score]:
    """Compute metrics, and order them by the question that they answer.

    Args:
        task: the images and the reference.
        metrics: some of the metrics in this file.
        description: the images in words, for the bar.
        bar: shows the progress.
    """
    found = [one for metric in bar(metrics, f"scoring {description}") for one in metric(task)]
    return sorted(found, key=lambda one: QUESTIONS.index(one.question))


def frechet(task: Task) -> list[Score]:
    """Return the Fréchet distance of the features."""

    def distance(images: View) -> list[float]:
        return [frechet_distance(images.points, task.reference.points)]

    [(value, error)] = _over_draws(task, distance)
    key = "fid" if task.names.frechet == "FID" else "frechet_distance"
    return [Score(key, task.names.frechet, WHOLE, LOWER, value, error)]


def kernel(task: Task) -> list[Score]:
    """Return the kernel distance of the features, times 1,000."""
    value, error = kernel_distance(task.images.points, task.reference.points, seed=task.seed)
    key = "kid_x1000" if task.names.kernel == "KID" else "kernel_distance_x1000"
    return [Score(key, f"{task.names.kernel} × 1,000", WHOLE, LOWER, 1000 * value, 1000 * error)]


def classifiable(task: Task) -> list[Score]:
    """Return the Inception score, or that of another classifier; nothing if it knows no kinds."""
    features = task.images.features
    if features is None or features.probabilities.shape[1] < 2:
        return []
    value, deviation = inception_score(features.probabilities, splits=SPLITS)
    error = deviation / math.sqrt(SPLITS - 1)  # its deviation is that of the splits, divided by their number
    key = task.names.score.lower().replace(" ", "_")
    return [Score(key, task.names.score, WHOLE, AS_REAL, value, error)]


def fidelity_and_variety(task: Task) -> list[Score]:
    """Return precision and recall, density and coverage; precision and density are guarded.

    Pictures that a network was never trained on (grey, grains, blur) may lie among real images in its
    features. So a picture counts for these two only if it also has the form of a real image, which no network
    judges.
    """
    real, radii = task.reference.points, task.reference.radii

    def shares(images: View) -> list[float]:
        fake, formed = images.points, task.reference.real_form.holds(images.form)
        (near, _), (balls, occupied) = ball_memberships(fake, real, radii)
        reached, _ = ball_membership(real, fake, neighbour_radii(fake, k=PRECISION_NEIGHBOURS))
        precisions = [float(np.mean((near > 0) & formed)), float(np.mean(near > 0))]
        densities = [float(np.mean(held) / DENSITY_NEIGHBOURS) for held in (balls * formed, balls)]
        return [*precisions, float(np.mean(reached > 0)), *densities, float(occupied.mean())]

    precision, precise, recall, density, dense, coverage = _over_draws(task, shares)
    return [
        Score("guarded_precision", "precision, guarded", LOOK, HIGHER, *precision, precise[0]),
        Score("guarded_density", "density, guarded", LOOK, HIGHER, *density, dense[0]),
        Score("recall", "recall", VARIETY, HIGHER, *recall),
        Score("coverage", "coverage", VARIETY, HIGHER, *coverage),
    ]


def form(task: Task) -> list[Score]:
    """Return the share of images whose simple statistics are like those of real images."""

    def share(images: View) -> list[float]:
        return [float(np.mean(task.reference.real_form.holds(images.form)))]

    [(value, error)] = _over_draws(task, share)
    return [Score("real_form", "form of real images", LOOK, HIGHER, value, error)]


def patches(task: Task) -> list[Score]:
    """Return the sliced Wasserstein distance as a mean and for each level; nothing for tiny images."""
    if min(task.reference.images.shape[1:3]) < SMALLEST_PATCHES:
        return []
    sides: list[int] = []

    def distances(images: View) -> list[float]:
        share = len(images) / len(task.images)
        number = round(share * DESCRIPTORS)
        # The same places and directions for all: a score changes with the samples alone.
        cut = Cut.of(task.reference, images, descriptors=number, directions=DIRECTIONS, seed=0)
        levels = distances_of(task.reference.projections(cut), sorted_projections(images.images, cut))
        sides[:] = levels if len(levels) > 1 else []
        return [float(np.mean(list(levels.values()))), *(levels[side] for side in sides)]

    numbers = _over_draws(task, distances)
    names = ["sliced Wasserstein", *(f"  details of {side} px" for side in sides)]
    keys = ["sliced_wasserstein", *(f"sliced_wasserstein_{side}" for side in sides)]
    return [
        Score(key, name, WHOLE, LOWER, value, error)
        for key, name, (value, error) in zip(keys, names, numbers, strict=True)
    ]


def likeness(task: Task) -> list[Score]:
    """Return the mean MS-SSIM of pairs; nothing for tiny images."""
    if min(task.images.images.shape[1:3]) < SMALLEST_WINDOW:
        return []
    value, error = mean_ms_ssim(task.images.images, pairs=PAIRS, seed=task.seed)
    return [Score("ms_ssim", "MS-SSIM of pairs", VARIETY, AS_REAL, value, error)]


OF_FEATURES: tuple[Metric, ...] = (frechet, kernel, classifiable, fidelity_and_variety)
OF_PIXELS: tuple[Metric, ...] = (form, patches, likeness)
OF_CONTROLS: tuple[Metric, ...] = (*OF_FEATURES, form, likeness)
"""The metrics of control pictures. Patches are left out: they take long, and no network judges them."""


def _over_draws(task: Task, compute: Callable[[View], list[float]]) -> list[tuple[float, float | None]]:
    """Return (value, error) of each number that `compute` returns.

    The error is that of drawing other samples. The numbers are also computed on five disjoint fifths of the
    set, against the whole reference. Their standard deviation over 5^½ is used as the error of the whole.
    """
    values = compute(task.images)
    if not task.with_errors:
        return [(value, None) for value in values]
    fifths = [compute(task.images.part(slice(i, None, PARTS))) for i in range(PARTS)]
    errors = np.std(fifths, axis=0, ddof=1) / math.sqrt(PARTS)
    return [(value, float(error)) for value, error in zip(values, errors, strict=True)]
