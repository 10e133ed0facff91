"""What an evaluation says: its sentence, its warnings, its record, its table."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from dcgan_tf.evaluation.controls import CONTROLS
from dcgan_tf.evaluation.result import FORMLESS, REAL, Evaluation, Row, shown
from dcgan_tf.evaluation.scores import LOOK, LOWER, WHOLE, Score
from dcgan_tf.evaluation.table import controls_table, evaluation_conditions, evaluation_table, with_error


def end(value: float, alone: float | None = None) -> Score:
    return Score("", "", WHOLE, LOWER, value, None, alone)


def evaluation(value: float = 8.94, error: float | None = 0.1) -> Evaluation:
    leading = Score("frechet_distance", "Fréchet distance", WHOLE, LOWER, value, error)
    guarded = Score("guarded_precision", "precision, guarded", LOOK, "higher", 0.5, 0.0117, 0.7)
    ends = {REAL: end(0.6), FORMLESS: end(540.2), "random_pixels": end(612.7)}
    rows = (Row(leading, ends), Row(guarded, {REAL: end(0.8, 0.84), FORMLESS: end(math.nan, 0.2)}))
    protocol = {
        "source": "runs/a",
        "step": 7500,
        "generator": "averaged weights (EMA)",
        "space": "mnist classifier",
        "classifier_accuracy": 0.9899,
        "classifier_measured_on": "10,000 held-out images",
        "against": "tfds:mnist",
        "reference": "10,000 of 60,000 images of split train",
        "real_images": "2,000 images of split test (held out)",
        "generated_images": 2000,
        "seed": 0,
    }
    return Evaluation(rows, protocol, ("the classifier is poor",))


def test_one_plain_sentence_puts_the_first_number_between_its_ends():
    assert evaluation().summary == (
        "Fréchet distance 8.94: other real images get 0.600, pixels without form 540."
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (8.9449, "8.94"), (85.06, "85.1"), (540.2, "540"), (0.00031, "0.0003"), (-0.268, "-0.268"),
     (2078.4, "2,078"), (math.nan, "nan")],
)  # fmt: skip
def test_numbers_have_three_digits_and_no_exponent(value, text):
    assert shown(value) == text


def test_the_record_has_every_number_and_the_protocol():
    record = evaluation().record()
    assert record["step"] == 7500
    assert record["frechet_distance"] == {
        "name": "Fréchet distance",
        "value": 8.94,
        "error": 0.1,
        "other_real_images": 0.6,
        "pixels_without_form": 540.2,
        "random_pixels": 612.7,
    }
    precision = record["guarded_precision"]
    assert precision["pixels_without_form"] is None  # JSON has no word for it
    assert precision["features_alone"] == {
        "value": 0.7,
        "other_real_images": 0.84,
        "pixels_without_form": 0.2,
    }
    assert record["protocol"]["space"] == "mnist classifier"
    assert record["warnings"] == ["the classifier is poor"]


def printed(*headings: str) -> list[str]:
    return evaluation_table({heading: evaluation() for heading in headings})


def test_the_table_has_a_column_for_each_set_and_both_ends():
    lines = printed("best, step 3,000", "last, step 7,500")
    assert [line.split() for line in lines[:3]] == [
        ["best,", "step", "last,", "step", "other", "pixels"],
        ["3,000", "7,500", "real", "without"],
        ["images", "form"],
    ]
    rows = [line.split() for line in lines]
    assert ["Fréchet", "distance", "↓", *["8.94", "±", "0.10"] * 2, "0.600", "540"] in rows
    assert ["precision,", "guarded", "↑", *["0.500", "±", "0.012"] * 2, "0.800", "nan"] in rows
    assert lines[4] == WHOLE


def wide(value: float) -> Evaluation:
    """Return an evaluation with all names, and with numbers as long as they get."""
    names = ("kernel distance × 1,000", "  details of 128 px", "form of real images", "MS-SSIM of pairs")
    controls = dict.fromkeys(CONTROLS, end(-value))
    rows = [
        Row(
            Score(name, name, WHOLE, LOWER, value, value),
            {REAL: end(value), FORMLESS: end(value), **controls},
        )
        for name in names
    ]
    return replace(evaluation(), rows=tuple(rows))


@pytest.mark.parametrize("value", [0.0003, 0.123456, 12.34, 1234.5, 123456.0])
def test_tables_fit_into_80_columns_whatever_the_numbers(value):
    sets = {"best, step 1,234,567": wide(value), "last, step 2,345,678": wide(value)}
    lines = [*evaluation_table(sets), *controls_table(wide(value))]
    assert max(map(len, lines)) <= 80
    for heading in ("best,", "last,", "untrained", "random"):
        assert any(heading in line for line in lines)
    assert not any("…" in line for line in lines)


def test_errors_have_two_digits():
    errors = (0.0740, 1.83, 0.00001, 123.4, 0.0, None)
    texts = [with_error(Score("a", "a", WHOLE, LOWER, 5.0, error)) for error in errors]
    assert texts == ["5.00 ± 0.074", "5.00 ± 1.8", "5.00 ± 0.0000", "5.00 ± 123", "5.00 ± 0", "5.00"]


def test_what_pictures_that_are_none_get_is_a_table_of_its_own():
    heading, *lines = controls_table(wide(0.5))
    assert heading == "Scores of control pictures, which show nothing:"
    assert [line.split()[-5:] for line in lines if "details" in line] == [["0.500"] * 2 + ["-0.500"] * 3]
    assert controls_table(replace(evaluation(), rows=evaluation().rows[1:])) == []


def test_the_conditions_are_told_in_two_lines():
    first, second = evaluation_conditions(evaluation())
    assert first == (
        "2,000 samples of runs/a, averaged weights (EMA), seed 0, in the space: mnist classifier (99.0% "
        "right on 10,000 held-out images)"
    )
    assert second == (
        "compared with 10,000 of 60,000 images of split train of tfds:mnist; the other real images are "
        "2,000 images of split test (held out)"
    )
