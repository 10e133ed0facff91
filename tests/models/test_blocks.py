"""The networks without batch norm, and with a longer or wider discriminator."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dcgan_tf.config import ModelConfig
from dcgan_tf.errors import ArgumentError
from dcgan_tf.models import dcgan

SMALL = {"filters": 2, "latent_dim": 5}
LINEAR = (keras.layers.Conv2D, keras.layers.Conv2DTranspose, keras.layers.Dense)


def discriminator(size: tuple[int, int] = (32, 32), classes: int = 0, **model: object) -> keras.Sequential:
    settings = ModelConfig(**{**SMALL, **model})
    return dcgan.build_discriminator(settings, size, 3, num_classes=classes)


def generator(size: tuple[int, int] = (32, 32), classes: int = 0, **model: object) -> keras.Sequential:
    return dcgan.build_generator(ModelConfig(**{**SMALL, **model}), size, 3, num_classes=classes)


def kinds(network: keras.Sequential) -> list[str]:
    return [type(layer).__name__ for layer in network.layers]


def linear(network: keras.Sequential) -> list[keras.Layer]:
    return [layer for layer in network.layers if isinstance(layer, LINEAR)]


def test_depth_puts_convolutions_of_3x3_before_each_strided_one() -> None:
    # Miyato et al. 2018, table 3: 3x3 and 4x4 with 64, 128 and 256 channels; here from 2 channels.
    found = discriminator(discriminator_depth=2, discriminator_norm="spectral")
    *convolutions, judge = linear(found)
    described = [(layer.kernel_size[0], layer.strides[0], layer.filters) for layer in convolutions]
    assert described == [(3, 1, 2), (4, 2, 2), (3, 1, 4), (4, 2, 4), (3, 1, 8), (4, 2, 8)]
    assert judge.output.shape == (None, 1, 1, 1)
    assert found.output_shape == (None, 1)


def test_only_the_first_convolution_of_a_longer_discriminator_has_no_batch_norm() -> None:
    block = ["Conv2D", "SyncBatchNormalization", "LeakyReLU"]
    expected = ["Conv2D", "LeakyReLU", *block, *block, *block, "Conv2D", "Flatten", "Activation"]
    assert kinds(discriminator((16, 16), discriminator_depth=2)) == expected
    assert not any(layer.use_bias for layer in linear(discriminator((16, 16), discriminator_depth=2)))


@pytest.mark.parametrize("norm", ["spectral", "none"])
def test_without_batch_norm_every_layer_has_a_bias(norm: str) -> None:
    for network in (
        discriminator(discriminator_norm=norm),
        discriminator((28, 28), discriminator_norm=norm, dense_units=3, classes=4),
        generator(generator_norm="none"),
        generator((28, 28), generator_norm="none", dense_units=3, classes=4),
    ):
        assert "SyncBatchNormalization" not in kinds(network)
        assert all(layer.use_bias for layer in linear(network))
    spectral = linear(discriminator((28, 28), discriminator_norm=norm, dense_units=3, classes=4))
    names = ["Conv2DWithLabel", "Conv2D", "Dense", "Dense"]
    assert [type(layer).__name__ for layer in spectral] == [
        "Spectral" * (norm == "spectral") + name for name in names
    ]


def test_the_discriminator_may_have_another_width() -> None:
    found = discriminator(discriminator_filters=3)
    assert [layer.filters for layer in linear(found)] == [3, 6, 12, 1]
    assert [layer.filters for layer in linear(discriminator())] == [2, 4, 8, 1]
    assert kinds(generator(discriminator_filters=3)) == kinds(generator())


def test_initial_weights_keep_the_scale_of_the_signal() -> None:
    # Standard deviations by hand: gain / √(values summed up in an output), with the gains √2 of ReLU, √(2 /
    # 1.04) of LeakyReLU 0.2 and 1 of the last layer. Every second row and column of a kernel of 4x4 reaches
    # an output of a transposed convolution; of a one-hot class, one number is 1.
    made = generator((16, 16), generator_norm="none", filters=64, latent_dim=63, classes=10)
    check_deviations(made, [np.sqrt(2 / 64), np.sqrt(2 / (128 * 4)), np.sqrt(1 / (64 * 4))])
    made = discriminator((16, 16), discriminator_norm="none", filters=64, discriminator_depth=2, classes=10)
    inputs = [(3 + 1) * 9, 64 * 16, 64 * 9, 128 * 16]
    check_deviations(made, [*(np.sqrt(2 / 1.04 / n) for n in inputs), np.sqrt(1 / (128 * 16))])
    made = discriminator((8, 8), discriminator_norm="spectral", filters=64, dense_units=50)
    inputs = [3 * 16, 64 * 16]
    check_deviations(made, [*(np.sqrt(2 / 1.04 / n) for n in inputs), np.sqrt(1 / 50)])


def check_deviations(network: keras.Sequential, expected: list[float]) -> None:
    """Allow five standard errors."""
    for layer, deviation in zip(linear(network), expected, strict=True):
        kernel = np.asarray(layer.kernel, np.float64)
        assert kernel.std() == pytest.approx(deviation, rel=5 / np.sqrt(2 * kernel.size)), layer.name
        assert not np.asarray(layer.bias).any()


def test_a_signal_passes_through_both_networks_without_batch_norm() -> None:
    latents = np.random.default_rng(0).normal(size=(64, 100)).astype(np.float32)
    wide = {"filters": 32, "latent_dim": 100}
    images = np.asarray(generator((64, 64), generator_norm="none", **wide)(latents))
    assert 0.2 < images.std() < 0.8
    found = discriminator((64, 64), discriminator_norm="none", discriminator_depth=2, **wide)
    logits = np.asarray(keras.Sequential(found.layers[:-1])(images))
    assert 0.05 < np.sqrt(np.mean(np.square(logits))) < 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("discriminator_norm", "spectral"),
        ("discriminator_norm", "none"),
        ("generator_norm", "none"),
        ("discriminator_depth", 2),
        ("discriminator_filters", 32),
        ("dense_units", 256),
    ],
)
def test_the_fully_connected_gan_refuses_what_has_no_effect_there(name: str, value: object) -> None:
    with pytest.raises(
        ArgumentError, match=f"{name} is {value}, which has no effect on the fully connected gan"
    ):
        ModelConfig(architecture="gan", **{name: value})
