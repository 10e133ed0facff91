"""A generator that is built by hand: one feature map alone draws a bright square, others draw the rest."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import keras
import numpy as np

from dcgan_tf import models
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.judges.classifier import Predictions
from dcgan_tf.runs.run import Run

SQUARE = [2, 4, 6, 12]  # top, left, bottom, right in pixels; in the maps, rows 1 and 2, columns 2 to 5
SQUARE_MAP, BAR_MAP, LIGHT_MAP, DARK_MAP = range(4)
LEAST = 12  # levels by which the square or the bar must stand out


def planted_generator() -> keras.Sequential:
    """Return 4 latents to 16x16x1: a square if z[0] > 0, a bar below if z[1] > 0, z[2] is the light.

    The maps are 8x8, each position paints 2x2 pixels.
    """
    generator = keras.Sequential(
        [
            keras.Input((4,), name="z"),
            keras.layers.Reshape((1, 1, 4)),
            keras.layers.Conv2DTranspose(4, 8, use_bias=False),
            keras.layers.ReLU(),
            keras.layers.Conv2DTranspose(1, 2, strides=2, use_bias=False),
            keras.layers.Activation("tanh"),
        ],
        name="generator",
    )
    project = np.zeros((8, 8, 4, 4), np.float32)  # [h, w, map, latent]
    project[1:3, 2:6, SQUARE_MAP, 0] = 1
    project[5:7, :, BAR_MAP, 1] = 1
    project[:, :, LIGHT_MAP, 2] = 1
    project[:, :, DARK_MAP, 2] = -1
    paint = np.zeros((2, 2, 1, 4), np.float32)
    paint[..., 0, :] = [0.8, 0.8, 0.2, -0.2]
    generator.layers[1].set_weights([project])
    generator.layers[3].set_weights([paint])
    return generator


class PlantedClassifier:
    """Sees the square and the bar by how far they stand out from the uppermost row."""

    binary = ("square", "bar")
    classes = ()
    feature_space = "planted classifier"
    quality: ClassVar = {"square": 1.0, "bar": 1.0}
    num_held_out = 1

    def predict(self, images: np.ndarray) -> Predictions:
        """Return margins in levels, and two features."""
        levels = images[..., 0].astype(np.float32)
        top, left, bottom, right = SQUARE
        ground = levels[:, 0].mean(axis=1)
        square = levels[:, top:bottom, left:right].mean(axis=(1, 2)) - ground - LEAST
        bar = levels[:, 10:14].mean(axis=(1, 2)) - ground - LEAST
        return Predictions({"square": square, "bar": bar}, {}, np.stack([square, bar], axis=1))

    def doubtful(self, names):
        """Doubt nothing."""
        return []


class PlantedSubject(Subject):
    """A run with the planted classifier, and no held-out images."""

    held_out_or_none = None

    @cached_property
    def classifier(self) -> PlantedClassifier:
        """Return the planted one."""
        return PlantedClassifier()

    @property
    def has_classifier(self) -> bool:
        """Return True."""
        return True

    @property
    def real_images(self) -> np.ndarray:
        """Return a few samples."""
        return self.run.sample(64, seed=99)

    @cached_property
    def train(self):
        """Return grey images."""
        return SimpleNamespace(images=self.run.sample(2))


def planted_run(config, path: Path) -> Run:
    """Return a run of 16x16x1 and 4 latents whose generator is the planted one."""
    return Run(path, config, 1, planted_generator(), models.build_discriminator(config))
