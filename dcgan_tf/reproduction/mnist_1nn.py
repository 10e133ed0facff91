"""The paper's table on MNIST: how well samples with labels replace training images (section 8.1, table 3).

A conditional DCGAN and a conditional fully connected GAN are trained on 50,000 images. Each draws 50,000
images with labels. A test image gets the label of the drawn image that is nearest in pixels. The error of
this 1-nearest-neighbour classifier measures the generator: blurred pictures, too few kinds, or pictures of
another class than their label raise it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dcgan_tf import __version__, data
from dcgan_tf.analysis import Finding, Measure
from dcgan_tf.config import DATASETS, Config, flatten, preset
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import DataError
from dcgan_tf.metrics import nearest
from dcgan_tf.reproduction.mnist_1nn_figure import draw
from dcgan_tf.runs import Run
from dcgan_tf.training import train

NAME = "mnist-1nn"
REAL, GAN, DCGAN = "real images", "GAN", "DCGAN"
PAPER = {REAL: 0.031, GAN: 0.0628, DCGAN: 0.0298}
"""The test errors in the paper's table, with 50,000 images each."""
NUM_IMAGES = 50_000
_SHOWN = (
    "filters",
    "dense_units",
    "hidden_units",
    "batch_size",
    "learning_rate",
    "discriminator_learning_rate",
    "label_smoothing",
    "instance_noise",
    "ema_decay",
    "epochs",
    "seed",
)
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Settings:
    """The settings of the reproduction.

    Attributes:
        data: a labelled dataset with the splits train and test, such as digits or a folder with both.
        data_dir: the folder where it was prepared.
        num_images: number of training images of a dataset by name (tfds: or hf:); other data are used as a
            whole. Each generator draws as many samples.
        dcgan_epochs: epochs of the DCGAN.
        gan_epochs: epochs of the fully connected GAN.
        seed: seed of both runs and of their samples.
    """

    data: str = "tfds:mnist"
    data_dir: str | None = None
    num_images: int = NUM_IMAGES
    dcgan_epochs: int = 75
    gan_epochs: int = 10
    seed: int = 0

    @property
    def images(self) -> dict[str, Any]:
        """The settings of the training images."""
        return {
            "data": self.data,
            "data_dir": self.data_dir,
            # Only datasets by name have parts of a split.
            "split": f"train[:{self.num_images}]" if self.data.startswith(DATASETS) else "train",
            "image_size": (28, 28),
            "channels": 1,
        }

    def config(self, architecture: str, folder: Path) -> Config:
        """Return the settings of one of the two runs."""
        both = {"conditional": True, "seed": self.seed, "run_dir": str(folder / architecture), **self.images}
        if architecture == "gan":
            return preset(
                "quick",
                architecture="gan",
                hidden_units=1024,
                learning_rate=2e-4,
                epochs=self.gan_epochs,
                **both,
            )
        return preset(
            "quick",
            filters=16,
            dense_units=512,
            discriminator_learning_rate=2e-4,
            instance_noise=0.3,
            ema_decay=0.9999,
            epochs=self.dcgan_epochs,
            **both,
        )


def mnist_1nn(folder: str | os.PathLike[str], settings: Settings = Settings()) -> Finding:
    """Train both networks, or continue them, and measure the three errors.

    Args:
        folder: becomes the run directories dcgan/ and gan/.
        settings: what is trained, and on what.

    Raises:
        DataError: if the data cannot be loaded, a class has no images, or the test images have other
            classes.
        RunError: if a run in the folder was made with other settings.
        Interrupted: after Ctrl-C, once the run is saved; the same call continues from there.
    """
    started, folder = time.monotonic(), Path(folder)
    configs = {name: settings.config(name.lower(), folder) for name in (GAN, DCGAN)}
    real = data.load_data(configs[DCGAN].data)
    test = data.load_data(configs[DCGAN].data, split="test")
    _check_classes(real)
    _check_test(test, real)
    sets = {REAL: real}
    for name, config in configs.items():
        run = Run.open(train(config))
        sets[name] = labelled_samples(run, real, seed=settings.seed)
    guesses = {}
    for name, labelled in sets.items():
        _log.info("classifying %s test images by %s %s", f"{len(test):,}", f"{len(labelled):,}", name)
        guesses[name] = classify(test.images, labelled)
    errors = {name: float(np.mean(guess != test.labels)) for name, guess in guesses.items()}
    return Finding(
        name=NAME,
        summary=summary(errors),
        protocol=_protocol(settings, configs, len(real), test, seconds=time.monotonic() - started),
        measures=tuple(_measure(name, errors) for name in (DCGAN, GAN, REAL)),
        figure=draw(sets, errors, PAPER),
        details={"errors": {name: int(np.sum(guess != test.labels)) for name, guess in guesses.items()}},
    )


def _check_classes(real: ImageSet) -> None:
    """Refuse images if a class is missing, before hours are spent on them."""
    shown = set() if real.labels is None else set(np.unique(real.labels))
    if missing := [name for i, name in enumerate(real.label_names) if i not in shown]:
        raise DataError(
            f"none of the {len(real):,} training images is of class {missing[0]}: use more images"
        )


def _check_test(test: ImageSet, real: ImageSet) -> None:
    """Refuse test images without the training images' classes: every guess would count as wrong."""
    if test.labels is None or test.label_names != real.label_names:
        expected, found = (", ".join(names) or "none" for names in (real.label_names, test.label_names))
        raise DataError(
            f"the {len(test):,} test images must have the classes of the training images ({expected}), "
            f"received {found}"
        )


def labelled_samples(run: Run, real: ImageSet, *, seed: int) -> ImageSet:
    """Return as many samples of a conditional run as there are real images, with their labels."""
    labels = np.asarray(real.labels)
    images = run.generate(run.latents(len(labels), seed=seed), labels)
    return ImageSet(real.name, images, labels, real.label_names)


def classify(images: np.ndarray, labelled: ImageSet) -> np.ndarray:
    """Return the label of the image that is nearest in pixels to each, int64 [N].

    Args:
        images: uint8 [N, H, W, C].
        labelled: the images to search, with labels.
    """
    _, found = nearest(images, labelled.images)
    return np.asarray(np.asarray(labelled.labels)[found[:, 0]])


def summary(errors: Mapping[str, float]) -> str:
    """Return the three errors beside the paper's, in one line."""
    told = [f"{name} {errors[name]:.2%} (paper {PAPER[name]:.2%})" for name in (DCGAN, GAN, REAL)]
    return f"1-nearest-neighbour error on the test images, by samples: {', '.join(told)}"


def _measure(name: str, errors: Mapping[str, float]) -> Measure:
    others = {other: error for other, error in errors.items() if other != name}
    return Measure(
        name=f"test error with {name}",
        value=errors[name],
        unit="share",
        controls={"paper": PAPER[name], **others},
        meaning="share of test images whose nearest neighbour in pixels has another label; less is better",
    )


def _protocol(
    settings: Settings, configs: Mapping[str, Config], num_images: int, test: ImageSet, *, seconds: float
) -> dict[str, Any]:
    return {
        "data": settings.data,
        "training_images": num_images,
        "samples_of_each": num_images,
        "test_images": len(test),
        "classifier": "1 nearest neighbour, Euclidean distance of pixels",
        **{name: {key: flatten(config)[key] for key in _SHOWN} for name, config in configs.items()},
        "generator": "averaged weights (EMA)",
        "seconds": round(seconds, 1),
        "dcgan_tf": __version__,
    }
