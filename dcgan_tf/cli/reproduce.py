"""The command `reproduce`, which makes a table of the paper again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from dcgan_tf.cli.analyses import save_finding
from dcgan_tf.cli.frame import import_tensorflow, json_option, said_when_stopped, say
from dcgan_tf.cli.options import SEED
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH, check_folder, complete_path

_EPOCHS = click.IntRange(1, 10_000)


@click.group(short_help="Reproduce a table of the paper, from training to number.")
def reproduce() -> None:
    """Reproduce a table of the paper, from the training to the number."""


@reproduce.command("mnist-1nn", short_help="Classify MNIST by generated images (section 8.1).")
@click.option(
    "--data",
    shell_complete=complete_path,
    default="tfds:mnist",
    show_default=True,
    help="Use labelled images with a test split: tfds:NAME, hf:USER/NAME, digits, or a folder with train/ "
    "and test/.",
)
@click.option(
    "--data-dir", shell_complete=complete_path, help="Look in this folder for prepared TensorFlow Datasets."
)
@click.option(
    "--num-images",
    type=counted(least=100),
    default=50_000,
    show_default=True,
    help="Train on this many images, and draw as many; all there are, where --data is digits or a folder.",
)
@click.option(
    "--dcgan-epochs",
    type=_EPOCHS,
    default=75,
    show_default=True,
    help="Train the DCGAN for this many epochs.",
)
@click.option(
    "--gan-epochs", type=_EPOCHS, default=10, show_default=True, help="Train the GAN for this many epochs."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed everything with this number.")
@click.option(
    "--out",
    type=LOCAL_PATH,
    default=Path("runs/mnist-1nn"),
    show_default=True,
    help="Write to this folder.",
)
@json_option
def mnist_1nn(out: Path, **options: Any) -> None:
    """Classify MNIST's test images by their nearest neighbour among generated images with labels.

    The command first trains a conditional DCGAN and a conditional fully connected GAN. After a stop, the same
    command continues where it was.
    """
    check_folder(out)
    with said_when_stopped("stopped; the same command continues from the newest checkpoint"):
        import_tensorflow()
        from dcgan_tf.reproduction import Settings
        from dcgan_tf.reproduction import mnist_1nn as make

        finding = make(out, Settings(**options))
    for name in ("DCGAN", "GAN"):
        listed = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in finding.protocol[name].items()
        )
        say(f"{name}: {listed}")
    for measure in finding.measures:
        say(f"{measure.name:28} {measure.value:7.2%}   paper {measure.controls['paper']:.2%}")
    save_finding(finding, out)
