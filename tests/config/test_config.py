"""The settings: defaults, presets, JSON, comparison on resume, and what a wrong value is told."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf import config
from dcgan_tf.config import Config, DataConfig, ModelConfig, RunConfig, TrainingConfig, preset, replace
from dcgan_tf.errors import ArgumentError


def test_the_default_preset_has_the_numbers_everyone_knows():
    settings = config.flatten(Config())
    known = {
        "architecture": "dcgan",
        "image_size": (64, 64),
        "channels": 3,
        "filters": 64,
        "kernel_size": 4,
        "latent_dim": 100,
        "latent_distribution": "normal",
        "learning_rate": 2e-4,
        "beta_1": 0.5,
        "loss": "non_saturating",
        "label_smoothing": 0.0,
        "data": "portraits",
    }
    assert {name: settings[name] for name in known} == known
    assert preset() == preset("default") == Config()


def test_the_paper_preset_has_the_numbers_of_the_paper():
    paper = preset("paper")
    assert paper.model.kernel_size == 5
    assert paper.model.latent_distribution == "uniform"
    assert paper.training.batch_size == 128
    assert paper.training.ema_decay == 0
    # 128 filters beside the image are 1,024 beside the first map of 4x4, as in the paper's figure 1.
    assert paper.model.filters * 2**3 == 1024


@pytest.mark.parametrize("name", config.PRESETS)
def test_every_preset_survives_json(name):
    original = preset(name)
    text = config.to_json(original)
    assert config.from_json(text) == original
    assert set(json.loads(text)) == {"data", "model", "training", "run"}


@pytest.mark.parametrize("name", config.PRESETS)
def test_every_preset_explains_itself(name):
    text = " ".join(config.PRESETS[name].__doc__.split())
    assert "`dcgan-tf train" + ("" if name == "default" else f" --preset {name}") in text
    assert re.search(r"\d+ (minutes|hours)", text)
    assert "images/s" in text


def test_a_setting_of_an_earlier_version_is_read_by_its_old_name():
    noisy = preset(instance_noise=0.3)
    old = config.to_json(noisy).replace('"instance_noise"', '"instance_stddev"')
    assert old != config.to_json(noisy)
    assert config.from_json(old) == noisy


def test_json_keeps_every_setting_that_was_changed():
    changed = preset(image_size=(48, 64), steps=7, discriminator_learning_rate=1e-4, run_dir="somewhere")
    again = config.from_json(config.to_json(changed))
    assert again == changed
    assert again.data.image_size == (48, 64)
    assert again.training.steps == 7
    assert again.training.epochs is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1]", "expected an object of sections, received list"),
        ('{"data": 3}', "expected an object in section 'data', received 3"),
        ('{"model": {"fliters": 64}}', r"unknown setting model\.fliters \(written by another version\?\)"),
        ('{"network": {"filters": 64}}', r"unknown setting network\.filters"),
        ('{"model": {"filters": "64"}}', "filters must be a whole number, received '64'"),
        ("{", "Expecting property name"),
    ],
)
def test_json_that_is_not_a_configuration_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        config.from_json(text)


def test_changes_go_by_flat_names_and_leave_the_original_alone():
    original = Config()
    changed = replace(original, data="digits", filters=8, batch_size=16, sample_every=5)
    assert changed.data.spec == "digits"
    assert changed.model.filters == 8
    assert changed.training.batch_size == 16
    assert changed.run.sample_every == 5
    assert original == Config()


def test_flat_names_are_unique():
    names = [setting.name for setting in config.all_settings()]
    assert len(names) == len(set(names))


def test_every_setting_has_help_on_one_line():
    for setting in config.all_settings():
        assert setting.help, setting.name
        assert "\n" not in setting.help, setting.name


def test_settings_know_their_type_and_whether_they_may_be_left_out():
    found = {setting.name: setting for setting in config.all_settings()}
    assert (found["filters"].type, found["filters"].optional) == (int, False)
    assert (found["epochs"].type, found["epochs"].optional) == (int, True)
    assert (found["flip"].type, found["flip"].optional) == (bool, False)
    assert (found["data"].section, found["data"].field) == ("data", "spec")
    assert found["loss"].choices == ("non_saturating", "minimax", "hinge", "relativistic")


@pytest.mark.parametrize("section", [Config(), DataConfig(), ModelConfig(), TrainingConfig(), RunConfig()])
def test_sections_are_frozen(section):
    name = dataclasses.fields(section)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(section, name, None)


# Names that are not there


def test_a_misspelt_setting_is_answered_with_the_right_one():
    with pytest.raises(ValueError, match=r"unknown setting 'bach_size'; did you mean 'batch_size'\?"):
        preset(bach_size=3)


def test_a_name_like_no_other_gets_no_suggestion():
    with pytest.raises(ValueError, match=r"^unknown setting 'qqqq'$"):
        preset(qqqq=3)


def test_an_unknown_preset_is_answered_with_those_there_are():
    with pytest.raises(
        ValueError, match=f"preset must be one of {', '.join(config.PRESETS)}, or auto .*, received 'slow'"
    ):
        preset("slow")


# Values that are not allowed


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"architecture": "vae"}, "architecture must be one of dcgan, gan, received 'vae'"),
        ({"channels": 2}, "channels must be one of 1, 3, received 2"),
        ({"fit": "stretch"}, "fit must be one of crop, pad, received 'stretch'"),
        (
            {"loss": "wasserstein"},
            "loss must be one of non_saturating, minimax, hinge, relativistic, received 'wasserstein'",
        ),
        (
            {"precision": "half"},
            "precision must be one of auto, float32, bfloat16, float16, received 'half'",
        ),
        ({"batch_size": 1}, "batch_size must be at least 2, received 1"),
        ({"filters": 0}, "filters must be at least 1, received 0"),
        ({"kernel_size": 8}, "kernel_size must be at most 7, received 8"),
        ({"image_size": (64, 7)}, "image_size must be at least 8, received 7"),
        ({"learning_rate": -1.0}, "learning_rate must be at least 0, received -1.0"),
        ({"label_smoothing": 0.6}, "label_smoothing must be at most 0.5, received 0.6"),
        ({"beta_2": 1.0}, "beta_2 must be at most 0.99999, received 1.0"),
        ({"r1_gamma": -1.0}, "r1_gamma must be at least 0, received -1.0"),
        ({"r2_gamma": 1e4}, "r2_gamma must be at most 1000, received 10000.0"),
        ({"discriminator_steps": 0}, "discriminator_steps must be at least 1, received 0"),
        ({"discriminator_steps": 11}, "discriminator_steps must be at most 10, received 11"),
        ({"diffaugment": 1.5}, "diffaugment must be at most 1, received 1.5"),
        ({"ema_decay": 1.0}, "ema_decay must be at most 0.99999, received 1.0"),
        ({"max_bad_fraction": 1.5}, "max_bad_fraction must be at most 1, received 1.5"),
        ({"seed": -1}, "seed must be at least 0, received -1"),
        ({"seed": 2**31}, "seed must be at most 2147483647, received 2147483648"),
        ({"epochs": 0}, "epochs must be at least 1, received 0"),
        ({"checkpoint_every": 0}, "checkpoint_every must be at least 1, received 0"),
    ],
)
def test_a_value_out_of_bounds_is_told_the_rule_and_itself(changes, message):
    with pytest.raises(ValueError, match=message):
        preset(**changes)


@pytest.mark.parametrize("name", ["r1_gamma", "r2_gamma"])
def test_what_batch_norm_in_the_discriminator_spoils_is_refused(name):
    message = (
        f"{name} is 0.5, but the discriminator has batch norm, .*; set discriminator_norm to none or spectral"
    )
    with pytest.raises(ArgumentError, match=message):
        preset(**{name: 0.5})
    preset(**{name: 0.5}, discriminator_norm="none")
    preset(**{name: 0.5}, discriminator_norm="spectral")
    preset(**{name: 0.5}, architecture="gan")  # which has no batch norm


@pytest.mark.parametrize("loss", ["hinge", "relativistic"])
def test_a_loss_without_a_target_probability_refuses_to_lower_it(loss):
    message = (
        f"label_smoothing lowers a target probability, and the {loss} loss has none, .*=0.1; set it to 0"
    )
    with pytest.raises(ArgumentError, match=message):
        preset(loss=loss, label_smoothing=0.1)
    assert preset(loss=loss).training.loss == loss


@pytest.mark.parametrize(
    "setting", [s for s in config.all_settings() if s.type is float], ids=lambda setting: setting.name
)
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_no_number_may_be_nan_or_infinite(setting, value):
    with pytest.raises(ValueError, match=f"{setting.name} must be a finite number, received {value}"):
        preset(**{setting.name: value})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"filters": "64"}, "filters must be a whole number, received '64'"),
        ({"filters": True}, "filters must be a whole number, received True"),
        ({"batch_size": 6.5}, "batch_size must be a whole number, received 6.5"),
        ({"batch_size": 64.0}, "batch_size must be a whole number, received 64.0"),
        ({"flip": "yes"}, "flip must be True or False, received 'yes'"),
        ({"flip": 1}, "flip must be True or False, received 1"),
        ({"learning_rate": "fast"}, "learning_rate must be a finite number, received 'fast'"),
        ({"learning_rate": False}, "learning_rate must be a finite number, received False"),
        ({"image_size": 64}, "image_size must be two whole numbers, received 64"),
        ({"image_size": (64,)}, r"image_size must be two whole numbers, received \(64,\)"),
        ({"image_size": "64x64"}, "image_size must be two whole numbers, received '64x64'"),
        ({"image_size": (64, 64.5)}, r"image_size must be two whole numbers, received \(64, 64.5\)"),
        ({"data": 3}, "data must be text, received 3"),
        ({"loss": ["minimax"]}, r"loss must be text, received \['minimax'\]"),
        ({"filters": None}, "filters must be a whole number, received None"),
    ],
)
def test_a_value_of_another_type_is_told_which_type_is_meant(changes, message):
    with pytest.raises(ValueError, match=message):
        preset(**changes)


def test_values_that_mean_the_same_are_brought_to_the_declared_type():
    brought = preset(
        image_size=[48, 64],
        filters=np.int64(8),
        learning_rate=1,
        beta_1=np.float32(0.25),
        run_dir=Path("runs/here"),
    )
    assert brought.data.image_size == (48, 64)
    assert brought.run.run_dir == "runs/here"
    assert type(brought.model.filters) is int
    assert type(brought.training.learning_rate) is float
    assert type(brought.training.beta_1) is float
    # All of them are now what JSON gives back.
    assert config.from_json(config.to_json(brought)) == brought
    assert hash(brought) == hash(config.from_json(config.to_json(brought)))


# Length: epochs or steps


def test_steps_replace_epochs_and_the_other_way_round():
    by_steps = preset(steps=100)
    assert (by_steps.training.epochs, by_steps.training.steps) == (None, 100)
    by_epochs = replace(by_steps, epochs=3)
    assert (by_epochs.training.epochs, by_epochs.training.steps) == (3, None)


@pytest.mark.parametrize("both", [{"epochs": 3, "steps": 100}, {"epochs": None, "steps": None}])
def test_both_or_neither_of_epochs_and_steps_is_an_error(both):
    message = f"exactly one of epochs and steps must be set, received epochs={both['epochs']}, steps="
    with pytest.raises(ValueError, match=message):
        TrainingConfig(**both)
    with pytest.raises(ValueError, match=message):
        preset(**both)


# Comparison on resume


def test_only_what_the_weights_depend_on_counts_as_a_difference():
    old = preset(run_dir="a", epochs=3)
    new = replace(
        old, run_dir="b", steps=9, checkpoint_every=7, sample_every=0, data_dir="elsewhere", replicas=2
    )
    assert config.difference(old, new) == []
    new = replace(new, learning_rate=1e-3, data="digits")
    assert config.difference(old, new) == [
        ("data", "portraits", "digits"),
        ("learning_rate", 2e-4, 1e-3),
    ]


def test_what_may_change_on_resume_is_decided_setting_by_setting():
    may_change = {setting.name for setting in config.all_settings() if setting.may_change}
    where = {"data_dir", "cache_dir", "run_dir"}
    length = {"epochs", "steps"}
    periods = {"checkpoint_every", "keep_every", "sample_every", "log_every", "histogram_every"}
    assert may_change == where | length | periods | {"replicas", "deterministic", "on_collapse"}


# Image sizes as text


@pytest.mark.parametrize(
    ("text", "size"), [("64", (64, 64)), ("48x64", (48, 64)), ("48X64", (48, 64)), ("48×64", (48, 64))]
)
def test_image_sizes_are_height_by_width(text, size):
    assert config.parse_image_size(text) == size


@pytest.mark.parametrize("text", ["", "x", "64x", "64x64x3", "-64", "6.4", "big", "6²"])
def test_text_that_is_no_image_size_is_told_the_form(text):
    with pytest.raises(
        ValueError, match="image size must be SIDE or HEIGHTxWIDTH in pixels, such as 64 or 48x64"
    ):
        config.parse_image_size(text)


def test_only_the_standard_library_is_needed():
    """The command line reads this module before it does anything, so it must stay cheap to import."""
    code = (
        "import sys, dcgan_tf.config; "
        "print(sorted({'numpy', 'tensorflow', 'keras', 'click'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_length_of_the_average_is_given_once():
    in_images = preset("paper", ema_images=5000)
    assert (in_images.training.ema_images, in_images.training.ema_decay) == (5000, 0.999)
    assert in_images.training.averages
    assert config.from_json(config.to_json(in_images)) == in_images
    by_decay = replace(in_images, ema_decay=0.0)
    assert (by_decay.training.ema_images, by_decay.training.ema_decay) == (None, 0.0)
    assert not by_decay.training.averages
    with pytest.raises(ValueError, match="ema_images takes the place of ema_decay: set only one of them"):
        replace(Config(), ema_images=5000, ema_decay=0.9)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Config("digits"), "data must be a DataConfig, received 'digits'"),
        (lambda: Config(training={"steps": 3}), r"training must be a TrainingConfig, received \{'steps'"),
        (lambda: Config(run=None), "run must be a RunConfig, received None"),
        (lambda: preset(["quick"]), "preset must be one of"),
        (lambda: preset(learning_rate=10**400), "learning_rate must be a finite number"),
    ],
)
def test_values_of_a_wrong_kind_are_refused_where_they_are_given(make, said):
    with pytest.raises(ArgumentError, match=said):
        make()
