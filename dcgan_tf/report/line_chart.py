"""Draw the course of training as inline SVG, in the colours of the page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dcgan_tf.report.markup import text

_WIDTH, _HEIGHT = 420, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 14, 40
MOST_POINTS = 400
"""More records than this are averaged in groups before they are drawn."""
SMOOTHING = 15
"""The points that the thick line averages: a point and at most 7 on each side."""

_LEAST, _MOST = 1e-30, 1e30
"""Numbers outside every axis: smaller ones are drawn as 0, larger ones not at all."""

Point = tuple[float, float | None]


@dataclass(frozen=True)
class Curve:
    """One curve.

    Attributes:
        name: name in the legend.
        points: (x, y) by ascending x; y is None where it was not finite.
    """

    name: str
    points: Sequence[Point]


def chart(
    title: str,
    lines: Sequence[Curve],
    *,
    x: str,
    highest: float | None = None,
    level: float | None = None,
    smoothed: bool = True,
) -> str:
    """Draw curves: thin lines of the records, and thick lines of running means.

    Args:
        title: title above the chart.
        lines: at least one, with at least one point each.
        x: name of the horizontal axis.
        highest: the upper end of the vertical axis, which starts at 0; by default what the thick lines need.
        level: the height of a dashed horizontal line.
        smoothed: whether the thick lines are running means, or the records themselves.

    Returns:
        A <figure>.
    """
    raw = [_thinned(line.points) for line in lines]
    smooth = [_smoothed(points) for points in raw] if smoothed else raw
    top = highest or _nice_top(max((y for points in smooth for _, y in points if y is not None), default=1.0))
    right = max((points[-1][0] for points in raw if points), default=1.0)
    right = right if right > _LEAST else 1.0
    marks = [_grid(top, right, x)]
    if level is not None:
        y = _y(level, top)
        marks.append(f'<line class="level" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
    for i, (thin, thick) in enumerate(zip(raw, smooth, strict=True)):
        marks.append(f'<path class="thin line{i}" d="{_path(thin, top, right)}"/>')
        marks.append(f'<path class="thick line{i}" d="{_path(thick, top, right)}"/>')
    legend = "".join(f'<li class="line{i}">{text(line.name)}</li>' for i, line in enumerate(lines))
    return (
        f'<figure class="chart"><figcaption>{text(title)}</figcaption>'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{text(title)}">{"".join(marks)}</svg>'
        f'<ul class="legend">{legend}</ul></figure>'
    )


def _thinned(points: Sequence[Point]) -> list[Point]:
    """Average groups of neighbouring points until few enough are left."""
    size = math.ceil(len(points) / MOST_POINTS) or 1
    groups = [points[i : i + size] for i in range(0, len(points), size)]
    return [(group[-1][0], _mean([y for _, y in group])) for group in groups]


def _smoothed(points: Sequence[Point]) -> list[Point]:
    """Return running means over symmetrical windows, which are narrower at both ends."""
    means = []
    for i, (x, _) in enumerate(points):
        reach = min(i, len(points) - 1 - i, SMOOTHING // 2)
        means.append((x, _mean([y for _, y in points[i - reach : i + reach + 1]])))
    return means


def _mean(values: Sequence[float | None]) -> float | None:
    finite = [value for value in values if value is not None and abs(value) < _MOST]
    return sum(finite) / len(finite) if finite else None


def _nice_top(value: float) -> float:
    """Return the upper end of an axis for values up to this one, a round number."""
    if value <= _LEAST:
        return 1.0
    unit: float = 10 ** math.floor(math.log10(value))
    return next(m * unit for m in (1, 1.5, 2, 3, 4, 5, 6, 8, 10, 12) if m * unit >= 1.1 * value)


def _y(value: float, top: float) -> float:
    share = min(max(value / top, 0.0), 1.0)  # a spike of the thin line ends at the frame
    return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _x(value: float, right: float) -> float:
    return round(_LEFT + value / right * (_WIDTH - _LEFT - _RIGHT), 1)


def _path(points: Sequence[Point], top: float, right: float) -> str:
    """Return the curve; it is interrupted where there is no value."""
    parts, pen_down = [], False
    for x, y in points:
        if y is None:
            pen_down = False
            continue
        parts.append(f"{'L' if pen_down else 'M'}{_x(x, right)} {_y(y, top)}")
        pen_down = True
    return "".join(parts)


def _grid(top: float, right: float, x: str) -> str:
    marks = []
    for i in range(5):
        value = top * i / 4
        y = _y(value, top)
        marks.append(f'<line class="rule" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>')
        marks.append(f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{value:.3g}</text>')
    step = _tick(right)
    for i in range(int(right / step + 1e-6) + 1):
        marks.append(
            f'<text x="{_x(i * step, right)}" y="{_HEIGHT - _BOTTOM + 17}" text-anchor="middle">'
            f"{i * step:,.3g}</text>"
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    marks.append(f'<text x="{middle}" y="{_HEIGHT - 4}" text-anchor="middle">{text(x)}</text>')
    return "".join(marks)


def _tick(right: float) -> float:
    """Return the distance of the marks below the chart: a round number, at most seven of them."""
    unit: float = 10 ** math.floor(math.log10(right / 7))
    return next(m * unit for m in (1, 2, 5, 10) if right / (m * unit) <= 7)
