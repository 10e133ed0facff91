"""The command that makes a generator forget something."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import analysis_options, report_finding


@click.command(short_help="Drop the feature maps that draw something.")
@analysis_options(2048, of="Samples; half are learnt from, the numbers are computed on the others.")
@click.option("--attribute", required=True, help="What is to be forgotten, such as crown.")
@click.option(
    "--boxes",
    metavar="FILE.json|occlusion",
    help='Where it is: {"3": [[top, left, bottom, right]]} in pixels, for each number of a sample of --seed, '
    "from the first half; or occlusion, the smallest window that hides it from the classifier. [default: its "
    "known place in the drawn portraits, else occlusion]",
)
@click.option(
    "--drop",
    type=click.IntRange(1),
    help="The number of maps. [default: as many as forget it best at the least cost to the others]",
)
@click.option(
    "--layer",
    type=click.IntRange(1),
    help="Of the feature maps, counted from the image: 1 feeds the convolution that makes it. [default: the "
    "first maps, which the latent is projected to]",
)
def forget(
    run: Path, attribute: str, boxes: str | None, drop: int | None, layer: int | None, **options: Any
) -> None:
    """Find the feature maps that draw something, drop them, and draw the same samples again.

    dcgan-tf forget RUN --attribute crown
    """
    report_finding("forget", run, attribute=attribute, boxes=boxes, drop=drop, layer=layer, **options)


COMMANDS = (forget,)
