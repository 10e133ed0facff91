"""Arithmetic on latents and pixels, on generators whose answer is known."""

from __future__ import annotations

import importlib
import itertools
from dataclasses import replace

import numpy as np
import pytest

from dcgan_tf.analysis.arithmetic.analogies import all_formulas, analogies
from dcgan_tf.analysis.arithmetic.arithmetic import grade
from dcgan_tf.analysis.arithmetic.figure import with_neighbours
from dcgan_tf.analysis.arithmetic.formulas import (
    Formula,
    Shares,
    combine,
    draw_exemplars,
    judged,
    latent_arithmetic,
    pixel_arithmetic,
)
from dcgan_tf.analysis.samples import Judgement
from dcgan_tf.errors import ArgumentError, RunError
from stand_ins import PaintedJudges, paint, painted_samples

KNOWN = ("woman", "crown")
KING = Formula.parse(["man+crown", "woman"], ["man"], KNOWN)
CORNERS = np.array(list(itertools.product((-1.0, 1.0), repeat=2)), np.float32)  # (woman, crown)
KINGS, MEN, WOMEN = 1, 0, 2  # their rows in CORNERS


def test_terms_are_read_from_left_to_right():
    assert str(KING) == "man+crown − man + woman"
    assert KING.signs == [1, -1, 1]
    assert [term.name for term in KING.terms] == ["man+crown", "man", "woman"]


def test_nothing_to_add_is_refused():
    with pytest.raises(ValueError, match="at least one concept to add"):
        Formula.parse([], ["man"], KNOWN)


@pytest.mark.parametrize("wrong", ["woman", [1], None, 3])
def test_what_is_no_list_of_concepts_is_refused(wrong):
    """A text would be read letter by letter."""
    for plus, minus, name in ((wrong, [], "plus"), (["woman"], wrong, "minus")):
        with pytest.raises(ArgumentError, match=f"{name} must be a list of concepts, such as"):
            Formula.parse(plus, minus, KNOWN)


def test_means_are_added_with_their_signs():
    values = np.array([[1.0], [3.0], [10.0], [20.0], [100.0], [300.0]], np.float32)
    chosen = [np.array([[0, 1]]), np.array([[2, 3]]), np.array([[4, 5]])]
    np.testing.assert_allclose(combine(values, [1, -1, 1], chosen), [[2.0 - 15.0 + 200.0]])


def test_pixels_are_rounded_and_clipped():
    images = np.array([10, 20, 250, 7], np.uint8).reshape(4, 1, 1, 1)
    one = [np.array([[i]]) for i in range(3)]
    assert pixel_arithmetic(images, [1, -1, 1], one).item() == 240
    assert pixel_arithmetic(images, [1, 1, 1], one).item() == 255
    assert pixel_arithmetic(images, [1, -1, -1], one).item() == 0
    assert pixel_arithmetic(images, [1], [np.array([[0, 3]])]).item() == 8  # 8.5 to the even number


def test_exemplars_of_a_draw_differ_and_follow_from_the_seed():
    pools = [np.arange(5), np.arange(100, 112)]
    drawn = draw_exemplars(pools, 4, draws=50, seed=3)
    assert [rows.shape for rows in drawn] == [(50, 4), (50, 4)]
    assert all(len(set(row)) == 4 for rows in drawn for row in rows)
    assert set(drawn[0].ravel()) == set(range(5))
    for again, first in zip(draw_exemplars(pools, 4, draws=50, seed=3), drawn, strict=True):
        np.testing.assert_array_equal(again, first)
    assert np.any(draw_exemplars(pools, 4, draws=50, seed=4)[0] != drawn[0])


def test_on_a_linear_generator_the_king_becomes_a_queen_every_time():
    samples = painted_samples(CORNERS)
    chosen = [np.full((7, 1), row) for row in (KINGS, MEN, WOMEN)]
    assert grade(samples, KING, chosen).latents == Shares(right=1.0, shown=1.0)


def test_the_result_is_scaled_to_the_length_of_ordinary_latents():
    """Three latents of length 3 each, in 2 dimensions, where ordinary ones are sqrt(2) long."""
    samples = painted_samples(3 * CORNERS / np.sqrt(2))
    chosen = [np.array([[row]]) for row in (KINGS, MEN, WOMEN)]
    (latent,) = latent_arithmetic(samples, KING.signs, chosen)
    np.testing.assert_allclose(latent, [1.0, 1.0], rtol=1e-6)


def test_pixels_are_graded_beside_the_latents():
    """In pixels king - man + woman of the levels 98 and 158 is a queen too; D knows no third level."""
    samples = painted_samples(CORNERS)
    chosen = [np.full((7, 1), row) for row in (KINGS, MEN, WOMEN)]
    assert grade(samples, KING, chosen).pixels == Shares(right=1.0, shown=1.0)
    between = [np.array([[KINGS, WOMEN]]), np.array([[MEN, KINGS]]), np.array([[WOMEN, MEN]])]
    known = PaintedJudges(
        lambda images: -np.abs(np.abs(images[:, 0, 0, 0] - 127.5) - 30.0).astype(np.float32)
    )
    graded = grade(painted_samples(CORNERS, known), KING, between)
    assert graded.pixels == Shares(right=0.0, shown=0.0)  # (0, 0) - (-1, 0) + (0, -1): on the border


def test_analogies_of_what_hardly_occurs_are_left_out(monkeypatch):
    """No queen among the samples: three of the four formulas need one or expect one's exemplars."""
    latents = np.repeat(CORNERS[[0, 1, 2]], 40, axis=0)  # men, kings, women
    samples = painted_samples(latents)
    subject = samples.subject
    subject.classifier.doubtful = lambda names: []
    subject.protocol = lambda **facts: {"exemplars": facts["exemplars"], "draws": facts["draws"]}
    subject.classifier_facts = dict
    module = importlib.import_module("dcgan_tf.analysis.arithmetic.analogies")  # the package has the function
    monkeypatch.setattr(module, "Subject", lambda run: subject)
    monkeypatch.setattr(module.Samples, "draw", lambda *args, **kwargs: samples)
    monkeypatch.setattr(
        module.Samples, "near_real", 1.0
    )  # these samples are points, which resemble no images
    finding = analogies(subject.run, draws=5)
    assert [row["formula"] for row in finding.details["analogies"]] == [
        "man+crown − man+no-crown + woman+no-crown"
    ]
    assert finding.measures[0].value == 1.0
    assert finding.measures[0].controls["random latents"] == 0.0
    (warning,) = finding.warnings
    assert warning.startswith("3 of 4 analogies are left out; ")
    assert "man+crown − man+no-crown + woman+no-crown" in finding.table
    assert "100.0%" in finding.table


def test_the_wrong_formula_on_the_same_generator_fails_every_time():
    samples = painted_samples(CORNERS)
    chosen = [np.full((7, 1), row) for row in (KINGS, WOMEN, MEN)]  # king - woman + man
    assert grade(samples, KING, chosen).latents == Shares(right=0.0, shown=0.0)


def test_what_is_shown_but_not_realistic_is_not_right():
    real = CORNERS.repeat(50, axis=0)
    # D knows levels 98 and 158 only; all else, such as the half-way levels of a mean, it finds impossible.
    known = PaintedJudges(
        lambda images: -np.abs(np.abs(images[:, 0, 0, 0] - 127.5) - 30.0).astype(np.float32)
    )
    samples = painted_samples(real, known)
    between = paint(np.array([[1.0, 1.0], [0.5, 1.0], [1.0, -1.0], [-1.0, 1.0]], np.float32))
    assert judged(samples, between, KING.expected) == Shares(right=0.25, shown=0.5)


def test_exemplars_are_well_drawn_and_far_from_a_border():
    # All eight are queens, as clearly in their own pictures. D finds the first six well drawn; four of these
    # lie close to the border, where the crown would vanish, and two in the middle of all queens.
    angles = np.radians([2, 5, 8, 11, 40, 45, 45, 45])
    latents = np.float32(np.sqrt(2) * np.stack([np.cos(angles), np.sin(angles)], axis=1))

    class Sure(PaintedJudges):
        def judge(self, images: np.ndarray) -> Judgement:
            judgement = super().judge(images)
            margins = {name: np.sign(values) for name, values in judgement.margins.items()}
            return replace(judgement, predictions=replace(judgement.predictions, margins=margins))

    samples = painted_samples(latents, Sure(lambda images: np.float32(np.arange(len(images)) < 6)))
    assert list(samples.exemplars(KING.expected, at_least=2)) == [4, 5]
    with pytest.raises(
        RunError,
        match=r"2 of 8 samples are good exemplars of 'woman\+crown' \(8 show it at all\)",
    ):
        samples.exemplars(KING.expected, at_least=3)


def test_chance_is_what_ordinary_samples_show():
    samples = painted_samples(np.concatenate([CORNERS] * 25))
    assert samples.chance(KING.expected) == 0.25


def test_neighbours_surround_the_result():
    latent = np.zeros(1000, np.float32)
    nine = with_neighbours(latent, seed=1)
    np.testing.assert_array_equal(nine[4], latent)
    others = np.delete(nine, 4, axis=0)
    assert np.abs(others).max() <= 0.25
    assert np.abs(others).mean() == pytest.approx(0.125, abs=0.01)


def test_every_analogy_of_two_attributes_is_there_once():
    formulas = all_formulas(("woman", "crown", "smile"))
    assert len(formulas) == 3 * 4
    sums = {
        (frozenset(frozenset(c.wanted.items()) for c in f.plus), frozenset(f.minus[0].wanted.items()))
        for f in formulas
    }
    assert len(sums) == 12
    king = next(f for f in formulas if f.terms[0].name == "man+crown")
    assert str(king) == "man+crown − man+no-crown + woman+no-crown"
    assert king.expected.wanted == {"woman": True, "crown": True}


def test_one_attribute_has_no_analogy():
    assert all_formulas(("crown",)) == []
