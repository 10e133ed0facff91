"""Against distances worked out by hand, SciPy's own Wasserstein distance, and pyramids by whole kernels."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import scipy.ndimage
from scipy.stats import wasserstein_distance

from dcgan_tf.metrics.pyramid import laplacian
from dcgan_tf.metrics.sliced_wasserstein import distances_of, sliced_wasserstein

module = importlib.import_module("dcgan_tf.metrics.sliced_wasserstein")


def flat(*levels, side=7):
    """Return images of one level each, uint8 [N, side, side, 1]."""
    return np.stack([np.full((side, side, 1), level, np.uint8) for level in levels])


def random_images(count, side=28, *, seed=0, channels=1):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def by_whole_kernels(images):
    """Return the pyramid of [N, H, W] as the reference defines it: a 5x5 kernel, zeros between pixels."""
    kernel = np.outer([1, 4, 6, 4, 1], [1, 4, 6, 4, 1])[None] / 256
    pyramid = [images.astype(np.float64)]
    while (min(pyramid[-1].shape[1:]) + 1) // 2 >= 14:
        smaller = scipy.ndimage.convolve(pyramid[-1], kernel, mode="mirror")[:, ::2, ::2]
        spread = np.zeros(pyramid[-1].shape)
        spread[:, ::2, ::2] = smaller
        pyramid[-1] = pyramid[-1] - scipy.ndimage.convolve(spread, 4 * kernel, mode="mirror")
        pyramid.append(smaller)
    return pyramid


# The distance


def test_of_flat_patches():
    """One patch an image. Normalised, the sets are (-1, -1, -1, 3) / 3^½ and (-1, -1, 1, 1).

    Sorted, they are (1 - 3^-½, the same, 1 + 3^-½, 3^½ - 1) apart, on average 0.7887. Along a unit vector u
    of 49 dimensions that counts |sum of u| times, which is on average 7 Γ(49/2) / (π^½ Γ(25)) = 0.8020.
    """
    root = math.sqrt(3)
    gap = (2 * (1 - 1 / root) + (1 + 1 / root) + (root - 1)) / 4
    length = 7 * math.exp(math.lgamma(24.5) - math.lgamma(25)) / math.sqrt(math.pi)
    found = sliced_wasserstein(flat(0, 0, 0, 4), flat(0, 0, 4, 4), descriptors=4, directions=20_000)
    assert found == {7: pytest.approx(1000 * gap * length, rel=0.02)}


def test_brightness_and_contrast_do_not_count():
    assert sliced_wasserstein(flat(0, 2), flat(10, 250), descriptors=2)[7] == pytest.approx(0, abs=1e-3)


def test_each_direction_has_scipy_s_distance(monkeypatch):
    monkeypatch.setattr(module, "_DIRECTIONS", 4)
    real, fake = np.random.default_rng(0).normal(size=(2, 50, 10)).astype(np.float32)
    fake += 0.5
    units = np.random.default_rng(1).normal(size=(10, 10))
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    expected = np.mean([wasserstein_distance(real @ unit, fake @ unit) for unit in units])
    blocks = [
        [(7, block) for block in module._projected(patches, 10, np.random.default_rng(1))]
        for patches in (real, fake)
    ]
    assert [len(block) for _, block in blocks[0]] == [4, 4, 2]
    assert distances_of(*blocks) == {7: pytest.approx(1000 * expected, rel=1e-5)}


def test_of_a_set_to_itself_it_is_0_at_every_level():
    images = random_images(5, 56, channels=3)
    assert sliced_wasserstein(images, images, descriptors=200) == {56: 0, 28: 0, 14: 0}


def test_fine_grain_shows_at_the_full_size_most():
    rng = np.random.default_rng(0)
    smooth = scipy.ndimage.gaussian_filter(rng.normal(size=(80, 56, 56, 1)), (0, 4, 4, 0)) * 500 + 128
    grainy = smooth + rng.normal(0, 20, smooth.shape)
    found = sliced_wasserstein(
        smooth[:40].clip(0, 255).astype(np.uint8), grainy[40:].clip(0, 255).astype(np.uint8), descriptors=4000
    )
    assert found[56] > 3 * found[14]


def test_without_any_structure_it_is_0():
    """Divided by its own deviation, which is 0, it would be NaN."""
    found = sliced_wasserstein(flat(77, 77, side=28), flat(203, 203, side=28), descriptors=20)
    assert found == {28: 0, 14: 0}


def test_it_is_a_function_of_the_seed():
    a, b = random_images(10, seed=1), random_images(10, seed=2)
    found = [sliced_wasserstein(a, b, seed=seed, descriptors=100) for seed in (3, 3, 4)]
    assert found[0] == found[1]
    assert found[0][28] != found[2][28]


def test_of_the_larger_set_evenly_spaced_images_are_taken():
    images = random_images(7)
    assert sliced_wasserstein(images, images[[0, 3, 6]], descriptors=30) == {28: 0, 14: 0}


def test_it_is_the_same_in_small_parts(monkeypatch):
    a, b = random_images(9, seed=1), random_images(9, seed=2)
    whole = sliced_wasserstein(a, b, descriptors=90, directions=30)
    monkeypatch.setattr(module, "_IMAGES", 2)
    monkeypatch.setattr(module, "_DIRECTIONS", 7)
    assert sliced_wasserstein(a, b, descriptors=90, directions=30) == pytest.approx(whole)


# The pyramid and the patches


@pytest.mark.parametrize(
    ("height", "width", "sides"),
    [
        (28, 28, [28, 14]),
        (32, 32, [32, 16]),
        (64, 64, [64, 32, 16]),
        (64, 48, [48, 24]),
        (27, 30, [27, 14]),
        (16, 16, [16]),
        (7, 9, [7]),
    ],
)
def test_levels_are_halved_while_14_pixels_are_left(height, width, sides):
    images = np.random.default_rng(0).integers(0, 256, (2, height, width, 1), np.uint8)
    assert list(sliced_wasserstein(images, images, descriptors=4)) == sides


@pytest.mark.parametrize("shape", [(64, 64), (56, 61), (27, 30)])
def test_the_pyramid_is_that_of_whole_kernels(shape):
    images = np.random.default_rng(0).integers(0, 256, (2, *shape, 2), np.uint8)
    for channel in range(2):
        expected = by_whole_kernels(images[..., channel])
        for level, wanted in enumerate(expected):
            found = laplacian(images, level=level, last=level + 1 == len(expected))[..., channel]
            np.testing.assert_allclose(found, wanted, atol=1e-3)


def test_patches_are_cut_where_they_are_drawn(monkeypatch):
    monkeypatch.setattr(module, "_normalised", lambda patches: patches)
    images = random_images(3, 16, channels=2)
    corners = module._corners((16, 16), (3, 500), np.random.default_rng(0))
    assert (corners.min(), corners.max()) == (0, 9)
    found = module._descriptors(images, corners, level=0, last=True).reshape(3, 500, 7, 7, 2)
    for image, each in ((0, 0), (1, 7), (2, 499)):
        row, column = corners[:, image, each]
        np.testing.assert_array_equal(found[image, each], images[image, row : row + 7, column : column + 7])


def test_channels_are_normalised_each_on_its_own():
    patches = np.random.default_rng(0).normal((5, -100, 7), (1, 30, 0), (40, 49, 3)).astype(np.float32)
    found = module._normalised(patches)
    np.testing.assert_allclose(found.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=(0, 1)), [1, 1, 0], rtol=1e-4)


@pytest.mark.parametrize(
    ("fake", "options", "words"),
    [
        (np.zeros((2, 28, 32, 1), np.uint8), {}, "same height, width and channels, received"),
        (np.zeros((2, 6, 28, 1), np.uint8), {}, r"at least 7 pixels, received \(6, 28\)"),
        (np.zeros((2, 28, 28, 1)), {}, "must be uint8"),
        (
            np.zeros((2, 28, 28, 1), np.uint8),
            {"directions": 0},
            "a descriptor and a direction, received 131072",
        ),
        (np.zeros((2, 28, 28, 1), np.uint8), {"descriptors": 0}, "a direction, received 0 and 512"),
    ],
)
def test_what_cannot_be_compared_is_refused(fake, options, words):
    with pytest.raises(ValueError, match=words):
        sliced_wasserstein(random_images(2), fake, **options)
