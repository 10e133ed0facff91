"""The pyramid distance: by hand, and that no trick comes nearer than honest samples."""

from __future__ import annotations

import importlib
import time

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dcgan_tf.config import DataConfig
from dcgan_tf.data import load_data
from dcgan_tf.errors import ArgumentError
from dcgan_tf.metrics import PyramidDistance

NUM = 256
module = importlib.import_module("dcgan_tf.metrics.pyramid_distance")


@pytest.fixture(scope="module")
def portraits() -> np.ndarray:
    return np.asarray(load_data(DataConfig("portraits", split="test", image_size=(32, 32))).images[:1200])


@pytest.fixture(scope="module")
def distance(portraits: np.ndarray) -> PyramidDistance:
    return PyramidDistance(portraits[:800], num_samples=NUM)


def tricks(others: np.ndarray) -> dict[str, np.ndarray]:
    """Return sets of pictures that a wrong distance could prefer to the samples of a generator."""
    rng = np.random.default_rng(0)
    blurred = np.stack([gaussian_filter(image, (1, 1, 0)) for image in others])
    return {
        "noise": rng.integers(0, 256, others.shape, dtype=np.uint8),
        "grey noise": np.clip(rng.normal(127, 20, others.shape), 0, 255).astype(np.uint8),
        "grey": np.full_like(others, 127),
        "one real image": np.repeat(others[:1], len(others), axis=0),
        "eight real images": np.repeat(others[:8], len(others) // 8, axis=0),
        "blurred real images": blurred,
        "pale real images": ((others.astype(float) - 127) * 0.6 + 127).astype(np.uint8),
    }


def worse(images: np.ndarray) -> np.ndarray:
    """Return what an honest generator draws: all kinds of pictures, with some faults in each."""
    rng = np.random.default_rng(1)
    return np.clip(images + rng.normal(0, 4, images.shape), 0, 255).astype(np.uint8)


def test_other_real_images_are_near(portraits: np.ndarray, distance: PyramidDistance) -> None:
    assert distance(portraits[800 : 800 + NUM]) < 0.08


@pytest.mark.parametrize("name", list(tricks(np.zeros((8, 16, 16, 3), np.uint8))))
def test_no_trick_is_nearer_than_pictures_with_faults(
    name: str, portraits: np.ndarray, distance: PyramidDistance
) -> None:
    others = portraits[800 : 800 + NUM]
    assert distance(tricks(others)[name]) > 1.5 * distance(worse(others))


def test_a_fault_shows_at_its_own_scale(portraits: np.ndarray, distance: PyramidDistance) -> None:
    others = portraits[800 : 800 + NUM]
    blurred = distance.levels(np.stack([gaussian_filter(image, (1, 1, 0)) for image in others]))
    assert list(blurred) == [32, 16, 8]
    assert blurred[32] > 2 * blurred[16]
    assert blurred[16] > 1.4 * blurred[8]
    repeated = distance.levels(np.repeat(others[:1], NUM, axis=0))
    assert repeated[8] > 1.5 * repeated[32]


def test_a_shift_by_a_deviation_is_a_distance_of_1_by_hand() -> None:
    # One colour each: the detail is 0, and the whole picture moves along every direction in proportion.
    levels = np.linspace(50, 150, 101)
    flat = np.broadcast_to(levels[:, None, None, None], (101, 14, 14, 1)).astype(np.uint8)
    moved = flat + np.uint8(round(float(levels.std())))
    found = PyramidDistance(flat, num_samples=101).levels(moved)
    assert found[7] == pytest.approx(round(float(levels.std())) / levels.std(), rel=1e-3)
    assert found[14] < 0.2
    assert PyramidDistance(flat, num_samples=101)(flat) == pytest.approx(0, abs=1e-9)


def test_it_is_the_same_again(portraits: np.ndarray) -> None:
    first, second = (PyramidDistance(portraits[:300], num_samples=100)(portraits[300:400]) for _ in range(2))
    assert first == second


def test_no_samples_are_refused() -> None:
    with pytest.raises(ArgumentError, match="at least 1, received 0"):
        PyramidDistance(np.zeros((20, 16, 16, 1), np.uint8), num_samples=0)


@pytest.mark.parametrize(("num", "count"), [(7, 3), (3, 7), (5, 5), (1, 4)])
def test_quantiles_are_those_of_numpy(num: int, count: int) -> None:
    values = np.random.default_rng(0).normal(size=(num, 2))
    expected = np.quantile(values, (np.arange(count) + 0.5) / count, axis=0, method="hazen")
    np.testing.assert_allclose(module._quantiles(values, count), expected, atol=1e-12)


def test_it_costs_little() -> None:
    # Quantiles one by one would take half a minute here.
    images = np.random.default_rng(0).integers(0, 256, (2048, 32, 32, 3), dtype=np.uint8)
    started = time.perf_counter()
    PyramidDistance(images, num_samples=512)(images[:512])
    assert time.perf_counter() - started < 10


def test_few_real_images_are_compared_with_many_samples(portraits: np.ndarray) -> None:
    few = PyramidDistance(portraits[:300], num_samples=512)
    honest, copies = portraits[400:912], np.repeat(portraits[:8], 64, axis=0)
    assert few(honest) < 0.12
    assert few(copies) > 2 * few(honest)


def test_it_is_the_same_in_small_parts(portraits: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = PyramidDistance(portraits[:150], num_samples=100)(portraits[200:300])
    monkeypatch.setattr(module, "_IMAGES", 7)
    parts = PyramidDistance(portraits[:150], num_samples=100)(portraits[200:300])
    assert parts == pytest.approx(whole)


@pytest.mark.parametrize("shape", [(9, 16, 16, 1), (10, 16, 16, 3), (10, 18, 16, 1)])
def test_other_samples_are_refused(shape: tuple[int, ...]) -> None:
    measured = PyramidDistance(np.zeros((20, 16, 16, 1), np.uint8), num_samples=10)
    with pytest.raises(ArgumentError, match="samples must be uint8"):
        measured(np.zeros(shape, np.uint8))


def test_images_without_room_for_two_levels_are_refused() -> None:
    with pytest.raises(ArgumentError, match="at least 14 pixels"):
        PyramidDistance(np.zeros((20, 13, 16, 1), np.uint8), num_samples=10)
