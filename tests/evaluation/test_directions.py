"""On real digits: blurred, noisy, fewer and copied pictures move each metric as it should."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.evaluation.controls import CONTROLS
from dcgan_tf.evaluation.evaluator import Evaluator
from dcgan_tf.evaluation.feature_spaces import ClassifierSpace
from dcgan_tf.evaluation.real_images import RealImages
from dcgan_tf.judges.classifier import trained_classifier
from dcgan_tf.progress import no_bar
from places import TFDS, missing
from quick import quick_judges

COUNT = 2000


@pytest.fixture(scope="module")
def digits():
    if reason := missing("mnist"):
        pytest.skip(reason)
    config = DataConfig(spec="tfds:mnist", data_dir=str(TFDS), split="test", image_size=(28, 28), channels=1)
    return data.load_data(config)


@pytest.fixture(scope="module")
def evaluator(digits, tmp_path_factory) -> Evaluator:
    order = np.random.default_rng(0).permutation(len(digits))
    train, test = (digits.subset(order[part : part + COUNT]) for part in (0, COUNT))
    real = RealImages.of(DataConfig(spec="tfds:mnist"), train, ("test", test))
    cache = tmp_path_factory.mktemp("cache")
    with quick_judges(classifier_steps=150):
        space = ClassifierSpace(trained_classifier(train, test, cache_dir=cache))
    return Evaluator(real, space, COUNT, cache_dir=cache, bar=no_bar)


@pytest.fixture(scope="module")
def others(digits):
    """Yet other digits: what a perfect generator draws."""
    order = np.random.default_rng(0).permutation(len(digits))
    return digits.subset(order[2 * COUNT :])


@pytest.fixture(scope="module")
def scored(evaluator):
    def of(images: np.ndarray) -> dict[str, float]:
        evaluation = evaluator.evaluate(lambda num, *, seed: images[:num], source="digits")
        found = {row.score.key: row.score.value for row in evaluation.rows}
        return found | {"memorised": float(any("memorised" in said for said in evaluation.warnings))}

    return of


@pytest.fixture(scope="module")
def perfect(scored, others):
    return scored(others.images)


def test_real_against_real_scores_alike_and_far_from_the_other_end(evaluator, perfect):
    for key, score in evaluator.real_scores.items():
        value = score.value
        apart = abs(evaluator.formless_scores[key].value - value)
        assert abs(perfect[key] - value) < (0.5 if key == "ms_ssim" else 0.1) * apart, key
    assert not perfect["memorised"]


def test_blur_costs_fidelity(scored, perfect, others):
    # A stroke is three pixels wide.
    blurred = gaussian_filter(others.images[:COUNT].astype(np.float32), (0, 1.5, 1.5, 0)).astype(np.uint8)
    found = scored(blurred)
    assert found["frechet_distance"] > 5 * perfect["frechet_distance"]
    assert found["sliced_wasserstein_28"] > 5 * perfect["sliced_wasserstein_28"]
    assert found["guarded_precision"] < 0.05
    assert found["guarded_density"] < 0.05
    assert found["coverage"] < perfect["coverage"] - 0.3


def test_noise_costs_precision_and_density(scored, perfect, others):
    rng = np.random.default_rng(0)
    noisy = others.images[:COUNT] + rng.normal(0, 60, (COUNT, 28, 28, 1))
    found = scored(np.clip(noisy, 0, 255).astype(np.uint8))
    assert found["frechet_distance"] > 5 * perfect["frechet_distance"]
    assert found["guarded_precision"] < perfect["guarded_precision"] - 0.3
    assert found["guarded_density"] < perfect["guarded_density"] - 0.5
    assert found["sliced_wasserstein_28"] > 5 * perfect["sliced_wasserstein_28"]


@pytest.mark.parametrize("name", [*CONTROLS, "pixels_without_form"])
def test_what_is_no_picture_never_looks_real(evaluator, name):
    scores = evaluator.formless_scores if name == "pixels_without_form" else evaluator.controls[name]
    for key in ("guarded_precision", "guarded_density", "real_form"):
        assert scores[key].value < 0.01 < 0.65 < evaluator.real_scores[key].value


def test_dropped_classes_cost_variety_but_not_precision(scored, perfect, others):
    few = others.images[others.labels < 4]
    found = scored(few)
    assert found["frechet_distance"] > 5 * perfect["frechet_distance"]
    assert found["recall"] < perfect["recall"] - 0.2
    assert found["coverage"] < perfect["coverage"] - 0.3
    assert found["guarded_precision"] > perfect["guarded_precision"] - 0.05


def test_copies_of_the_training_images_are_suspected(scored, evaluator):
    found = scored(evaluator.real.reference)
    assert found["frechet_distance"] < evaluator.real_scores["frechet_distance"].value / 10
    assert found["guarded_precision"] == pytest.approx(0.95, abs=0.005)  # all lie there; 1 in 20 is odd
    assert found["memorised"]


def test_a_few_pictures_again_and_again_cost_coverage_recall_and_diversity(scored, perfect, others):
    found = scored(np.tile(others.images[:10], (COUNT // 10, 1, 1, 1)))
    assert found["coverage"] < perfect["coverage"] / 2
    assert found["recall"] < perfect["recall"] / 2
    # One pair in ten is of a picture with itself, and alike to 1.
    assert found["ms_ssim"] > perfect["ms_ssim"] + 0.06
    assert found["frechet_distance"] > 5 * perfect["frechet_distance"]
