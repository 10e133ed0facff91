"""Mixed precision: the networks compute in 16 bits, everything that is kept or compared stays in 32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.data.batches import distributed_batches
from dcgan_tf.models.derived import logits_of
from dcgan_tf.models.layers import SyncBatchNormalization
from dcgan_tf.training import strategy as devices
from dcgan_tf.training.state import TrainState, create_train_state
from dcgan_tf.training.steps.step import make_train_step
from states import all_variables, copies

BATCH = 8
IMAGES = np.random.default_rng(0).integers(0, 256, (20, 16, 16, 1), np.uint8)


def train(
    config: Config, precision: str, replicas: int
) -> tuple[Any, TrainState, list[dict[str, tf.Tensor]]]:
    strategy = devices.make_strategy(replicas)
    with strategy.scope():
        state = create_train_state(config, precision=precision)
    step = make_train_step(config, state, strategy)
    batches = iter(
        distributed_batches(strategy, IMAGES, batch_size=BATCH, seed=0, flip=False, finished_steps=0)
    )
    return strategy, state, [step(next(batches)) for _ in range(3)]


PENALISED = {"discriminator_norm": "none", "loss": "relativistic", "r1_gamma": 10.0, "r2_gamma": 10.0}
CASES = {
    "bfloat16 on 1": ("bfloat16", 1, PENALISED),
    "float16 on 1": ("float16", 1, {}),
    "float16 on 2": ("float16", 2, {}),
}


@pytest.fixture(scope="module", params=CASES)
def trained_in(request: pytest.FixtureRequest, tiny_config: Callable[..., Config]) -> tuple:
    precision, replicas, changes = CASES[request.param]
    return precision, *train(tiny_config(batch_size=BATCH, **changes), precision, replicas)


@pytest.fixture(scope="module")
def in_float32(tiny_config: Callable[..., Config]) -> dict[bool, dict[str, tf.Tensor]]:
    """Return {with penalties: metrics of the first step in float32}, to compare other precisions with."""
    cases = {bool(changes): changes for changes in (PENALISED, {})}
    return {
        penalised: train(tiny_config(batch_size=BATCH, **changes), "float32", 1)[2][0]
        for penalised, changes in cases.items()
    }


def test_everything_that_is_kept_is_float32(trained_in: tuple) -> None:
    _, _, state, _ = trained_in
    kept = {name: tf.as_dtype(variable.dtype) for name, variable in all_variables(state).items()}
    floats = {name: dtype for name, dtype in kept.items() if dtype.is_floating}
    assert {name: dtype for name, dtype in floats.items() if dtype != tf.float32} == {}
    for word in ("kernel", "moving_mean", "moving_variance", "gamma", "momentum", "velocity"):
        assert any(word in name for name in floats), word


def test_the_networks_compute_in_16_bits_and_hand_over_float32(trained_in: tuple) -> None:
    precision, _, state, _ = trained_in
    for network in (state.generator, state.discriminator):
        types = {
            layer.compute_dtype
            for layer in network.layers
            if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose | SyncBatchNormalization)
        }
        assert types == {precision}
    assert {layer.compute_dtype for layer in state.generator_ema.layers} == {"float32"}
    logits = logits_of(state.discriminator)(tf.zeros((2, 16, 16, 1)))
    assert logits.dtype == tf.float32
    assert state.generator(tf.zeros((2, 4))).dtype == tf.float32


def test_losses_are_float32_and_finite(trained_in: tuple) -> None:
    _, _, _, metrics = trained_in
    for step in metrics:
        for name in ("discriminator_loss", "generator_loss"):
            assert step[name].dtype == tf.float32
            assert np.isfinite(step[name])


def test_training_moves_the_weights(trained_in: tuple) -> None:
    # Also shows that no step was skipped for want of a finite gradient, and that the loss scale was taken
    # out: with it, Adam's second moments would be its square too large.
    precision, strategy, state, metrics = trained_in
    optimizer = state.discriminator_optimizer
    if precision == "float16":
        assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
        optimizer = optimizer.inner_optimizer
    assert int(optimizer.iterations.numpy()) == 3
    largest = max(np.abs(v.numpy()).max() for v in optimizer.variables if "velocity" in v.path)
    highest_norm = max(float(step["discriminator_gradient_norm"]) for step in metrics)
    assert 0 < largest <= 3 * 0.001 * highest_norm**2
    for name, variable in all_variables(state).items():
        held = copies(strategy, variable)
        assert all((held[0] == copy).all() for copy in held), name


def test_gradient_norms_are_those_of_float32(
    trained_in: tuple, in_float32: dict[bool, dict[str, tf.Tensor]], request: pytest.FixtureRequest
) -> None:
    # Without the loss scale (32,768 at first), and not counted once per replica.
    _, _, _, metrics = trained_in
    _, _, changes = CASES[request.node.callspec.params["trained_in"]]
    norms_in_float32 = in_float32[bool(changes)]
    for name in ("discriminator_gradient_norm", "generator_gradient_norm"):
        assert float(metrics[0][name]) == pytest.approx(float(norms_in_float32[name]), rel=0.05)


def test_penalties_in_float16_wait_for_a_loss_scale_that_does_not_overflow(
    tiny_config: Callable[..., Config],
) -> None:
    # The second derivative of the scaled loss is too large at first; such updates are left out.
    _, state, metrics = train(tiny_config(batch_size=BATCH, **PENALISED), "float16", 1)
    assert np.isfinite([float(step["discriminator_loss"]) for step in metrics]).all()
    assert np.isfinite(float(metrics[-1]["discriminator_gradient_norm"]))
    assert 1 <= int(state.discriminator_optimizer.inner_optimizer.iterations.numpy()) <= 3
    assert state.non_finite() == []


@pytest.mark.parametrize("precision", ["float32", "bfloat16", "float16"])
def test_a_named_precision_is_taken(precision: str) -> None:
    assert devices.resolve_precision(precision) == precision


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ({"avx512f", "avx512_bf16"}, "bfloat16"),
        ({"amx_bf16"}, "bfloat16"),
        ({"avx2", "avx512f", "f16c"}, "float32"),
        (set(), "float32"),
    ],
)
def test_auto_on_a_cpu_follows_its_flags(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], expected: str
) -> None:
    text = f"processor\t: 0\nflags\t\t: {' '.join(flags)}\nbugs\t\t: avx512_bf16\n"
    monkeypatch.setattr(devices.Path, "read_text", lambda path: text)
    assert devices.resolve_precision("auto") == expected


def test_auto_where_the_system_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(path: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(devices.Path, "read_text", missing)
    assert devices.resolve_precision("auto") == "float32"


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that pretends GPUs of these compute capabilities."""

    def pretend(*capabilities: tuple[int, int]) -> None:
        details = {f"GPU:{i}": {"compute_capability": pair} for i, pair in enumerate(capabilities)}
        config = tf.config
        monkeypatch.setattr(
            config, "list_physical_devices", lambda kind: list(details) if kind == "GPU" else ["CPU"]
        )
        monkeypatch.setattr(config.experimental, "get_device_details", lambda gpu: details[gpu])
        monkeypatch.setattr(config.experimental, "get_memory_growth", lambda gpu: True)

    return pretend


@pytest.mark.parametrize(
    ("capabilities", "expected"),
    [
        ([(8, 0)], "bfloat16"),
        ([(12, 0)], "bfloat16"),
        ([(7, 5)], "float16"),
        ([(6, 1)], "float32"),
        ([(9, 0), (7, 0)], "float16"),
    ],
)
def test_auto_on_gpus_follows_the_weakest(
    gpus: Callable[..., None], capabilities: list[tuple[int, int]], expected: str
) -> None:
    gpus(*capabilities)
    assert devices.resolve_precision("auto") == expected


def test_more_replicas_than_gpus_are_refused(gpus: Callable[..., None]) -> None:
    gpus((8, 0))
    with pytest.raises(ValueError, match=r"replicas is 2, but this machine has 1 GPU\(s\)"):
        devices.make_strategy(2)


def test_both_optimizers_have_the_decays_of_the_settings(tiny_config) -> None:
    state = create_train_state(tiny_config(beta_1=0.25, beta_2=0.75))
    for optimizer in (state.generator_optimizer, state.discriminator_optimizer):
        assert (optimizer.beta_1, optimizer.beta_2) == (0.25, 0.75)


def test_a_discriminator_learning_rate_of_zero_is_zero(tiny_config) -> None:
    state = create_train_state(tiny_config(discriminator_learning_rate=0.0))
    assert float(state.discriminator_optimizer.learning_rate) == 0.0
