"""Directions for sliders: each attribute that was planted is found, and the others stay as they are."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf.analysis.turn.sliders import find_sliders, separate_directions, sliders_table
from dcgan_tf.judges.classifier import Predictions
from dcgan_tf.latents import sample_latents

DIM = 16


def paint(latents: np.ndarray) -> np.ndarray:
    """Paint the first two latents as two levels, uint8 [N, 1, 2, 1]."""
    return np.clip(np.rint(127.5 + 25 * latents[:, None, :2, None]), 0, 255).astype(np.uint8)


class PlantedClassifier:
    """Sees two attributes that have much in common: z[0], and z[0] + z[1]; and one that is not there."""

    binary = ("one", "both")
    continuous = ("noise",)
    concepts = ("one", "both")

    def predict(self, images: np.ndarray) -> Predictions:
        """Return margins in standard deviations."""
        first, second = (images[:, 0, :, 0].T.astype(np.float32) - 127.5) / 25
        noise = np.random.default_rng(0).normal(size=len(images)).astype(np.float32)
        return Predictions({"one": first, "both": first + second}, {"noise": noise}, first[:, None])


@pytest.fixture(scope="module")
def found():
    classifier, z = PlantedClassifier(), sample_latents(4296, DIM, seed=0).numpy()
    predictions = classifier.predict(paint(z[:4096]))
    return find_sliders(classifier, paint, z[:4096], predictions, z[4096:], seed=0)


def test_attributes_are_found_apart_and_noise_is_not(found):
    vectors = {one.name: np.array(one.vector) / np.linalg.norm(one.vector) for one in found}
    assert list(vectors) == ["one", "both"]
    # z[0] alone would change both; with as much of -z[1], it changes one. Rounding to levels costs a little.
    np.testing.assert_allclose(vectors["one"][:2], np.array([1, -1]) / np.sqrt(2), atol=0.02)
    np.testing.assert_allclose(vectors["both"][:2], [0, 1], atol=0.02)


def test_what_was_measured_stands_beside_a_random_direction(found):
    for one in found:
        assert one.num_images == 200
        assert one.changes > 1.2
        assert one.kept > 0.9  # each latent is scaled to its length again, which moves the other a little
        assert 0.5 < one.kept_by_chance < 1


def test_a_fixed_class_is_written_down_and_other_classes_are_no_sliders():
    classifier = PlantedClassifier()
    classifier.binary, classifier.concepts = ("both",), ("both", "one")
    z = sample_latents(2000, DIM, seed=0).numpy()
    found = find_sliders(classifier, paint, z, classifier.predict(paint(z)), z[:50], shown_class="dog")
    assert [(one.name, one.shown_class) for one in found] == [("both", "dog")]


def test_a_direction_is_rounded_so_that_a_file_holds_it():
    z = sample_latents(500, 4, seed=0).numpy()
    (vector,) = separate_directions(z, z[:, :1])
    assert all(float(f"{number:.6g}") == number for number in vector)
    # From the lowest 3 % to the highest, of 500: their means are about -2.3 and 2.3.
    assert vector[0] == pytest.approx(4.6, abs=0.4)


def test_classes_that_exclude_each_other_have_directions_of_ordinary_length():
    z = sample_latents(2000, 8, seed=0).numpy()
    one = z[:, 0]
    vectors = separate_directions(z, np.stack([one, -one, z[:, 1]], axis=1))
    lengths = np.linalg.norm(vectors, axis=1)
    assert (lengths < 6).all()
    assert vectors[0] @ vectors[1] < 0


def test_the_table_names_shares_with_their_control(found):
    lines = sliders_table(found).splitlines()
    assert lines[0].split() == [
        "slider",
        "of",
        "an",
        "exported",
        "page",
        "keeps",
        "the",
        "rest",
        "by",
        "chance",
    ]
    assert lines[1].split()[0] == "one"
    assert lines[1].count("%") == 2
    assert sliders_table([]) == ""
    assert "–" in sliders_table([SimpleNamespace(name="x", kept=None, kept_by_chance=None)])
