"""Compiled networks: Keras' own numbers, one function for each network, and nothing that is kept alive."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable

import keras
import numpy as np
import pytest

from dcgan_tf.config import Config
from dcgan_tf.models import build_discriminator, build_generator, compiled


@pytest.fixture(params=["G", "D"])
def network(request: pytest.FixtureRequest, tiny_config: Callable[..., Config]) -> keras.Sequential:
    build = {"G": build_generator, "D": build_discriminator}[request.param]
    return build(tiny_config())


def inputs(network: keras.Sequential, num: int) -> np.ndarray:
    return np.random.default_rng(num).normal(size=(num, *network.input_shape[1:])).astype(np.float32)


@pytest.mark.parametrize("num", [1, 7, 64])
def test_a_compiled_network_computes_what_keras_does_in_inference_mode(
    network: keras.Sequential, num: int
) -> None:
    x = inputs(network, num)
    np.testing.assert_allclose(compiled(network)(x), network(x, training=False), rtol=0, atol=1e-6)


def test_new_weights_are_seen(network: keras.Sequential) -> None:
    x = inputs(network, 3)
    before = np.asarray(compiled(network)(x))
    network.set_weights([2 * weight for weight in network.get_weights()])
    after = np.asarray(compiled(network)(x))
    assert (after != before).any()
    np.testing.assert_allclose(after, network(x, training=False), rtol=0, atol=1e-6)


def test_a_network_is_compiled_once_for_a_size_and_once_for_all_others(network: keras.Sequential) -> None:
    function = compiled(network)
    assert compiled(network) is function
    for num in (64, 64, 5, 6, 7, 64):
        function(inputs(network, num))
    assert function.experimental_get_tracing_count() == 2  # type: ignore[attr-defined]


def test_a_network_that_nobody_uses_is_freed(tiny_config: Callable[..., Config]) -> None:
    network = build_generator(tiny_config())
    compiled(network)(inputs(network, 2))
    alive = weakref.ref(network)
    del network
    gc.collect()
    assert alive() is None


def test_many_networks_are_no_warning(
    tiny_config: Callable[..., Config], caplog: pytest.LogCaptureFixture
) -> None:
    # TensorFlow warns of a function that is compiled again and again.
    for _ in range(8):
        network = build_generator(tiny_config())
        compiled(network)(inputs(network, 2))
    assert caplog.records == []
