"""The figures by which an artefact is judged, worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dcgan_tf.export.checks.bounds import Bound
from dcgan_tf.export.checks.difference import Difference, difference


def images(*values: float, dtype=np.float32) -> np.ndarray:
    """One image of a single pixel for each value."""
    return np.array(values, dtype).reshape(-1, 1, 1, 1)


def test_floats_are_compared_as_they_are():
    found = difference(images(0.0, 0.5), images(0.2, 0.5))
    assert found.max_abs == pytest.approx(0.2)
    # Errors 0.04 and 0; peak to peak is 2: 10 log10(4 / 0.02) and 10 log10(4 / 0.04) = 20.
    assert found.psnr_mean == pytest.approx(10 * math.log10(200))
    assert found.psnr_worst == pytest.approx(20)


def test_what_is_no_number_is_no_small_difference():
    for found in (images(math.nan), images(0, dtype=np.uint8)):
        result = difference(found, images(math.nan))
        assert math.isnan(result.max_abs)
        assert Bound(max_abs=1e-5).broken_by(result)


def test_equal_images_have_no_difference():
    found = difference(images(0.25), images(0.25))
    assert found == Difference(0.0, math.inf, math.inf)


def test_what_rounding_to_8_bits_explains_is_no_difference():
    # 0.003 is level (1.003) * 127.5 = 127.88, the byte is 128.
    assert difference(images(128, dtype=np.uint8), images(0.003)) == Difference(0.0, math.inf, math.inf)


def test_beyond_the_rounding_of_one_side_half_a_level_is_taken_off():
    # Byte 130 stands for [129.5, 130.5]; the other side is level 127.88: 1.6175 levels beyond.
    found = difference(images(130, dtype=np.uint8), images(0.003))
    assert found.max_abs == pytest.approx(1.6175 / 127.5)
    # Bytes 130 and 128: two of 255 levels.
    assert found.psnr_worst == pytest.approx(20 * math.log10(255 / 2))


def test_between_two_8_bit_sides_a_whole_level_is_explained():
    assert difference(images(7, dtype=np.uint8), images(8, dtype=np.uint8)).max_abs == 0
    found = difference(images(7, dtype=np.uint8), images(9, dtype=np.uint8))
    assert found.max_abs == pytest.approx(1 / 127.5)


def test_images_of_another_shape_are_refused():
    with pytest.raises(ValueError, match=r"expected images of shape \[2, 1, 1, 1\], received \[1, 1, 1, 1\]"):
        difference(images(0), images(0, 1))


BOUND = Bound(max_abs=0.1, psnr_mean=45, psnr_worst=35)


def test_a_bound_holds_up_to_its_figures():
    assert BOUND.broken_by(Difference(0.1, 45.0, 35.0)) == []
    assert Bound().broken_by(Difference(9.0, -9.0, -9.0)) == []


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Difference(0.11, 50, 50), "largest difference 0.11, at most 0.1 allowed"),
        (Difference(0, 44.9, 50), "PSNR 44.9 dB, at least 45 expected"),
        (Difference(0, 50, 34.9), "PSNR of the worst image 34.9 dB, at least 35 expected"),
    ],
)
def test_each_figure_out_of_bounds_is_named(found, words):
    assert BOUND.broken_by(found) == [words]


def test_a_figure_that_is_no_number_is_out_of_bounds():
    assert len(BOUND.broken_by(Difference(math.nan, math.nan, math.nan))) == 3
