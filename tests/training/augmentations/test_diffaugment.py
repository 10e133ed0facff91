"""DiffAugment by hand, against its three changes written out one after another, and its derivatives."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.training.augmentations.diffaugment import diffaugment, move_and_cut, recolour
from dcgan_tf.training.augmentations.instance_noise import add_instance_noise
from dcgan_tf.training.augmentations.random_key import RandomKey

RANDOM = np.random.default_rng(0)


def key_of(seed: int = 1, step: int = 2, draw: int = 0) -> RandomKey:
    return RandomKey(seed, tf.constant(step, tf.int64), draw)


def recoloured(image: list, brightness: float = 0, saturation: float = 1, contrast: float = 1) -> np.ndarray:
    numbers = [tf.constant([number], tf.float32) for number in (brightness, saturation, contrast)]
    return recolour(tf.constant([image], tf.float64), *numbers).numpy()[0]


TWO_PIXELS = [[[0.0, 0.3, 0.6], [-0.3, -0.3, -0.6]]]  # whose means are 0.3, -0.4 and, of all numbers, -0.05


def test_brightness_is_added() -> None:
    expected = [[[0.25, 0.55, 0.85], [-0.05, -0.05, -0.35]]]
    np.testing.assert_allclose(recoloured(TWO_PIXELS, brightness=0.25), expected)


def test_saturation_moves_colours_from_grey() -> None:
    expected = [[[-0.3, 0.3, 0.9], [-0.2, -0.2, -0.8]]]
    np.testing.assert_allclose(recoloured(TWO_PIXELS, saturation=2), expected)
    np.testing.assert_allclose(recoloured(TWO_PIXELS, saturation=0), [[[0.3] * 3, [-0.4] * 3]])


def test_contrast_moves_all_numbers_from_their_mean() -> None:
    expected = [[[-0.025, 0.125, 0.275], [-0.175, -0.175, -0.325]]]
    np.testing.assert_allclose(recoloured(TWO_PIXELS, contrast=0.5), expected, atol=1e-15)


def test_a_grey_image_has_no_saturation() -> None:
    np.testing.assert_allclose(recoloured([[[0.5], [-0.1]]], 0.125, 2, 1.5), [[[0.775], [-0.125]]])
    np.testing.assert_allclose(recoloured([[[0.5], [-0.1]]], 0.125, 0, 1.5), [[[0.775], [-0.125]]])


def test_the_colour_is_that_of_three_changes_one_after_another() -> None:
    images = RANDOM.uniform(-1, 1, (5, 4, 6, 3))
    b, s, c = (RANDOM.uniform(0, 2, (5, 1, 1, 1)).astype(np.float32) for _ in range(3))
    expected = images + b
    grey = expected.mean(axis=3, keepdims=True)
    expected = (expected - grey) * s + grey
    mean = expected.mean(axis=(1, 2, 3), keepdims=True)
    expected = (expected - mean) * c + mean
    found = recolour(tf.constant(images), *(tf.constant(numbers[:, 0, 0, 0]) for numbers in (b, s, c)))
    np.testing.assert_allclose(found, expected, atol=1e-14)


BESIDE = (4, 6)


@pytest.mark.parametrize(
    ("shift", "corner", "expected"),
    [
        (
            (0, 0),
            BESIDE,
            [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12], [13, 14, 15, 16, 17, 18], [19, *range(20, 25)]],
        ),
        ((1, -2), BESIDE, [[0] * 6, [3, 4, 5, 6, 0, 0], [9, 10, 11, 12, 0, 0], [15, 16, 17, 18, 0, 0]]),
        # The hole has half of each side, 2x3 pixels, and stays where it is if the picture moves.
        (
            (0, 0),
            (1, 2),
            [[1, 2, 3, 4, 5, 6], [7, 8, 0, 0, 0, 12], [13, 14, 0, 0, 0, 18], [19, *range(20, 25)]],
        ),
        (
            (0, 1),
            (-1, 4),
            [[0, 1, 2, 3, 0, 0], [0, 7, 8, 9, 10, 11], [0, *range(13, 18)], [0, *range(19, 24)]],
        ),
    ],
)
def test_images_move_by_whole_pixels_and_get_a_hole(shift: tuple, corner: tuple, expected: list) -> None:
    image = tf.reshape(tf.range(1.0, 25.0), (1, 4, 6, 1))
    moved = move_and_cut(image, [tf.constant([n]) for n in shift], [tf.constant([n]) for n in corner])
    np.testing.assert_array_equal(moved[0, :, :, 0], expected)


def test_the_images_of_a_batch_keep_their_pixels_to_themselves() -> None:
    images = tf.reshape(tf.range(1.0, 49.0), (2, 4, 6, 1))
    moved = move_and_cut(images, [tf.constant([0, 1])] * 2, [tf.constant([4, 0]), tf.constant([6, 0])])
    np.testing.assert_array_equal(moved[0], images[0])
    expected = [[0] * 6, [0, 0, 0, 27, 28, 29], [0, *range(31, 36)], [0, *range(37, 42)]]
    np.testing.assert_array_equal(moved[1, :, :, 0], expected)


@pytest.mark.parametrize("channels", [1, 3])
def test_derivatives_are_those_of_finite_differences_the_second_too(channels: int) -> None:
    # As in R1: the squared gradient of a number that a curved function makes of what D sees.
    images = RANDOM.uniform(-1, 1, (3, 8, 8, channels))
    weights = tf.constant(RANDOM.normal(size=images.shape))

    def seen(x: tf.Tensor) -> tf.Tensor:
        return tf.reduce_sum(tf.sin(diffaugment(x, key_of(), probability=0.9) * weights), axis=(1, 2, 3))

    def squared(x: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = seen(x)
        return tf.reduce_sum(tape.gradient(value, x) ** 2)

    for function in (seen, squared):
        x = tf.constant(images)
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = tf.reduce_sum(function(x))
        gradient = tape.gradient(value, x).numpy()
        assert np.abs(gradient).max() > 0.1
        for place in [(0, 0, 0, 0), (1, 4, 4, channels - 1), (2, 5, 2, 0)]:
            change = np.zeros_like(images)
            change[place] = 1e-5
            difference = tf.reduce_sum(function(x + change)) - tf.reduce_sum(function(x - change))
            assert gradient[place] == pytest.approx(float(difference) / 2e-5, abs=1e-7)


def test_strengths_are_those_of_the_paper() -> None:
    # White images of 16x24: what is left of them shows where they moved, and their brightness.
    num = 4000
    found = diffaugment(tf.ones((num, 16, 24, 1)), key_of(), probability=1.0).numpy()[..., 0]
    levels = found.max(axis=(1, 2))
    assert levels.min() == pytest.approx(0.5, abs=2e-3)
    assert levels.max() == pytest.approx(1.5, abs=2e-3)
    there = found > 0
    margins = [there.any(axis=axis).argmax(axis=1) for axis in (2, 1)]  # above, and on the left
    # A hole at the edge may add to the margin of a picture, but only if it is as wide as the picture.
    for margin, side in zip(margins, (16, 24), strict=True):
        moved = np.bincount(margin, minlength=side // 8 + 1) / num
        assert len(moved) == side // 8 + 1
        # Of -2 … 2, three are 0 or less; 1 and 2 are left.
        possible = 2 * (side // 8) + 1
        np.testing.assert_allclose(
            moved, [(side // 8 + 1) / possible, *[1 / possible] * (side // 8)], atol=0.03
        )
    unmoved = there.all(axis=(1, 2))
    assert not unmoved.any()  # the hole's middle is always inside
    assert there.sum(axis=(1, 2)).max() <= 16 * 24 - 4 * 6
    assert there.sum(axis=(1, 2)).min() >= 14 * 21 - 8 * 12


def test_images_are_changed_with_the_probability_and_the_others_not_by_a_bit() -> None:
    images = tf.constant(RANDOM.uniform(-1, 1, (2000, 8, 8, 3)), tf.float32)
    for probability in (0.3, 1.0):
        found = diffaugment(images, key_of(), probability=probability).numpy()
        changed = (found != images.numpy()).any(axis=(1, 2, 3))
        assert changed.mean() == pytest.approx(probability, abs=0.04)


def test_the_changes_depend_on_seed_step_draw_and_place_alone() -> None:
    images = tf.constant(RANDOM.uniform(-1, 1, (6, 8, 8, 3)))

    def change(**key: int) -> np.ndarray:
        return diffaugment(images, key_of(**key), probability=1.0).numpy()

    np.testing.assert_array_equal(change(), change())
    for other in ({"seed": 2}, {"step": 3}, {"draw": 1}):
        different = (change(**other) != change()).any(axis=(1, 2, 3))
        assert different.all()
    fewer = diffaugment(images[:4], key_of(), probability=1.0)
    np.testing.assert_array_equal(fewer, change()[:4])
    assert not np.allclose(change()[:1], diffaugment(images[1:2], key_of(), probability=1.0), atol=0.1)


def test_noise_and_changes_of_one_key_have_nothing_in_common() -> None:
    # Two normal numbers come from two uniform ones by their radius (Box and Muller 1958), r² = -2 log u.
    noise = key_of().normal(tf.constant(4000), (2,)).numpy()
    uniform = key_of().uniform(tf.constant(4000), (2,)).numpy()
    squared_radius = (noise**2).sum(axis=1)
    for column in range(2):
        common = np.corrcoef(squared_radius, np.log(uniform[:, column] + 1e-7))[0, 1]
        assert abs(common) < 0.06


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32, tf.float64])
@pytest.mark.parametrize(
    "augmentation",
    [
        lambda x, key: diffaugment(x, key, probability=0.5),
        lambda x, key: add_instance_noise(x, key, stddev=0.5),
    ],
    ids=["diffaugment", "instance_noise"],
)
def test_shape_and_type_stay(augmentation: Callable[..., tf.Tensor], dtype: tf.DType) -> None:
    images = tf.zeros((3, 8, 12, 3), dtype)
    found = augmentation(images, key_of())
    assert (found.shape, found.dtype) == (images.shape, dtype)
