"""Measure paths between latents: the lengths of their steps, and which pictures are realistic."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.features import SPACE, discriminator_features
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.analysis.walk import paths
from dcgan_tf.progress import progress

STEPS = 12
"""The number of steps between two points, in the numbers, the figure and the GIF."""

LATENT, FADE, NEAREST_REAL = "latent walk", "pixel cross-fade", "nearest real images"

_PAIRS_AT_ONCE = 32  # D's features of their pictures take 25 MB at 64x64

Describe = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class MeasuredPaths:
    """The measurements of P paths of one kind.

    Attributes:
        images: the pictures, uint8 [P, S + 1, H, W, C]; empty if they were not kept.
        lengths: lengths of the steps, float32 [P, S].
        realistic: whether each picture is as realistic as ordinary samples, bool [P, S + 1].
    """

    images: np.ndarray
    lengths: np.ndarray
    realistic: np.ndarray

    @property
    def jump_ratio(self) -> float:
        """The longest step in mean steps, averaged over the paths."""
        return float(paths.jump_ratio(self.lengths).mean())

    @property
    def share_realistic(self) -> float:
        """The share of the pictures between the ends that are realistic."""
        return float(self.realistic[:, 1:-1].mean())


@dataclass(frozen=True)
class PathMeasurer:
    """Walks between latents and measures the pictures on the way.

    Attributes:
        samples: ordinary samples, which define what is realistic.
        space: the name of the space that steps are measured in.
        describe: images uint8 [N, H, W, C] to features float32 [N, D] in that space.
        real_images: uint8 [M, H, W, C], for the hops.
        real_features: their features, float32 [M, D].
    """

    samples: Samples
    space: str
    describe: Describe
    real_images: np.ndarray
    real_features: np.ndarray

    @staticmethod
    def of(samples: Samples) -> PathMeasurer:
        """Return a measurer in the space that suits the run; see `perceptual_space`."""
        space, describe = perceptual_space(samples.subject)
        real = samples.subject.real_images
        return PathMeasurer(samples, space, describe, real, describe(real))

    def measure(self, starts: np.ndarray, ends: np.ndarray) -> dict[str, MeasuredPaths]:
        """Measure three ways from each start to its end, float32 [P, latent_dim]."""
        run = self.samples.subject.run
        latents = paths.latent_paths(starts, ends, STEPS, run.config.model)
        walked = paths.on_paths(run.generate, latents)
        features = paths.on_paths(self.describe, walked)
        faded = paths.cross_fades(walked[:, 0], walked[:, -1], STEPS)
        nearest_real = paths.nearest_real_images(features, self.real_features)
        return {
            LATENT: self._measured(walked, features),
            FADE: self._measured(faded, paths.on_paths(self.describe, faded)),
            NEAREST_REAL: self._measured(self.real_images[nearest_real], self.real_features[nearest_real]),
        }

    def measure_many(self, latents: np.ndarray) -> dict[str, MeasuredPaths]:
        """Measure the ways from every other latent to the next, and keep only the numbers."""
        places = range(0, len(latents), 2 * _PAIRS_AT_ONCE)
        parts: dict[str, list[MeasuredPaths]] = {LATENT: [], FADE: [], NEAREST_REAL: []}
        for first in progress(places, "walks"):
            block = latents[first : first + 2 * _PAIRS_AT_ONCE]
            for name, part in self.measure(block[::2], block[1::2]).items():
                parts[name].append(part)
        return {
            name: MeasuredPaths(
                np.empty(0, np.uint8),
                np.concatenate([part.lengths for part in several]),
                np.concatenate([part.realistic for part in several]),
            )
            for name, several in parts.items()
        }

    def _measured(self, pictures: np.ndarray, features: np.ndarray) -> MeasuredPaths:
        realistic = paths.on_paths(self._realistic, pictures)
        return MeasuredPaths(pictures, paths.step_lengths(features), realistic)

    def _realistic(self, images: np.ndarray) -> np.ndarray:
        return self.samples.realistic(self.samples.judge(images))


def perceptual_space(subject: Subject) -> tuple[str, Describe]:
    """Return the space in which steps are measured, and the function from images to vectors in it.

    They are D's convolutional features, as in the paper's section 5.1. A fully connected D has none. Then
    they are the classifier's features or, without a classifier, the pixels.
    """
    run = subject.run
    if run.config.model.architecture == "dcgan":
        return SPACE, lambda images: discriminator_features(run.discriminator, images)
    if subject.has_classifier:
        classifier = subject.classifier
        return (
            f"features of the {classifier.feature_space}",
            lambda images: classifier.predict(images).features,
        )
    return "pixels", lambda images: images.reshape(len(images), -1).astype(np.float32)
