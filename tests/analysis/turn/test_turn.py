"""Turning: a direction that was planted is found, and moves what it should."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.analysis import samples, turn
from dcgan_tf.analysis.samples import Judgement
from dcgan_tf.analysis.turn import directions
from dcgan_tf.analysis.turn.numbers import monotone
from dcgan_tf.config import preset
from dcgan_tf.errors import RunError
from dcgan_tf.judges.classifier import Predictions
from dcgan_tf.latents import sample_latents
from dcgan_tf.runs import read_directions

DIM = 16


def paint(latents: np.ndarray) -> np.ndarray:
    """Paint pictures of one level, 127.5 + 20 z[0]: uint8 [N, 4, 4, 1]."""
    levels = np.clip(np.rint(127.5 + 20 * latents[:, 0]), 0, 255).astype(np.uint8)
    return np.broadcast_to(levels[:, None, None, None], (len(latents), 4, 4, 1))


def judge(images: np.ndarray) -> Judgement:
    """Read how bright pictures are; a margin says whether they are "glaring", beyond three sigma."""
    brightness = (images.mean(axis=(1, 2, 3), dtype=np.float32) - 127.5) / 20
    nothing = np.zeros(len(images), np.float32)
    return Judgement(
        nothing,
        Predictions(
            {"light": brightness, "glaring": brightness - 5}, {"brightness": brightness}, nothing[:, None]
        ),
        nothing,
        nothing,
    )


class PaintedSubject:
    """Stands for a run without training, judged by a classifier that reads brightness."""

    def __init__(self, run: SimpleNamespace) -> None:
        self.run = run
        self.has_classifier = True
        self.real_images = run.generate(run.latents(100, seed=1))
        self.classifier = SimpleNamespace(
            binary=("light", "glaring"),
            continuous=("brightness",),
            concepts=("light", "glaring"),
            doubtful=lambda names: [],
            predict=lambda images: judge(images).predictions,
        )

    def protocol(self, **facts):
        facts.pop("started")
        return facts

    def classifier_facts(self):
        return {}


@pytest.fixture
def run(monkeypatch):
    monkeypatch.setattr(importlib.import_module("dcgan_tf.analysis.turn.turn"), "Subject", PaintedSubject)
    monkeypatch.setattr(samples.Judges, "of", lambda subject: SimpleNamespace(judge=judge, between_real=1.0))
    config = preset("default", latent_dim=DIM, data="painted")
    return SimpleNamespace(
        path=Path("run"),
        step=500,
        weights="averaged weights (EMA)",
        digest="0a1b",
        shown_class=None,
        config=config,
        generate=paint,
        latents=lambda num, *, seed: sample_latents(num, DIM, seed=seed).numpy(),
    )


def test_the_planted_direction_turns_every_sample(run):
    finding = turn(run, attribute="brightness", exemplars=100, draws=3, num_images=200)
    rises, correlation, change, realistic, both, kept = finding.measures
    assert rises.value == 1.0
    assert rises.controls["the same in pixels"] == 1.0
    assert rises.controls["random direction"] < 0.65
    assert correlation.value > 0.99
    assert abs(correlation.controls["random direction"]) < 0.4
    # From the low exemplars, beyond -1.9 sigma, to the high ones: more than from -1.64 to +1.64.
    assert change.value > 1.0
    assert abs(change.controls["random direction"]) < 0.2
    assert (realistic.value, both.value) == (1.0, 1.0)  # these judges find everything so
    assert kept.value < 1.0  # whether it is light changes with the brightness
    assert finding.protocol["num_images"] == 200
    assert "100.0%" in finding.summary


def test_a_binary_attribute_takes_its_margin(run):
    finding = turn(run, attribute="light", exemplars=50, draws=2, num_images=50)
    assert finding.measures[0].value == 1.0
    assert finding.measures[-1].name == "moved pictures that keep the other attributes"
    assert finding.measures[-1].value == 1.0


def test_the_same_seed_finds_the_same(run):
    first, second = (turn(run, attribute="brightness", draws=2, num_images=20, seed=5) for _ in range(2))
    assert first.result == second.result
    assert first.figure_png == second.figure_png


def test_an_attribute_that_is_not_there(run):
    with pytest.raises(ValueError, match=r"painted has no attribute 'turn'.*: brightness, light, glaring$"):
        turn(run)


def test_too_few_samples_that_show_it(run):
    with pytest.raises(
        RunError, match="0 of 4,096 samples are good exemplars with 'glaring', and 4 are needed"
    ):
        turn(run, attribute="glaring")


def test_a_collapsed_run_has_no_direction(run):
    run.generate = lambda latents: paint(np.zeros_like(latents))
    with pytest.raises(RunError, match="brightness is the same in all samples"):
        turn(run, attribute="brightness", num_images=3)


def test_it_writes_directions_for_the_sliders_of_a_page(run, tmp_path):
    finding = turn(run, attribute="brightness", draws=2, num_images=20)
    finding.save(tmp_path)
    found = read_directions(tmp_path / "directions.json", run)
    assert [one.name for one in found] == ["brightness", "light", "glaring"]
    assert all(np.argmax(np.abs(one.vector)) == 0 for one in found)
    assert [line.split()[0] for line in finding.table.splitlines()[1:]] == ["brightness", "light", "glaring"]
    assert finding.result["details"]["sliders"] == [
        {"name": one.name, "kept": one.kept, "by_chance": one.kept_by_chance} for one in found
    ]


def test_a_slider_that_is_not_found_again_goes(run, tmp_path, monkeypatch):
    turn(run, attribute="brightness", draws=2, num_images=20).save(tmp_path)
    monkeypatch.setattr(importlib.import_module("dcgan_tf.analysis.turn.sliders"), "LEAST_CHANGE", 1e9)
    finding = turn(run, attribute="brightness", draws=2, num_images=20)
    finding.save(tmp_path)
    assert read_directions(tmp_path / "directions.json", run) == []
    assert finding.result["details"]["sliders"] == []


# Directions


def test_extremes_are_the_lowest_and_the_highest_of_those_that_may_be_chosen():
    values = np.array([5.0, 1.0, 9.0, 3.0, 7.0, -9.0])
    low, high = directions.extremes(values, values > 0, 0.4)
    np.testing.assert_array_equal(low, [1, 3])
    np.testing.assert_array_equal(high, [2, 4])
    low, high = directions.extremes(values, values > 0, 1.0)
    assert not set(low) & set(high)


def test_the_mean_difference_by_hand():
    points = np.array([[0.0, 0], [2, 0], [4, 6], [6, 8]])
    found = directions.mean_differences(points, np.array([[0, 1], [0, 0]]), np.array([[2, 3], [3, 3]]))
    np.testing.assert_array_equal(found, [[4, 7], [6, 8]])


def test_exemplars_that_differ_in_one_latent_give_that_latent():
    latents = sample_latents(4096, 20, seed=0).numpy()
    low, high = directions.extremes(latents[:, 0], np.ones(4096, bool), 0.1)
    (found,) = directions.mean_differences(latents, low[None], high[None])
    assert found[0] / np.linalg.norm(found) > 0.99
    assert found[0] == pytest.approx(2 * 1.755, abs=0.1)  # the mean of the highest tenth of N(0, 1) is 1.755


def test_random_directions_are_as_long_as_what_they_stand_for():
    like = np.random.default_rng(0).normal(size=(50, 9)) * np.arange(1, 51)[:, None]
    found = directions.random_directions(like, seed=[1])
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), np.linalg.norm(like, axis=1), rtol=1e-6)
    cosines = np.sum(found * like, axis=1) / np.linalg.norm(like, axis=1) ** 2
    assert abs(cosines.mean()) < 4 / np.sqrt(50 * 9)


def test_a_random_direction_raises_a_linear_value_in_half_of_the_samples():
    latents = sample_latents(2000, 100, seed=0).numpy()
    by_chance = directions.random_directions(np.ones_like(latents), seed=[1])
    moved = directions.along(latents, by_chance, np.broadcast_to(np.linspace(-0.01, 0.01, 5), (2000, 5)))
    share = monotone(moved[..., 0]).mean()
    assert share == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / 2000))


def test_along_keeps_the_length_and_begins_at_the_sample():
    latents, direction = np.array([[3.0, 4.0]]), np.array([[0.0, -4.0]])
    found = directions.along(latents, direction, np.array([[0.0, 1.0, 2.0]]))
    np.testing.assert_allclose(found, [[[3, 4], [5, 0], [3, -4]]], atol=1e-6)


def test_pixels_are_moved_without_wrapping_around():
    images = np.full((1, 1, 1, 1), 100, np.uint8)
    found = directions.along_in_pixels(
        images, np.full((1, 1, 1, 1), 200.0), np.array([[-1.0, 0.0, 0.25, 1.0]])
    )
    np.testing.assert_array_equal(found.ravel(), [0, 100, 150, 255])
    assert found.dtype == np.uint8


def test_positions_on_the_way_from_low_to_high():
    found = directions.positions(np.array([-2.0, -1.0, 0.0, 0.5, 1.0, 7.0]), -1.0, 1.0)
    np.testing.assert_allclose(found, [0, 0, 0.5, 0.75, 1, 1])
