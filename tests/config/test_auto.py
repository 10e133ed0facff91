"""The table of `--preset auto`, and the arithmetic of budgets, by hand."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from dcgan_tf.config import (
    Budget,
    Config,
    Facts,
    Speed,
    check_request,
    choose_settings,
    flatten,
    from_json,
    side_within,
    steps_of,
    to_json,
    with_default,
)
from dcgan_tf.config.recipe import FEW_PICTURES, FEWEST_STEPS_OF_FEW, RULES
from dcgan_tf.errors import ArgumentError

PORTRAITS = Facts(20_000, 3, (64, 64))
MNIST = Facts(60_000, 1, (28, 28), num_classes=10, black_or_white=0.92)
CIFAR = Facts(50_000, 3, (32, 32), num_classes=10)
PHOTOGRAPHS = Facts(285, 3, (64, 64))
GREY = Facts(285, 1, (64, 64))


def chosen(facts: Facts, **given: object) -> dict[str, object]:
    return flatten(choose_settings(facts, given).config)


ENOUGH = {"batch_size": 32, "diffaugment": 0.0, "dense_units": 0, "instance_noise": 0.0}
WRITING = {"dense_units": 256, "instance_noise": 0.3, "anneal": 0.0}
DRAWINGS = {"instance_noise": 0.3, "anneal": 0.0, "flip": False}
TINY = {"batch_size": 16}
FEW = {"batch_size": 16, "diffaugment": 1.0}


@pytest.mark.parametrize(
    ("facts", "data", "expected"),
    [
        (
            PORTRAITS,
            "portraits",
            {"channels": 3, "filters": 32, "flip": False} | ENOUGH,
        ),
        (MNIST, "tfds:mnist", {"channels": 1, "filters": 32, "flip": False} | ENOUGH | WRITING | TINY),
        (
            Facts(50_000, 1, (28, 28), black_or_white=0.74),
            "grey photographs",
            {"channels": 1, "filters": 32, "flip": False} | ENOUGH | TINY,
        ),
        (Facts(60_000, 1, (40, 48), black_or_white=0.75), "letters", {"filters": 64} | ENOUGH | WRITING),
        (
            Facts(60_000, 1, (48, 48), black_or_white=0.92),
            "large letters",
            {"filters": 32} | ENOUGH | WRITING,
        ),
        (Facts(50_000, 3, (28, 28)), "icons", {"filters": 32} | ENOUGH | TINY),
        (Facts(5000, 3, (32, 32), black_or_white=0.34), "icons", {"filters": 64} | ENOUGH | DRAWINGS),
        (Facts(5000, 3, (32, 32), black_or_white=0.33), "photos", {"filters": 64, "flip": True} | ENOUGH),
        (Facts(2000, 3, (64, 64), black_or_white=1.0), "icons", {"filters": 32} | ENOUGH | DRAWINGS),
        (Facts(1999, 3, (64, 64), black_or_white=1.0), "icons", {"instance_noise": 0.0, "flip": False} | FEW),
        (Facts(9000, 3, (64, 64), black_or_white=1.0), "portraits", {"flip": False} | ENOUGH),
        (CIFAR, "tfds:cifar10", {"channels": 3, "filters": 64, "flip": True} | ENOUGH),
        (PHOTOGRAPHS, "photos", {"channels": 3, "filters": 32, "flip": False} | FEW),
        (GREY, "scans", {"channels": 1, "filters": 32, "flip": False} | FEW),
        (Facts(285, 3, (32, 32)), "icons", {"filters": 32, "flip": False} | FEW),
        (Facts(1999, 3, (64, 64)), "photos", FEW),
        (Facts(2000, 3, (64, 64)), "photos", ENOUGH),
    ],
)
def test_what_is_chosen_for_the_data(facts, data, expected):
    of_all = {
        "image_size": facts.image_size,
        "latent_dim": 64,
        "discriminator_bias": True,
        "label_smoothing": 0.1,
        "anneal": 0.3,
        "ema_images": 10_000,
        "ema_calibration": True,
        "conditional": False,
    }
    found = chosen(facts, data=data)
    assert {name: found[name] for name in (of_all | expected)} == of_all | expected


def test_one_image_decides_whether_pictures_are_few():
    assert Facts(FEW_PICTURES - 1, 3, (64, 64)).few
    assert not Facts(FEW_PICTURES, 3, (64, 64)).few


def test_fewer_pictures_than_a_batch_make_a_smaller_batch():
    assert chosen(Facts(15, 3, (64, 64)), data="photos")["batch_size"] == 15
    assert chosen(Facts(16, 3, (64, 64)), data="photos")["batch_size"] == 16
    assert chosen(Facts(30, 3, (64, 64)), data="photos", discriminator_steps=2)["batch_size"] == 15
    assert chosen(Facts(1, 3, (64, 64)), data="photos")["batch_size"] == 2
    assert chosen(Facts(24, 3, (64, 64)), data="photos")["batch_size"] == 16
    assert chosen(Facts(15, 3, (64, 64)), data="photos", replicas=2)["batch_size"] == 14


def test_the_fully_connected_gan_gets_no_settings_of_convolutions():
    found = choose_settings(MNIST, {"architecture": "gan", "data": "tfds:mnist"})
    assert {"filters", "dense_units"}.isdisjoint(" ".join(what for what, _ in found.lines).split())
    assert found.config.model.dense_units == 0
    assert not found.config.training.ema_calibration
    assert not found.config.model.discriminator_bias
    assert found.config.training.batch_size == 16


def test_a_given_average_wins_over_the_chosen_one_though_it_is_the_usual_one():
    found = choose_settings(CIFAR, {"ema_decay": 0.999, "data": "tfds:cifar10"})
    assert found.config.training.ema_images is None
    why = "left out: ema_images takes the place of ema_decay, which you gave"
    assert ("ema_images 10000", why) in found.lines


def test_what_the_user_gives_wins_and_is_told():
    given = {"data": "photos", "filters": 8, "image_size": (32, 32), "conditional": True}
    found = choose_settings(PHOTOGRAPHS, given)
    settings = flatten(found.config)
    assert {name: settings[name] for name in given} == given
    assert ("filters 8", "as you asked") in found.lines


@pytest.mark.parametrize(
    ("facts", "given", "without", "why"),
    [
        (PORTRAITS, {"ema_decay": 0.9}, {"ema_images": None}, "ema_images takes the place of ema_decay"),
        (CIFAR, {"loss": "hinge"}, {"label_smoothing": 0.0}, "label_smoothing lowers a target"),
    ],
)
def test_a_rule_that_contradicts_what_is_given_is_left_out(facts, given, without, why):
    given = {"data": "photos", **given}
    found = choose_settings(facts, given)
    settings = flatten(found.config)
    assert {name: settings[name] for name in given | without} == given | without
    assert [reason for _, reason in found.lines if reason.startswith(f"left out: {why}")]


def test_settings_that_contradict_each_other_are_refused():
    with pytest.raises(ValueError, match="label_smoothing lowers a target probability"):
        choose_settings(CIFAR, {"data": "photos", "loss": "hinge", "label_smoothing": 0.1})


def test_few_colour_pictures_get_even_upsampling():
    found = {facts: chosen(facts, data="photos")["even_upsampling"] for facts in (PHOTOGRAPHS, GREY, CIFAR)}
    assert found == {PHOTOGRAPHS: True, GREY: False, CIFAR: False}
    assert not chosen(PHOTOGRAPHS, data="photos", architecture="gan")["even_upsampling"]


def test_what_a_later_rule_changes_is_not_told_twice():
    lines = dict(choose_settings(PHOTOGRAPHS, {"data": "photos"}).lines)
    assert [line for line in lines if "batch_size" in line] == ["batch_size 16"]
    assert lines["batch_size 16"].startswith("so few pictures need many steps")
    lines = dict(choose_settings(PHOTOGRAPHS, {"data": "photos", "batch_size": 8}).lines)
    assert lines["batch_size 8"] == "as you asked"


def test_every_rule_has_settings_that_there_are_and_a_reason():
    known = flatten(Config())
    for rule in RULES:
        assert set(rule.settings) <= set(known)
        assert rule.why
        assert rule.when.words


def test_a_choice_is_a_plain_configuration():
    config = choose_settings(MNIST, {"data": "tfds:mnist", "steps": 7}).config
    assert from_json(to_json(config)) == config
    assert config.training.steps == 7


@pytest.mark.parametrize(
    ("budget", "few", "side"),
    [
        (Budget(minutes=14.9), False, 32),
        (Budget(minutes=15), False, 64),
        (Budget(minutes=15), True, 32),
        (Budget(minutes=59.9), True, 32),
        (Budget(minutes=60), True, 64),
        (Budget(images=399_999), False, 32),
        (Budget(images=400_000), False, 64),
        (Budget(images=399_999), True, 32),
        (Budget(images=400_000), True, 64),
        (Budget(), True, 64),
    ],
)
def test_images_of_any_size_are_as_large_as_the_budget_allows(budget, few, side):
    assert side_within(budget, few=few) == side


# Budgets


def test_minutes_become_steps_by_the_measured_speed():
    # 60 s - 10 s to compile = 50 s; 50 / 0.025 = 2,000 steps.
    speed = Speed(seconds_before=10, seconds_per_step=0.025)
    assert steps_of(Budget(minutes=1), images_per_step=32, speed=speed) == (2000, "")
    assert speed.seconds(2000) == 60
    assert steps_of(Budget(minutes=0.1), images_per_step=32, speed=speed) == (
        1,
        "with fewer than 1,000 steps there is rarely anything to see; --minutes 1 makes enough",
    )


def test_images_become_steps_by_the_batch():
    assert steps_of(Budget(images=1e6), images_per_step=32, speed=None) == (31_250, "")
    assert steps_of(Budget(images=32_000), images_per_step=32, speed=None) == (1000, "")
    assert steps_of(Budget(images=1), images_per_step=32, speed=None) == (
        1,
        "with fewer than 1,000 steps there is rarely anything to see; --images 32000 makes enough",
    )


def test_few_pictures_get_enough_steps_of_a_budget_in_images():
    steps, remark = steps_of(Budget(images=9600), images_per_step=32, speed=None, few=True)
    assert steps == FEWEST_STEPS_OF_FEW
    assert remark == f"9,600 images would be 300 steps, and so few pictures need {FEWEST_STEPS_OF_FEW:,}"


def test_minutes_are_kept_for_few_pictures_and_the_lack_is_told():
    speed = Speed(seconds_before=0, seconds_per_step=0.6)
    steps, remark = steps_of(Budget(minutes=1), images_per_step=32, speed=speed, few=True)
    assert steps == 100
    assert remark.endswith("which take about 50 minutes here: --minutes 50")  # 5,000 * 0.6 s
    assert steps_of(Budget(minutes=50), images_per_step=32, speed=speed, few=True) == (5000, "")


def test_without_any_length_auto_trains_for_twenty_minutes():
    assert with_default(Budget(), {}) == Budget(minutes=20)
    assert with_default(Budget(images=5), {}) == Budget(images=5)
    assert with_default(Budget(), {"epochs": 3}) == Budget()


@pytest.mark.parametrize(
    ("budget", "given", "message"),
    [
        (
            Budget(minutes=3),
            {"epochs": 3},
            "--minutes becomes a number of steps, and --epochs is",
        ),
        (Budget(images=3), {"steps": 3}, "--images becomes a number of steps, and --steps is"),
    ],
)
def test_two_lengths_are_refused(budget, given, message):
    with pytest.raises(ValueError, match=message):
        check_request("auto", budget, given)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ({"minutes": 1, "images": 1}, "--minutes and --images both say how long to train"),
        ({"minutes": 0}, "minutes must be above 0 and at most 1e"),
        ({"images": -1}, "images must be above 0"),
        ({"minutes": float("nan")}, "minutes must be above 0"),
    ],
)
def test_a_budget_that_cannot_be_is_refused(budget, message):
    with pytest.raises(ValueError, match=message):
        Budget(**budget)


def test_wrong_settings_are_refused_before_the_images_are_looked_at():
    with pytest.raises(ValueError, match="filters must be at least 1, received 0"):
        check_request("auto", Budget(minutes=3), {"filters": 0, "epochs": None})
    with pytest.raises(ValueError, match="label_smoothing lowers a target"):
        check_request("quick", Budget(), {"loss": "hinge"})  # quick smooths labels
    check_request("auto", Budget(), {"loss": "hinge"})


@pytest.mark.parametrize("number", [np.int64(5), np.float32(2.5), np.float64(2.5)])
def test_a_budget_may_be_a_number_of_numpy(number):
    """The record of a choice is JSON, which has no numbers of NumPy."""
    budget = Budget(minutes=number)
    assert json.loads(json.dumps(dataclasses.asdict(budget))) == {"minutes": float(number), "images": None}


@pytest.mark.parametrize("value", ["5", True, [5], np.array([5, 6])])
def test_a_budget_that_is_no_number_is_refused(value):
    with pytest.raises(ArgumentError, match="minutes must be above 0 and at most 1e"):
        Budget(minutes=value)
