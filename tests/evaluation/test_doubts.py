"""What an evaluation says of its own numbers."""

from __future__ import annotations

import pytest

from dcgan_tf.evaluation.doubts import doubts
from dcgan_tf.evaluation.result import FORMLESS, REAL, Row
from dcgan_tf.evaluation.scores import Score


def score(key: str, value: float, error: float | None = None, alone: float | None = None) -> Score:
    name = {"ms_ssim": "MS-SSIM of pairs", "guarded_precision": "precision"}.get(key, key)
    return Score(key, name, "", "", value, error, alone)


def row(key: str, value: float, *, real: float, error: float = 0.01) -> Row:
    return Row(score(key, value, error), {REAL: score(key, real, error), FORMLESS: score(key, 0.5, error)})


LEADING = row("frechet_distance", 9.0, real=0.6, error=0.1)


def said_of(*rows: Row, comparable: bool = True) -> list[str]:
    return doubts([LEADING, *rows], comparable=comparable)


def test_ordinary_numbers_raise_no_doubt():
    rows = [row("ms_ssim", 0.14, real=0.13), row("recall", 0.3, real=0.9), row("coverage", 0.2, real=0.9)]
    assert said_of(*rows) == []


@pytest.mark.parametrize(("value", "copied"), [(0.31, False), (0.29, True)])
def test_a_set_nearer_than_real_images_may_be_learnt_by_heart(value, copied):
    # 0.6 - 0.29 is more than 3 * 0.1, 0.6 - 0.31 is not.
    nearer = row("frechet_distance", value, real=0.6, error=0.1)
    found = doubts([nearer], comparable=True)
    assert len(found) == copied
    assert all("below that of other real images, 0.600, by more than 3 errors" in one for one in found)
    assert all("dcgan-tf neighbours" in one for one in found)
    assert doubts([nearer], comparable=False) == []  # fewer real images are farther for that alone


@pytest.mark.parametrize(("value", "monotonous"), [(0.90, True), (0.13, True), (0.11, False)])
def test_pictures_far_more_alike_than_real_ones_are_monotonous(value, monotonous):
    found = said_of(row("ms_ssim", value, real=0.07, error=0.01))  # 5 errors are 0.05
    assert len(found) == monotonous
    assert all("far more alike than real images" in one and "real images: 0.070" in one for one in found)


def test_a_tiny_error_makes_no_monotony_of_a_tiny_difference():
    assert said_of(row("ms_ssim", 0.11, real=0.07, error=0.0001)) == []


def test_hardly_any_recall_or_coverage_is_said_in_one_sentence():
    both = said_of(row("recall", 0.08, real=0.9), row("coverage", 0.001, real=0.95))
    assert both == [
        "almost everything that real images show is missing in the pictures: recall is 0.0800 "
        "(real images: 0.900) and coverage is 0.0010 (real images: 0.950)"
    ]
    [one] = said_of(row("recall", 0.1, real=0.9), row("coverage", 0.09, real=0.95))
    assert "coverage is" in one
    assert "recall" not in one


def precision(value: float, alone: float, **ends: tuple[float, float]) -> Row:
    scores = {name: score("guarded_precision", guarded, None, of) for name, (guarded, of) in ends.items()}
    return Row(score("guarded_precision", value, 0.01, alone), scores)


def test_features_that_take_a_control_for_real_are_not_trusted():
    real = {REAL: (0.8, 0.84)}
    [told] = said_of(precision(0.5, 0.6, **real, random_pixels=(0.0, 0.43), untrained_generator=(0, 0.41)))
    assert "cannot be trusted here: other real images get 0.840, random pixels 0.430;" in told
    assert "untrained" not in told  # 0.41 is less than half of 0.84
    [told] = said_of(precision(0.0, 0.997, **real, random_pixels=(0.0, 0.0)))
    assert "these pictures themselves 0.997" in told


def test_a_guard_that_is_fooled_as_well_is_not_trusted_either():
    found = said_of(precision(0.5, 0.6, **{REAL: (0.8, 0.84)}, blurred_real_images=(0.5, 0.8)))
    assert found[1].startswith("not even guarded precision can be trusted here: other real images get 0.800")
    assert "blurred real images 0.500" in found[1]
