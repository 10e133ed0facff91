"""The commands that look into the discriminator: what its filters respond to, and what its features tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import analysis_options, report_finding
from dcgan_tf.cli.options import DRAWS


@click.command(short_help="Show what the discriminator's filters respond to.")
@analysis_options(2000, of="Real images, held-out ones where there are any.")
@click.option(
    "--features",
    type=click.Choice(["telling", "first"]),
    default="telling",
    show_default=True,
    help="Draw the six features that tell an attribute best, or the first six, as the paper does.",
)
def filters(run: Path, features: str, **options: Any) -> None:
    """Show the images that D's last filters respond to most, and which pixels make them respond.

    Guided backpropagation, beside a discriminator with random weights.
    """
    report_finding("filters", run, features=features, **options)


@click.command(short_help="Classify images by what the discriminator computes of them.")
@analysis_options(10_000, of="Held-out images that are classified at most.")
@click.option(
    "--labels",
    type=click.IntRange(2),
    default=20_000,
    show_default=True,
    help="Training labels that are used at most; time and memory grow with them.",
)
@click.option(
    "--few-labels", type=click.IntRange(2), default=1000, show_default=True, help="Where labels are few."
)
@click.option("--draws", type=DRAWS, default=5, show_default=True, help="Random choices of few labels.")
def probe(run: Path, labels: int, few_labels: int, draws: int, **options: Any) -> None:
    """Classify held-out images by a linear classifier on D's features, which it learnt without a label.

    Beside raw pixels, and beside a discriminator with random weights.
    """
    report_finding("probe", run, labels=labels, few_labels=few_labels, draws=draws, **options)


COMMANDS = (filters, probe)
