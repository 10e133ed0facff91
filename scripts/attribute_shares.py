"""How often the samples of a run show each attribute, beside how often its training images do.

    python scripts/attribute_shares.py runs/portraits-dcgan

A generator can have fine losses and a fine first glance while it never draws glasses; the shares show it.
They are counted by a small classifier trained on the run's own images, whose accuracy on held-out images is
printed with them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import numpy as np

from dcgan_tf.cli import import_tensorflow


@click.command()
@click.argument("run", type=click.Path(exists=True, path_type=Path))
@click.option("--num-images", "-n", default=2048, show_default=True, help="Count in this many samples.")
@click.option("--seed", default=1, show_default=True, help="Seed the samples with this number.")
@click.option("--epochs", default=4, show_default=True, help="Train the classifier for this many epochs.")
@click.option("--checkpoint", type=int, help="Read the checkpoint of this step.  [default: the newest]")
def main(run: Path, num_images: int, seed: int, epochs: int, checkpoint: int | None) -> None:
    """Print the share of each binary attribute in the data and in the samples of RUN."""
    import_tensorflow()
    from dcgan_tf import Run
    from dcgan_tf.analysis.subject import Subject

    trained = Run.open(run, checkpoint=checkpoint)
    subject = Subject(trained, of_all_classes=True)
    train, test = subject.train, subject.held_out_or_none
    if test is None:
        raise click.ClickException(f"{train.name} has no held-out images to test the classifier on")
    names = [name for name, values in train.attributes.items() if values.dtype == np.uint8]
    if not names:
        raise click.ClickException(f"{train.name} has no binary attributes to count")
    classifier = train_classifier(train.images, attribute_matrix(train, names), epochs)
    accuracy = ((logits(classifier, test.images) > 0) == attribute_matrix(test, names)).mean(axis=0)
    labels = subject.labels_for(trained, num_images)
    shown = (logits(classifier, trained.sample(num_images, seed=seed, labels=labels)) > 0).mean(axis=0)
    wanted = attribute_matrix(train, names).mean(axis=0)
    click.echo(f"{run}, step {trained.step:,}, {num_images:,} samples of seed {seed}")
    click.echo(f"{'attribute':<12}{'data':>8}{'samples':>9}{'points apart':>14}{'classifier accuracy':>21}")
    for name, data, samples, right in zip(names, wanted, shown, accuracy, strict=True):
        click.echo(f"{name:<12}{data:>8.1%}{samples:>9.1%}{100 * abs(samples - data):>14.1f}{right:>21.1%}")
    click.echo(f"largest difference: {100 * np.abs(shown - wanted).max():.1f} percentage points")


def attribute_matrix(image_set: Any, names: list[str]) -> np.ndarray:
    """Return bool [N, len(names)]."""
    return np.stack([image_set.attributes[name] for name in names], axis=1) > 0


def train_classifier(images: np.ndarray, targets: np.ndarray, epochs: int) -> Any:
    """Return a small convolutional network, uint8 [N, H, W, C] to logits [N, attributes]."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(0)
    network = keras.Sequential(
        [keras.Input(images.shape[1:]), layers.Rescaling(1 / 127.5, -1), layers.GaussianNoise(0.1)]
    )
    side, filters = min(images.shape[1:3]), 16
    while side > 4:
        network.add(layers.Conv2D(filters, 3, strides=2, padding="same", use_bias=False))
        network.add(layers.BatchNormalization())
        network.add(layers.ReLU())
        side, filters = side // 2, min(2 * filters, 96)
    network.add(layers.Flatten())
    network.add(layers.Dense(targets.shape[1]))
    network.compile(keras.optimizers.Adam(2e-3), keras.losses.BinaryCrossentropy(from_logits=True))
    network.fit(np.asarray(images), targets.astype(np.float32), batch_size=128, epochs=epochs, verbose=0)
    return network


def logits(network: Any, images: np.ndarray) -> np.ndarray:
    """Return the network's logits, float32 [N, attributes]."""
    return np.asarray(network.predict(np.asarray(images), batch_size=256, verbose=0))


if __name__ == "__main__":
    main()
