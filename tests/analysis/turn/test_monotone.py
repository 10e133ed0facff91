"""What counts as rising all the way."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.turn.numbers import greatest_fall, monotone, rank_correlation

ROWS = np.array(
    [
        [0.0, 1.0, 2.0, 3.0],
        [3.0, 2.0, 1.0, 0.0],
        [0.0, 2.0, 1.0, 3.0],
        [0.0, 2.0, 1.9, 1.8],
        [1.0, 1.0, 1.0, 1.0],
    ]
)


def test_the_greatest_fall_is_from_the_highest_so_far():
    np.testing.assert_allclose(greatest_fall(ROWS), [0, 3, 1, 0.2, 0])


@pytest.mark.parametrize(
    ("tolerance", "expected"),
    [
        (0.0, [True, False, False, False, False]),
        (0.15, [True, False, False, False, False]),  # two falls of 0.1 are one of 0.2
        (0.25, [True, False, False, True, False]),
        (1.0, [True, False, True, True, False]),
        (9.0, [True, False, True, True, False]),  # what does not get higher does not rise
    ],
)
def test_falls_up_to_the_tolerance_are_forgiven(tolerance, expected):
    np.testing.assert_array_equal(monotone(ROWS, tolerance=tolerance), expected)


def test_rank_correlation_by_hand():
    # 1 - 6 * sum of squared rank differences / (n (n² - 1)): for 0 2 1 3 it is 1 - 12 / 60, for ranks
    # 0 3 2 1 it is 1 - 48 / 60.
    np.testing.assert_allclose(rank_correlation(ROWS), [1, -1, 0.8, 0.2, 0])
