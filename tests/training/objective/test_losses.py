"""The losses, by hand: sigmoid(0) = 1/2, so -log of it is log 2; and so on, with math.log."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import config
from dcgan_tf.training.objective import losses

LOG_2 = math.log(2)


def sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def value(loss, logit: float) -> float:
    return loss(tf.constant([[logit]], tf.float32)).numpy().item()


def gradient(loss, logit: float) -> float:
    logits = tf.constant([[logit]], tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        output = loss(logits)
    return tape.gradient(output, logits).numpy().item()


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (losses.discriminator_real_loss, LOG_2),
        (losses.discriminator_fake_loss, LOG_2),
        (losses.non_saturating_loss, LOG_2),
        (losses.minimax_loss, -LOG_2),
    ],
)
def test_an_undecided_discriminator_costs_log_two(loss, expected):
    assert value(loss, 0.0) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("logit", [-3.0, -0.5, 0.5, 3.0])
def test_losses_are_the_formulas_that_they_cite(logit):
    probability = sigmoid(logit)
    real, fake = losses.discriminator_real_loss, losses.discriminator_fake_loss
    assert value(real, logit) == pytest.approx(-math.log(probability), rel=1e-5)
    assert value(fake, logit) == pytest.approx(-math.log(1 - probability), rel=1e-5)
    assert value(losses.non_saturating_loss, logit) == pytest.approx(-math.log(probability), rel=1e-5)
    assert value(losses.minimax_loss, logit) == pytest.approx(math.log(1 - probability), rel=1e-5)


@pytest.mark.parametrize(
    ("loss", "logit", "expected_value", "expected_gradient"),
    [
        # d/dl softplus(-l) = -sigmoid(-l) and d/dl softplus(l) = sigmoid(l), which are 0 or ±1 out here.
        (losses.discriminator_real_loss, -100.0, 100.0, -1.0),
        (losses.discriminator_real_loss, 100.0, 0.0, 0.0),
        (losses.discriminator_fake_loss, -100.0, 0.0, 0.0),
        (losses.discriminator_fake_loss, 100.0, 100.0, 1.0),
        (losses.non_saturating_loss, -100.0, 100.0, -1.0),
        (losses.non_saturating_loss, 100.0, 0.0, 0.0),
        (losses.minimax_loss, -100.0, 0.0, 0.0),
        (losses.minimax_loss, 100.0, -100.0, -1.0),
    ],
)
def test_nothing_is_lost_where_the_discriminator_is_sure(loss, logit, expected_value, expected_gradient):
    assert value(loss, logit) == pytest.approx(expected_value, abs=1e-6)
    assert gradient(loss, logit) == pytest.approx(expected_gradient, abs=1e-6)


def test_only_the_non_saturating_loss_teaches_a_generator_that_is_seen_through():
    assert gradient(losses.non_saturating_loss, -10.0) == pytest.approx(-1, abs=1e-4)
    assert gradient(losses.minimax_loss, -10.0) == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("logit", [-2.0, 0.0, 2.0])
def test_label_smoothing_mixes_both_answers(logit, smoothing):
    probability = sigmoid(logit)
    expected = -(1 - smoothing) * math.log(probability) - smoothing * math.log(1 - probability)
    found = value(lambda logits: losses.discriminator_real_loss(logits, smoothing), logit)
    assert found == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.1, 0.25])
def test_label_smoothing_is_best_served_by_one_minus_itself(smoothing):
    best = math.log((1 - smoothing) / smoothing)  # the logit of D = 1 - s

    def loss(logits):
        return losses.discriminator_real_loss(logits, smoothing)

    assert gradient(loss, best) == pytest.approx(0, abs=1e-6)
    assert value(loss, best) < min(value(loss, best - 0.1), value(loss, best + 0.1))


@pytest.mark.parametrize(
    "loss",
    [
        losses.discriminator_real_loss,
        losses.discriminator_fake_loss,
        losses.non_saturating_loss,
        losses.minimax_loss,
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_losses_are_per_image_in_the_type_of_the_logits(loss, dtype):
    logits = tf.constant([[-3.0], [0.0], [3.0]], dtype)
    together = loss(logits)
    assert together.shape == (3, 1)
    assert together.dtype == dtype
    one_by_one = [loss(logits[i : i + 1]).numpy().item() for i in range(3)]
    np.testing.assert_allclose(together.numpy()[:, 0], one_by_one)


# Real and fake logits: D is right by the margin, wrong, and undecided.
REAL, FAKE = [2.0, -0.5, 0.0], [-3.0, 0.25, 0.0]


def columns(*values):
    return [tf.constant(numbers, tf.float64)[:, tf.newaxis] for numbers in values]


def summed(terms):
    return sum(terms).numpy()[:, 0]


def test_hinge_is_by_hand():
    loss = losses.hinge()
    real, fake = columns(REAL, FAKE)
    # max(0, 1 - 2) + max(0, 1 - 3), (1 + 0.5) + (1 + 0.25), 1 + 1
    np.testing.assert_allclose(summed(loss.discriminator(real, fake)), [0, 2.75, 2])
    np.testing.assert_allclose(loss.generator(fake, never)[:, 0], [3, -0.25, 0])
    assert [logits.ref() for logits in loss.decisions(real, fake)] == [real.ref(), fake.ref()]


def test_relativistic_is_by_hand():
    loss = losses.relativistic()
    real, fake = columns(REAL, FAKE)
    # -log sigmoid of 2 + 3, -0.5 - 0.25 and 0 for D; of the opposite for G
    expected = [-math.log(sigmoid(x)) for x in (5, -0.75, 0)]
    np.testing.assert_allclose(summed(loss.discriminator(real, fake)), expected)
    expected = [-math.log(sigmoid(x)) for x in (-5, 0.75, 0)]
    np.testing.assert_allclose(loss.generator(fake, lambda: real)[:, 0], expected)
    ours, theirs = loss.decisions(real, fake)
    np.testing.assert_allclose(ours[:, 0], [5, -0.75, 0])
    np.testing.assert_allclose(theirs[:, 0], [-5, 0.75, 0])


def never():
    raise AssertionError("a loss that does not compare must not pay for the real logits")


@pytest.mark.parametrize("name", ["non_saturating", "minimax", "hinge"])
def test_only_the_relativistic_loss_asks_for_real_logits(name):
    losses.LOSSES[name](label_smoothing=0).generator(*columns(FAKE), never)


@pytest.mark.parametrize("name", losses.LOSSES)
def test_gradients_are_those_of_finite_differences(name):
    loss = losses.LOSSES[name](label_smoothing=0.0)
    real, fake = columns([1.5, -0.5, 0.25], [-2.0, 0.75, 0.5])
    for part in (
        lambda r, f: tf.add_n(loss.discriminator(r, f)),
        lambda r, f: loss.generator(f, lambda: r) + 0 * r,
    ):
        with tf.GradientTape() as tape:
            tape.watch((real, fake))
            output = part(real, fake)
        found = tape.gradient(output, (real, fake), unconnected_gradients="zero")
        by_real = part(real + 1e-6, fake) - part(real - 1e-6, fake)
        by_fake = part(real, fake + 1e-6) - part(real, fake - 1e-6)
        for gradient, difference in zip(found, (by_real, by_fake), strict=True):
            np.testing.assert_allclose(gradient, difference / 2e-6, atol=1e-8)


def test_every_loss_that_can_be_configured_is_there():
    assert tuple(losses.LOSSES) == config.LOSSES
