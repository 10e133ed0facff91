"""The way from a configuration to its networks."""

from __future__ import annotations

import pytest

from dcgan_tf import models
from dcgan_tf.config import preset


@pytest.mark.parametrize("architecture", ["dcgan", "gan"])
def test_a_configuration_becomes_its_networks(architecture):
    config = preset(
        architecture=architecture, image_size=(16, 24), channels=1, filters=2, hidden_units=4, latent_dim=6
    )
    generator, discriminator = models.build_generator(config), models.build_discriminator(config)
    assert (generator.input_shape, generator.output_shape) == ((None, 6), (None, 16, 24, 1))
    assert (discriminator.input_shape, discriminator.output_shape) == ((None, 16, 24, 1), (None, 1))
    has_convolutions = any("Conv" in type(layer).__name__ for layer in generator.layers)
    assert has_convolutions == (architecture == "dcgan")


def test_the_seed_of_the_configuration_decides_the_weights():
    weights = [
        models.build_generator(preset(image_size=(8, 8), filters=2, seed=seed)).variables[0].numpy()
        for seed in (1, 1, 2)
    ]
    assert (weights[0] == weights[1]).all()
    assert (weights[0] != weights[2]).all()


def test_a_size_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="image size 100x100 does not fit"):
        models.build_generator(preset(image_size=(100, 100)))
