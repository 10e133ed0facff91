"""Contrast at every scale: worked out by hand, and on what is no picture."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.metrics.contrast import contrasts, like_real

RNG = np.random.default_rng(0)


def stripes(width: int, *, levels: int = 100) -> np.ndarray:
    """Return one picture of 16x16 with vertical stripes, `levels` above and below the middle."""
    signs = np.where(np.arange(16) // width % 2, 1, -1)
    return np.broadcast_to((128 + levels * signs)[None, None, :, None], (1, 16, 16, 1)).astype(np.uint8)


@pytest.mark.parametrize(("width", "scale"), [(1, 0), (2, 1), (4, 2), (8, 3)])
def test_stripes_have_their_contrast_at_one_scale_alone(width, scale):
    (found,) = contrasts(stripes(width))
    expected = np.full(4, -1.0)  # half a level, the least: 16 -> 8 -> 4 -> 2 pixels
    expected[scale] = np.log2(100)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_colours_count_by_their_luminance():
    grey = RNG.integers(0, 256, (3, 8, 8, 1), np.uint8)
    np.testing.assert_allclose(contrasts(grey), contrasts(grey.repeat(3, axis=-1)), atol=0.02)


def test_images_that_are_no_squares_and_odd_sides_have_contrasts():
    assert contrasts(RNG.integers(0, 256, (2, 9, 30, 1), np.uint8)).shape == (2, 3)


def faces(count: int) -> np.ndarray:
    """Return soft bright discs of different sizes before different grounds."""
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    radius, ground = RNG.uniform(0.3, 0.8, (count, 1, 1)), RNG.uniform(20, 120, (count, 1, 1))
    return np.uint8(ground + 120 / (1 + np.exp(20 * (np.hypot(x, y) - radius))))[..., None]


@pytest.mark.parametrize(
    ("name", "images"),
    [
        ("grain", RNG.integers(0, 256, (50, 32, 32, 1), np.uint8)),
        ("dark grain", RNG.integers(0, 20, (50, 32, 32, 1), np.uint8)),
        ("blank", np.full((50, 32, 32, 1), 128, np.uint8)),
        ("faint", np.uint8(128 + (faces(50).astype(float) - 128) / 8)),
        (
            "one level each",
            np.repeat(np.arange(50, dtype=np.uint8)[:, None, None, None], 32, 1).repeat(32, 2),
        ),
    ],
)
def test_what_is_no_picture_is_unlike_real_ones(name, images):
    assert like_real(images, faces(500)).mean() < 0.05


def test_real_images_are_like_each_other():
    assert like_real(faces(500), faces(500)).mean() > 0.95
