"""Against scores that are worked out by hand, and against SciPy's entropies."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy

from dcgan_tf.metrics.inception_score import inception_score


def test_sure_of_all_classes_in_turn_it_is_their_number():
    assert inception_score(np.tile(np.eye(4), (5, 1)), splits=5) == (pytest.approx(4), pytest.approx(0))


def test_of_images_that_all_look_the_same_it_is_1():
    assert inception_score(np.tile([0.7, 0.3, 0.0], (20, 1))) == (pytest.approx(1), pytest.approx(0))


def test_two_images_half_sure():
    """p(y) = (1/2, 1/2); each KL = 3/4 ln 3/2 + 1/4 ln 1/2, so exp is (3/2)^¾ / 2^¼."""
    score, _ = inception_score(np.array([[0.75, 0.25], [0.25, 0.75]]), splits=1)
    assert score == pytest.approx(1.5**0.75 / 2**0.25)


def test_parts_are_consecutive_and_have_their_own_mean():
    """Two classes in the first half and one in the second: scores 2 and 1."""
    rows = np.eye(3)[[0, 1, 0, 1, 2, 2, 2, 2]]
    assert inception_score(rows, splits=2) == (pytest.approx(1.5), pytest.approx(0.5))


def test_parts_that_cannot_be_equal_differ_by_one():
    """Of five images in two parts: the first two, of one class, and three of three classes."""
    assert inception_score(np.eye(3)[[0, 0, 0, 1, 2]], splits=2)[0] == pytest.approx((1 + 3) / 2)


def test_it_is_what_scipy_s_entropies_give():
    rows = np.random.default_rng(0).dirichlet(np.full(7, 0.3), size=60)
    parts = rows.reshape(3, 20, 7)
    scores = [np.exp(np.mean([entropy(row, part.mean(axis=0)) for row in part])) for part in parts]
    assert inception_score(rows, splits=3) == (pytest.approx(np.mean(scores)), pytest.approx(np.std(scores)))


def test_half_precision_is_precise_enough():
    rows = np.random.default_rng(1).dirichlet(np.full(1000, 0.1), size=40)
    assert inception_score(rows.astype(np.float16), splits=2)[0] == pytest.approx(
        inception_score(rows, splits=2)[0], rel=1e-3
    )


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (np.ones(3), r"must be \[N, K\], received \(3,\)"),
        (np.zeros((0, 3)), r"must be \[N, K\], received \(0, 3\)"),
        (np.full((9, 2), 0.6), "apply the softmax.* sums from 1.2 to 1.2"),
        (np.array([[1.5, -0.5]] * 10), "received values from -0.5"),
        (np.full((10, 2), np.nan), "received values from nan"),
    ],
)
def test_what_is_no_probability_is_refused(rows, words):
    with pytest.raises(ValueError, match=words):
        inception_score(rows)


@pytest.mark.parametrize("splits", [0, 4])
def test_each_part_has_an_image(splits):
    with pytest.raises(
        ValueError, match=f"splits must be from 1 to the number of images, 3, received {splits}"
    ):
        inception_score(np.eye(3), splits=splits)
