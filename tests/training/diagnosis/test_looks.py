"""What a look at the networks measures, on pictures whose numbers are known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from dcgan_tf.config import Config
from dcgan_tf.data import ImageSet
from dcgan_tf.training.diagnosis.looks import (
    Looks,
    _kinds,
    contrast,
    preference,
    reduced,
    spread,
    structure,
)
from dcgan_tf.training.plan import make_plan
from dcgan_tf.training.state import create_train_state


def test_the_spread_of_two_pictures_is_their_distance():
    black, white = np.full((1, 64), -1.0), np.full((1, 64), 1.0)
    assert spread(np.concatenate([black, white])) == pytest.approx(2.0)
    # Of three, one pair is equal and two are not.
    assert spread(np.concatenate([black, white, white])) == pytest.approx(4 / 3)
    assert spread(black) == 0.0


def test_with_classes_the_spread_is_that_within_them():
    black, white = np.full((2, 64), -1.0), np.full((2, 64), 1.0)
    pictures = np.concatenate([black, white])
    assert spread(pictures, np.array([0, 0, 1, 1])) == 0.0
    assert spread(pictures, np.array([0, 1, 0, 1])) == pytest.approx(2.0)
    assert spread(pictures, np.array([0, 1, 2, 3])) == 0.0


def test_one_picture_for_each_class_is_no_diversity(tiny_config: Callable[..., Config]) -> None:
    plan = make_plan(tiny_config(conditional=True))
    looks = Looks(plan, create_train_state(plan.config, num_classes=10))
    latent_dim = plan.config.model.latent_dim

    def one_for_each(inputs: np.ndarray) -> np.ndarray:
        shades = np.asarray(inputs)[:, latent_dim:].argmax(axis=1) / 5 - 1
        return np.broadcast_to(shades[:, None, None, None], (len(shades), 16, 16, 1)).astype(np.float32)

    looks._generate = one_for_each
    assert looks()["sample_diversity"] == 0.0
    assert spread(reduced(one_for_each(looks._inputs))) > 0.5


def test_samples_like_the_images_are_so_though_rare_classes_differ_less(
    tiny_config: Callable[..., Config],
) -> None:
    def pictures(labels: np.ndarray) -> np.ndarray:
        """Return pictures that are black or white if they are of class 0, and else dark."""
        shades = np.where(labels == 0, np.arange(len(labels)) % 2 * 255, 60).astype(np.uint8)
        return np.broadcast_to(shades[:, None, None, None], (len(labels), 16, 16, 1))

    config = tiny_config(conditional=True)
    labels = np.repeat(np.arange(10), [910, *[10] * 9])
    images = ImageSet("unequal", pictures(labels), labels=labels, label_names=tuple("abcdefghij"))
    plan = dataclasses.replace(make_plan(config), image_set=images)
    looks = Looks(plan, create_train_state(config, num_classes=10))
    of_class = np.asarray(looks._inputs)[:, config.model.latent_dim :].argmax(axis=1)
    looks._generate = lambda inputs: pictures(of_class).astype(np.float32) / 127.5 - 1
    found = looks()
    assert found["sample_diversity"] == pytest.approx(1, abs=0.1)
    assert found["sample_contrast"] == pytest.approx(1, abs=0.1)


def test_many_classes_are_compared_as_one() -> None:
    assert _kinds(np.arange(64), np.arange(64)) is None
    assert _kinds(None, None) is None
    assert _kinds(np.arange(64) % 10, np.arange(64) % 7) is not None


def test_noise_that_has_no_form_hardly_spreads():
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 64, 64, 3)).astype(np.float32)
    shades = np.broadcast_to(noise[:, :1, :1], noise.shape)
    assert spread(reduced(noise)) < 0.15
    assert spread(reduced(shades)) > 0.5


def test_the_contrast_of_grey_is_0_and_of_black_1():
    assert contrast(np.zeros((2, 4, 4, 1))) == 0.0
    assert contrast(np.full((2, 4, 4, 1), -1.0)) == 1.0


def test_noise_has_no_structure_and_a_slope_has():
    noise = np.random.default_rng(0).uniform(-1, 1, (20, 32, 32, 3))
    slope = np.broadcast_to(np.linspace(-1, 1, 64)[:, None, None], (4, 64, 64, 3)).swapaxes(1, 2)
    assert abs(structure(noise)) < 0.05
    assert structure(slope) > 0.9
    assert structure(np.ones((2, 8, 8, 1))) == 0.0


def test_a_preference_counts_pairs():
    assert preference(np.array([2.0, 3.0]), np.array([0.0, 1.0])) == 1.0
    assert preference(np.array([0.0, 1.0]), np.array([2.0, 3.0])) == 0.0
    assert preference(np.array([1.0, 2.0]), np.array([1.0, 2.0])) == 0.5
    # Of the pairs (0, 1), (0, 3), (2, 1), (2, 3), one is in favour of the first.
    assert preference(np.array([0.0, 2.0]), np.array([1.0, 3.0])) == 0.25


@pytest.mark.parametrize("changes", [{}, {"conditional": True}, {"architecture": "gan"}])
def test_a_look_changes_nothing_and_says_the_same_again(
    changes: dict[str, object], tiny_config: Callable[..., Config]
) -> None:
    plan = make_plan(tiny_config(**changes))
    state = create_train_state(plan.config, num_classes=plan.num_classes)
    before = [v.numpy() for v in (*state.generator.variables, *state.discriminator.variables)]
    looks = Looks(plan, state)
    first, second = looks(), looks()
    of_data, of_samples = {"data_diversity", "data_structure"}, {"sample_diversity", "sample_contrast"}
    assert set(first) == of_data | of_samples | {"memorisation"}
    assert second == {**first, "sample_change": 0.0}
    for old, new in zip(before, (*state.generator.variables, *state.discriminator.variables), strict=True):
        np.testing.assert_array_equal(old, new.numpy())


def test_the_change_is_that_of_the_samples(tiny_config: Callable[..., Config]) -> None:
    plan = make_plan(tiny_config())
    state = create_train_state(plan.config)
    looks = Looks(plan, state)
    looks()
    for weight in state.generator.trainable_variables:
        weight.assign(-3 * weight.value)
    assert looks()["sample_change"] > 0.01


def test_a_discriminator_that_knows_its_images_prefers_them(tiny_config: Callable[..., Config]) -> None:
    plan = make_plan(tiny_config())
    looks = Looks(plan, create_train_state(plan.config))
    known = {image.tobytes() for image in looks._training}
    looks._judge = lambda images: np.array([[float(np.array(image).tobytes() in known)] for image in images])
    assert looks()["memorisation"] == 1.0
