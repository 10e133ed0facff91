"""The fully connected baseline, layer by layer."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.models import gan
from dcgan_tf.models.derived import logits_of
from dcgan_tf.models.layers import StepDropout

SMALL = ModelConfig(architecture="gan", hidden_units=16, latent_dim=5)
BUILDERS = {"generator": gan.build_generator, "discriminator": gan.build_discriminator}


def kinds(model: keras.Sequential) -> list[str]:
    return [
        layer.activation.__name__ if isinstance(layer, keras.layers.Activation) else type(layer).__name__
        for layer in model.layers
    ]


def test_the_generator_has_the_listed_layers():
    hidden = ["Dense", "ReLU", "StepDropout"]
    generator = gan.build_generator(SMALL, (28, 28), 1)
    assert type(generator) is keras.Sequential
    assert kinds(generator) == [*hidden, *hidden, "Dense", "Reshape", "tanh"]
    # Linear(5, 16), Linear(16, 16), Linear(16, 28·28), each with its bias.
    assert generator.count_params() - 2 == (5 * 16 + 16) + (16 * 16 + 16) + (16 * 784 + 784)


def test_the_discriminator_has_the_listed_layers():
    hidden = ["Dense", "LeakyReLU", "StepDropout"]
    discriminator = gan.build_discriminator(SMALL, (28, 28), 1)
    assert type(discriminator) is keras.Sequential
    # "linear" only names the logit: it computes nothing.
    assert kinds(discriminator) == ["Flatten", *hidden, *hidden, "Dense", "linear", "sigmoid"]
    assert discriminator.count_params() - 2 == (784 * 16 + 16) + (16 * 16 + 16) + (16 * 1 + 1)


@pytest.mark.parametrize("network", BUILDERS)
def test_a_tenth_of_the_units_is_dropped(network):
    model = BUILDERS[network](SMALL, (28, 28), 1)
    dropouts = [layer for layer in model.layers if isinstance(layer, StepDropout)]
    assert [layer.rate for layer in dropouts] == [0.1, 0.1]
    assert dropouts[0].seed != dropouts[1].seed


@pytest.mark.parametrize("size", [(28, 28), (9, 13), (64, 48), (100, 100)])
@pytest.mark.parametrize("channels", [1, 3])
def test_any_size_fits(size, channels):
    images = gan.build_generator(SMALL, size, channels)(tf.ones((2, 5)))
    assert images.shape == (2, *size, channels)
    probabilities = gan.build_discriminator(SMALL, size, channels)(images).numpy()
    assert probabilities.shape == (2, 1)
    assert ((probabilities > 0) & (probabilities < 1)).all()


@pytest.mark.parametrize("network", BUILDERS)
def test_the_seed_alone_decides_the_initial_weights(network):
    first, same, other = (BUILDERS[network](SMALL, (8, 8), 1, seed=seed) for seed in (4, 4, 5))
    for one, two, three in zip(first.variables, same.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
        if one.name == "kernel":
            assert (one.numpy() != three.numpy()).mean() > 0.99


def test_logits_share_the_weights_and_are_what_the_sigmoid_takes():
    discriminator = gan.build_discriminator(SMALL, (8, 8), 1)
    logits = logits_of(discriminator)
    assert [id(v) for v in logits.variables] == [id(v) for v in discriminator.variables]
    images = np.random.default_rng(0).uniform(-1, 1, (5, 8, 8, 1)).astype(np.float32)
    found = logits(images).numpy().astype(float)
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), discriminator(images).numpy(), rtol=1e-6)


@pytest.mark.parametrize("network", BUILDERS)
def test_half_precision_stays_inside(network):
    model = BUILDERS[network](SMALL, (8, 8), 1, dtype="mixed_bfloat16")
    assert {weight.dtype for weight in model.trainable_variables} == {"float32"}
    inputs = tf.ones((2, *model.input_shape[1:]))
    assert model(inputs, training=True).dtype == tf.float32
    assert model.layers[1].compute_dtype == "bfloat16"
