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
@click.option(
    "--draws", type=click.IntRange(1), default=200, show_default=True, help="Random choices of exemplars."
)
def arithmetic(run: Path, plus: tuple[str, ...], minus: tuple[str, ...], draws: int, **options: Any) -> None:
    """Add and subtract the mean latents of exemplars, as in king - man + woman.

    dcgan-tf arithmetic RUN --plus man+crown --minus man --plus woman
    """
    num_images, seed = options.pop("num_images"), options.pop("seed")

    def analyse(opened: Run) -> Finding:
        from dcgan_tf import analysis

        return analysis.arithmetic(
            opened, plus=plus, minus=minus, num_images=num_images, draws=draws, seed=seed
        )

    report_finding(run, analyse, **options)


COMMANDS = (arithmetic,)
