"""Use D as a feature extractor for a linear classifier (Radford et al. 2015, section 5.1)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis import untrained
from dcgan_tf.analysis.features import discriminator_features
from dcgan_tf.analysis.filters.guided_backprop import last_feature_layers
from dcgan_tf.analysis.finding import Finding, Measure
from dcgan_tf.analysis.probe.about import ANALYSIS
from dcgan_tf.analysis.probe.figure import Contrast, probe_figure
from dcgan_tf.analysis.probe.linear_probe import (
    COSTS,
    MOST_TO_CHOOSE_BY,
    balanced_draw,
    choose_costs,
    fit_probe,
    predict_answers,
    standardise,
)
from dcgan_tf.analysis.probe.linear_svm import in_parallel
from dcgan_tf.analysis.questions import Question, questions
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import RunError
from dcgan_tf.images import to_float
from dcgan_tf.progress import progress
from dcgan_tf.runs import Run

FEW_LABELS = 1000  # the paper's number where labels are few (section 5.2)
MOST_LABELS = 20_000
METHOD = {
    "features": "D's convolutional layers behind their activations, max-pooled to 4x4, standardised",
    "classifier": "linear SVM, squared hinge loss, L2 penalty, one answer against the others",
    "C": f"one of {', '.join(map(str, COSTS))}, chosen on a "
    f"fifth of up to {MOST_TO_CHOOSE_BY:,} training labels, or each fifth of few (of the first draw)",
}
TOO_EASY = 0.99
"""The accuracy of a control above which D's features cannot show an advantage."""
D_FEATURES, RANDOM, PIXELS = "D's features", "random D", "raw pixels"

Extractor = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class ProbeResult:
    """The accuracy of the answers to each question from one kind of features.

    Attributes:
        labels: of each draw.
        few: accuracy in each draw of few labels, float64 [draws, questions]; no rows if all labels are few.
        all: accuracy with all labels, float64 [questions].
        answers: what is answered to each question with the first draw of few labels (or all), int64 [Q, M].
    """

    labels: int
    few: np.ndarray
    all: np.ndarray
    answers: np.ndarray


def probe(
    run: Run,
    *,
    num_images: int = 10_000,
    labels: int = MOST_LABELS,
    few_labels: int = FEW_LABELS,
    draws: int = 5,
    seed: int = 0,
) -> Finding:
    """Classify held-out images with a linear classifier on D's features, on a random D's, and on pixels.

    The paper's protocol: the features of all of D's convolutional layers, max-pooled to 4x4 and laid in one
    vector, and a regularised linear L2-SVM on them. D never saw a label.

    Args:
        run: a run with a convolutional discriminator, trained on images with labels or binary attributes.
        num_images: the most held-out images that are classified.
        labels: the most training labels that are used.
        few_labels: number of labels where labels are few, equally many of each answer.
        draws: number of draws of few labels.
        seed: seed of all random choices.

    Raises:
        ArgumentError: if the discriminator is fully connected, or for a number that is too small.
        RunError: if there are no labels and no binary attributes, or no held-out images.
    """
    ANALYSIS.check_arguments(run, labels=labels, few_labels=few_labels, draws=draws)
    ANALYSIS.check_arguments(run, num_images=num_images, seed=seed)
    started, subject = time.monotonic(), Subject(run)
    last_feature_layers(run.discriminator)
    train, held_out = _some(subject.train, labels, seed=seed), _some(subject.held_out, num_images, seed=seed)
    asked, truth = _asked(subject, train, held_out)
    draws = draws if len(train) > few_labels else 0
    outcomes = {}
    for name, extract in progress(list(_extractors(subject).items()), "kinds of features"):
        learnt, checked = extract(train.images), extract(held_out.images)
        standardise(learnt, checked)
        outcomes[name] = classify(learnt, asked, checked, truth, few=few_labels, draws=draws, seed=seed)
    return Finding(
        name="probe",
        summary=f"{_verdict(outcomes, len(train), len(held_out))}: {_summary(outcomes, len(train))}",
        protocol=subject.protocol(
            seed=seed,
            num_images=len(held_out),
            started=started,
            images="real, held out",
            labels=len(train),
            few_labels=f"{draws} draws of {few_labels:,}, equally many of each answer" if draws else "all",
            **METHOD | {"random_discriminator": untrained.protocol(run)},
        ),
        measures=tuple(_measures(outcomes, truth, len(train))),
        figure=probe_figure(
            accuracy=_bars(outcomes, len(train)),
            chance=float(np.mean([question.commonest for question in truth])),
            contrast=_contrast(outcomes, held_out.images, truth, labels=min(few_labels, len(train))),
            questions=len(truth),
        ),
        details=_details(outcomes, truth),
        warnings=_left_out(train, asked),
    )


def _details(outcomes: Mapping[str, ProbeResult], truth: Sequence[Question]) -> dict[str, object]:
    return {
        "questions": [question.name for question in truth],
        "accuracy": {name: {"few": o.few.tolist(), "all": o.all.tolist()} for name, o in outcomes.items()},
    }


def classify(
    learnt: np.ndarray,
    asked: Sequence[Question],
    checked: np.ndarray,
    truth: Sequence[Question],
    *,
    few: int,
    draws: int,
    seed: int,
) -> ProbeResult:
    """Answer questions about held-out images from one kind of features.

    Args:
        learnt: of the training images, standardised, float32 [N, D].
        asked: with their answers.
        checked: of the held-out images, standardised alike, float32 [M, D].
        truth: the same questions with the held-out images' answers.
        few: labels of each draw.
        draws: how many.
        seed: seed of all random choices.
    """
    answers = np.zeros((draws, len(asked), len(checked)), np.int64)
    for i, question in enumerate(asked if draws else ()):
        answers[:, i] = _from_few(learnt, question, checked, few=few, draws=draws, seed=seed)
    weights_of_all = fit_probe(learnt, asked, choose_costs(learnt, asked, seed=seed))
    answered = np.stack([predict_answers(checked, weights) for weights in weights_of_all])
    right = np.stack([question.answers for question in truth])
    shown = answers[0] if draws else answered
    return ProbeResult(few, np.mean(answers == right, axis=2), np.mean(answered == right, axis=1), shown)


def _from_few(
    learnt: np.ndarray, question: Question, checked: np.ndarray, *, few: int, draws: int, seed: int
) -> np.ndarray:
    """Answer a question from each of some draws of few labels; C is that of the first.

    Returns:
        int64 [draws, M].
    """
    drawn = [balanced_draw(question, few, seed=seed, draw=draw) for draw in range(draws)]
    costs = choose_costs(learnt[drawn[0]], [question.of(drawn[0])], seed=seed)

    def answers(rows: np.ndarray) -> np.ndarray:
        (weights,) = fit_probe(learnt[rows], [question.of(rows)], costs)
        return predict_answers(checked, weights)

    return np.stack(in_parallel(answers, drawn))


def _extractors(subject: Subject) -> dict[str, Extractor]:
    """Return functions from images, uint8 [N, H, W, C], to features, float32 [N, D]; D's own first."""
    ours = subject.run.discriminator
    fresh = untrained.untrained_discriminator(subject.run, subject.train.images)
    return {
        D_FEATURES: lambda images: discriminator_features(ours, images),
        RANDOM: lambda images: discriminator_features(fresh, images),
        PIXELS: lambda images: np.asarray(to_float(images)).reshape(len(images), -1),
    }


def _some(images: ImageSet, most: int, *, seed: int) -> ImageSet:
    """Return at most this many of the images, chosen at random, in their order."""
    rows = np.sort(np.random.default_rng([seed, 1]).permutation(len(images))[:most])
    return images.subset(rows)


def _asked(subject: Subject, train: ImageSet, held_out: ImageSet) -> tuple[list[Question], list[Question]]:
    """Return the questions with the answers of the training and of the held-out images.

    A question with the same answer for all training images is left out, so that it does not stop the others.
    """
    spec = subject.run.config.data.spec
    asked, truth = questions(train), questions(held_out)
    if not asked:
        raise RunError(
            f"{spec} has neither labels nor binary attributes, so there is nothing to classify; add an "
            "attributes.csv or one sub-folder for each class"
        )
    if [(q.name, q.options) for q in asked] != [(q.name, q.options) for q in truth]:
        raise RunError(
            f"the held-out images of {spec} have other classes or attributes than its training images"
        )
    varying = [i for i, question in enumerate(asked) if len(np.unique(question.answers)) > 1]
    if not varying:
        more = (
            "; raise --training-labels"
            if len(train) < len(subject.train)
            else ", so there is nothing to classify"
        )
        raise RunError(f"all {len(train):,} training images have the same {asked[0].name!r}{more}")
    return [asked[i] for i in varying], [truth[i] for i in varying]


def _left_out(train: ImageSet, asked: Sequence[Question]) -> tuple[str, ...]:
    """Return a warning for each question that was left out, because all training images have one answer."""
    kept = {question.name for question in asked}
    return tuple(
        f"{question.name!r} is left out: all {len(train):,} training images have the same"
        for question in questions(train)
        if question.name not in kept
    )


def _bars(outcomes: Mapping[str, ProbeResult], labels: int) -> dict[str, dict[str, tuple[float, float]]]:
    """Return {number of labels: {features: (mean accuracy, standard deviation over the draws)}}."""
    groups = {}
    if len(outcomes[D_FEATURES].few):
        means = {name: outcome.few.mean(axis=1) for name, outcome in outcomes.items()}
        groups[f"{outcomes[D_FEATURES].labels:,} labels"] = {
            name: (float(m.mean()), float(m.std())) for name, m in means.items()
        }
    groups[f"{labels:,} labels"] = {name: (float(o.all.mean()), 0.0) for name, o in outcomes.items()}
    return groups


def _verdict(outcomes: Mapping[str, ProbeResult], labels: int, checked: int) -> str:
    """Return whether D's features show more than the controls; with few labels, if there are few.

    A difference counts if it is larger than twice its standard error, which is that of two shares of
    `checked` images; of several questions about the same images it is no more.
    """
    values = {name: mean for name, (mean, _) in next(iter(_bars(outcomes, labels).values())).items()}
    best = max((RANDOM, PIXELS), key=lambda name: values[name])
    if values[best] >= TOO_EASY:
        return f"no verdict, because the task is too easy: {best} alone are right in {values[best]:.1%}"
    error = math.sqrt(sum(share * (1 - share) for share in (values[D_FEATURES], values[best])) / checked)
    if values[D_FEATURES] <= values[best] + 2 * error:
        return f"D's features tell no more than {best} (a null result)"
    return f"D's features tell more than {RANDOM} and {PIXELS}"


def _summary(outcomes: Mapping[str, ProbeResult], labels: int) -> str:
    parts = []
    for name, values in _bars(outcomes, labels).items():
        others = ", ".join(f"{other} {values[other][0]:.1%}" for other in (RANDOM, PIXELS))
        spread = f" ± {values[D_FEATURES][1]:.1%}" if values[D_FEATURES][1] else ""
        parts.append(f"with {name} {values[D_FEATURES][0]:.1%}{spread} ({others})")
    return f"a linear classifier on D's features is right {'; '.join(parts)}"


def _measures(outcomes: Mapping[str, ProbeResult], truth: Sequence[Question], labels: int) -> list[Measure]:
    meaning = "share of held-out images that a linear SVM on D's features classifies rightly; more is better"
    several = f", mean over {len(truth)} questions" if len(truth) > 1 else ""
    chance = float(np.mean([question.commonest for question in truth]))
    measures = [
        Measure(
            f"accuracy with {name}{several}",
            values[D_FEATURES][0],
            "share",
            {other: values[other][0] for other in (RANDOM, PIXELS)} | {"always the commonest answer": chance},
            meaning,
        )
        for name, values in _bars(outcomes, labels).items()
    ]
    for i, question in enumerate(truth if len(truth) > 1 else ()):
        graded = {
            name: float(np.mean(o.few[:, i]) if len(o.few) else o.all[i]) for name, o in outcomes.items()
        }
        controls = {other: graded[other] for other in (RANDOM, PIXELS)}
        controls["always the commonest answer"] = question.commonest
        count = min(outcomes[D_FEATURES].labels, labels)
        measures.append(
            Measure(f"{question.name} with {count:,} labels", graded[D_FEATURES], "share", controls, meaning)
        )
    return measures


def _contrast(
    outcomes: Mapping[str, ProbeResult], images: np.ndarray, truth: Sequence[Question], *, labels: int
) -> Contrast | None:
    """Return the held-out images that only D's features classify correctly, for the question with most."""
    right = np.stack([question.answers for question in truth])
    differ = (outcomes[D_FEATURES].answers == right) & (outcomes[PIXELS].answers != right)
    worse = (outcomes[D_FEATURES].answers != right) & (outcomes[PIXELS].answers == right)
    i = int(np.argmax(differ.sum(axis=1)))
    rows = np.flatnonzero(differ[i])[:10]
    if not len(rows):
        return None
    options = np.asarray(truth[i].options, object)
    return Contrast(
        images=images[rows],
        right=[str(name) for name in options[right[i][rows]]],
        wrong=[str(name) for name in options[outcomes[PIXELS].answers[i][rows]]],
        count=int(differ[i].sum()),
        opposite=int(worse[i].sum()),
        labels=labels,
    )
