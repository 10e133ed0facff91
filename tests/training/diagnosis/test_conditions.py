"""The table of what can go wrong: when a condition holds, and when it does not."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from dcgan_tf.config import Config, flatten, preset
from dcgan_tf.training.diagnosis import remedies
from dcgan_tf.training.diagnosis.conditions import OF_DATA, OF_NETWORKS, diagnosis
from dcgan_tf.training.diagnosis.course import LONG_WINDOW, WINDOW, Course

HEALTHY = {
    "discriminator_loss": 0.8,
    "generator_loss": 2.5,
    "real_probability": 0.7,
    "fake_probability": 0.2,
    "discriminator_accuracy": 0.9,
    "data_diversity": 0.5,
    "data_structure": 0.9,
    "sample_diversity": 0.9,
    "sample_contrast": 0.95,
    "sample_change": 0.35,
    "memorisation": 0.5,
}
WRONG: dict[str, dict[str, float]] = {
    "equal_images": {"data_diversity": 0.019},
    "noise": {"data_structure": 0.09},
    "discriminator_memorises": {"memorisation": 0.81},
    "vanishing_gradient": {"discriminator_accuracy": 0.99, "fake_probability": 0.045},
    "discriminator_wins": {"discriminator_accuracy": 0.99, "fake_probability": 0.045},
    "labels_swapped": {"fake_probability": 0.62, "real_probability": 0.38, "discriminator_accuracy": 0.09},
    "generator_wins": {"fake_probability": 0.62, "real_probability": 0.1, "discriminator_accuracy": 0.49},
    "mode_collapse": {"sample_diversity": 0.44},
    "oscillation": {"sample_change": 0.7},
    "samples_fade": {"sample_contrast": 0.56},
}
"""Numbers just beyond the limits."""
NOT_YET: dict[str, dict[str, float]] = {
    "equal_images": {"data_diversity": 0.021},
    "noise": {"data_structure": 0.11},
    "discriminator_memorises": {"memorisation": 0.79},
    "vanishing_gradient": {"discriminator_accuracy": 0.99, "fake_probability": 0.055},
    "discriminator_wins": {"discriminator_accuracy": 0.99, "fake_probability": 0.055},
    "labels_swapped": {"fake_probability": 0.58, "real_probability": 0.42, "discriminator_accuracy": 0.11},
    "generator_wins": {"fake_probability": 0.58, "real_probability": 0.1, "discriminator_accuracy": 0.49},
    "mode_collapse": {"sample_diversity": 0.46},
    "oscillation": {"sample_change": 0.66},
    "samples_fade": {"sample_contrast": 0.58},
}
"""Numbers just before them."""
LOOKED_AT = ("data_diversity", "data_structure", "memorisation")
LOOKED_AT += ("sample_change", "sample_contrast", "sample_diversity")
DEFAULT = Config()
OTHERWISE = {"vanishing_gradient": preset("default", loss="minimax", label_smoothing=0.0)}
"""{condition: the settings with which it can be, if not the defaults}."""


def names(course: Course, config: Config = DEFAULT) -> list[str]:
    found = diagnosis(course, config)
    return [found.name] if found else []


def course(*parts: tuple[int, dict[str, Any]]) -> Course:
    """Return a course of parts of so many steps with these numbers, a record every 50 steps."""
    made, step = Course(), 0
    for steps, changes in parts:
        for _ in range(0, steps, 50):
            step += 50
            made.add({"step": step, **HEALTHY, **changes})
    return made


def test_every_condition_of_the_table_is_tested():
    of_distances = ["samples_worsen"]
    assert [condition.name for condition in (*OF_DATA, *OF_NETWORKS)] == [*WRONG, *of_distances]
    assert list(WRONG) == list(NOT_YET)


def test_a_healthy_course_has_no_condition():
    assert names(course((2000, {}))) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_condition_has_its_name_and_says_the_numbers(name: str) -> None:
    ill = course((600, {}), (LONG_WINDOW, WRONG[name]))
    found = diagnosis(ill, OTHERWISE.get(name, DEFAULT))
    assert found is not None
    assert found.name == name
    assert "nan" not in found.seen(ill)


@pytest.mark.parametrize("name", NOT_YET)
def test_numbers_before_the_limits_are_no_condition(name: str) -> None:
    assert names(course((600, {}), (LONG_WINDOW, NOT_YET[name])), OTHERWISE.get(name, DEFAULT)) == []


@pytest.mark.parametrize(
    ("distances", "expected"),
    [
        ([0.2, 0.1, 0.21, 0.3], ["samples_worsen"]),
        ([0.2, 0.1, 0.19, 0.3], []),  # the limit is 1.5 times the lowest, and 0.05
        ([0.2, 0.1, 0.3], []),  # one alone decides nothing
        ([0.2, math.nan, 0.1, 0.21], []),
        ([0.02, 0.01, 0.03, 0.03], []),
        ([], []),
    ],
)
def test_distances_that_rise_are_a_condition(distances: list[float], expected: list[str]) -> None:
    healthy = course((2000, {}))
    healthy.measured({"step": 500 * i, "pyramid_distance": value} for i, value in enumerate(distances, 1))
    assert names(healthy) == expected


def test_a_run_that_went_back_is_not_judged_by_distances_before_that() -> None:
    again = Course(since=1000)
    for step in range(50, 2001, 50):
        again.add({"step": step, **HEALTHY})
    records = [
        {"step": 500 * i, "pyramid_distance": value} for i, value in enumerate((0.1, 0.3, 0.3, 0.3), 1)
    ]
    again.measured(records[:3])
    assert names(again) == []
    again.measured(records)
    assert names(again) == ["samples_worsen"]


@pytest.mark.parametrize("name", WRONG)
def test_a_condition_must_last(name: str) -> None:
    # A single look is a swing, however far it goes.
    far = {key: 100 * value if key == "sample_change" else value for key, value in WRONG[name].items()}
    config = OTHERWISE.get(name, DEFAULT)
    assert names(course((600, {}), (50, far), (WINDOW - 50, {})), config) == []


@pytest.mark.parametrize("name", WRONG)
def test_a_short_run_is_not_judged(name: str) -> None:
    assert names(course((WINDOW - 50, WRONG[name])), OTHERWISE.get(name, DEFAULT)) == []


def test_accuracy_alone_is_no_victory():
    # Grey digits are told apart from the first steps on, and are learnt all the same.
    assert names(course((600, {"discriminator_accuracy": 0.999, "fake_probability": 0.14}))) == []


def test_a_generator_that_never_begins_is_the_discriminators_victory():
    pale = {"sample_diversity": 0.15, "sample_contrast": 0.2, "generator_loss": 4.0}
    assert names(course((LONG_WINDOW - 50, pale))) == []
    assert names(course((LONG_WINDOW, pale))) == ["discriminator_wins"]
    # A discriminator that has not begun either is no victor.
    assert names(course((2000, pale | {"generator_loss": 0.9}))) == []
    # The losses of other objectives have another scale.
    assert names(course((LONG_WINDOW, pale)), preset("default", loss="hinge")) == []


def test_samples_that_become_hardly_stronger_are_no_beginning():
    # 8 filters, digits, 50 times the rate for D: the contrast rises from 0.06 to 0.13 in 450 steps.
    stuck = Course()
    for step in range(50, 451, 50):
        low = {"sample_diversity": 0.1, "sample_contrast": 0.06 + step / 6400, "generator_loss": 3.0}
        stuck.add({"step": step, **HEALTHY, **low})
    assert names(stuck) == ["discriminator_wins"]


def test_a_generator_that_begins_slowly_is_left_alone():
    # As a fully connected GAN does, of 32x32 portraits.
    grows = Course()
    for step in range(50, 551, 50):
        grows.add({"step": step, **HEALTHY, "sample_diversity": 0.06, "sample_contrast": step / 1200})
        assert names(grows) == []


def test_samples_are_alike_for_a_while_when_they_become_pictures():
    begun = {"sample_diversity": 0.25, "sample_contrast": 0.6}
    pale = {"sample_diversity": 0.1, "sample_contrast": 0.2, "generator_loss": 0.9}
    assert names(course((400, pale), (300, begun), (400, {}))) == []
    assert names(course((400, pale), (300, begun))) == []
    assert names(course((400, pale), (LONG_WINDOW, begun))) == ["mode_collapse"]


def test_numbers_that_a_record_lacks_decide_nothing():
    made = Course({"step": step, "generator_loss": 1.0} for step in range(50, 2050, 50))
    assert names(made) == []
    assert math.isnan(made.level("sample_diversity"))
    nulls = Course({"step": step, **dict.fromkeys(HEALTHY)} for step in range(50, 2050, 50))
    assert names(nulls) == []


@pytest.mark.parametrize("damaged", ["many", [1], {"a": 1}, True, 10**400, float("nan")])
def test_damaged_numbers_are_left_out(damaged: object) -> None:
    made = Course({"step": step, **HEALTHY, "sample_change": damaged} for step in range(50, 1050, 50))
    assert math.isnan(made.level("sample_change"))


def test_the_first_look_of_a_run_of_an_earlier_version_decides_nothing():
    old = {name: value for name, value in HEALTHY.items() if "sample" not in name and "data" not in name}
    made = Course({"step": step, **old} for step in range(50, 1050, 50))
    made.add({"step": 1050, **HEALTHY, **WRONG["oscillation"], "sample_diversity": 0.1})
    assert names(made) == []


def test_long_intervals_between_records_are_enough():
    # Each record then has the means of all looks since the last one.
    made = Course({"step": step, **HEALTHY, **WRONG["oscillation"]} for step in range(1000, 5000, 1000))
    assert names(made) == ["oscillation"]


def test_samples_that_become_steadier_do_not_oscillate():
    # The first looks of a run of letters by auto, which had clean letters of all classes at its end.
    changes = [math.nan, 0.97, 0.74, 0.73, 0.72, 0.63, 0.54, 0.57]
    made = Course({"step": 50 * i, **HEALTHY, "sample_change": x} for i, x in enumerate(changes, start=1))
    assert made.level("sample_change", 400) > 0.68
    assert names(made) == []


@pytest.mark.parametrize("log_every", [25, 75, 100, 150, 250, 399])
@pytest.mark.parametrize("name", WRONG)
def test_what_goes_wrong_is_found_however_many_looks_a_record_has(name: str, log_every: int) -> None:
    config = OTHERWISE.get(name, DEFAULT)
    found, made = [], Course()
    for step in range(log_every, 3001, log_every):
        looks = step // 50 - (step - log_every) // 50
        numbers = HEALTHY | (WRONG[name] if step > 1500 else {})
        made.add({"step": step, **{k: v for k, v in numbers.items() if looks or k not in LOOKED_AT}})
        found += names(made, config)
    assert set(found) == {name}


def test_causes_come_before_their_consequences():
    both = WRONG["mode_collapse"] | WRONG["discriminator_wins"]
    assert names(course((600, {}), (WINDOW, both))) == ["discriminator_wins"]
    assert names(course((600, {}), (WINDOW, both | WRONG["noise"]))) == ["noise"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"loss": "hinge"},
        {"loss": "relativistic"},
        {"loss": "minimax", "label_smoothing": 0.1},
        {"learning_rate": 1e-5, "discriminator_learning_rate": 1e-6},
        {"architecture": "gan"},
        {"diffaugment": 1.0, "anneal": 0.3, "discriminator_bias": True, "instance_noise": 0.1},
        {"precision": "bfloat16", "discriminator_learning_rate": 2e-3},
    ],
)
def test_what_is_advised_is_allowed_and_is_not_so_already(changes: dict[str, Any]) -> None:
    config = preset("default", **changes)
    values = {
        "label-smoothing": 0.1,
        "instance-noise": 0.1,
        "diffaugment": 1.0,
        "discriminator-steps": 2,
        "anneal": 0.3,
        "loss": "non_saturating",
        "discriminator-bias": True,
        "precision": "float32",
    }
    all_remedies = {condition.name: condition.remedies for condition in (*OF_DATA, *OF_NETWORKS)}
    for condition, of_it in {**all_remedies, "not_finite": remedies.AFTER_NOT_FINITE}.items():
        advice = remedies.advice(of_it, config)
        assert advice.startswith("Try ")
        assert advice.endswith(". Take another --run-dir for it.")
        for option, off in re.findall(r"(?<!no )--([a-z-]+)( 0(?=[,.] ))?", advice):
            if option in values:
                name, value = option.replace("-", "_"), 0.0 if off else values[option]
                assert flatten(config)[name] != value, (condition, option)
                preset("default", **changes | {name: value})


def advice_on(name: str, **changes: Any) -> str:
    """Return the advice on a condition with these settings."""
    all_remedies = {condition.name: condition.remedies for condition in OF_NETWORKS}
    of_it = {**all_remedies, "not_finite": remedies.AFTER_NOT_FINITE}[name]
    return remedies.advice(of_it, preset("default", **changes))


def test_advised_rates_are_computed_from_those_in_force() -> None:
    slow_d = {"learning_rate": 2e-4, "discriminator_learning_rate": 2e-5}
    assert "a --discriminator-learning-rate of 1e-05" in advice_on("discriminator_wins", **slow_d)
    assert "no --discriminator-learning-rate" not in advice_on("discriminator_wins", **slow_d)
    assert "no --discriminator-learning-rate" in advice_on("generator_wins", **slow_d)
    both = "Try a --learning-rate of 2e-05 with a --discriminator-learning-rate of 2e-06."
    assert advice_on("oscillation", **slow_d).startswith(both)
    fast_d = {"learning_rate": 2e-4, "discriminator_learning_rate": 2e-3}
    assert "no --discriminator-learning-rate" in advice_on("discriminator_wins", **fast_d)
    assert "a --discriminator-learning-rate of 0.004" in advice_on("generator_wins", **fast_d)
    still_g = {"learning_rate": 1e-7, "discriminator_learning_rate": 4e-4}
    assert "no --discriminator-learning-rate" not in advice_on("discriminator_wins", **still_g)
    assert "a --learning-rate of 0.0001, " in advice_on("not_finite", learning_rate=2e-4, label_smoothing=0.0)


def test_who_took_the_advice_is_not_given_it_again() -> None:
    assert "--instance-noise 0. " in advice_on("generator_wins", instance_noise=0.1)
    assert "--instance-noise" not in advice_on("generator_wins")
    assert "--preset auto" in advice_on("mode_collapse")
    chosen = {"discriminator_bias": True, "ema_calibration": True}  # as auto does
    assert "--preset auto" not in advice_on("mode_collapse", **chosen)
    assert "--architecture dcgan" in advice_on("mode_collapse", architecture="gan")
    assert "--label-smoothing" not in advice_on("not_finite", loss="hinge")


def test_falling_rates_are_not_advised_against_what_auto_takes_for_digits() -> None:
    assert "--anneal 0.3" in advice_on("samples_worsen")
    assert "--anneal" not in advice_on("samples_worsen", instance_noise=0.3)


def test_a_victory_of_d_is_described_by_what_shows_it() -> None:
    certain = course((600, WRONG["discriminator_wins"]))
    found = diagnosis(certain, DEFAULT)
    assert found is not None
    assert "D is right about 99.0% of the images" in found.seen(certain)
    pale = course((LONG_WINDOW, {"sample_diversity": 0.15, "sample_contrast": 0.2, "generator_loss": 4.0}))
    found = diagnosis(pale, DEFAULT)
    assert found is not None
    assert "Their contrast is 20% and their diversity 15%" in found.seen(pale)


def test_a_generator_that_is_ahead_wins_only_if_d_prefers_its_samples() -> None:
    # MNIST, a quarter of G's rate for D, at step 200; later it draws digits.
    ahead = {"fake_probability": 0.65, "real_probability": 0.8, "discriminator_accuracy": 0.5}
    assert names(course((600, ahead))) == []
    assert names(course((600, ahead | {"real_probability": 0.6}))) == ["generator_wins"]


LOOKS = Path(__file__).parents[3] / "results" / "looks.jsonl"
FAILS_AS = {
    "dfast": "discriminator_wins",
    "fakeaug": "discriminator_wins",
    "few": "discriminator_wins",
    "gfrozen": "discriminator_wins",
    "rate": "oscillation",
    "gan": "mode_collapse",
    "memorises": "discriminator_memorises",
    "minimax": "vanishing_gradient",
}
"""{beginning of the name of a run that was made to fail: what it is called}."""


def looks_of_runs() -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for line in LOOKS.read_text().splitlines():
        found.setdefault(json.loads(line)["run"], []).append(json.loads(line))
    return found


@pytest.mark.parametrize("run", looks_of_runs())
def test_the_runs_behind_the_limits_are_judged_as_the_documentation_says(run: str) -> None:
    looks = looks_of_runs()[run]
    expected = {FAILS_AS[run.split("-")[0]]} if looks[0]["fails"] else set()
    config = OTHERWISE.get(next(iter(expected), ""), DEFAULT)
    made, found = Course(), set()
    for look in looks:
        made.add(look)
        found |= set(names(made, config))
    assert found == expected
