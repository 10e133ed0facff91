"""The averaged generator's batch norm does in inference what it does on average in training."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config, replace
from dcgan_tf.models import with_labels
from dcgan_tf.runs.run import Run
from dcgan_tf.training.calibration import Calibration, set_statistics, statistics_in_training
from dcgan_tf.training.loop import train
from dcgan_tf.training.state import TrainState, create_train_state


def normalisation(*, epsilon: float) -> keras.Sequential:
    """Return a network that is one batch norm layer of one channel, with γ = 1 and β = 0."""
    return keras.Sequential([keras.Input((1,)), keras.layers.BatchNormalization(epsilon=epsilon)])


def test_the_statistics_are_those_of_the_mean_of_what_training_computes() -> None:
    network = normalisation(epsilon=1e-9)
    # Means 1 and 3, deviations 1 and 3: r is 1 and 1/3, and mean · r is 1 and 1.
    batches = [tf.constant([[0.0], [2.0]]), tf.constant([[0.0], [6.0]])]
    set_statistics(network, [statistics_in_training(network, batch) for batch in batches])
    (layer,) = network.layers
    # E[r] = 2/3 and E[mean · r] = 1: the mean is 3/2, and the variance (3/2)² = 9/4; not their means 2 and 5.
    np.testing.assert_allclose(layer.moving_mean, [1.5], rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, [2.25], rtol=1e-6)
    # In training, 3 becomes (3 - 1) / 1 = 2 and (3 - 3) / 3 = 0; in inference their mean.
    np.testing.assert_allclose(network(tf.constant([[3.0]]), training=False), [[1.0]], rtol=1e-6)


def test_a_channel_that_is_always_the_same_is_not_divided_by_less_than_epsilon_allows() -> None:
    network = normalisation(epsilon=1e-5)
    set_statistics(network, [statistics_in_training(network, tf.ones((4, 1)))])
    (layer,) = network.layers
    np.testing.assert_allclose(layer.moving_variance, [0.0], atol=1e-9)
    np.testing.assert_allclose(network(tf.ones((4, 1)), training=False), np.zeros((4, 1)), atol=1e-6)


def unlike_at_first(config: Config) -> TrainState:
    """Return a state whose averaged generator has weights with other activations than its statistics say."""
    state = create_train_state(config)
    for layer in state.generator_ema.layers:
        if isinstance(layer, keras.layers.Conv2DTranspose):
            layer.kernel.assign(3 * layer.kernel)
    return state


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_calibrated_generator_draws_in_inference_as_in_training(
    tiny_config: Callable[..., Config], dtype: str
) -> None:
    config = tiny_config(image_size=(16, 16), ema_calibration=True, batch_size=64)
    state = create_train_state(config, dtype=dtype)
    state.generator_ema.set_weights(unlike_at_first(config).generator_ema.get_weights())
    latents = tf.random.stateless_normal((64, config.model.latent_dim), (0, 0), dtype=dtype)
    in_training = state.generator_ema(latents, training=True)
    before = np.abs(state.generator_ema(latents, training=False) - in_training).mean()
    Calibration(config, state)()
    after = np.abs(state.generator_ema(latents, training=False) - in_training).mean()
    assert after < 0.1 * before


def test_classes_are_as_frequent_as_in_training(tiny_config: Callable[..., Config]) -> None:
    config = tiny_config(image_size=(16, 16), conditional=True, ema_calibration=True, batch_size=64)
    state, labels = create_train_state(config, num_classes=2), np.repeat([0, 1], [950, 50])
    project = next(layer for layer in state.generator_ema.layers if layer.weights)
    kernel = project.kernel.numpy()
    kernel[..., -1] *= 30  # the rare class looks unlike the other one
    project.kernel.assign(kernel)
    latents = tf.random.stateless_normal((64, config.model.latent_dim), (0, 0))
    inputs = with_labels(latents, np.repeat([0, 1], [61, 3]), 2)
    in_training = state.generator_ema(inputs, training=True)
    differences = []
    for shares in (labels, np.array([0, 1])):
        Calibration(config, state, num_classes=2, labels=shares)()
        differences.append(np.abs(state.generator_ema(inputs, training=False) - in_training).mean())
    assert differences[0] < 0.2 * differences[1]


def test_it_happens_once_a_step_and_only_if_it_is_asked_for(tiny_config: Callable[..., Config]) -> None:
    config = tiny_config(image_size=(8, 8))
    state = unlike_at_first(config)
    at_first = state.generator_ema.get_weights()
    Calibration(config, state)()
    assert all(map(np.array_equal, at_first, state.generator_ema.get_weights()))

    calibrate = Calibration(replace(config, ema_calibration=True), state)
    calibrate()
    calibrated = state.generator_ema.get_weights()
    assert not all(map(np.array_equal, at_first, calibrated))
    state.generator_ema.set_weights(at_first)
    calibrate()  # of the same step: nothing is done
    assert all(map(np.array_equal, at_first, state.generator_ema.get_weights()))
    state.step.assign_add(1)
    calibrate()
    assert all(map(np.array_equal, calibrated, state.generator_ema.get_weights()))


def test_a_run_draws_with_it_and_learns_the_same_as_without(
    tiny_config: Callable[..., Config], tmp_path: Path
) -> None:
    drawn, learnt = [], []
    for asked in (False, True):
        config = tiny_config(
            run_dir=str(tmp_path / str(asked)), image_size=(8, 8), steps=3, ema_calibration=asked
        )
        run = Run.open(train(config))
        drawn.append(run.sample(4))
        learnt.append([weight.numpy() for weight in run.generator.trainable_variables])
    assert all(map(np.array_equal, *learnt))
    assert not np.array_equal(*drawn)


def test_continuing_does_not_change_it(
    tiny_config: Callable[..., Config], tmp_path: Path, read_checkpoint: Callable[..., dict[str, np.ndarray]]
) -> None:
    whole = tiny_config(run_dir=str(tmp_path / "whole"), image_size=(8, 8), steps=4, ema_calibration=True)
    halves = replace(whole, run_dir=str(tmp_path / "halves"))
    train(whole)
    for steps in (2, 4):
        train(replace(halves, steps=steps))
    expected, found = (read_checkpoint(tmp_path / name, 4) for name in ("whole", "halves"))
    assert [name for name in expected if found[name].tobytes() != expected[name].tobytes()] == []
