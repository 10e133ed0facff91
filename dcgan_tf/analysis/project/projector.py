"""Find the latents whose pictures are most like given images, by descending from the nearest samples.

For each image x, Adam minimises over the latent z

    L(z) = |G(z) - x|^2 / (n s) + 0.1 |F(G(z)) - F(x)|^2 / (m t) + 0.1 (|z| / r - 1)^2

with n pixels in [-1, 1] and m features F of the run's classifier. s and t are the mean variances of both over
samples, and r is the typical length of a latent. The first two terms are those of Zhu et al. 2016, section
4.1; the third keeps z where the generator was trained. Latents of a uniform distribution stay in its cube.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dcgan_tf.analysis.subject import Subject
from dcgan_tf.images import to_float
from dcgan_tf.latents import typical_norm
from dcgan_tf.metrics import nearest
from dcgan_tf.progress import progress
from dcgan_tf.runs import SAMPLING_BATCH, in_batches

POOL = 1024
"""The number of samples among which the starts are found."""
STARTS, TRIAL_STEPS, STEPS = 4, 25, 175
"""The nearest samples that are tried, for how many steps, and the steps of the best of them after that."""
LARGEST_RATE, WEIGHT_OF_FEATURES, WEIGHT_OF_LENGTH = 0.1, 0.1, 0.1
_MOMENTUM, _MEAN_SQUARE, _EPSILON = 0.9, 0.999, 1e-8
_IMAGES_AT_ONCE = 4 * SAMPLING_BATCH


@dataclass(frozen=True)
class Projections:
    """What a search has found for N images.

    Attributes:
        latents: float32 [N, latent_dim].
        images: what the generator draws of them, uint8 [N, H, W, C].
        levels: the root mean square difference from the images, in levels of 0 to 255, float32 [N].
        before: the same of the nearest of the samples among which the search starts, float32 [N].
        lengths: lengths of the latents in the typical one, float32 [N].
    """

    latents: np.ndarray
    images: np.ndarray
    levels: np.ndarray
    before: np.ndarray
    lengths: np.ndarray

    def of(self, rows: slice) -> Projections:
        """Return those of some images."""
        return Projections(**{name: values[rows] for name, values in vars(self).items()})


class Projector:
    """Searches the latents of a run for pictures like given ones.

    Args:
        subject: the run; its classifier is used if it has one.
        seed: seed of the samples among which the starts are found.
    """

    def __init__(self, subject: Subject, *, seed: int) -> None:
        self._run, self._model = subject.run, subject.run.config.model
        self._features = subject.classifier.differentiable_features if subject.has_classifier else None
        self._pool = self._run.latents(POOL, seed=seed)
        self._drawn = self._run.generate(self._pool)
        self._scales = self._scales_of(self._drawn)
        self._descriptions = self._described(self._drawn)
        self._descend = {steps: self._descent(steps) for steps in (TRIAL_STEPS, STEPS)}

    def project(self, images: np.ndarray) -> Projections:
        """Find a latent for each image, uint8 [N, H, W, C]; the other images do not change it."""
        starts = range(0, len(images), _IMAGES_AT_ONCE)
        found = [self._search(images[i : i + _IMAGES_AT_ONCE]) for i in progress(starts, "searching")]
        if not found:
            nothing = np.empty(0, np.float32)
            return Projections(self._pool[:0], images, nothing, nothing, nothing)
        return Projections(*(np.concatenate(parts) for parts in zip(*found, strict=True)))

    def _search(self, images: np.ndarray) -> tuple[np.ndarray, ...]:
        """Return the fields of `Projections` for so many images that all of it has room in memory."""
        targets = self._described(images)
        _, starts = nearest(targets, self._descriptions, k=STARTS)
        tried = in_batches(
            self._descend[TRIAL_STEPS], self._pool[starts.ravel()], np.repeat(targets, STARTS, axis=0)
        ).reshape(len(images), STARTS, -1)
        best = tried[np.arange(len(images)), tried[..., -1].argmin(axis=1), :-1]
        latents = np.ascontiguousarray(in_batches(self._descend[STEPS], best, targets)[:, :-1])
        drawn = self._run.generate(latents)
        lengths = np.linalg.norm(latents, axis=1) / typical_norm(self._model)
        before = _levels(self._drawn[starts[:, 0]], images)
        return latents, drawn, _levels(drawn, images), before, lengths

    def _scales_of(self, drawn: np.ndarray) -> tuple[float, float]:
        """Return what pixels and features are multiplied by, so that the loss is a squared distance."""
        pixels = to_float(drawn).reshape(len(drawn), -1)
        of_pixels = 1 / np.sqrt(pixels.shape[1] * _variance(pixels))
        network = self._features
        if network is None:
            return float(of_pixels), 0.0
        features = in_batches(lambda x: np.asarray(network(to_float(x), training=False)), drawn)
        return float(of_pixels), float(
            np.sqrt(WEIGHT_OF_FEATURES / (features.shape[1] * _variance(features)))
        )

    def _describe(self, images: tf.Tensor) -> tf.Tensor:
        """Return vectors whose squared distances are the loss without its last term, float32 [64, D]."""
        of_pixels, of_features = self._scales
        parts = [of_pixels * tf.reshape(images, [SAMPLING_BATCH, -1])]
        if self._features is not None:
            parts.append(of_features * self._features(images, training=False))
        return tf.concat(parts, axis=1)

    def _described(self, images: np.ndarray) -> np.ndarray:
        return in_batches(lambda x: np.asarray(self._describe(tf.constant(to_float(x)))), images)

    def _loss(self, latents: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        """Return the loss of each latent, float32 [N]."""
        described = self._describe(self._run.generator(latents, training=False))
        length = tf.norm(latents, axis=1) / typical_norm(self._model)
        return tf.reduce_sum((described - targets) ** 2, axis=1) + WEIGHT_OF_LENGTH * (length - 1) ** 2

    def _descent(self, steps: int) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
        """Return a function from (latents, targets) to latents after these steps, with their losses."""
        in_cube = self._model.latent_distribution == "uniform"

        @tf.function(autograph=False)  # type: ignore[untyped-decorator]  # TensorFlow is untyped
        def descend(latents: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
            def step(
                number: tf.Tensor, z: tf.Tensor, mean: tf.Tensor, square: tf.Tensor
            ) -> tuple[tf.Tensor, ...]:
                with tf.GradientTape() as tape:
                    tape.watch(z)
                    loss = self._loss(z, targets)
                moved, mean, square = _adam(number, steps, z, tape.gradient(loss, z), mean, square)
                return number + 1, tf.clip_by_value(moved, -1.0, 1.0) if in_cube else moved, mean, square

            nothing = tf.zeros_like(latents)
            _, z, _, _ = tf.while_loop(
                lambda number, *_: number < steps, step, (tf.constant(0), latents, nothing, nothing)
            )
            return tf.concat([z, self._loss(z, targets)[:, None]], axis=1)

        return lambda latents, targets: np.asarray(descend(latents, targets))


def _adam(
    number: tf.Tensor, steps: int, z: tf.Tensor, gradient: tf.Tensor, mean: tf.Tensor, square: tf.Tensor
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Take a step of Adam (Kingma and Ba 2015, algorithm 1) with a rate that falls to 0 along a cosine.

    Keras' optimizers keep their state in variables, which would need one set for each batch of latents.
    """
    place = tf.cast(number, tf.float32)
    mean = _MOMENTUM * mean + (1 - _MOMENTUM) * gradient
    square = _MEAN_SQUARE * square + (1 - _MEAN_SQUARE) * gradient**2
    direction = (mean / (1 - _MOMENTUM ** (place + 1))) / (
        tf.sqrt(square / (1 - _MEAN_SQUARE ** (place + 1))) + _EPSILON
    )
    rate = LARGEST_RATE * 0.5 * (1 + tf.cos(np.pi * place / steps))
    return z - rate * direction, mean, square


def _levels(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the root mean square difference of each pair of images uint8 [N, H, W, C], float32 [N]."""
    difference = first.astype(np.float32) - second
    return np.asarray(np.sqrt(np.mean(difference**2, axis=(1, 2, 3))))


def _variance(values: np.ndarray) -> float:
    """Return the mean variance of the columns; 1 where nothing varies, as in a collapsed run."""
    return float(values.var(axis=0).mean()) or 1.0
