"""A run without training: its generator paints two latents, its judges read them off the picture again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import tensorflow as tf

from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.config import preset
from dcgan_tf.judges.classifier import Predictions

SIDE, LEVELS = 8, 30.0


def paint(latents: np.ndarray) -> np.ndarray:
    """Paint z[0] into the upper half and z[1] into the lower: level 127.5 + 30 z, uint8 [N, 8, 8, 1]."""
    images = np.empty((len(latents), SIDE, SIDE, 1), np.float32)
    images[:, : SIDE // 2] = latents[:, 0, None, None, None]
    images[:, SIDE // 2 :] = latents[:, 1, None, None, None]
    return np.clip(np.rint(127.5 + LEVELS * images), 0, 255).astype(np.uint8)


def margins_of(images: np.ndarray) -> dict[str, np.ndarray]:
    """Read "woman" off the upper half and "crown" off the lower."""
    halves = images.astype(np.float32)
    return {
        "woman": (halves[:, : SIDE // 2].mean(axis=(1, 2, 3)) - 127.5) / LEVELS,
        "crown": (halves[:, SIDE // 2 :].mean(axis=(1, 2, 3)) - 127.5) / LEVELS,
    }


class PaintedJudges:
    """Judges who read the picture exactly; `realism` gives D's logits."""

    def __init__(self, realism=lambda images: np.zeros(len(images), np.float32)) -> None:
        self.realism = realism

    def judge(self, images: np.ndarray) -> Judgement:
        """Return what is painted."""
        nothing = np.zeros(len(images), np.float32)
        return Judgement(self.realism(images), read(images), nothing, nothing)


def read(images: np.ndarray) -> Predictions:
    """Read the picture exactly."""
    return Predictions(margins_of(images), {}, np.zeros((len(images), 1), np.float32))


def painted_samples(latents: np.ndarray, judges: PaintedJudges | None = None) -> Samples:
    """Return samples of the painting generator, looked at by judges."""
    judges = judges or PaintedJudges()
    images = paint(latents)
    config = preset("default", latent_dim=latents.shape[1])
    run = SimpleNamespace(generate=paint, config=config, path=Path("painted"), step=0)
    subject = SimpleNamespace(run=run, classifier=SimpleNamespace(binary=("woman", "crown"), predict=read))
    return Samples(subject, latents, images, judges.judge(images), judges)  # type: ignore[arg-type]


class Draws:
    """A stand-in for a generator: it draws with NumPy, also where a generator is compiled."""

    def __init__(self, draw: Callable[[np.ndarray], np.ndarray]) -> None:
        self._draw = draw

    def __call__(self, latents: tf.Tensor, training: bool = False) -> tf.Tensor:
        return tf.numpy_function(lambda z: self._draw(z).astype(np.float32), [latents], tf.float32)

    def get_weights(self) -> list[np.ndarray]:
        """Return none: there are none."""
        return []


def grey_images(latents: np.ndarray) -> np.ndarray:
    """Draw grey for each latent, float32 [N, 16, 16, 1]."""
    return np.zeros((len(latents), 16, 16, 1), np.float32)
