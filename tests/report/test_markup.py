"""Numbers as people read them."""

from __future__ import annotations

import pytest

from dcgan_tf.report.markup import number, plain


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.8249, "share", "82.5 %"),
        (1234.0, "count", "1,234"),
        (1.2345, "ratio", "1.23"),
        (12.0, "levels", "12"),
        (1234.56, "", "1,234.6"),
        (-0.00012, "", "-0.00012"),
        (float("nan"), "share", "–"),
        (None, "", "–"),
    ],
)
def test_numbers_are_rounded_to_what_they_mean(value, unit, shown):
    assert number(value, unit) == shown


def test_json_is_written_out():
    assert plain({"held_out": 0.98761, "names": ["a", 1234], "on": True, "of": None}) == (
        "held out 0.9876, names a, 1,234, on yes, of none"
    )
