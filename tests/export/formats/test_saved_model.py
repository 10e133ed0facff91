"""The SavedModel: its signatures, what they draw, and what is stored beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.export.formats import saved_model


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("export") / "saved_model"
    saved_model.write(path, run.generator, run.config.model, {"step": run.step})
    return path


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(str(folder))


def test_types_and_shapes_are_those_that_are_documented(loaded):
    def spec(name: str, kind: str) -> dict:
        signature = loaded.signatures[name]
        specs = signature.structured_outputs if kind == "out" else signature.structured_input_signature[1]
        return {key: (value.dtype.name, value.shape.as_list()) for key, value in specs.items()}

    assert set(loaded.signatures) == {"serving_default", "sample", "float_images"}
    for name, dtype in (("serving_default", "uint8"), ("float_images", "float32")):
        assert spec(name, "in") == {"z": ("float32", [None, 16])}
        assert spec(name, "out") == {"image": (dtype, [None, 16, 16, 1])}
    assert spec("sample", "in") == {"seed": ("int64", []), "n": ("int64", [])}
    assert spec("sample", "out") == {
        "image": ("uint8", [None, 16, 16, 1]),
        "z": ("float32", [None, 16]),
    }


@pytest.mark.parametrize("n", [1, 7, 8, 9, 40])
def test_image_i_of_a_seed_is_the_same_for_every_n(loaded, n):
    drawn, most = loaded.sample(3, n), loaded.sample(3, 41)
    assert drawn["image"].shape == (n, 16, 16, 1)
    np.testing.assert_array_equal(drawn["image"], most["image"][:n])
    np.testing.assert_array_equal(drawn["z"], most["z"][:n])


def test_image_i_belongs_to_z_i_and_seeds_differ(loaded):
    drawn = loaded.sample(3, 10)
    again = loaded.serving_default(drawn["z"])["image"]
    np.testing.assert_allclose(drawn["image"].numpy().astype(float), again.numpy().astype(float), atol=1)
    assert (drawn["image"] == again).numpy().mean() > 0.999
    assert (loaded.sample(4, 10)["z"].numpy() != drawn["z"].numpy()).all()


def test_uniform_latents_are_drawn_as_in_training(run_unlike_at_first, tmp_path):
    run = run_unlike_at_first(latent_distribution="uniform")
    saved_model.write(tmp_path / "m", run.generator, run.config.model, {})
    loaded = tf.saved_model.load(str(tmp_path / "m"))
    z = loaded.sample(0, 20)["z"].numpy()
    np.testing.assert_array_equal(z, run.latents(20))
    assert np.abs(z).max() <= 1


def test_each_weight_is_stored_once(folder, run):
    stored = (folder / "variables" / "variables.data-00000-of-00001").stat().st_size
    weights = 4 * sum(int(np.prod(variable.shape)) for variable in run.generator.variables)
    assert weights <= stored < weights + 10_000


def test_the_facts_lie_where_tensorflow_keeps_extra_assets(folder, run):
    assert json.loads((folder / "assets.extra" / "dcgan.json").read_text()) == {"step": run.step}


# TensorFlow Serving


def row_format(predict: dict, signature) -> list:
    """Do with a REST request what Serving does: rows become one batch; a single output loses its name."""
    (key,) = signature.structured_input_signature[1]
    batch = tf.constant(predict["instances"], signature.structured_input_signature[1][key].dtype)
    (value,) = signature(**{key: batch}).values()
    return json.loads(json.dumps(value.numpy().tolist()))


def test_a_row_request_of_latents_gives_a_prediction_each(loaded):
    predictions = row_format({"instances": [[0.0] * 16, [0.5] * 16]}, loaded.signatures["serving_default"])
    assert np.shape(predictions) == (2, 16, 16, 1)
    assert {type(level) for level in np.ravel(predictions).tolist()} == {int}


def test_a_column_request_of_a_seed_and_a_number_is_two_scalars(loaded):
    request = {"signature_name": "sample", "inputs": {"seed": 3, "n": 2}}
    inputs = {
        key: tf.constant(value, loaded.signatures["sample"].structured_input_signature[1][key].dtype)
        for key, value in request["inputs"].items()
    }
    outputs = loaded.signatures[request["signature_name"]](**inputs)
    assert {key: value.shape.as_list() for key, value in outputs.items()} == {
        "image": [2, 16, 16, 1],
        "z": [2, 16],
    }
