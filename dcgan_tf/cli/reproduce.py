"""The command that makes a table of the paper anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import save_finding
from dcgan_tf.cli.frame import import_tensorflow, said_when_stopped, say
from dcgan_tf.cli.options import SEED
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH

_EPOCHS = click.IntRange(1, 10_000)


@click.group(short_help="Make a table of the paper anew, from the training to the number.")
def reproduce() -> None:
    """Make a table of the paper anew, from the training to the number."""


@reproduce.command("mnist-1nn", short_help="Section 8.1: MNIST classified by generated images.")
@click.option(
    "--data",
    default="tfds:mnist",
    show_default=True,
    help="Labelled images with a test split: tfds:NAME, digits, or a folder with train/ and test/.",
)
@click.option("--data-dir", help="Where TensorFlow Datasets are prepared.")
@click.option(
    "--num-images",
    type=counted(least=100),
    default=50_000,
    show_default=True,
    help="To train on, and drawn; of data that are not of TensorFlow Datasets, all there are.",
)
@click.option("--dcgan-epochs", type=_EPOCHS, default=75, show_default=True, help="Of the DCGAN.")
@click.option("--gan-epochs", type=_EPOCHS, default=10, show_default=True, help="Of the GAN.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Of everything.")
@click.option(
    "--out",
    type=LOCAL_PATH,
    default=Path("runs/mnist-1nn"),
    show_default=True,
    help="The folder.",
)
def mnist_1nn(out: Path, **options: Any) -> None:
    """Classify MNIST's test images by their nearest neighbour among generated images with labels.

    Trains a conditional DCGAN and a conditional fully connected GAN first; the same command again goes on
    where it was stopped.
    """
    with said_when_stopped("stopped; the same command goes on from the newest checkpoint"):
        import_tensorflow()
        from dcgan_tf.reproduction import Settings
        from dcgan_tf.reproduction import mnist_1nn as make

        finding = make(out, Settings(**options))
    for name in ("DCGAN", "GAN"):
        told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in finding.protocol[name].items())
        say(f"{name}: {told}")
    for measure in finding.measures:
        say(f"{measure.name:28} {measure.value:7.2%}   paper {measure.controls['paper']:.2%}")
    save_finding(finding, out)
