"""Scores, their errors and their order, on sets whose numbers are known."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.evaluation import scores
from dcgan_tf.evaluation.cached_features import View
from dcgan_tf.evaluation.feature_spaces import Features, MetricNames
from dcgan_tf.evaluation.scores import OF_FEATURES, OF_PIXELS, QUESTIONS, Task, score
from dcgan_tf.metrics.precision_recall import density_coverage, precision_recall
from dcgan_tf.progress import no_bar


def seen(points: np.ndarray, *, side: int = 16) -> View:
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (len(points), side, side, 1), dtype=np.uint8)
    kinds = np.eye(2, dtype=np.float32)[np.arange(len(points)) % 2]
    return View(images, Features(points.astype(np.float32), kinds))


def task(points: np.ndarray, reference: np.ndarray, *, with_errors: bool = False, side: int = 16) -> Task:
    return Task(seen(points, side=side), seen(reference, side=side), MetricNames(), 0, with_errors)


@pytest.fixture(scope="module")
def cloud() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(400, 3))


def test_a_set_against_itself(cloud):
    all_of_them = score(task(cloud, cloud), (*OF_FEATURES, *OF_PIXELS), "", bar=no_bar)
    found = {one.key: one.value for one in all_of_them}
    alone = {one.key: one.features_alone for one in all_of_them}
    assert found["frechet_distance"] == pytest.approx(0, abs=1e-5)
    assert alone["guarded_precision"] == found["recall"] == found["coverage"] == 1.0
    assert found["guarded_precision"] == found["real_form"] == 0.95  # one real image in twenty is odd
    assert found["sliced_wasserstein"] == 0.0
    assert found["classifier_score"] == pytest.approx(2.0)  # two kinds, each seen for sure and equally often


def test_a_shift_by_one_has_the_distance_of_its_square(cloud):
    [one] = scores.frechet(task(cloud + np.array([1, 0, 0]), cloud))
    assert one.value == pytest.approx(1.0, rel=1e-4)
    assert one.error is None


def test_errors_come_from_five_disjoint_fifths():
    points = np.arange(50)[:, None] % 5  # the fifths' means are 0, 1, 2, 3, 4: deviation (10 / 4)^½
    [(value, error)] = scores._over_draws(
        task(points, points, with_errors=True), lambda part: [float(part.points.mean())]
    )
    assert value == 2.0
    assert error == pytest.approx((2.5 / 5) ** 0.5)


def test_the_features_alone_are_those_of_the_papers(cloud):
    other = cloud[::-1] * 1.3 + 0.4
    found = {one.key: one for one in scores.fidelity_and_variety(task(other, cloud))}
    real, fake = (points.astype(np.float32) for points in (cloud, other))
    precision, recall = precision_recall(real, fake)
    density, coverage = density_coverage(real, fake)
    assert found["guarded_precision"].features_alone == precision
    assert found["guarded_density"].features_alone == pytest.approx(density)
    assert (found["recall"].value, found["coverage"].value) == (recall, coverage)
    assert found["recall"].features_alone is None


def test_a_picture_amid_real_ones_in_the_features_does_not_count_without_their_form(cloud):
    reference = seen(cloud)
    grey = View(np.full((400, 16, 16, 1), 128, np.uint8), reference.features)
    mixed = np.where(np.arange(400)[:, None, None, None] % 2, grey.images, reference.images)
    found = {
        one.key: one
        for one in scores.fidelity_and_variety(
            Task(View(mixed, reference.features), reference, MetricNames(), 0, True)
        )
    }
    assert found["guarded_precision"].features_alone == 1.0
    assert found["guarded_precision"].value == pytest.approx(0.475, abs=0.02)  # half of 95 %
    assert found["guarded_density"].value < 0.6 * found["guarded_density"].features_alone
    alone = scores.fidelity_and_variety(Task(grey, reference, MetricNames(), 0, False))
    assert [one.value for one in alone[:2]] == [0.0, 0.0]


def test_scores_are_ordered_by_the_question_they_answer(cloud):
    found = score(task(cloud, cloud), OF_FEATURES, "", bar=no_bar)
    assert [one.key for one in found] == [
        "frechet_distance",
        "kernel_distance_x1000",
        "classifier_score",
        "guarded_precision",
        "guarded_density",
        "recall",
        "coverage",
    ]
    assert [QUESTIONS.index(one.question) for one in found] == [0, 0, 0, 1, 1, 2, 2]


def test_only_in_inception_s_space_they_are_called_fid_and_kid(cloud):
    names = MetricNames("FID", "KID", "Inception score")
    view = seen(cloud)
    found = score(Task(view, view, names, 0, False), OF_FEATURES, "", bar=no_bar)
    assert [one.key for one in found[:3]] == ["fid", "kid_x1000", "inception_score"]
    assert [one.name for one in found[:3]] == ["FID", "KID × 1,000", "Inception score"]


def test_levels_of_patches_are_rows_and_their_mean_is_the_first():
    points = np.zeros((60, 1))
    black = View(np.zeros((60, 32, 32, 1), np.uint8), None)
    busy = seen(points, side=32)
    found = scores.patches(Task(busy, black, MetricNames(), 0, True))
    assert [one.key for one in found] == [
        "sliced_wasserstein",
        "sliced_wasserstein_32",
        "sliced_wasserstein_16",
    ]
    assert found[0].value == pytest.approx((found[1].value + found[2].value) / 2)
    assert all(one.error > 0 for one in found)


def test_the_classifier_score_s_error_is_that_of_its_ten_parts():
    # Ten parts of two images each; the first is of one kind alone, score 1, the others of both, score 2.
    kinds = np.array([0, 0] + [0, 1] * 9)
    view = View(np.zeros((20, 16, 16, 1), np.uint8), Features(np.zeros((20, 1)), np.eye(2)[kinds]))
    [one] = scores.classifiable(Task(view, view, MetricNames(), 0, False))
    assert one.value == pytest.approx(1.9)
    # Deviation of 1, 2, 2, …: (0.9 / 9)^½; over 10^½ it is 0.1.
    assert one.error == pytest.approx(0.1)


def test_tiny_images_have_no_patches_and_no_windows(cloud):
    assert scores.likeness(task(cloud, cloud, side=8)) == []
    assert scores.patches(task(cloud, cloud, side=6)) == []
    assert [one.key for one in scores.patches(task(cloud, cloud, side=8))] == ["sliced_wasserstein"]


def test_without_a_space_there_are_no_features(cloud):
    bare = View(seen(cloud).images, None)
    with pytest.raises(ValueError, match="there was no feature space"):
        scores.frechet(Task(bare, bare, MetricNames(), 0, False))
