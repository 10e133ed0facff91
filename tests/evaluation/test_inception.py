"""Inception-v3 as a space, with random weights; and what is said where the true ones are missing."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import inception
from dcgan_tf.evaluation.inception import WEIGHTS_FILE, InceptionSpace


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras' saving, NumPy 2
def test_features_and_probabilities_of_grey_pictures(tmp_path, monkeypatch):
    monkeypatch.setattr(inception, "BATCH", 2)
    file = tmp_path / "random.weights.h5"
    keras.utils.set_random_seed(0)
    network = keras.applications.InceptionV3(weights=None)
    network.save_weights(file)
    space = InceptionSpace.open(file)
    images = np.random.default_rng(0).integers(0, 256, (3, 12, 16, 1), dtype=np.uint8)
    seen = space.read(images)
    assert seen.points.shape == (3, 2048)
    assert seen.probabilities.shape == (3, 1000)
    np.testing.assert_allclose(seen.probabilities.sum(axis=1), 1, rtol=1e-5)
    # By Keras' own way: resized from 12x16, scaled to [-1, 1], the pool below the outputs.
    whole = np.asarray(keras.ops.image.resize(np.repeat(images, 3, -1).astype(np.float32), (299, 299)))
    scaled = keras.applications.inception_v3.preprocess_input(whole[:2].copy())
    np.testing.assert_allclose(seen.probabilities[:2], network(scaled, training=False), rtol=1e-3)
    again = space.read(np.repeat(images[2:], 3, axis=-1))
    np.testing.assert_allclose(again.points[0], seen.points[2], rtol=1e-3, atol=1e-5)
    assert space.key.startswith("inception-v3-299-")
    assert "resized bilinearly with antialiasing to 299x299" in space.name
    assert space.names.frechet == "FID"


def test_without_weights_and_network_the_place_for_the_file_is_named(monkeypatch, tmp_path):
    def no_network(weights):
        assert weights == "imagenet"
        raise Exception("URL fetch failure on https://…: None -- no network")  # what Keras raises

    monkeypatch.setattr(inception.keras.applications, "InceptionV3", no_network)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    with pytest.raises(ValueError, match="neither in Keras' cache nor can they be downloaded") as caught:
        InceptionSpace.open()
    assert f"at {tmp_path / 'models' / WEIGHTS_FILE}, or name it with --weights FILE" in str(caught.value)


def test_a_file_that_is_missing_or_of_another_network_is_refused(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="does not exist; give Keras' file inception_v3_weights"):
        InceptionSpace.open(tmp_path / "none.h5")

    def other_network(weights):
        raise ValueError("Layer count mismatch\nand more")

    monkeypatch.setattr(inception.keras.applications, "InceptionV3", other_network)
    (tmp_path / "other.h5").write_bytes(b"")
    with pytest.raises(ValueError, match=r"does not hold the weights .* \(Layer count mismatch\)"):
        InceptionSpace.open(tmp_path / "other.h5")


@pytest.mark.parametrize("error", [OSError("truncated"), KeyError("layer_names"), RuntimeError("bad object")])
def test_a_damaged_file_of_weights_is_a_sentence(monkeypatch, tmp_path, error):
    def damaged(weights):
        raise error

    monkeypatch.setattr(inception.keras.applications, "InceptionV3", damaged)
    (tmp_path / "damaged.h5").write_bytes(b"")
    with pytest.raises(ArgumentError, match=r"damaged\.h5 does not hold the weights"):
        InceptionSpace.open(tmp_path / "damaged.h5")


def test_a_wrong_call_of_ours_is_no_user_s_mistake(monkeypatch):
    def wrong(weights):
        raise TypeError("unexpected keyword")

    monkeypatch.setattr(inception.keras.applications, "InceptionV3", wrong)
    with pytest.raises(TypeError, match="unexpected keyword"):
        InceptionSpace.open()
