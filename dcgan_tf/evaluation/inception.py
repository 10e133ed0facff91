"""Inception-v3 with Keras' ImageNet weights: the feature space of FID and KID.

Szegedy et al. 2016, "Rethinking the Inception architecture for computer vision"; for generated images
Heusel et al. 2017. Published FIDs mostly come from another set of weights, the TensorFlow graph of 2015, and
from other resizers, so the numbers of this file are comparable with each other, but not with published ones.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation.feature_spaces import Features, MetricNames
from dcgan_tf.keras_settings import own_settings
from dcgan_tf.models import digest_of

SIDE = 299
BATCH = 32
WEIGHTS_FILE = "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"


@dataclass(frozen=True)
class InceptionSpace:
    """The global average pool below Inception-v3's outputs ("pool3"), 2,048 features.

    Attributes:
        network: images float32 [N, 299, 299, 3] in [-1, 1] to (probabilities float32 [N, 1000], features
            float32 [N, 2048]).
    """

    network: keras.Model

    @staticmethod
    @own_settings()
    def open(weights: Path | None = None) -> InceptionSpace:
        """Build the network with trained weights.

        Args:
            weights: Keras' file of the network with its top; None takes the one in Keras' cache, or lets
                Keras download it.

        Raises:
            ArgumentError: if the file is missing and cannot be downloaded, or belongs to another network.
        """
        trained = _trained(weights)
        outputs = [trained.output, trained.get_layer("avg_pool").output]
        return InceptionSpace(keras.Model(trained.input, outputs))

    @property
    def name(self) -> str:
        """The name: network, weights and resizer, which all change the numbers."""
        return f"Inception-v3 (Keras, ImageNet), resized bilinearly with antialiasing to {SIDE}x{SIDE}"

    @cached_property
    def key(self) -> str:
        """A key made of the weights."""
        return f"inception-v3-{SIDE}-{digest_of(self.network)}"

    @property
    def names(self) -> MetricNames:
        """The names: FID, KID and Inception score."""
        return MetricNames("FID", "KID", "Inception score")

    @property
    def facts(self) -> dict[str, Any]:
        """The digest of the weights."""
        return {"weights": self.key.rpartition("-")[2]}

    @property
    def remarks(self) -> list[str]:
        """No sentences."""
        return []

    def read(self, images: np.ndarray) -> Features:
        """Return the features of images, uint8 [N, H, W, 1 or 3]; grey is repeated to three channels."""
        batches = [images[start : start + BATCH] for start in range(0, len(images), BATCH)]
        outputs = [self.network(_prepare(batch), training=False) for batch in batches]
        probabilities, points = (np.concatenate(part) for part in zip(*outputs, strict=True))
        return Features(points, probabilities)


_OF_FILES = (OSError, ValueError, KeyError, RuntimeError)
"""Errors of Keras and h5py on a damaged file or one of another network; Exception if a download fails."""


def weights_place() -> Path:
    """Return the path at which Keras looks for the file."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models" / WEIGHTS_FILE


def _trained(weights: Path | None) -> keras.Model:
    if weights is not None and not weights.is_file():
        raise ArgumentError(f"--weights: {weights} does not exist; give Keras' file {WEIGHTS_FILE}")
    try:
        return keras.applications.InceptionV3(weights=str(weights) if weights else "imagenet")
    except Exception as error:
        if not (isinstance(error, _OF_FILES) or type(error) is Exception):
            raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        if weights is not None:
            raise ArgumentError(
                f"{weights} does not hold the weights of Keras' InceptionV3 with its top ({reason})"
            ) from error
        raise ArgumentError(
            f"the weights of Inception-v3 are neither in Keras' cache nor can they be downloaded ({reason}); "
            f"put the file {WEIGHTS_FILE} at {weights_place()}, or name it with --weights FILE, or take "
            "another --space"
        ) from error


def _prepare(images: np.ndarray) -> tf.Tensor:
    """Resize uint8 [N, H, W, 1 or 3] to float32 [N, 299, 299, 3] in [-1, 1], the range of these weights."""
    large = tf.image.resize(tf.cast(images, tf.float32), (SIDE, SIDE), method="bilinear", antialias=True)
    return tf.broadcast_to(large / 127.5 - 1.0, [len(images), SIDE, SIDE, 3])
