"""A run, opened for reading: its settings, its networks as a checkpoint has them, and its samples."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf import models
from dcgan_tf.config import Config
from dcgan_tf.images import to_uint8
from dcgan_tf.latents import sample_labels, sample_latents
from dcgan_tf.runs.checkpoints import CheckpointStore, does_not_fit
from dcgan_tf.runs.paths import RunError, RunPaths, read_config, read_json

SAMPLING_BATCH = 64

_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class Run:
    """A trained run.

    Attributes:
        path: the run directory.
        config: its settings.
        step: the step of the checkpoint that was read.
        generator: latents float32 [N, latent_dim] to images float32 [N, H, W, C] in [-1, 1]; the averaged one
            unless the raw one was asked for. A conditional one's latents end in the class
            (`models.with_labels`).
        discriminator: images float32 [N, H, W, C] in [-1, 1] to probabilities float32 [N, 1]; a conditional
            one's images end in the class.
        class_names: of the classes that the networks learnt to be told; () if the run is not conditional.
        label: the class that they are fixed to, by `of_class`, or None.
    """

    path: Path
    config: Config
    step: int
    generator: keras.Sequential
    discriminator: keras.Sequential
    class_names: tuple[str, ...] = ()
    label: int | None = None

    @staticmethod
    def open(
        path: str | os.PathLike[str], *, checkpoint: int | None = None, ema: bool = True, best: bool = False
    ) -> Run:
        """Read a run.

        Args:
            path: the run directory.
            checkpoint: the step of the checkpoint to read; the newest by default.
            ema: take the averaged generator rather than the raw one.
            best: read the checkpoint with the best score, which `train --every-epoch` keeps, not the newest.

        Raises:
            RunError: if the folder is not a run, or has no such checkpoint that can be read.
        """
        root = Path(path)
        config = read_config(root)
        store = CheckpointStore(RunPaths(root).best if best else RunPaths(root).checkpoints)
        step = _existing(store, checkpoint) if checkpoint is not None else _newest(store)
        class_names = _class_names(root, config)
        generator = models.build_generator(config, num_classes=len(class_names))
        discriminator = models.build_discriminator(config, num_classes=len(class_names))
        objects = {("generator_ema" if ema else "generator"): generator, "discriminator": discriminator}
        try:
            status = tf.train.Checkpoint(**objects).read(store.prefix(step))
            status.assert_existing_objects_matched().expect_partial()
        except (AssertionError, ValueError) as error:
            raise RunError(does_not_fit(store, step, error)) from None
        return Run(root, config, step, generator, discriminator, class_names)

    @property
    def takes_labels(self) -> bool:
        """Whether the generator must be told a class: the run is conditional, and not fixed to one."""
        return bool(self.class_names) and self.label is None

    def of_class(self, label: int) -> Run:
        """Return the conditional run with one class fixed: its networks take bare latents and bare images.

        Raises:
            ValueError: if there is no such class, or the run is not conditional.
        """
        self._check_labels(np.array([label]))
        generator, discriminator = (
            models.of_one_class(network, label, len(self.class_names))
            for network in (self.generator, self.discriminator)
        )
        return replace(self, generator=generator, discriminator=discriminator, label=label)

    def latents(self, num: int, *, seed: int = 0) -> np.ndarray:
        """Return the latents of the images that `sample(num, seed=seed)` shows, float32 [num, latent_dim]."""
        model = self.config.model
        drawn = sample_latents(num, model.latent_dim, seed=seed, distribution=model.latent_distribution)
        return np.asarray(drawn)

    def sample(self, num: int, *, seed: int = 0, labels: Sequence[int] | None = None) -> np.ndarray:
        """Draw images; image i of a seed is the same however many are drawn.

        Args:
            num: how many, at least 1.
            seed: of the latents.
            labels: classes that the images of a conditional run take in turn; all by default.

        Returns:
            uint8 [num, H, W, C].
        """
        if num < 1:
            raise ValueError(f"the number of images must be at least 1, received {num}")
        latents = self.latents(num, seed=seed)
        if not self.takes_labels and labels is None:
            return self.generate(latents)
        among = range(len(self.class_names)) if labels is None else labels
        return self.generate(latents, np.array(among)[sample_labels(num, len(among))])

    def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
        """Turn latents into images.

        Args:
            latents: float32 [N, latent_dim].
            labels: classes, int [N], which a conditional run needs and no other takes.

        Returns:
            uint8 [N, H, W, C].

        Raises:
            ValueError: if the latents have another shape, or the labels are missing or none of the classes.
        """
        latents = np.asarray(latents, np.float32)
        if latents.ndim != 2 or latents.shape[1] != self.config.model.latent_dim:
            raise ValueError(
                f"latents must have shape [N, {self.config.model.latent_dim}], received {list(latents.shape)}"
            )
        return in_batches(
            lambda z: to_uint8(self.generator(z, training=False)), self._with_labels(latents, labels)
        )

    def _with_labels(self, latents: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
        if labels is None:
            if self.takes_labels:
                raise ValueError(
                    f"a conditional run draws pictures of a class: expected labels{self._known()}, or "
                    "run.of_class(label)"
                )
            return latents
        self._check_labels(labels)
        return np.asarray(models.with_labels(latents, labels, len(self.class_names)))

    def _check_labels(self, labels: np.ndarray) -> None:
        if not self.takes_labels:
            raise ValueError(
                "this run was trained without --conditional, or is fixed to a class already: "
                "it cannot be told which one to draw"
            )
        if wrong := sorted({int(i) for i in labels if not 0 <= i < len(self.class_names)}):
            raise ValueError(f"there is no class {wrong[0]}: expected labels{self._known()}")

    def _known(self) -> str:
        names = ", ".join(self.class_names[:12]) + (", …" if len(self.class_names) > 12 else "")
        return f" from 0 to {len(self.class_names) - 1} ({names})"


def in_batches(compute: Callable[[np.ndarray], np.ndarray], inputs: np.ndarray) -> np.ndarray:
    """Compute in batches of one fixed size, the last one filled up.

    Matrix products of other sizes round differently, and an image would then depend on how many were asked
    for.

    Args:
        compute: of 64 inputs, such as latents float32 [64, latent_dim], to results [64, ...].
        inputs: [N, ...], N at least 1.

    Returns:
        What `compute` returns, [N, ...].
    """
    results = []
    for start in range(0, len(inputs), SAMPLING_BATCH):
        batch = inputs[start : start + SAMPLING_BATCH]
        filled = np.zeros((SAMPLING_BATCH, *inputs.shape[1:]), inputs.dtype)
        filled[: len(batch)] = batch
        results.append(np.asarray(compute(filled))[: len(batch)])
    return np.concatenate(results)


def _class_names(root: Path, config: Config) -> tuple[str, ...]:
    """Return the classes that a conditional run's networks are told, as data.json has them."""
    if not config.model.conditional:
        return ()
    paths = RunPaths(root)
    names = tuple(read_json(paths.data, default={}).get("label_names", ()))
    if len(names) < 2:
        raise RunError(f"{root} is conditional, but {paths.data.name} does not name its classes; put it back")
    return names


def _existing(store: CheckpointStore, step: int) -> int:
    """Hold a wanted step against what there is."""
    steps = store.steps()
    if step not in steps:
        listed = ", ".join(map(str, reversed(steps))) or "none"
        raise RunError(f"{store.directory} has no checkpoint of step {step}; it has: {listed}")
    if problem := store.damage(step):
        raise RunError(f"the checkpoint of step {step} in {store.directory} is damaged: {problem}")
    return step


def _newest(store: CheckpointStore) -> int:
    step, damaged = store.newest_intact()
    for bad, problem in damaged.items():
        _log.warning("the checkpoint of step %d is damaged (%s); using an earlier one", bad, problem)
    if step is None:
        raise RunError(f"{store.directory} has no checkpoint yet; train this run first")
    return step
