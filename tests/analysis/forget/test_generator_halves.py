"""The generator cut in two: the halves are the generator, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf import models
from dcgan_tf.analysis.forget.generator_halves import split_generator
from dcgan_tf.runs.run import Run


@pytest.mark.parametrize("layer", [1, 2])
def test_one_half_after_the_other_draws_what_the_generator_draws(trained, layer):
    run = Run.open(trained)
    halves = split_generator(run.generator, layer=layer)
    latents = run.latents(70, seed=3)
    maps = halves.maps(latents)
    assert maps.dtype == np.float32
    np.testing.assert_array_equal(halves.images(maps), run.generate(latents))


def test_layers_are_counted_from_the_image(trained):
    generator = Run.open(trained).generator  # 16x16 from 4x4, 2 filters
    assert split_generator(generator, layer=1).shape == (8, 8, 2)
    assert split_generator(generator, layer=2).shape == (4, 4, 4)


def test_the_maps_are_taken_behind_the_relu(trained):
    run = Run.open(trained)
    maps = split_generator(run.generator, layer=1).maps(run.latents(8))
    assert maps.min() == 0
    assert maps.max() > 0


def test_the_layers_are_shared_and_none_is_added_to_the_generator(trained):
    generator = Run.open(trained).generator
    before = len(generator.layers)
    halves = split_generator(generator, layer=1)
    assert len(generator.layers) == before
    assert halves.upper.layers[1] is generator.layers[-2]


def test_a_layer_that_it_does_not_have(trained):
    with pytest.raises(ValueError, match=r"layer must be from 1 \(next to the image\) to 2, .* received 3"):
        split_generator(Run.open(trained).generator, layer=3)


def test_a_fully_connected_generator(tiny_config):
    with pytest.raises(ValueError, match=r"no convolutional layers.*--architecture dcgan"):
        split_generator(models.build_generator(tiny_config(architecture="gan")), layer=1)
