"""What a formula of concepts means."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.concepts import Concept, complete, describe, expected, parse_concept

KNOWN = ("woman", "crown", "glasses")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("crown", {"crown": True}),
        ("man+crown", {"woman": False, "crown": True}),
        (" no-glasses + woman ", {"glasses": False, "woman": True}),
        ("crown+crown", {"crown": True}),
    ],
)
def test_a_concept_is_read(text, wanted):
    assert parse_concept(text, KNOWN).wanted == wanted


def test_woman_is_read_where_only_male_is_an_attribute():
    assert parse_concept("woman+Smiling", ("Male", "Smiling")).wanted == {"Male": False, "Smiling": True}


@pytest.mark.parametrize(
    ("word", "known", "wanted"),
    [
        ("man", ("Male",), {"Male": True}),
        ("woman", ("Male",), {"Male": False}),
        ("man", ("woman",), {"woman": False}),
        ("woman", ("Female",), {"Female": True}),
        ("smile", ("Smiling",), {"Smiling": True}),
    ],
)
def test_words_stand_for_other_data_sets_attributes(word, known, wanted):
    assert parse_concept(word, known).wanted == wanted


def test_an_unknown_name_lists_what_there_is():
    with pytest.raises(ValueError, match="'hat' is not known here; there are woman, crown, glasses"):
        parse_concept("man+hat", KNOWN)


def test_a_contradiction_is_refused():
    with pytest.raises(ValueError, match="asks for 'woman' and for its absence"):
        parse_concept("man+woman", KNOWN)


def test_clarity_is_the_least_margin_with_its_sign():
    margins = {"woman": np.array([-3.0, -1.0, 2.0]), "crown": np.array([1.0, 4.0, 4.0])}
    king = Concept("king", {"woman": False, "crown": True})
    np.testing.assert_array_equal(king.clarity(margins), [1.0, 1.0, -2.0])


def test_king_minus_man_plus_woman_expects_a_crowned_woman():
    king, man, woman = (parse_concept(text, KNOWN) for text in ("man+crown", "man", "woman"))
    plus, minus = complete([king, woman], [man])
    assert [concept.wanted for concept in (*plus, *minus)] == [
        {"woman": False, "crown": True},
        {"woman": True, "crown": False},
        {"woman": False, "crown": False},
    ]
    assert expected(plus, minus).wanted == {"woman": True, "crown": True}
    assert expected(plus, minus).name == "woman+crown"


def test_what_has_a_word_for_its_absence_stays_open():
    plus, minus = complete([parse_concept("crown+glasses", KNOWN)], [parse_concept("woman+crown", KNOWN)])
    assert plus[0].wanted == {"crown": True, "glasses": True}
    assert minus[0].wanted == {"woman": True, "crown": True, "glasses": False}


def test_a_formula_that_cancels_itself_is_refused():
    crown = parse_concept("crown", KNOWN)
    with pytest.raises(ValueError, match="cancels itself out"):
        expected([crown], [crown])


def test_attributes_are_described_as_one_writes_them():
    assert describe({"woman": False, "glasses": False, "crown": True}) == "man+no-glasses+crown"
