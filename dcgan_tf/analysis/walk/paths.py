"""Paths of pictures: their steps and jumps, and the controls: cross-fades and hops on real images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from dcgan_tf.config import ModelConfig
from dcgan_tf.latents import between
from dcgan_tf.metrics import nearest


def latent_paths(starts: np.ndarray, ends: np.ndarray, steps: int, model: ModelConfig) -> np.ndarray:
    """Return the latents on the way from each start to its end, both included.

    Args:
        starts: float32 [P, latent_dim].
        ends: of the same shape.
        steps: number of steps of each path, at least 1.
        model: settings of the latents; normal ones are joined by great circles, uniform ones by straight
            lines.

    Returns:
        float32 [P, steps + 1, latent_dim].
    """
    fractions = np.linspace(0.0, 1.0, steps + 1)[None, :, None]
    return between(starts[:, None], ends[:, None], fractions, model)


def closed_walk(points: np.ndarray, steps: int, model: ModelConfig) -> np.ndarray:
    """Return the latents from each point to the next, and from the last to the first.

    Args:
        points: float32 [K, latent_dim], K at least 2.
        steps: number of steps between two points.
        model: see `latent_paths`.

    Returns:
        float32 [K, steps + 1, latent_dim]; each row ends where the next begins.
    """
    return latent_paths(points, np.roll(points, -1, axis=0), steps, model)


def cross_fades(starts: np.ndarray, ends: np.ndarray, steps: int) -> np.ndarray:
    """Return the pixels' straight line from each start to its end.

    Args:
        starts: uint8 [P, H, W, C].
        ends: of the same shape.
        steps: number of steps of each path.

    Returns:
        uint8 [P, steps + 1, H, W, C].
    """
    fractions = np.linspace(0.0, 1.0, steps + 1, dtype=np.float32)[None, :, None, None, None]
    faded = (1 - fractions) * starts[:, None] + fractions * ends[:, None]
    return np.asarray(np.rint(faded), np.uint8)


def nearest_real_images(features: np.ndarray, real_features: np.ndarray) -> np.ndarray:
    """Return the nearest real image of each picture on a path.

    A generator that had learnt its training images by heart would walk like this: it would stay on one image,
    and then jump to the next.

    Args:
        features: features of the paths' pictures, float32 [P, S + 1, D].
        real_features: float32 [M, D].

    Returns:
        int64 [P, S + 1], indices of real images.
    """
    _, found = nearest(features.reshape(-1, features.shape[-1]), real_features)
    return found.reshape(features.shape[:2])


def step_lengths(features: np.ndarray) -> np.ndarray:
    """Return the Euclidean length of every step.

    Args:
        features: float32 [P, S + 1, ...], in the order of the path.

    Returns:
        float32 [P, S].
    """
    steps = np.diff(np.asarray(features, np.float32), axis=1)
    return np.asarray(np.linalg.norm(steps.reshape(*steps.shape[:2], -1), axis=-1))


def jump_ratio(lengths: np.ndarray) -> np.ndarray:
    """Return each path's longest step, in mean steps: 1 if all are equal, S if it is one single jump.

    Args:
        lengths: float32 [P, S]. A path that stands still does not jump; its ratio is 1.

    Returns:
        float32 [P], from 1 to S.
    """
    means = lengths.mean(axis=1)
    moving = means > 0
    ratios = lengths.max(axis=1) / np.where(moving, means, 1.0)
    return np.asarray(np.where(moving, ratios, 1.0), np.float32)


def on_paths(compute: Callable[[np.ndarray], np.ndarray], paths: np.ndarray) -> np.ndarray:
    """Apply a function to every picture on every path.

    Args:
        compute: takes [N, ...] and returns [N, ...].
        paths: [P, S + 1, ...].

    Returns:
        [P, S + 1, ...].
    """
    results = compute(paths.reshape(-1, *paths.shape[2:]))
    return results.reshape(*paths.shape[:2], *results.shape[1:])
