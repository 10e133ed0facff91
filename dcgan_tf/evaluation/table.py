"""Show an evaluation as tables for people, at most 80 columns wide."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from itertools import zip_longest

from dcgan_tf.evaluation.controls import CONTROLS
from dcgan_tf.evaluation.result import FORMLESS, REAL, Evaluation, Row, shown
from dcgan_tf.evaluation.scores import AS_REAL, HIGHER, LOWER, Score

TABLE_WIDTH = 80
CAPTION = (
    "± is one standard error; ↓ lower is better, ↑ higher, ≈ as real images have it. "
    "Read each number between its two ends: real images, pixels without form."
)
_ARROWS = {LOWER: "↓", HIGHER: "↑", AS_REAL: "≈"}
_GAP = "  "


def evaluation_table(evaluations: Mapping[str, Evaluation]) -> list[str]:
    """Return the lines of a table of one or more sets of pictures and the same real images.

    Sets that do not fit beside each other get tables of their own.

    Args:
        evaluations: {heading: evaluation}, at least one.
    """
    lines = _table(evaluations)
    if max(map(len, lines)) > TABLE_WIDTH and len(evaluations) > 1:
        lines = [line for name, one in evaluations.items() for line in [*_table({name: one}), ""]]
    return [*lines, *textwrap.wrap(CAPTION, TABLE_WIDTH)]


def controls_table(evaluation: Evaluation) -> list[str]:
    """Return the lines of a table of the control pictures' scores, or none without controls."""
    rows = [row for row in evaluation.rows if CONTROLS.keys() & row.ends.keys()]
    if not rows:
        return []
    names = {REAL: "other real images", FORMLESS: "pixels without form", **CONTROLS}
    columns = {
        heading: [shown(row.ends[end].value) if end in row.ends else "–" for row in rows]
        for end, heading in names.items()
    }
    return ["Scores of control pictures, which show nothing:", *_laid_out(rows, columns)]


def evaluation_conditions(evaluation: Evaluation) -> list[str]:
    """Return how the numbers were measured, in two sentences."""
    protocol = evaluation.protocol
    space = f"{protocol['space']}"
    shown_class = f", class {protocol['class']}" if "class" in protocol else ""
    if "classifier_accuracy" in protocol:
        space += f" ({protocol['classifier_accuracy']:.1%} right on {protocol['classifier_measured_on']})"
    return [
        f"{protocol['generated_images']:,} samples of {protocol['source']}{shown_class}, "
        f"{protocol['generator']}, "
        f"seed {protocol['seed']}, in the space: {space}",
        f"compared with {protocol['reference']} of {protocol['against']}{shown_class}; the other real images "
        f"are {protocol['real_images']}",
    ]


def _table(evaluations: Mapping[str, Evaluation]) -> list[str]:
    first, *_ = evaluations.values()
    columns = {heading: [with_error(row.score) for row in one.rows] for heading, one in evaluations.items()}
    columns["other real images"] = [shown(row.real) for row in first.rows]
    columns["pixels without form"] = [shown(row.bad) for row in first.rows]
    return _laid_out(first.rows, columns)


def _laid_out(rows: Sequence[Row], columns: Mapping[str, Sequence[str]]) -> list[str]:
    """Return a heading, and a line for each question and for each row that answers it."""
    labels = [f"  {row.score.name}" for row in rows]
    widest = max(map(len, labels))
    # Headings are wrapped, so that numbers decide how wide a column is, or a heading's longest word.
    widths = [max(map(len, (*name.split(), *cells))) for name, cells in columns.items()]
    headings = [textwrap.wrap(name, width) for name, width in zip(columns, widths, strict=True)]
    lines = [_line("", widest, " ", words, widths) for words in zip_longest(*headings, fillvalue="")]
    lines.append("─" * len(_line("", widest, " ", widths, widths)))
    question = None
    for number, (row, label) in enumerate(zip(rows, labels, strict=True)):
        if row.score.question != question:
            question = row.score.question
            lines.append(question)
        cells = [column[number] for column in columns.values()]
        lines.append(_line(label, widest, _ARROWS[row.score.better], cells, widths))
    return lines


def _line(label: str, widest: int, arrow: str, cells: Sequence[object], widths: Sequence[int]) -> str:
    numbers = [f"{cell:>{width}}" for cell, width in zip(cells, widths, strict=True)]
    return _GAP.join([f"{label:<{widest}} {arrow}", *numbers]).rstrip()


def with_error(score: Score) -> str:
    """Return a score's value with its error in two digits."""
    if score.error is None:
        return shown(score.value)
    digits = 1 - math.floor(math.log10(score.error)) if score.error > 0 else 0
    return f"{shown(score.value)} ± {score.error:,.{min(max(digits, 0), 4)}f}"
