"""The detector of pictures that were laid over each other."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.config import preset
from dcgan_tf.judges.double_exposure import double_exposure_scores, double_exposures, trained_detector


def crosses(num: int, *, seed: int) -> np.ndarray:
    """One bright cross each, at any place, on black: two of them are never a single picture."""
    rng = np.random.default_rng(seed)
    images = np.zeros((num, 16, 16, 1), np.uint8)
    for image, (row, column) in zip(images, rng.integers(2, 14, (num, 2)), strict=True):
        image[row, :] = image[:, column] = 200
    return images


def test_double_exposures_are_sums_of_the_images():
    images = np.full((3, 4, 4, 1), 80, np.uint8)
    made = double_exposures(images, 50, rng=np.random.default_rng(0))
    assert made.shape == (50, 4, 4, 1)
    assert made.dtype == np.uint8
    np.testing.assert_array_equal(made, 80)  # any weights add up to one
    images = np.stack([np.zeros((4, 4, 1), np.uint8), np.full((4, 4, 1), 200, np.uint8)])
    levels = np.unique(double_exposures(images, 300, rng=np.random.default_rng(0)))
    assert levels.min() == 0
    assert levels.max() > 200 * 0.75
    assert len(levels) > 30


def make_subject(cache_dir: Path) -> SimpleNamespace:
    config = preset("default", cache_dir=str(cache_dir))
    run = SimpleNamespace(
        config=config,
        sample=lambda num, seed: crosses(num, seed=7),
        generator=SimpleNamespace(get_weights=lambda: [np.zeros(3, np.float32)]),
        shown_class=None,
    )
    return SimpleNamespace(run=run, train=SimpleNamespace(images=crosses(500, seed=1), fingerprint="crosses"))


def test_it_tells_them_from_single_pictures_it_has_not_seen(tmp_path):
    subject = make_subject(tmp_path)
    detector = trained_detector(subject.run, subject.train)
    single = crosses(300, seed=2)
    double = double_exposures(single, 300, rng=np.random.default_rng(5))
    assert np.mean(double_exposure_scores(detector, single) > 0) >= 0.97
    assert np.mean(double_exposure_scores(detector, double) < 0) >= 0.9


@pytest.fixture
def subject(tmp_path, quick_judges):
    return make_subject(tmp_path)


def test_the_second_time_it_comes_from_the_cache(subject, monkeypatch):
    first = double_exposure_scores(trained_detector(subject.run, subject.train), crosses(20, seed=3))
    monkeypatch.setattr("dcgan_tf.judges.double_exposure.fit", None)  # training again would fail
    np.testing.assert_array_equal(
        double_exposure_scores(trained_detector(subject.run, subject.train), crosses(20, seed=3)), first
    )


@pytest.mark.parametrize("kept", [0, 3000])
def test_a_damaged_one_is_trained_again(subject, kept, monkeypatch):
    pictures = crosses(20, seed=3)
    first = double_exposure_scores(trained_detector(subject.run, subject.train), pictures)
    (file,) = Path(subject.run.config.data.cache_dir).glob("double-exposure-*.npz")
    file.write_bytes(file.read_bytes()[:kept])
    np.testing.assert_allclose(
        double_exposure_scores(trained_detector(subject.run, subject.train), pictures), first, atol=1e-3
    )
    monkeypatch.setattr("dcgan_tf.judges.double_exposure.fit", None)  # and it is whole again
    trained_detector(subject.run, subject.train)


def test_another_checkpoint_has_another_detector(subject, monkeypatch):
    trained_detector(subject.run, subject.train)
    monkeypatch.setattr("dcgan_tf.judges.double_exposure.fit", None)
    subject.run.generator = SimpleNamespace(get_weights=lambda: [np.ones(3, np.float32)])
    with pytest.raises(TypeError):
        trained_detector(subject.run, subject.train)


def test_another_class_of_the_same_checkpoint_has_another_detector(subject, monkeypatch):
    subject.run.shown_class = "cats"
    trained_detector(subject.run, subject.train)
    monkeypatch.setattr("dcgan_tf.judges.double_exposure.fit", None)
    trained_detector(subject.run, subject.train)
    subject.run.shown_class = "dogs"
    with pytest.raises(TypeError):
        trained_detector(subject.run, subject.train)
