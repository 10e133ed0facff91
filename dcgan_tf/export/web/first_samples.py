"""Choose the samples that the page shows first: those that look most like the training images.

Two signals are combined, because each is too weak alone. One is the run's discriminator, averaged over a
sample and its neighbours in latent space, because it errs on single pictures. The other is how little the
picture changes from the sample to these neighbours: a generator changes fastest between the kinds of pictures
that it has learnt, where faces have one eye (Tanielian et al. 2020, "Learning disconnected manifolds: a no
GAN's land").
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from dcgan_tf.latents import typical_norm, with_typical_norm
from dcgan_tf.models import logits_of
from dcgan_tf.runs import Run, in_batches

CANDIDATES, SHOWN = 96, 24
NEIGHBOURS, DISTANCE = 8, 0.3
"""The neighbours of a sample: how many, and their distance in each number, in standard deviations."""
_SEED_STEP, _STATE_STEP = 0x9E3779B9, 0x6D2B79F5  # of mulberry32, as in latents.js


def first_samples(run: Run) -> dict[str, Any]:
    """Choose the samples that the page shows first, for `web.write_page`.

    In a conditional run, samples of the first class are judged, with which the page begins.

    Args:
        run: the opened run.

    Returns:
        `numbers`: int [24], the most realistic sample first; `of`: the number of candidates, 96.
    """
    one_class = run.of_class(0) if run.takes_labels else run
    model = run.config.model
    numbers = range(1, CANDIDATES + 1)
    latents = page_latents(numbers, model.latent_dim, distribution=model.latent_distribution)
    judge = logits_of(one_class.discriminator)

    def draw(z: np.ndarray) -> np.ndarray:
        return in_batches(lambda batch: one_class.generator(batch, training=False), z)

    pictures = draw(latents)
    rng = np.random.default_rng(0)
    deviation = DISTANCE * typical_norm(model) / np.sqrt(model.latent_dim)
    logits, changes = [], []
    for _ in range(NEIGHBOURS):
        near = draw(with_typical_norm(latents + deviation * rng.normal(size=latents.shape), model))
        logits.append(in_batches(lambda batch: judge(batch, training=False), near)[:, 0])
        changes.append(np.square(near - pictures).mean(axis=(1, 2, 3)))
    order = np.argsort(_ranks(-np.mean(logits, axis=0)) + _ranks(np.mean(changes, axis=0)), kind="stable")
    return {"numbers": [numbers[place] for place in order[:SHOWN]], "of": CANDIDATES}


def _ranks(values: np.ndarray) -> np.ndarray:
    """Return the number of smaller values for each value, int [N]."""
    return np.searchsorted(np.sort(values), values)


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
