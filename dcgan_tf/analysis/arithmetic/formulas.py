"""Formulas: sums of mean latents, and how often their pictures show what they should."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis import concepts
from dcgan_tf.analysis.concepts import Concept
from dcgan_tf.analysis.samples import Samples
from dcgan_tf.errors import ArgumentError
from dcgan_tf.latents import with_typical_norm


@dataclass(frozen=True)
class Formula:
    """Concepts to add and to subtract, and what the result should show."""

    plus: tuple[Concept, ...]
    minus: tuple[Concept, ...]
    expected: Concept

    @staticmethod
    def of(plus: Sequence[Concept], minus: Sequence[Concept]) -> Formula:
        """Return the formula of complete concepts, with what its result should show."""
        return Formula(tuple(plus), tuple(minus), concepts.expected(plus, minus))

    @staticmethod
    def parse(plus: Sequence[str], minus: Sequence[str], known: Sequence[str]) -> Formula:
        """Read the terms; see `concepts.parse_concept` and `concepts.complete`.

        Raises:
            ArgumentError: for an attribute that is not among `known`, if nothing is added, or for one text in
                place of a list of them.
        """
        for name, terms in (("plus", plus), ("minus", minus)):
            listed = isinstance(terms, Iterable) and not isinstance(terms, str)
            if not (listed and all(isinstance(text, str) for text in terms)):
                raise ArgumentError(
                    f'{name} must be a list of concepts, such as ["man+crown", "woman"], received '
                    f"{terms!r:.80}"
                )
        if not plus:
            raise ArgumentError("a formula needs at least one concept to add (--plus)")
        added = [concepts.parse_concept(text, known) for text in plus]
        subtracted = [concepts.parse_concept(text, known) for text in minus]
        return Formula.of(*concepts.complete(added, subtracted))

    @property
    def signs(self) -> list[int]:
        """+1 or -1 for each of `terms`."""
        return [1] + [-1] * len(self.minus) + [1] * (len(self.plus) - 1)

    @property
    def terms(self) -> list[Concept]:
        """The concepts in the order of reading: one to add, those to subtract, the others to add."""
        return [self.plus[0], *self.minus, *self.plus[1:]]

    def __str__(self) -> str:
        words = [
            f"{'+' if s > 0 else '−'} {term.name}" for s, term in zip(self.signs, self.terms, strict=True)
        ]
        return " ".join(words).removeprefix("+ ")


@dataclass(frozen=True)
class Shares:
    """Shares of N pictures, each from 0 to 1.

    Attributes:
        right: the share that shows what is expected and is as realistic as ordinary samples.
        shown: the share that shows it, realistic or not.
    """

    right: float
    shown: float


def combine(values: np.ndarray, signs: Sequence[int], chosen: Sequence[np.ndarray]) -> np.ndarray:
    """Return the signed sum of the terms' means.

    Args:
        values: values of all samples, [N, ...]: latents, or pixels.
        signs: +1 or -1 for each term.
        chosen: for each term the indices of its exemplars, [draws, k].

    Returns:
        float32 [draws, ...].
    """
    total: np.ndarray = np.zeros((len(chosen[0]), *values.shape[1:]), np.float32)
    for sign, indices in zip(signs, chosen, strict=True):
        total += sign * values[indices].mean(axis=1, dtype=np.float32)
    return total


def pixel_arithmetic(images: np.ndarray, signs: Sequence[int], chosen: Sequence[np.ndarray]) -> np.ndarray:
    """Return the same sum in pixels, which is the paper's control: uint8, clipped to [0, 255]."""
    levels = np.clip(np.rint(combine(images, signs, chosen)), 0, 255)
    return np.asarray(levels, np.uint8)


def draw_exemplars(pools: Sequence[np.ndarray], k: int, *, draws: int, seed: int) -> list[np.ndarray]:
    """Return int64 [draws, k] for each pool: k different members in each row, a function of (seed, k)."""
    rng = np.random.default_rng([seed, k])
    return [np.stack([rng.choice(pool, k, replace=False) for _ in range(draws)]) for pool in pools]


def judged(samples: Samples, images: np.ndarray, expected: Concept) -> Shares:
    """Return the shares of images, uint8 [N, H, W, C], that show what the formula expects."""
    judgement = samples.judge(images)
    shown = expected.clarity(judgement.margins) > 0
    return Shares(float(np.mean(shown & samples.realistic(judgement))), float(np.mean(shown)))


def latent_arithmetic(samples: Samples, signs: Sequence[int], chosen: Sequence[np.ndarray]) -> np.ndarray:
    """Return the sums of mean latents, scaled to the length of ordinary ones, float32 [draws, latent_dim]."""
    return with_typical_norm(combine(samples.latents, signs, chosen), samples.subject.run.config.model)
