"""Which samples the page shows first: of many, those that look most like what the generator was trained on.

Two things tell, each of them too weak alone. The run's discriminator, asked for a sample and its neighbours
in latent space together, because it errs on single pictures. And how little the picture changes from the
sample to these neighbours: between the kinds of pictures that it has learnt, where faces have one eye, a
generator changes fastest (Tanielian et al. 2020, "Learning disconnected manifolds: a no GAN's land").
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dcgan_tf.export.web.latents import page_latents
from dcgan_tf.latents import typical_norm, with_typical_norm
from dcgan_tf.models import logits_of
from dcgan_tf.runs import Run, in_batches

CANDIDATES, SHOWN = 96, 24
NEIGHBOURS, DISTANCE = 8, 0.3
"""Of a sample, and how far each number of its latent differs, in standard deviations of the latents."""


def first_samples(run: Run) -> dict[str, Any]:
    """Choose the samples that the page shows first, for `web.write_page`.

    Of a conditional run they are judged in the class that the page begins with, the first.

    Args:
        run: opened.

    Returns:
        `numbers`: int [24], the most realistic sample first; `of`: how many were looked at, 96.
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
    """Return for each value how many are smaller, int [N]."""
    return np.searchsorted(np.sort(values), values)
