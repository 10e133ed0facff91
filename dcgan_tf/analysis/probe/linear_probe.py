"""Linear probes: measure what a linear classifier learns from features and a few labels."""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from dcgan_tf.analysis.probe.linear_svm import fit_svm, in_parallel, svm_scores
from dcgan_tf.analysis.questions import Question

COSTS = (1e-4, 1e-3, 1e-2, 1e-1)
"""The values of C to try; C is the weight of the sum of the losses beside |w|^2 / 2."""

MOST_TO_CHOOSE_BY = 5000
"""The most labels with which C is chosen."""

_FIFTHS = 5
_LEAST_SPREAD = 1e-3


def standardise(train: np.ndarray, *others: np.ndarray) -> None:
    """Give each feature mean 0 and standard deviation 1 on the training images; scale the others alike.

    Args:
        train: float32 [N, D], changed in place; features of almost no variation are not enlarged much.
        others: float32 [M, D], changed in place.
    """
    mean, spread = train.mean(axis=0), train.std(axis=0)
    spread = np.maximum(spread, max(_LEAST_SPREAD * float(spread.mean()), 1e-12))
    for values in (train, *others):
        values -= mean
        values /= spread


def fit_probe(features: np.ndarray, asked: Sequence[Question], costs: Sequence[float]) -> list[np.ndarray]:
    """Fit one linear SVM for each question, one answer against the others where there are more than two.

    Args:
        features: standardised, float32 [N, D].
        asked: with the answers of the same images.
        costs: C for each question.

    Returns:
        The weights for each question, float32 [D + 1, 1 or K].
    """
    signs = [_signs(question) for question in asked]
    penalties = 1 / (np.asarray(costs) * len(features))
    widths = [columns.shape[1] for columns in signs]
    weights = fit_svm(features, np.concatenate(signs, axis=1), np.repeat(penalties, widths))
    return np.split(weights, np.cumsum(widths)[:-1], axis=1)


def predict_answers(features: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the answers of a probe, int64 [N]."""
    scores = svm_scores(features, weights)
    return np.asarray(scores.argmax(axis=1) if scores.shape[1] > 1 else scores[:, 0] > 0, np.int64)


def choose_costs(features: np.ndarray, asked: Sequence[Question], *, seed: int) -> list[float]:
    """Return the C for each question that is best on a fifth of the labels, learnt from the others.

    The best is the one that is right most often; of several, the one with the least squared hinge loss. Of up
    to 1,000 labels each fifth has its turn, because a fifth of a few says little; of more, fewer.

    Args:
        features: standardised, float32 [N, D].
        asked: with the answers of the same images.
        seed: of the split.
    """
    order = np.random.default_rng([seed, 5]).permutation(len(features))[:MOST_TO_CHOOSE_BY]
    fifths = [fifth for fifth in np.array_split(order, _FIFTHS) if len(fifth)]
    grades = np.zeros((len(asked), len(COSTS), 2))
    for checked in fifths[: max(1, MOST_TO_CHOOSE_BY // len(order))]:
        learnt = np.setdiff1d(order, checked)
        fit = functools.partial(_fit_at, features[learnt], [q.of(learnt) for q in asked])
        fits = in_parallel(fit, COSTS[::-1])[::-1]  # the highest takes longest, so it begins first
        right = [q.of(checked) for q in asked]
        for k, weights in enumerate(fits):
            grades[:, k] += [_grade(features[checked], w, q) for w, q in zip(weights, right, strict=True)]
    return [max(zip(map(tuple, of_question), COSTS, strict=True))[1] for of_question in grades]


def balanced_draw(question: Question, size: int, *, seed: int, draw: int) -> np.ndarray:
    """Draw images with equally many of each answer, as far as there are.

    Args:
        question: whose answers are balanced.
        size: how many images; the same number of each answer, the rest at random.
        seed: of the draws.
        draw: number of the draw.

    Returns:
        int64 indices, ascending, all different.
    """
    order = np.random.default_rng([seed, 4, draw]).permutation(len(question.answers))
    each = size // len(question.options)
    kinds = question.answers[order]
    first = np.concatenate([order[kinds == kind][:each] for kind in range(len(question.options))])
    rest = order[~np.isin(order, first)]
    return np.sort(np.concatenate([first, rest])[:size])


def _fit_at(features: np.ndarray, asked: Sequence[Question], cost: float) -> list[np.ndarray]:
    return fit_probe(features, asked, [cost] * len(asked))


def _grade(features: np.ndarray, weights: np.ndarray, question: Question) -> tuple[float, float]:
    """Return (number of right answers, minus the squared hinge loss)."""
    short = np.maximum(0, 1 - _signs(question) * svm_scores(features, weights))
    return float(np.sum(predict_answers(features, weights) == question.answers)), -float(np.sum(short**2))


def _signs(question: Question) -> np.ndarray:
    """Return -1 or +1, [N, K], or [N, 1] for two answers."""
    if len(question.options) == 2:
        return np.asarray(2 * question.answers[:, None] - 1)
    return np.asarray(np.where(question.answers[:, None] == np.arange(len(question.options)), 1, -1))
