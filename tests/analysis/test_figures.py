"""What stands on figures."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from dcgan_tf.analysis.figures import bar_chart, percentage
from dcgan_tf.analysis.turn.figure import turn_figure


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.975, "97.5"),
        (0.985, "98.5"),
        (0.98, "98"),
        (0.0571, "5.7"),
        (0, "0"),
        (1, "100"),
        (0.0004, "<0.1"),
        (0.9996, ">99.9"),
    ],
)
def test_a_percentage_says_a_tenth_and_neither_none_nor_all_unless_it_is_so(share, text):
    assert percentage(share) == text


def test_bars_of_two_heights_have_two_labels():
    axes = Figure().subplots()
    bar_chart(axes, ["kept", "changed"], {"this run": [0.975, 0.985], "random": [0.98, 0.005]})
    labels = [text.get_text() for text in axes.texts]
    assert labels == ["97.5", "98.5", "98", "0.5"]


def test_the_axes_of_a_turn_say_what_is_on_them():
    pictures = {kind: np.zeros((2, 5, 8, 8, 3), np.uint8) for kind in ("this direction", "random", "pixels")}
    values = {kind: np.linspace(0, 1, 10).reshape(2, 5) for kind in pictures}
    figure = turn_figure(
        "turn",
        pictures,
        values,
        {kind: [0.5] for kind in pictures},
        groups=["rises"],
        unit="turn, in the data's own units",
        shown=2,
    )
    labels = {axes.get_xlabel(): axes.get_ylabel() for axes in figure.get_axes() if axes.get_xlabel()}
    assert labels == {"how far it was moved": "turn, in the data's own units"}
