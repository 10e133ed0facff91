"""Probes on features of which it is known what can be told from them."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.analysis.probe.linear_probe import (
    COSTS,
    balanced_draw,
    choose_costs,
    fit_probe,
    predict_answers,
    standardise,
)
from dcgan_tf.analysis.probe.probe import classify
from dcgan_tf.analysis.questions import Question, questions, shown
from dcgan_tf.data.image_set import ImageSet

DIGITS = tuple("0123")


def planted(count: int, rng: np.random.Generator) -> tuple[np.ndarray, list[Question]]:
    """Return features in which the class and a hat are plain to see."""
    classes, hat = rng.integers(0, 4, count), rng.integers(0, 2, count)
    features = rng.normal(size=(count, 12)).astype(np.float32)
    features[:, :6] *= 0.1
    features[np.arange(count), classes] += 20
    features[:, 5] += 20 * hat
    return features, [Question("class", DIGITS, classes), Question("hat", ("no hat", "hat"), hat)]


def test_what_is_there_is_told_always_and_what_is_not_by_chance():
    rng = np.random.default_rng(0)
    (learnt, asked), (checked, truth) = planted(400, rng), planted(1000, rng)
    standardise(learnt, checked)
    seen = classify(learnt, asked, checked, truth, few=80, draws=2, seed=0)
    assert seen.few.tolist() == [[1, 1], [1, 1]]
    assert seen.all.tolist() == [1, 1]
    np.testing.assert_array_equal(seen.answers, [question.answers for question in truth])
    # A shuffled answer goes with a whole group of images that look alike, so one shuffling proves little.
    guesses = []
    for _ in range(20):
        shuffled = [question.of(rng.permutation(400)) for question in asked]
        guesses.append(classify(learnt, shuffled, checked, truth, few=80, draws=0, seed=0).all)
    np.testing.assert_allclose(np.mean(guesses, axis=0), [0.25, 0.5], atol=0.15)


def test_held_out_answers_have_no_part_in_learning():
    rng = np.random.default_rng(1)
    (learnt, asked), (checked, truth) = planted(200, rng), planted(50, rng)
    wrong = [Question(q.name, q.options, (q.answers + 1) % len(q.options)) for q in truth]
    assert classify(learnt, asked, checked, wrong, few=80, draws=0, seed=0).all.tolist() == [0, 0]


def test_draws_have_equally_many_of_each_answer():
    answers = np.array([0] * 70 + [1] * 20 + [2] * 10)
    question = Question("class", tuple("abc"), answers)
    rows = balanced_draw(question, 30, seed=0, draw=0)
    assert np.bincount(answers[rows]).tolist() == [10, 10, 10]
    assert len(set(rows)) == 30
    more = balanced_draw(question, 60, seed=0, draw=0)  # twenty of each; there are only ten of the last
    assert len(set(more)) == 60
    assert np.bincount(answers[more])[2] == 10
    assert not np.array_equal(rows, balanced_draw(question, 30, seed=0, draw=1))


def test_a_low_cost_is_chosen_where_most_features_say_nothing():
    rng = np.random.default_rng(0)
    answers = rng.integers(0, 2, 300)
    features = rng.normal(size=(300, 200)).astype(np.float32)
    features[:, 0] += 2 * answers - 1
    assert choose_costs(features, [Question("x", ("no", "yes"), answers)], seed=0) == [COSTS[0]]


def test_of_costs_that_are_always_right_the_surest_is_chosen():
    features, asked = planted(400, np.random.default_rng(0))
    standardise(features)
    assert choose_costs(features, asked, seed=0) == [COSTS[-1]] * 2


def test_a_high_cost_is_chosen_where_only_it_can_tell():
    """A small difference in one feature, below large ones that say nothing."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=(1000, 2)).astype(np.float32) * [3.0, 0.01]
    answers = (features[:, 1] > 0).astype(np.int64)
    chosen = choose_costs(features.astype(np.float32), [Question("x", ("no", "yes"), answers)], seed=0)
    assert chosen == [COSTS[-1]]


def test_standardised_features_have_mean_0_and_spread_1_on_the_training_images():
    rng = np.random.default_rng(0)
    train = (rng.normal(size=(100, 3)) * [1, 5, 0] + [0, 7, 4]).astype(np.float32)
    other = train[:10].copy()
    standardise(train, other)
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-4)
    np.testing.assert_allclose(train.std(axis=0), [1, 1, 0], atol=1e-4)
    np.testing.assert_array_equal(other, train[:10])


def test_each_question_has_weights_of_its_own():
    features, asked = planted(200, np.random.default_rng(0))
    standardise(features)
    both = fit_probe(features, asked, [0.01, 0.01])
    assert [weights.shape for weights in both] == [(13, 4), (13, 1)]
    for question, weights in zip(asked, both, strict=True):
        np.testing.assert_array_equal(predict_answers(features, weights), question.answers)


def test_questions_are_classes_and_binary_attributes():
    images = ImageSet(
        "x",
        np.zeros((3, 4, 4, 1), np.uint8),
        labels=np.array([1, 0, 1]),
        label_names=("cat", "dog"),
        attributes={"hat": np.array([1, 0, 0], np.uint8), "turn": np.zeros(3, np.float32)},
    )
    asked = questions(images)
    assert [(q.name, q.options) for q in asked] == [("class", ("cat", "dog")), ("hat", ("no hat", "hat"))]
    assert asked[1].commonest == pytest.approx(2 / 3)
    truths = shown(asked)
    assert {name: truth.tolist() for name, truth in truths.items()} == {
        "cat": [False, True, False],
        "dog": [True, False, True],
        "hat": [True, False, False],
    }


def test_an_attribute_called_class_is_one_question_beside_the_classes():
    attributes = {"class": np.array([1, 0, 0], np.uint8)}
    pixels = np.zeros((3, 4, 4, 1), np.uint8)
    truths = shown(questions(ImageSet("x", pixels, attributes=attributes)))
    assert {name: truth.tolist() for name, truth in truths.items()} == {"class": [True, False, False]}
    classes = {"labels": np.array([1, 0, 1]), "label_names": ("cat", "dog")}
    assert [*shown(questions(ImageSet("x", pixels, attributes=attributes, **classes)))] == [
        "cat",
        "dog",
        "class",
    ]
