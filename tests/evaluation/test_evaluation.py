"""What an evaluation says: its sentence, its warnings, its record, its table."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from rich.console import Console

from dcgan_tf.evaluation.evaluation import Evaluation, Row, shown
from dcgan_tf.evaluation.scores import LOOK, LOWER, WHOLE, Score
from dcgan_tf.evaluation.table import conditions, table


def evaluation(value: float = 8.94, error: float | None = 0.1, real: float = 0.6) -> Evaluation:
    rows = (
        Row(Score("frechet_distance", "Fréchet distance", WHOLE, LOWER, value, error), real, 540.2),
        Row(Score("precision", "precision", LOOK, "higher", 0.5, 0.01), 0.8, math.nan),
    )
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


def test_a_set_nearer_than_real_images_may_be_learnt_by_heart():
    # 0.6 - 0.29 is more than 3 * 0.1, 0.6 - 0.31 is not.
    assert evaluation(value=0.31).warnings == ("the classifier is poor",)
    poor, copied = evaluation(value=0.29).warnings
    assert poor == "the classifier is poor"
    assert "below that of other real images, 0.600, by more than 3 errors" in copied
    assert "dcgan-tf neighbours" in copied


def test_nearer_than_fewer_real_images_says_nothing():
    fewer = replace(evaluation(value=0.29), comparable=False)
    assert fewer.warnings == ("the classifier is poor",)


def test_the_record_has_every_number_and_the_protocol():
    record = evaluation().record()
    assert record["step"] == 7500
    assert record["frechet_distance"] == {
        "name": "Fréchet distance",
        "value": 8.94,
        "error": 0.1,
        "other_real_images": 0.6,
        "pixels_without_form": 540.2,
    }
    assert record["precision"]["pixels_without_form"] is None  # JSON has no word for it
    assert record["protocol"]["space"] == "mnist classifier"
    assert record["protocol"]["warnings"] == ["the classifier is poor"]


def printed(*headings: str) -> str:
    console = Console(width=140, record=True, quiet=True)
    with console.capture() as capture:
        console.quiet = False
        console.print(table({heading: evaluation() for heading in headings}))
    return capture.get()


def test_the_table_has_a_column_for_each_set_and_both_ends():
    lines = printed("best, step 3,000", "last, step 7,500").splitlines()
    [heading] = [line for line in lines if "better" in line]
    names = ["best, step 3,000", "last, step 7,500", "other real images", "pixels without form", "better"]
    assert [heading.index(name) for name in names] == sorted(heading.index(name) for name in names)
    [row] = [line.split() for line in lines if "Fréchet" in line]
    assert row == ["Fréchet", "distance", "8.94", "±", "0.100", "8.94", "±", "0.100", "0.600", "540", "lower"]


def test_the_conditions_are_told_in_two_lines():
    first, second = conditions(evaluation())
    assert first == (
        "2,000 samples of runs/a, averaged weights (EMA), seed 0, in the space: mnist classifier (99.0% "
        "right on 10,000 held-out images)"
    )
    assert second == (
        "held against 10,000 of 60,000 images of split train of tfds:mnist; the other real images are "
        "2,000 images of split test (held out)"
    )
