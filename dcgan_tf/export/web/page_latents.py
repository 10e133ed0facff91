"""The latents of the page's samples by number, drawn as latents.js does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SEED_STEP, _STATE_STEP = 0x9E3779B9, 0x6D2B79F5


def page_latents(numbers: Sequence[int], latent_dim: int, *, distribution: str) -> np.ndarray:
    """Return the latents that the page uses for samples with these numbers.

    Args:
        numbers: numbers of the samples; the page counts from 1.
        latent_dim: length of each.
        distribution: "normal", by Box and Muller (1958), or "uniform", U(-1, 1).

    Returns:
        float32 [len(numbers), latent_dim].
    """
    if distribution == "uniform":
        return (2 * _uniform_numbers(numbers, latent_dim) - 1).astype(np.float32)
    drawn = _uniform_numbers(numbers, 2 * latent_dim).reshape(len(numbers), latent_dim, 2)
    lengths = np.sqrt(-2 * np.log(1 - drawn[..., 0]))
    return np.asarray(lengths * np.cos(2 * np.pi * drawn[..., 1]), np.float32)


def _uniform_numbers(seeds: Sequence[int], count: int) -> np.ndarray:
    """Return the first numbers in [0, 1) of mulberry32 (Ettinger 2017) for each seed, float64 [N, count].

    Its state grows by a fixed step, so that all states are known at once. uint32 wraps, as required.
    """
    first = np.asarray(seeds, np.uint32)[:, None] * np.uint32(_SEED_STEP)
    state = first + np.arange(1, count + 1, dtype=np.uint32) * np.uint32(_STATE_STEP)
    bits = (state ^ (state >> np.uint32(15))) * (state | np.uint32(1))
    bits ^= bits + (bits ^ (bits >> np.uint32(7))) * (bits | np.uint32(61))
    return np.asarray((bits ^ (bits >> np.uint32(14))) / 2**32, np.float64)
