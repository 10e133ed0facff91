"""Directions from one kind of samples to another, and walks along them (Radford et al. 2015, figure 8)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def extremes(values: np.ndarray, eligible: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the samples with the lowest and those with the highest values.

    Args:
        values: float32 [N].
        eligible: whether each may be chosen, bool [N].
        share: share of the eligible samples at each end, at most a half.

    Returns:
        (int64 indices of the lowest, of the highest), the most extreme first; at least one each if two are
        eligible.
    """
    candidates = np.flatnonzero(eligible)
    order = candidates[np.argsort(values[candidates], kind="stable")]
    count = min(max(1, round(share * len(order))), len(order) // 2)
    return order[:count], order[::-1][:count]


def mean_differences(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the mean of the high exemplars minus the mean of the low ones, for each draw.

    Args:
        points: points of all samples, [N, ...]: latents, or pixels.
        low: indices of exemplars, [draws, k].
        high: indices of exemplars, [draws, k].

    Returns:
        float32 [draws, ...].
    """
    means = [points[chosen].mean(axis=1, dtype=np.float32) for chosen in (high, low)]
    return np.asarray(means[0] - means[1])


def random_directions(like: np.ndarray, *, seed: Sequence[int]) -> np.ndarray:
    """Return random directions of the same lengths, float32 [N, latent_dim]."""
    drawn = np.random.default_rng(seed).normal(size=like.shape)
    wanted = np.linalg.norm(like, axis=1, keepdims=True)
    return np.asarray(drawn * (wanted / np.linalg.norm(drawn, axis=1, keepdims=True)), np.float32)


def positions(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Return the place of samples on the way from the low exemplars to the high ones.

    Args:
        values: values of the attribute, float32 [N].
        low: mean value of the low exemplars.
        high: mean value of the high exemplars.

    Returns:
        float32 [N]: 0 for what is like the low exemplars or beyond them, 1 for what is like the high ones.
    """
    return np.asarray(np.clip((values - low) / (high - low), 0.0, 1.0), np.float32)


def along(latents: np.ndarray, directions: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Add fractions of a direction to latents, and scale each sum to the length of the latent itself.

    Longer latents than in training give pictures of too much contrast. Latents of fraction 0 stay unchanged.

    Args:
        latents: float32 [N, latent_dim].
        directions: float32 [N, latent_dim].
        fractions: fractions of the direction, float [N, S].

    Returns:
        float32 [N, S, latent_dim].
    """
    moved = latents[:, None] + fractions[:, :, None] * directions[:, None]
    wanted = np.linalg.norm(latents, axis=-1)[:, None, None]
    lengths = np.linalg.norm(moved, axis=-1, keepdims=True)
    return np.asarray(moved * (wanted / np.maximum(lengths, 1e-12)), np.float32)


def along_in_pixels(images: np.ndarray, directions: np.ndarray, fractions: np.ndarray) -> np.ndarray:
    """Add fractions of a difference of mean pictures to pictures; uint8 [N, S, H, W, C], clipped.

    Args:
        images: uint8 [N, H, W, C].
        directions: levels, float32 [N, H, W, C].
        fractions: fractions of the direction, float [N, S].
    """
    moved = images[:, None] + fractions[:, :, None, None, None] * directions[:, None]
    return np.asarray(np.clip(np.rint(moved), 0, 255), np.uint8)
