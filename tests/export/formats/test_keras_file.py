"""The .keras file of an export: Keras' own classes alone, whatever the generator was trained with."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.export.formats import keras_file
from dcgan_tf.models import dcgan


@pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
def test_what_keeps_kernels_even_stays_in_training(tmp_path: Path) -> None:
    generator = dcgan.build_generator(ModelConfig(filters=4, latent_dim=5, even_upsampling=True), (16, 16), 3)
    keras_file.write(tmp_path / "model.keras", generator)
    loaded = keras_file.read(tmp_path / "model.keras")  # refuses every class that is not Keras' own
    assert [layer for layer in loaded.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    assert all(variable.constraint is None for variable in loaded.trainable_variables)
    z = tf.random.stateless_normal((3, 5), (0, 1))
    np.testing.assert_array_equal(loaded(z), generator(z))
