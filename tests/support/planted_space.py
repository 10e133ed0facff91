"""A feature space without a network: what a picture shows is read off its pixels."""

from __future__ import annotations

import numpy as np

from dcgan_tf.evaluation.feature_spaces import Features, MetricNames


class PixelSpace:
    """Some linear combinations of pixels; counts how many images it has looked at."""

    name, key, names, facts, remarks = "planted pixels", "planted", MetricNames(), {}, []

    def __init__(self, directions: np.ndarray) -> None:
        self.directions = directions
        self.looked_at = 0

    @staticmethod
    def principal(images: np.ndarray, dimensions: int) -> PixelSpace:
        """Return the space of the principal components of images, uint8 [N, H, W, C]."""
        flat = images.reshape(len(images), -1) / 255.0
        _, _, directions = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
        return PixelSpace(directions[:dimensions].T)

    def read(self, images: np.ndarray) -> Features:
        """Return the combinations; it tells no kinds apart."""
        self.looked_at += len(images)
        points = (images.reshape(len(images), -1) / 255.0) @ self.directions
        return Features(points.astype(np.float32), np.ones((len(images), 1), np.float32))
