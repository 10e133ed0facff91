"""A trained run, opened for reading: its settings, the networks of a checkpoint, and samples."""

from __future__ import annotations

import itertools
import operator
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import data as images_of
from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.config import replace as change
from dcgan_tf.errors import ArgumentError, OutOfMemoryError
from dcgan_tf.images import to_uint8
from dcgan_tf.latents import checked_latents, is_whole, sample_latents, truncated
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.data_record import check_same_images, class_names_of
from dcgan_tf.runs.folder import (
    BEST,
    RunPaths,
    WantedCheckpoint,
    check_checkpoint,
    local_folder,
    standing,
)
from dcgan_tf.runs.labels import checked_labels, sample_inputs
from dcgan_tf.runs.records import RAW_WEIGHTS, read_config
from dcgan_tf.runs.restoring import restore

SAMPLING_BATCH = 64


@dataclass(frozen=True)
class Run:
    """A trained run, opened for reading.

    Attributes:
        path: the run directory.
        config: its settings.
        step: the step of the checkpoint that was read.
        generator: latents float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1]; the averaged
            one, unless the raw one was asked for. In a conditional run, the latents end in the class
            (`models.with_labels`).
        discriminator: images float32 [N, H, W, C] in [-1, 1] to probabilities float32 [N, 1]; in a
            conditional run, the images end in the class.
        class_names: names of the classes that the networks take; () if the run is not conditional.
        label: the class that `of_class` fixed, or None.
        ema: whether the averaged generator was asked for, rather than the raw one.
    """

    path: Path
    config: Config
    step: int
    generator: keras.Sequential
    discriminator: keras.Sequential
    class_names: tuple[str, ...] = ()
    label: int | None = None
    ema: bool = True

    @staticmethod
    def open(
        path: str | os.PathLike[str],
        *,
        checkpoint: WantedCheckpoint = None,
        ema: bool = True,
        data: str | None = None,
    ) -> Run:
        """Open a run; another process may train it at the same time.

        Args:
            path: the run directory.
            checkpoint: the step of the checkpoint to read, or "best" for the one whose samples were nearest
                to real images; the newest by default.
            ema: take the averaged generator rather than the raw one.
            data: the place of its images now, if they were moved.

        Raises:
            ArgumentError: if the path cannot be a folder on this computer.
            DataError: if there are no images in `data`.
            RunError: if the folder is not a run, has no such checkpoint that can be read, or was trained on
                other images than those in `data`.
        """
        root = local_folder(path)
        config = read_config(root)
        if data is not None:
            config = _with_data(config, data, RunPaths(root))
        check_checkpoint(RunPaths(root), checkpoint)
        store = CheckpointStore(RunPaths(root).holding(checkpoint))
        class_names = class_names_of(root, config)
        generator = models.build_generator(config, num_classes=len(class_names))
        discriminator = models.build_discriminator(config, num_classes=len(class_names))
        objects = {("generator_ema" if ema else "generator"): generator, "discriminator": discriminator}
        wanted = None if checkpoint in (None, BEST) else operator.index(cast(int, checkpoint))
        step = restore(store, wanted, tf.train.Checkpoint(**objects))
        return Run(root, config, step, generator, discriminator, class_names, ema=ema)

    @property
    def takes_labels(self) -> bool:
        """Whether the generator needs a class: the run is conditional, and no class is fixed."""
        return bool(self._label_names)

    @property
    def shown_class(self) -> str | None:
        """The name of the class that is fixed, or None."""
        return None if self.label is None else self.class_names[self.label]

    @property
    def weights(self) -> str:
        """The weights of the generator, as protocols name them; without averaging, they are the raw ones."""
        averaged = self.ema and self.config.training.averages
        return "averaged weights (EMA)" if averaged else RAW_WEIGHTS

    @property
    def digest(self) -> str:
        """The digest of the generator's weights; with a class fixed, it is the same."""
        return models.digest_of(self.generator)

    @property
    def standing(self) -> str:
        """Which of the run's checkpoints was read: "best", "last", "best and last", or "" for another."""
        return standing(RunPaths(self.path), self.step)

    @property
    def _label_names(self) -> tuple[str, ...]:
        """The classes that the generator can be given."""
        return self.class_names if self.label is None else ()

    def of_class(self, label: int) -> Run:
        """Return the run with one class fixed; its networks take latents and images without a class.

        Raises:
            ArgumentError: if there is no such class, or the run is not conditional, or already fixed to one.
        """
        self._refuse_labels([label])
        label = int(np.array(checked_labels([label], self._label_names))[0])
        generator, discriminator = (
            models.of_one_class(network, label, len(self.class_names))
            for network in (self.generator, self.discriminator)
        )
        return replace(self, generator=generator, discriminator=discriminator, label=label)

    def latents(self, num: int, *, seed: int = 0) -> np.ndarray:
        """Return the latents of the images that `sample(num, seed=seed)` shows, float32 [num, latent_dim]."""
        model = self.config.model
        drawn = sample_latents(num, model.latent_dim, seed=seed, distribution=model.latent_distribution)
        return np.array(drawn)  # a copy: the tensor's own numbers cannot be changed

    def sample(
        self, num: int, *, seed: int = 0, labels: Sequence[int] | None = None, truncation: float = 1.0
    ) -> np.ndarray:
        """Draw images; image i of a seed is the same, however many are drawn.

        Args:
            num: number of images, at least 1.
            seed: seed of the latents.
            labels: classes that the images of a conditional run cycle through; all by default.
            truncation: what the latents are multiplied by, above 0 and at most 1; with less, pictures are
                more ordinary and more alike.

        Returns:
            uint8 [num, H, W, C].

        Raises:
            ArgumentError: if `num` is less than 1, a label is not one of the classes, or the truncation is
                out of range.
        """
        if is_whole(num) and num < 1:  # what is no whole number is refused below
            raise ArgumentError(f"the number of images must be at least 1, received {num}")
        self._refuse_labels(labels)
        latents = truncated(self.latents(num, seed=seed), truncation)
        return self.generate(*sample_inputs(latents, self._label_names, labels))

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Turn latents into images.

        Args:
            latents: float32 [N, latent_dim].
            labels: classes, int [N]; required for a conditional run, and only there.

        Returns:
            uint8 [N, H, W, C].

        Raises:
            ArgumentError: if the latents have another shape or are not finite, or the labels are missing or
                not among the classes.
        """
        latents = checked_latents(latents, self.config.model.latent_dim)
        self._refuse_labels(labels)
        labels = checked_labels(labels, self._label_names, count=len(latents))
        inputs = np.asarray(models.with_labels(latents, labels, len(self._label_names)))
        draw = models.compiled(self.generator)
        return in_batches(lambda z: to_uint8(draw(z)), inputs)

    def _refuse_labels(self, labels: Sequence[int] | np.ndarray | None) -> None:
        if labels is not None and self.label is not None:
            raise ArgumentError(
                f"this run is fixed to the class {self.shown_class} by of_class, so its networks take no "
                "class, like those of a run without --conditional; choose classes with the run as it was "
                "opened"
            )


def in_batches(compute: Callable[..., np.ndarray], *inputs: np.ndarray) -> np.ndarray:
    """Compute in batches of one fixed size; the last batch is filled up with zeros.

    Matrix products of other sizes round differently. An image would then depend on the number of images.
    Several GPUs take the batches in turn, each of the same size.

    Args:
        compute: takes 64 of each input, such as latents float32 [64, latent_dim], and returns results [64,
            ...].
        inputs: [N, ...], with the same N; of none, one batch of zeros tells the shape of the results.

    Returns:
        What `compute` returns, [N, ...].

    Raises:
        OutOfMemoryError: if there is no room for them.
    """
    starts, devices = range(0, max(len(inputs[0]), 1), SAMPLING_BATCH), _devices()

    def computed(start: int, device: str | None) -> np.ndarray:
        batches = [array[start : start + SAMPLING_BATCH] for array in inputs]
        with tf.device(device) if device else nullcontext():
            return np.asarray(compute(*map(_filled, batches)))[: len(batches[0])]

    with ThreadPoolExecutor(len(devices)) as pool:
        at_once = pool.map if len(devices) > 1 else map
        batches = iter(at_once(computed, starts, itertools.cycle(devices)))
        first = next(batches)
        results = _room(len(inputs[0]), first)
        for start, result in zip(starts, itertools.chain([first], batches), strict=True):
            results[start : start + SAMPLING_BATCH] = result
    return results


def _devices() -> list[str | None]:
    """Return the GPUs of this machine that the process may use; [None], which is any device, without GPUs."""
    gpus = tf.config.get_visible_devices("GPU")
    return [f"GPU:{number}" for number in range(len(gpus))] or [None]


def _room(num: int, result: np.ndarray) -> np.ndarray:
    """Return an array for `num` of these results, or fail before time is spent on computing them."""
    try:
        return np.empty((num, *result.shape[1:]), result.dtype)
    except MemoryError:
        gigabytes = num * result[:1].nbytes / 1e9
        raise OutOfMemoryError(
            f"there is not enough memory for {num:,} images, {gigabytes:,.1f} GB; ask for fewer at once"
        ) from None


def _filled(batch: np.ndarray) -> np.ndarray:
    """Append zeros up to the size of a batch."""
    filled = np.zeros((SAMPLING_BATCH, *batch.shape[1:]), batch.dtype)
    filled[: len(batch)] = batch
    return filled


def _with_data(config: Config, spec: str, paths: RunPaths) -> Config:
    """Return the settings with a new place of the images, which must be the training images."""
    config = change(config, data=spec)
    check_same_images(paths, images_of.load_data(config.data), conditional=config.model.conditional)
    return config
