"""The form of images: statistics worked out by hand, and what passes for real among digits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.metrics.real_form import RealForm, form_statistics


def test_an_image_of_one_colour_has_a_mean_and_nothing_else():
    [found] = form_statistics(np.full((1, 8, 8, 1), 128, np.uint8))
    # Two bands, of 8x8 and 4x4 pixels; a deviation of 1 stands in for none, and its kurtosis is 1.
    np.testing.assert_allclose(found, [128 / 20, *[0, 0, 0, 0], *[0, 0, 0, 0]], atol=1e-5)


def test_a_chessboard_is_all_in_the_finest_band():
    rows, columns = np.mgrid[:8, :8]
    board = np.where((rows + columns) % 2, 110, 90).astype(np.uint8)[None, ..., None]
    [mean, deviation, kurtosis, below, beside, *coarse] = form_statistics(board)[0]
    assert mean == pytest.approx(100 / 20)
    # Pixels are 10 from the mean; 1 is added to the variance and to the fourth moment.
    assert deviation == pytest.approx(0.5 * np.log(101), rel=1e-4)
    assert kurtosis == pytest.approx(np.log(10001 / 101**2), abs=1e-4)
    assert below == beside == pytest.approx(-(56 / 64) * 100 / 101, rel=1e-4)  # 56 of 64 have a neighbour
    np.testing.assert_allclose(coarse, 0, atol=1e-4)


def test_colours_have_planes_of_their_own():
    image = np.zeros((1, 8, 8, 3), np.uint8)
    image[..., 0], image[..., 2] = 90, 30  # lightness 40
    found = form_statistics(image)[0].reshape(3, -1)
    np.testing.assert_allclose(found[:, 0], [40 / 20, 50 / 20, -10 / 20], rtol=1e-5)


def test_the_range_is_what_19_of_20_real_ones_are_within():
    statistics = np.linspace(-1, 1, 2001)[:, None]
    form = RealForm.of(statistics)
    assert form.oddness(np.array([[0.0], [0.96], [-0.96]])) == pytest.approx([0, 1, 1])
    assert form.most == pytest.approx(0.95 / 0.96)
    assert form.holds(np.array([[0.94], [-0.94], [0.96], [5.0]])).tolist() == [True, True, False, False]


def test_a_trace_of_what_real_images_never_have_is_no_other_form():
    form = RealForm.of(np.zeros((50, 3)))
    assert form.most == 0.0
    assert form.oddness(np.array([[0.0, 0.005, 0.0]])) == pytest.approx([0.1])


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    config = DataConfig(spec="digits", image_size=(16, 16), channels=1)
    train, test = data.load_data(config).images, data.load_data(config, split="test").images
    return np.asarray(train), np.asarray(test)


def test_real_images_pass_and_what_is_no_picture_does_not(digits):
    train, test = digits
    form = RealForm.of(form_statistics(train))
    rng = np.random.default_rng(0)
    shuffled = rng.permuted(test.reshape(len(test), -1), axis=1).reshape(test.shape)
    others = {
        "random": rng.integers(0, 256, test.shape, dtype=np.uint8),
        "grey": rng.normal(128, 6, test.shape).astype(np.uint8),
        "one colour": np.full_like(test, 90),
        "blurred": gaussian_filter(test.astype(np.float32), (0, 1.5, 1.5, 0)).astype(np.uint8),
        "shuffled": shuffled,
        "inverted": 255 - test,
    }
    passing = {name: float(form.holds(form_statistics(images)).mean()) for name, images in others.items()}
    assert form.holds(form_statistics(test)).mean() > 0.85
    assert max(passing.values()) < 0.02, passing


def test_what_is_no_image_or_of_another_kind_is_refused(digits):
    form = RealForm.of(form_statistics(digits[0][:60]))
    with pytest.raises(ValueError, match=r"must be uint8 \[N, H, W, C\]"):
        form_statistics(np.zeros((2, 8, 8, 1)))
    with pytest.raises(ValueError, match=r"like the real images'.*of the same size and channels"):
        form.holds(form_statistics(np.zeros((2, 16, 16, 3), np.uint8)))
    with pytest.raises(ValueError, match="finite"):
        RealForm.of(np.full((50, 3), np.nan))
