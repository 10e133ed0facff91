"""The table of what can go wrong: when a condition holds, and when it does not."""

from __future__ import annotations

import math
from typing import Any

import pytest

from dcgan_tf.training.diagnosis.conditions import (
    BEGUN_BY,
    CONDITIONS,
    LONG_WINDOW,
    WINDOW,
    Course,
    diagnosis,
)

HEALTHY = {
    "discriminator_loss": 0.8,
    "generator_loss": 2.5,
    "real_probability": 0.7,
    "fake_probability": 0.2,
    "discriminator_accuracy": 0.9,
    "discriminator_gradient_norm": 20.0,
    "generator_gradient_norm": 20.0,
    "data_diversity": 0.5,
    "data_structure": 0.9,
    "sample_diversity": 0.9,
    "sample_contrast": 0.95,
    "sample_change": 0.35,
    "memorisation": 0.5,
}
WRONG: dict[str, dict[str, float]] = {
    "equal_images": {"data_diversity": 0.001},
    "noise": {"data_structure": 0.02},
    "discriminator_wins": {"discriminator_accuracy": 1.0, "fake_probability": 0.002},
    "generator_wins": {"fake_probability": 0.9, "real_probability": 0.1, "discriminator_accuracy": 0.1},
    "mode_collapse": {"sample_diversity": 0.1},
    "oscillation": {"sample_change": 1.1},
    "vanishing_gradient": {"generator_gradient_norm": 1e-3},
    "discriminator_memorises": {"memorisation": 0.95},
    "samples_fade": {"sample_contrast": 0.4},
}


def course(*parts: tuple[int, dict[str, Any]]) -> Course:
    """Return a course of parts of so many steps with these numbers, a record every 50 steps."""
    made, step = Course(), 0
    for steps, changes in parts:
        for _ in range(0, steps, 50):
            step += 50
            made.add({"step": step, **HEALTHY, **changes})
    return made


def test_every_condition_of_the_table_is_tested():
    assert [condition.name for condition in CONDITIONS] == list(WRONG)


def test_a_healthy_course_has_no_condition():
    assert diagnosis(course((2000, {}))) is None


@pytest.mark.parametrize("name", WRONG)
def test_a_condition_has_its_name_and_says_the_numbers(name: str) -> None:
    ill = course((600, {}), (WINDOW, WRONG[name]))
    found = diagnosis(ill)
    assert found is not None
    assert found.name == name
    assert "nan" not in found.seen(ill)
    assert found.advice.startswith("Try ")


@pytest.mark.parametrize("name", WRONG)
def test_a_condition_must_last_a_window(name: str) -> None:
    # A single record of it is a swing.
    assert diagnosis(course((600, {}), (50, WRONG[name]), (WINDOW - 50, {}))) is None


@pytest.mark.parametrize("name", WRONG)
def test_a_short_run_is_not_judged(name: str) -> None:
    assert diagnosis(course((WINDOW - 50, WRONG[name]))) is None


def test_accuracy_alone_is_no_victory():
    # Grey digits are told apart from the first steps on, and are learnt all the same.
    assert diagnosis(course((600, {"discriminator_accuracy": 0.999, "fake_probability": 0.14}))) is None


def test_a_generator_that_never_begins_is_the_discriminators_victory():
    pale = {"sample_diversity": 0.15, "sample_contrast": 0.2, "generator_loss": 4.0}
    assert diagnosis(course((BEGUN_BY - 50, pale))) is None
    found = diagnosis(course((BEGUN_BY, pale)))
    assert found is not None
    assert found.name == "discriminator_wins"
    # A discriminator that has not begun either is no victor.
    assert diagnosis(course((2000, pale | {"generator_loss": 0.9}))) is None


def test_samples_are_alike_for_a_while_when_they_become_pictures():
    begun = {"sample_diversity": 0.25, "sample_contrast": 0.6}
    pale = {"sample_diversity": 0.1, "sample_contrast": 0.2, "generator_loss": 0.9}
    assert diagnosis(course((400, pale), (300, begun), (400, {}))) is None
    assert diagnosis(course((400, pale), (300, begun))) is None
    found = diagnosis(course((400, pale), (LONG_WINDOW, begun)))
    assert found is not None
    assert found.name == "mode_collapse"


def test_samples_that_were_varied_and_are_so_no_more_have_collapsed():
    found = diagnosis(course((600, {}), (WINDOW, {"sample_diversity": 0.42})))
    assert found is not None
    assert found.name == "mode_collapse"


def test_numbers_that_a_record_lacks_decide_nothing():
    made = Course({"step": step, "generator_loss": 1.0} for step in range(50, 2050, 50))
    assert diagnosis(made) is None
    assert math.isnan(made.mean("sample_diversity"))
    nulls = Course({"step": step, **dict.fromkeys(HEALTHY)} for step in range(50, 2050, 50))
    assert diagnosis(nulls) is None


def test_long_intervals_between_records_are_enough():
    made = Course({"step": step, **HEALTHY, **WRONG["oscillation"]} for step in range(1000, 5000, 1000))
    found = diagnosis(made)
    assert found is not None
    assert found.name == "oscillation"


def test_the_table_is_ordered_by_causes():
    both = WRONG["mode_collapse"] | WRONG["discriminator_wins"]
    found = diagnosis(course((600, {}), (WINDOW, both)))
    assert found is not None
    assert found.name == "discriminator_wins"
