"""An evaluation as a table for people."""

from __future__ import annotations

from collections.abc import Mapping

from rich.box import SIMPLE
from rich.table import Table

from dcgan_tf.evaluation.evaluation import Evaluation, shown
from dcgan_tf.evaluation.scores import Score

CAPTION = "± is one standard error. Read each number between its two ends: real images, pixels without form."


def table(evaluations: Mapping[str, Evaluation]) -> Table:
    """Return the metrics of one or more sets of pictures, held against the same real images.

    Args:
        evaluations: {heading: evaluation}, at least one.
    """
    grid = Table(box=SIMPLE, caption=CAPTION, caption_justify="left", pad_edge=False)
    grid.add_column("")
    for heading in (*evaluations, "other real images", "pixels without form"):
        grid.add_column(heading, justify="right")
    grid.add_column("better")
    first, *_ = evaluations.values()
    question = None
    for number, row in enumerate(first.rows):
        if row.score.question != question:
            question = row.score.question
            grid.add_row(f"[bold]{question}[/bold]")
        cells = [_with_error(one.rows[number].score) for one in evaluations.values()]
        grid.add_row(f"  {row.score.name}", *cells, shown(row.real), shown(row.bad), row.score.better)
    return grid


def conditions(evaluation: Evaluation) -> list[str]:
    """Return how the numbers were measured, in two lines."""
    protocol = evaluation.protocol
    space = f"{protocol['space']}"
    shown_class = f", class {protocol['class']}" if "class" in protocol else ""
    if "classifier_accuracy" in protocol:
        space += f" ({protocol['classifier_accuracy']:.1%} right on {protocol['classifier_measured_on']})"
    return [
        f"{protocol['generated_images']:,} samples of {protocol['source']}{shown_class}, "
        f"{protocol['generator']}, "
        f"seed {protocol['seed']}, in the space: {space}",
        f"held against {protocol['reference']} of {protocol['against']}{shown_class}; the other real images "
        f"are {protocol['real_images']}",
    ]


def _with_error(score: Score) -> str:
    return shown(score.value) if score.error is None else f"{shown(score.value)} ± {shown(score.error)}"
