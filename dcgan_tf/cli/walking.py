"""The commands that walk through latent space: from sample to sample, and along an attribute."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import analysis_options, report_finding
from dcgan_tf.cli.options import DRAWS


@click.command(short_help="From sample to sample: do the pictures change smoothly?")
@analysis_options(3300, of="Pictures between two ends that the numbers are computed on, 11 for each pair.")
@click.option(
    "--points",
    type=click.IntRange(2, 1000),
    default=9,
    show_default=True,
    help="Random latents that the figure and walk.gif visit.",
)
def walk(run: Path, points: int, **options: Any) -> None:
    """Walk through latent space from sample to sample, beside a cross-fade of pixels.

    Smooth steps, and pictures on the way that all look real, show that nothing was learnt by heart. Writes
    walk.gif beside the figure.
    """
    report_finding("walk", run, points=points, **options)


@click.command(short_help="Turn heads, or change any attribute, along one direction.")
@analysis_options(500, of="Samples that are turned.")
@click.option(
    "--attribute",
    default="turn",
    show_default=True,
    help="What is changed: an attribute or a class of the data.",
)
@click.option(
    "--exemplars",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Samples whose latents are averaged, at each end.",
)
@click.option("--draws", type=DRAWS, default=20, show_default=True, help="Random choices of exemplars.")
def turn(run: Path, attribute: str, exemplars: int, draws: int, **options: Any) -> None:
    """Turn samples step by step: add the difference between the mean latents of two kinds of exemplars.

    dcgan-tf turn RUN, or dcgan-tf turn RUN --attribute smile
    """
    report_finding("turn", run, attribute=attribute, exemplars=exemplars, draws=draws, **options)


COMMANDS = (walk, turn)
