"""The learning rates fall at the end of a run, as functions of the number of the step alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.training.averaging import averaging_decay
from dcgan_tf.training.loop import train
from dcgan_tf.training.schedule import Schedule, set_learning_rates
from dcgan_tf.training.state import TrainState, create_train_state


@pytest.mark.parametrize(
    ("total", "anneal", "after"),
    [(10, 0.3, 7), (10, 0.0, None), (10, 1.0, 0), (10, 0.04, None), (1000, 0.25, 750), (7, 0.5, 3)],
)
def test_the_anneal_is_the_last_share_of_the_steps(total: int, anneal: float, after: int | None) -> None:
    assert Schedule(total, anneal).anneal_after == after


def test_shares_of_the_rates_by_hand() -> None:
    schedule = Schedule(10, 0.3)
    shares = [float(schedule.share(tf.constant(finished, tf.int64))) for finished in range(10)]
    assert shares == [1, 1, 1, 1, 1, 1, 1, 3 / 4, 2 / 4, 1 / 4]


@pytest.fixture(scope="module")
def half(tiny_config: Callable[..., Config]) -> tuple[Config, TrainState]:
    """Return a state with float16's optimizers, which have another one inside."""
    config = tiny_config(image_size=(8, 8), anneal=0.5, learning_rate=1e-3, discriminator_learning_rate=4e-3)
    return config, create_train_state(config, precision="float16")


def test_both_optimizers_follow_whatever_rates_they_had(half: tuple[Config, TrainState]) -> None:
    config, state = half
    optimizers = state.generator_optimizer, state.discriminator_optimizer
    for finished, share in ((0, 1), (2, 1), (3, 2 / 3), (2, 1), (4, 1 / 3)):
        for optimizer in optimizers:
            optimizer.learning_rate = 7.0
        state.step.assign(finished)
        rates = set_learning_rates(state, config.training, Schedule(5, 0.5))
        expected = [np.float32(1e-3 * share), np.float32(4e-3 * share)]
        assert [float(optimizer.learning_rate) for optimizer in optimizers] == expected
        assert [float(rate) for rate in rates.values()] == expected
    assert list(rates) == ["learning_rate", "discriminator_learning_rate"]


def test_without_an_anneal_nothing_is_set(half: tuple[Config, TrainState]) -> None:
    config, state = half
    state.generator_optimizer.learning_rate = 7.0
    assert set_learning_rates(state, config.training, Schedule(4, 0.0)) == {}
    assert float(state.generator_optimizer.learning_rate) == 7


def test_the_decay_of_the_average_by_hand(tiny_config: Callable[..., Config]) -> None:
    assert averaging_decay(tiny_config(batch_size=32, ema_decay=0.9).training) == 0.9
    assert averaging_decay(tiny_config(batch_size=32, ema_images=32).training) == 0.5
    assert averaging_decay(tiny_config(batch_size=32, ema_images=64).training) == pytest.approx(0.5**0.5)
    after_thousand = averaging_decay(tiny_config(batch_size=50, ema_images=1000).training) ** 20
    assert after_thousand == pytest.approx(0.5)


def test_an_annealed_run(tmp_path: Path, tiny_config: Callable[..., Config]) -> None:
    config = tiny_config(
        run_dir=str(tmp_path / "run"), image_size=(8, 8), steps=10, anneal=0.6, checkpoint_every=1
    )
    paths = RunPaths(train(config))
    assert CheckpointStore(paths.checkpoints).steps() == [10, 9, 8, 4]
    found = [record["learning_rate"] for record in read_records(paths.stats)]
    expected = 1e-3 * np.array([7, 7, 7, 7, 6, 5, 4, 3, 2, 1]) / 7
    np.testing.assert_allclose(found, expected, rtol=1e-6)
