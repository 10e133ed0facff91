"""The real images that samples are compared with, and the pixels without form."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.config import DataConfig
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.evaluation.real_images import RealImages, independent_pixels

CONFIG = DataConfig(spec="some", split="train")


def numbered(count: int, *, first: int = 0) -> ImageSet:
    """Images that say their own number: in two channels of one pixel, repeated."""
    numbers = np.arange(first, first + count)
    pixels = np.stack([numbers // 256, numbers % 256, numbers * 0], axis=-1).astype(np.uint8)
    return ImageSet("some", np.repeat(pixels[:, None, None], 8, axis=1).repeat(8, axis=2))


def numbers_of(images: np.ndarray) -> list[int]:
    return [int(image[0, 0, 0]) * 256 + int(image[0, 0, 1]) for image in images]


def test_with_a_held_out_split_both_sets_are_spread_evenly():
    real = RealImages.of(CONFIG, numbered(1000), ("test", numbered(500, first=5000)), most=100)
    assert len(real.reference) == len(real.others) == 100
    assert numbers_of(real.reference)[:3] == [0, 10, 20]  # 999 / 99 is a little more than 10
    assert numbers_of(real.reference)[-1] == 999
    assert sorted(numbers_of(real.others))[::99] == [5000, 5499]
    assert real.reference_description == "100 of 1,000 images of split train"
    assert real.others_description == "images of split test (held out)"


def test_the_others_are_in_random_order_because_folders_are_sorted_by_class():
    real = RealImages.of(CONFIG, numbered(100), ("test", numbered(200, first=5000)))
    numbers = numbers_of(real.others)
    assert numbers != sorted(numbers)
    assert sorted(numbers) == list(range(5000, 5200))


def test_without_one_the_others_are_training_images_that_are_not_in_the_reference():
    real = RealImages.of(CONFIG, numbered(1000), None, most=100)
    assert len(real.reference) == len(real.others) == 100
    assert not set(numbers_of(real.reference)) & set(numbers_of(real.others))
    assert real.others_description == "other training images (fewer than 50 of some are held out)"


def test_few_images_without_a_held_out_split_are_halved():
    real = RealImages.of(CONFIG, numbered(300), None)
    assert len(real.reference) == len(real.others) == 150
    assert set(numbers_of(real.reference)) | set(numbers_of(real.others)) == set(range(300))


def test_too_few_images_are_refused():
    with pytest.raises(ValueError, match=r"at least 50 real images .* received 49 and 49 of some; add"):
        RealImages.of(CONFIG, numbered(98), None)


def test_independent_pixels_have_the_right_colours_at_each_place_and_no_structure():
    # Two pictures: the left half is 10 or 20, the right one 30 or 40; red and green always sum to 100.
    red = np.full((2, 16, 16), 30)
    red[:, :, :8] = 10
    red[1] += 10
    images = np.stack([red, 100 - red, red * 0], axis=-1).astype(np.uint8)
    drawn = independent_pixels(images, 50, seed=3)
    assert drawn.shape == (50, 16, 16, 3)
    assert set(np.unique(drawn[:, :, :8, 0])) == {10, 20}
    assert set(np.unique(drawn[:, :, 8:, 0])) == {30, 40}
    np.testing.assert_array_equal(drawn[..., 0].astype(int) + drawn[..., 1], 100)  # channels stay together
    second = (drawn[:, :, :8, 0] == 20).astype(float)
    assert second.mean() == pytest.approx(0.5, abs=0.03)
    beside = np.corrcoef(second[:, :, :-1].ravel(), second[:, :, 1:].ravel())[0, 1]
    assert beside == pytest.approx(0, abs=0.05)
    np.testing.assert_array_equal(drawn, independent_pixels(images, 50, seed=3))
    assert (drawn != independent_pixels(images, 50, seed=4)).any()
