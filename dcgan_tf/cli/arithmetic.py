"""The command that computes with concepts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.finding import analysis_options, report_finding

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding
    from dcgan_tf.runs.load import Run


@click.command(short_help="King - man + woman: compute with what pictures show.")
@analysis_options(8192, of="Samples among which the exemplars are found.")
@click.option(
    "--plus",
    multiple=True,
    metavar="CONCEPT",
    help="To be added: attributes joined by +, such as man+crown; 'no-' before one asks for its absence. Or "
    "the numbers of samples, such as 3,17,42. Can be given several times.",
)
@click.option("--minus", multiple=True, metavar="CONCEPT", help="To be subtracted; like --plus.")
@click.option("--all", "every", is_flag=True, help="Every analogy of two attributes, as a table.")
@click.option(
    "--draws", type=click.IntRange(1), default=200, show_default=True, help="Random choices of exemplars."
)
def arithmetic(
    run: Path,
    plus: tuple[str, ...],
    minus: tuple[str, ...],
    every: bool,
    draws: int,
    num_images: int,
    seed: int,
    **options: Any,
) -> None:
    """Add and subtract the mean latents of exemplars, as in king - man + woman.

    By attribute: --plus man+crown --minus man --plus woman. By the numbers that `dcgan-tf sample RUN
    --numbers`
    shows: --plus 3,17,42 --minus 1,5,8 --plus 2,20,33.
    """
    if every == bool(plus):
        raise click.UsageError("expected either --plus (and --minus), or --all")

    def analyse(opened: Run) -> Finding:
        from dcgan_tf import analysis

        shared = {"num_images": num_images, "seed": seed}
        if every:
            return analysis.analogies(opened, draws=draws, **shared)
        if all(_is_numbers(text) for text in (*plus, *minus)):
            numbers = [[_numbers(text) for text in texts] for texts in (plus, minus)]
            return analysis.sample_arithmetic(opened, plus=numbers[0], minus=numbers[1], **shared)
        return analysis.arithmetic(opened, plus=plus, minus=minus, draws=draws, **shared)

    finding = report_finding(run, analyse, **options)
    if every:
        from dcgan_tf.analysis.analogies import table

        click.echo(table(finding))


def _is_numbers(text: str) -> bool:
    return all(part.strip().isdecimal() for part in text.split(","))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


COMMANDS = (arithmetic,)
