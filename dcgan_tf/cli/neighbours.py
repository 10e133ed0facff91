"""The commands that hold samples against real images: nearest neighbours, and a map of the features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import analysis_options, report_finding
from dcgan_tf.cli.frame import say


@click.command(short_help="Does it replay its training images?")
@analysis_options(1000, of="Samples that are searched for; and at most as many held-out images.")
def neighbours(run: Path, **options: Any) -> None:
    """Find the training images nearest to each sample, and tell whether the samples are copies.

    In pixels and in features, mirrored or not, against held-out images as the control.

    dcgan-tf neighbours RUN
    """
    report_finding("neighbours", run, **options)


@click.command(short_help="D's features, for TensorBoard's Embedding Projector.")
@analysis_options(500, of="Of each kind: training, held-out and generated images.")
def embed(run: Path, **options: Any) -> None:
    """Write what the discriminator sees in real, held-out and generated images, for TensorBoard's Projector.

    dcgan-tf embed RUN
    """
    report_finding("embed", run, **options)
    from dcgan_tf.runs import RunPaths

    say(f"look    tensorboard --logdir {options['out'] or RunPaths(run).analysis('embed')}")


COMMANDS = (neighbours, embed)
