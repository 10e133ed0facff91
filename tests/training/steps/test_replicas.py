"""One replica and two train the same model. In float64, rounding cannot hide a wrong share or scale."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest

from dcgan_tf.config import Config
from dcgan_tf.data.batches import distributed_batches
from dcgan_tf.training.schedule import Schedule
from dcgan_tf.training.state import TrainState, create_train_state
from dcgan_tf.training.steps.step import make_train_step
from dcgan_tf.training.strategy import make_strategy
from states import all_variables, copies, everything_in_float64, snapshot

BATCH = 8
IMAGES = np.random.default_rng(0).integers(
    0, 256, (20, 16, 16, 1), np.uint8
)  # 2 steps an epoch: 5 steps shuffle anew
CLASSES = 3
LABELS = np.arange(20) % CLASSES
Metrics = list[dict[str, float]]


def train(config: Config, replicas: int, *, dtype: str | None) -> tuple[Any, TrainState, Metrics]:
    strategy = make_strategy(replicas)
    labels, classes = (LABELS, CLASSES) if config.model.conditional else (None, 0)
    with strategy.scope():
        state = create_train_state(config, num_classes=classes, dtype=dtype)
    schedule = Schedule(5, config.training.anneal)
    step = make_train_step(config, state, strategy, num_classes=classes, schedule=schedule)
    batches = iter(
        distributed_batches(
            strategy,
            IMAGES,
            labels=labels,
            batch_size=config.training.images_per_step,
            seed=config.training.seed,
            flip=True,
            finished_steps=0,
        )
    )
    metrics = [{name: float(value) for name, value in step(next(batches)).items()} for _ in range(5)]
    return strategy, state, metrics


RELATIVISTIC = {"loss": "relativistic", "r1_gamma": 2.0, "r2_gamma": 3.0, "beta_2": 0.9, "diffaugment": 0.7}
WITHOUT_BATCH_NORM = {"discriminator_norm": "spectral", "generator_norm": "none"}
CASES = {
    "dcgan": {"discriminator_bias": True, "even_upsampling": True},
    "gan": {"architecture": "gan", "loss": "hinge", "anneal": 0.6, "ema_images": 40},
    "conditional-dcgan": {"conditional": True, "dense_units": 5, **WITHOUT_BATCH_NORM, **RELATIVISTIC},
    "conditional-gan": {"architecture": "gan", "conditional": True, "discriminator_steps": 2},
}


@pytest.fixture(scope="module", params=CASES)
def pair(request: pytest.FixtureRequest, tiny_config: Callable[..., Config]) -> Any:
    changes = CASES[request.param]
    config = tiny_config(batch_size=BATCH, learning_rate=0.01, instance_noise=0.5, **changes)
    with everything_in_float64():
        return [train(config, replicas, dtype="float64") for replicas in (1, 2)]


def test_one_and_two_replicas_have_the_same_state_after_five_steps(pair: Any) -> None:
    # Weights, batch statistics, dropout counters, both optimizers' slots, the average and the step. The slots
    # are what shows a loss that is scaled wrongly: Adam's steps do not depend on its scale.
    (_, one, _), (_, two, _) = pair
    expected, found = snapshot(one), snapshot(two)
    assert found.keys() == expected.keys()
    assert expected["step"] == 5
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-12, err_msg=name)


def test_one_and_two_replicas_report_the_same_metrics(pair: Any) -> None:
    (_, _, one), (_, _, two) = pair
    for expected, found in zip(one, two, strict=True):
        assert found == pytest.approx(expected, rel=1e-9)


def test_training_has_changed_every_weight(pair: Any, request: pytest.FixtureRequest) -> None:
    # Otherwise equality would say nothing.
    _, (_, state, _) = pair
    compares = CASES[request.node.callspec.params["pair"]].get("loss") == "relativistic"
    for variable in (*state.generator.trainable_variables, *state.discriminator.trainable_variables):
        kernel = variable.numpy()
        assert np.isfinite(kernel).all()
    slots = [v for k, v in snapshot(state).items() if k.endswith("/velocity")]
    assert slots
    still = [slot for slot in slots if not slot.any()]
    # The bias of the logit moves all logits alike, and a loss that compares does not notice.
    assert [slot.shape for slot in still] == [(1,)] * compares


def test_both_copies_of_every_variable_are_equal(pair: Any) -> None:
    _, (strategy, state, _) = pair
    for name, variable in all_variables(state).items():
        first, second = copies(strategy, variable)
        np.testing.assert_array_equal(first, second, err_msg=name)


def test_in_float32_they_differ_by_rounding_only(tiny_config: Callable[..., Config]) -> None:
    # There one replica takes the fused batch-norm kernel and two take Keras' layer: both must mean the same
    # by "variance", or the moving statistics differ by n / (n - 1).
    config = tiny_config(batch_size=BATCH, learning_rate=1e-3)
    (_, one, _), (strategy, two, _) = (train(config, replicas, dtype=None) for replicas in (1, 2))
    expected, found = snapshot(one), snapshot(two)
    for name, value in expected.items():
        if "moving" in name:
            np.testing.assert_allclose(found[name], value, rtol=2e-6, atol=1e-8, err_msg=name)
        elif "optimizer" not in name:
            np.testing.assert_allclose(found[name], value, rtol=0, atol=1e-4, err_msg=name)
    for name, variable in all_variables(two).items():
        first, second = copies(strategy, variable)
        np.testing.assert_array_equal(first, second, err_msg=name)


def test_a_step_sums_no_more_than_it_must(tiny_config: Callable[..., Config]) -> None:
    """Between machines each sum is a message, and the next one waits for it."""
    config = tiny_config(batch_size=BATCH, image_size=(32, 32))
    strategy = make_strategy(2)
    with strategy.scope():
        state = create_train_state(config)
    images = np.zeros((20, 32, 32, 1), np.uint8)
    batches = iter(
        distributed_batches(strategy, images, batch_size=BATCH, seed=0, flip=False, finished_steps=0)
    )
    step = make_train_step(config, state, strategy)
    graph = step.get_concrete_function(next(batches)).graph  # type: ignore[attr-defined]
    found = [op for op in graph.get_operations() if op.type.startswith("CollectiveReduce")]
    of_g, of_d = (
        sum(isinstance(layer, keras.layers.BatchNormalization) for layer in network.layers)
        for network in (state.generator, state.discriminator)
    )
    assert min(of_g, of_d) > 1
    passes = of_g + 3 * of_d  # G draws once; D sees real and fake images, and G's images once more
    gradients = 2  # of both networks; the metrics of one machine need no collective operation
    assert len(found) == 2 * (2 * passes + gradients)  # each replica takes part in each
