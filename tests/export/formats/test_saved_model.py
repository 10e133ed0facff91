"""The SavedModel, in a process that cannot import this package, and under TensorFlow's own tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.export.formats import saved_model
from dcgan_tf.images import to_uint8

WITHOUT_THE_PACKAGE = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "dcgan_tf":
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
"""


@pytest.fixture(scope="module")
def folder(run, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("export") / "saved_model"
    saved_model.write(path, run.generator, run.config.model, {"step": run.step})
    return path


@pytest.fixture(scope="module")
def loaded(folder):
    return tf.saved_model.load(str(folder))


def test_all_signatures_run_without_this_package(folder, run, tmp_path):
    code = f"""{WITHOUT_THE_PACKAGE}
import numpy as np, tensorflow as tf
try:
    import dcgan_tf
except ImportError:
    pass
else:
    raise SystemExit("dcgan_tf could be imported")
signatures = tf.saved_model.load({str(folder)!r}).signatures
z = tf.constant(np.load("z.npy"))
sampled = signatures["sample"](seed=tf.constant(3, tf.int64), n=tf.constant(5, tf.int64))
np.savez(
    "out.npz",
    served=signatures["serving_default"](z=z)["image"],
    floats=signatures["float_images"](z=z)["image"],
    image=sampled["image"],
    z=sampled["z"],
)
assert not [name for name in sys.modules if name.startswith("dcgan_tf")]
"""
    z = run.latents(3)
    np.save(tmp_path / "z.npy", z)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    out = np.load(tmp_path / "out.npz")
    expected = np.asarray(run.generator(z, training=False))
    np.testing.assert_allclose(out["floats"], expected, atol=1e-6)
    np.testing.assert_array_equal(out["served"], to_uint8(out["floats"]))
    np.testing.assert_allclose(out["image"].astype(float), run.sample(5, seed=3).astype(float), atol=1)
    np.testing.assert_array_equal(out["z"], run.latents(5, seed=3))


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


def test_uniform_latents_are_drawn_as_in_training(trained_run, tmp_path):
    run = trained_run(latent_distribution="uniform")
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


TOOL = """
import json, os, sys
from tensorflow.python.tools.saved_model_cli import main

for command in json.loads(sys.argv[1]):
    child = os.fork()
    if not child:
        sys.argv[1:] = command
        sys.exit(main())
    if code := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        sys.exit(code)
"""


@pytest.fixture(scope="module")
def by_the_tool(folder, tmp_path_factory) -> tuple[str, dict[str, Path]]:
    """Return what saved_model_cli says of the signatures, and the folders where it wrote what each gives.

    One process loads TensorFlow, which takes longer than all that the tool does, and forks for each command.
    """
    root = tmp_path_factory.mktemp("tool")
    np.save(root / "z.npy", np.zeros((2, 16), np.float32))
    inputs = {
        "serving_default": ("--inputs", f"z={root / 'z.npy'}"),
        "float_images": ("--inputs", f"z={root / 'z.npy'}"),
        "sample": ("--input_exprs", "seed=3;n=4"),
    }
    commands: list[tuple[str, ...]] = [("show", "--dir", str(folder), "--all")]
    for name, given in inputs.items():
        (root / name).mkdir()
        which = ("--dir", str(folder), "--tag_set", "serve", "--signature_def", name)
        commands.append(("run", *which, *given, "--outdir", str(root / name)))
    code = [sys.executable, "-c", TOOL, json.dumps(commands)]
    done = subprocess.run(code, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout, {name: root / name for name in inputs}


def test_saved_model_cli_lists_the_signatures(by_the_tool):
    shown, _ = by_the_tool
    for name in ("serving_default", "sample", "float_images"):
        assert f"signature_def['{name}']" in shown
    assert "dtype: DT_UINT8" in shown


@pytest.mark.parametrize("signature", ["serving_default", "float_images"])
def test_saved_model_cli_runs_latents_from_a_file(by_the_tool, signature):
    _, written = by_the_tool
    assert np.load(written[signature] / "image.npy").shape == (2, 16, 16, 1)


def test_saved_model_cli_samples(by_the_tool, loaded):
    _, written = by_the_tool
    expected = loaded.sample(3, 4)
    np.testing.assert_array_equal(np.load(written["sample"] / "image.npy"), expected["image"])
    np.testing.assert_array_equal(np.load(written["sample"] / "z.npy"), expected["z"])


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
