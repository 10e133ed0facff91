"""Curves as SVG: where their points are."""

from __future__ import annotations

import re

from dcgan_tf.report.line_chart import MOST_POINTS, Curve, chart


def paths(html: str, kind: str) -> list[list[tuple[float, float]]]:
    """Return the points of the curves of one kind."""
    found = re.findall(rf'class="{kind} line\d" d="(.*?)"', html)
    return [[tuple(map(float, p.split())) for p in re.findall(r"[ML]([\d. ]+)", path)] for path in found]


def test_a_constant_at_half_of_the_axis_is_in_its_middle():
    html = chart("t", [Curve("a", [(0.0, 0.5), (10.0, 0.5)])], x="step", highest=1.0, level=0.5)
    (thin,) = paths(html, "thin")
    (level,) = re.findall(r'class="level".*?y1="([\d.]+)"', html)
    rules = [float(y) for y in re.findall(r'class="rule".*?y1="([\d.]+)"', html)]
    assert [y for _, y in thin] == [float(level)] * 2 == [(rules[0] + rules[-1]) / 2] * 2
    assert thin[0][0] == 44  # the axis
    assert thin[1][0] == 408  # the right edge


def test_higher_is_further_up_and_spikes_end_at_the_frame():
    points = [(float(i), 1.0) for i in range(30)]
    points[15] = (15.0, 100.0)
    (thin,) = paths(chart("t", [Curve("a", points)], x="step", highest=2.0), "thin")
    assert thin[15][1] == min(y for _, y in thin) == 14
    assert thin[14][1] > thin[15][1]


def test_the_thick_line_is_the_running_mean():
    points = [(float(i), float(i % 2)) for i in range(40)]
    (thick,) = paths(chart("t", [Curve("a", points)], x="step", highest=1.0), "thick")
    heights = [1 - (y - 14) / (250 - 40 - 14) for _, y in thick]
    assert heights[0] == 0
    assert all(abs(height - 0.5) < 0.05 for height in heights[7:-7])


def test_long_trainings_are_thinned():
    points = [(float(i), 1.0) for i in range(10 * MOST_POINTS + 3)]
    (thin,) = paths(chart("t", [Curve("a", points)], x="step"), "thin")
    assert MOST_POINTS / 2 < len(thin) <= MOST_POINTS


def test_one_record_is_enough():
    assert "<svg" in chart("t", [Curve("a", [(1.0, None)])], x="step")
    assert "<svg" in chart("t", [Curve("a", [(1.0, 2.0)])], x="step")
