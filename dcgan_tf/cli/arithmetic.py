"""The command that computes with concepts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import analysis_options, report_finding
from dcgan_tf.cli.frame import say
from dcgan_tf.cli.options import DRAWS

_MOST_DIGITS = 18


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
@click.option("--draws", type=DRAWS, default=200, show_default=True, help="Random choices of exemplars.")
def arithmetic(
    run: Path, plus: tuple[str, ...], minus: tuple[str, ...], every: bool, draws: int, **options: Any
) -> None:
    """Add and subtract the mean latents of exemplars, as in king - man + woman.

    By attribute: --plus man+crown --minus man --plus woman. By the numbers of samples, as
    `dcgan-tf sample RUN --numbers` shows them: --plus 3,17,42 --minus 1,5,8 --plus 2,20,33.
    """
    if every == bool(plus):
        raise click.UsageError("expected either --plus (and --minus), or --all")
    if every:
        finding = report_finding("analogies", run, draws=draws, **options)
        from dcgan_tf.analysis import table

        say(table(finding))
    elif all(_is_numbers(text) for text in (*plus, *minus)):
        added, subtracted = ([_numbers(text) for text in texts] for texts in (plus, minus))
        report_finding("sample_arithmetic", run, plus=added, minus=subtracted, **options)
    else:
        report_finding("arithmetic", run, plus=plus, minus=minus, draws=draws, **options)


def _is_numbers(text: str) -> bool:
    return all(part.strip().isdecimal() for part in text.split(","))


def _numbers(text: str) -> list[int]:
    parts = [part.strip() for part in text.split(",")]
    if too_long := [part for part in parts if len(part) > _MOST_DIGITS]:
        raise click.UsageError(f"{too_long[0][:_MOST_DIGITS]}… is too large to be the number of a sample")
    return [int(part) for part in parts]


COMMANDS = (arithmetic,)
