"""The subject of an analysis: a run, its real images, and the judge of what they show."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from dcgan_tf import __version__, data
from dcgan_tf.analysis.description import check_count
from dcgan_tf.data import ImageSet, held_out_images, why_no_test
from dcgan_tf.errors import RunError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.judges import Classifier, can_judge, trained_classifier
from dcgan_tf.latents import checked_latents
from dcgan_tf.runs import Run, RunPaths, check_same_images, labels_in_shares

NUM_REAL = 2000


def given_latents(latents: np.ndarray | None, run: Run) -> np.ndarray | None:
    """Return latents that a caller gave as float32 [N, latent_dim], after a check that a run can draw them.

    Args:
        latents: numbers [N, latent_dim]; None if none were given.
        run: that is to draw them.

    Raises:
        ArgumentError: if they are no such numbers, or none at all.
    """
    if latents is None:
        return None
    checked = checked_latents(latents, run.config.model.latent_dim)
    check_count("the number of latents", len(checked), least=1)
    return checked


@dataclass(frozen=True)
class Subject:
    """A run with its images and its classifier; each part is loaded at the first use.

    Attributes:
        run: the opened run.
        of_all_classes: whether samples of all classes are analysed together. If not, a conditional run must
            be fixed to one class, because a latent alone is not a picture.

    Raises:
        RunError: if the run is conditional and must be fixed to a class.
    """

    run: Run
    of_all_classes: bool = False

    def __post_init__(self) -> None:
        if self.run.takes_labels and not self.of_all_classes:
            raise RunError(
                f"{self.run.path} is conditional: a latent is a picture only together with a class; choose "
                f"one with --label (run.of_class in Python), of {', '.join(self.run.class_names)}"
            )

    @cached_property
    def train(self) -> ImageSet:
        """The images that the run was trained on.

        Raises:
            RunError: if they are other images now, or have other labels in a conditional run.
        """
        config = self.run.config
        images = data.load_data(config.data)
        check_same_images(RunPaths(self.run.path), images, conditional=config.model.conditional)
        return images

    @cached_property
    def held_out(self) -> ImageSet:
        """Images of the same source that the run never saw.

        Raises:
            RunError: if the source has none; it says why, and how to provide them.
        """
        if (found := self.held_out_or_none) is None:
            config = self.run.config.data
            raise RunError(
                f"{config.spec} has no images besides those of split {config.split}{why_no_test(config)}; "
                "train on a split that leaves some out: train, if there is a test split too; --split "
                "'train[:90%]' for a TensorFlow dataset without one; for a folder, put some images in "
                "test/ and the others in train/, or use --held-out-fraction, which holds out a share"
            )
        return found

    def rows_of_class(self, images: ImageSet) -> np.ndarray:
        """Return the numbers of the images that the run is to draw: all, or those of its class, int64 [N].

        Another set may number its classes in another way, so they are told apart by their names.
        """
        name = self.run.shown_class
        if name is None or images.labels is None:
            return np.arange(len(images))
        return np.flatnonzero(np.array(images.label_names)[images.labels] == name)

    def labels_for(self, run: Run, num: int) -> list[int] | None:
        """Return `num` classes for samples of a run on these images, in the shares that they have there.

        Returns:
            None for a run without classes, or with others than the images have.
        """
        labels, names = self.train.labels, self.train.label_names
        if not run.takes_labels or labels is None or run.class_names != names:
            return None
        return [int(label) for label in labels_in_shares(labels, num)]

    @property
    def real_images(self) -> np.ndarray:
        """Up to 2,000 real images to compare with: held-out ones, or training images if there are none.

        A run of one class is compared with images of that class.
        """
        held_out = self.held_out_or_none
        rows = self.rows_of_class(held_out) if held_out else np.arange(0)
        images = held_out if held_out and len(rows) else self.train
        rows = rows if len(rows) else self.rows_of_class(self.train)
        return np.asarray(images.images[rows[evenly_spaced(len(rows), NUM_REAL)]])

    @cached_property
    def classifier(self) -> Classifier:
        """The classifier of attributes and classes, trained on `train` and cached.

        Raises:
            RunError: if the images have neither attributes nor labels.
        """
        if not can_judge(self.train):
            raise RunError(
                f"{self.run.config.data.spec} has neither attributes nor labels, so nothing can tell what a "
                "picture shows; add an attributes.csv or one sub-folder for each class, or choose samples by "
                "their numbers where the command takes them"
            )
        return trained_classifier(self.train, self.held_out_or_none, cache_dir=self.run.config.data.cache_dir)

    @property
    def has_classifier(self) -> bool:
        """Whether there is a `classifier`."""
        return can_judge(self.train)

    def protocol(self, *, seed: int, num_images: int, started: float, **more: Any) -> dict[str, Any]:
        """Return the protocol of a measurement.

        Args:
            seed: seed of the latents and of every random choice.
            num_images: number of samples for the numbers.
            started: value of `time.monotonic()` at the start.
            more: everything else that decides the numbers.
        """
        return {
            "run": str(self.run.path),
            "data": self.run.config.data.spec,
            "step": self.run.step,
            "generator": self.run.weights,
            "generator_weights": self.run.digest,
            **({} if self.run.shown_class is None else {"class": self.run.shown_class}),
            "seed": seed,
            "num_images": num_images,
            **more,
            "seconds": round(time.monotonic() - started, 1),
            "dcgan_tf": __version__,
        }

    def classifier_facts(self) -> dict[str, Any]:
        """Return what the classifier is and how good it is, for a protocol."""
        return {
            "classifier": self.classifier.feature_space,
            "held_out_accuracy": {name: round(q, 4) for name, q in self.classifier.quality.items()},
            "held_out_images": self.classifier.num_held_out,
        }

    @cached_property
    def held_out_or_none(self) -> ImageSet | None:
        """The images of `held_out`, or None where that raises an error."""
        found = held_out_images(self.run.config.data, self.train)
        return found[1] if found else None
