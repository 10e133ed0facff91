"""One operation a variable gives what Keras' Adam gives, and what the paper's algorithm gives by hand."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.training.steps.adam import OnePassAdam, make_optimizer
from dcgan_tf.training.strategy import make_strategy

RATE, BETA_1, BETA_2 = 0.01, 0.5, 0.9


def moved(optimizer: keras.optimizers.Optimizer, gradients: np.ndarray, dtype: str) -> np.ndarray:
    """Return a variable [steps, 3], from 0, after each of the gradients [steps, 3]."""
    variable = keras.Variable(np.zeros(3), dtype=dtype)
    optimizer.build([variable])
    found = []
    for gradient in gradients:
        optimizer.apply([tf.constant(gradient, dtype)])
        found.append(variable.numpy())
    return np.array(found)


def by_hand(gradients: np.ndarray) -> np.ndarray:
    """The same, by algorithm 1 of the paper; Keras keeps the learning rate in float32."""
    x, m, v, found = np.zeros(3), np.zeros(3), np.zeros(3), []
    for step, gradient in enumerate(gradients, 1):
        m = BETA_1 * m + (1 - BETA_1) * gradient
        v = BETA_2 * v + (1 - BETA_2) * gradient**2
        x = x - float(np.float32(RATE)) * (m / (1 - BETA_1**step)) / np.sqrt(v / (1 - BETA_2**step))
        found.append(x)
    return np.array(found)


@pytest.fixture(scope="module")
def gradients() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(20, 3)) + 0.5


def test_it_is_the_algorithm_of_the_paper(gradients: np.ndarray) -> None:
    optimizer = OnePassAdam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=0.0)
    np.testing.assert_allclose(moved(optimizer, gradients, "float64"), by_hand(gradients), rtol=1e-13)


def test_it_is_keras_adam_up_to_rounding(gradients: np.ndarray) -> None:
    settings = {"learning_rate": RATE, "beta_1": BETA_1, "beta_2": BETA_2}
    expected = moved(keras.optimizers.Adam(**settings), gradients, "float32")
    found = moved(make_optimizer(**settings, precision="float32"), gradients, "float32")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


def test_small_gradients_feel_the_epsilon_of_keras(gradients: np.ndarray) -> None:
    settings = {"learning_rate": RATE, "beta_1": BETA_1, "beta_2": BETA_2}
    expected = moved(keras.optimizers.Adam(**settings), 1e-7 * gradients, "float32")
    found = moved(make_optimizer(**settings, precision="float32"), 1e-7 * gradients, "float32")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    # Adam divides by the size of the gradient; epsilon is as large here.
    assert np.abs(found).max() < 0.9 * np.abs(by_hand(1e-7 * gradients)).max()


@pytest.mark.parametrize("precision", ["float32", "float16"])
def test_it_goes_on_from_a_checkpoint_of_keras_adam(precision: str, tmp_path: Path) -> None:
    settings = {"learning_rate": RATE, "beta_1": BETA_1, "beta_2": BETA_2}
    plain = keras.optimizers.Adam(**settings)
    theirs = keras.optimizers.LossScaleOptimizer(plain) if precision == "float16" else plain
    ours = make_optimizer(**settings, precision=precision)
    variables = [keras.Variable(np.zeros(3), dtype="float32") for _ in range(2)]
    for optimizer, variable in zip((theirs, ours), variables, strict=True):
        optimizer.build([variable])
    for _ in range(3):
        theirs.apply([tf.ones(3)])
    path = tf.train.Checkpoint(optimizer=theirs, variable=variables[0]).write(str(tmp_path / "adam"))
    tf.train.Checkpoint(optimizer=ours, variable=variables[1]).read(path).assert_consumed()
    for optimizer in (theirs, ours):
        optimizer.apply([-tf.ones(3)])
    np.testing.assert_allclose(variables[1].numpy(), variables[0].numpy(), rtol=0, atol=1e-6)


def test_each_device_moves_its_own_copy(gradients: np.ndarray) -> None:
    strategy = make_strategy(2)
    with strategy.scope():
        variable = keras.Variable(np.zeros(3), dtype="float64")
        optimizer = OnePassAdam(RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=0.0)
        optimizer.build([variable])

    @tf.function(autograph=False)
    def step(gradient: tf.Tensor) -> None:
        # Keras sums what the replicas give.
        strategy.run(lambda: optimizer.apply([gradient / 2]))

    for gradient in gradients:
        step(tf.constant(gradient))
    for copy in strategy.experimental_local_results(variable.value):
        np.testing.assert_allclose(copy.numpy(), by_hand(gradients)[-1], rtol=1e-13)
    for slot in (*optimizer._momentums, *optimizer._velocities):
        one, other = strategy.experimental_local_results(slot.value)
        assert np.array_equal(one.numpy(), other.numpy())


def test_a_step_has_one_operation_for_each_variable() -> None:
    variables = [keras.Variable(np.zeros(3), dtype="float32") for _ in range(4)]
    optimizer = make_optimizer(RATE, beta_1=BETA_1, beta_2=BETA_2, precision="float32")
    optimizer.build(variables)
    step = tf.function(lambda: optimizer.apply([tf.ones(3)] * 4), autograph=False)
    kinds = [operation.type for operation in step.get_concrete_function().graph.get_operations()]
    assert kinds.count("ResourceApplyAdam") == 4
    assert "Sqrt" not in kinds
