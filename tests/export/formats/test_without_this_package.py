"""Exports where this package is not: TensorFlow, its own tool and Keras open them by themselves."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.export.formats import keras_file, saved_model
from dcgan_tf.images import to_uint8
from dcgan_tf.runs.run import Run

LABELS = np.array([4, 9, 4], np.int32)

PROCESS = """
import json, os, sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "dcgan_tf":
            raise ImportError(f"{name} is blocked")

sys.meta_path.insert(0, Blocked())
try:
    import dcgan_tf
except ImportError:
    pass
else:
    raise SystemExit("dcgan_tf could be imported")
import keras
from tensorflow.python.tools import saved_model_cli

for folder, code in json.loads(sys.argv[1]).items():
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.dup2(os.open("said.txt", os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(1, 2)
        exec(code, {})
        assert not [name for name in sys.modules if name.startswith("dcgan_tf")]
        sys.exit()
    with open(os.path.join(folder, "exit_code.txt"), "w") as file:
        file.write(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])))
"""

SIGNATURES = """
import numpy as np, tensorflow as tf
signatures = tf.saved_model.load({folder!r}).signatures
inputs = {{name: tf.constant(values) for name, values in np.load("inputs.npz").items()}}
np.savez(
    "out.npz",
    served=signatures["serving_default"](**inputs)["image"],
    floats=signatures["float_images"](**inputs)["image"],
    **signatures["sample"](seed=tf.constant(3, tf.int64), n=tf.constant(13, tf.int64)),
)
"""

KERAS = """
import keras, numpy as np
network = keras.saving.load_model({file!r})
np.save("out.npy", network.predict(np.load("inputs.npz")["z"], verbose=0))
"""

TOOL = """
import sys
from tensorflow.python.tools.saved_model_cli import main
sys.argv[1:] = {words!r}
main()
"""


@pytest.fixture(scope="module")
def conditional(run_unlike_at_first) -> Run:
    return run_unlike_at_first(conditional=True)


@pytest.fixture(scope="module")
def exported(run, conditional, tmp_path_factory) -> Path:
    """Return a folder with what is opened: two SavedModels, one of them with classes, and a .keras file."""
    root = tmp_path_factory.mktemp("exported")
    saved_model.write(root / "plain", run.generator, run.config.model, {})
    with_classes = conditional.config.model
    saved_model.write(root / "conditional", conditional.generator, with_classes, {}, num_classes=10)
    keras_file.write(root / "model.keras", run.generator)
    return root


def words_of_the_tool(folder: Path) -> dict[str, list[str]]:
    """Return what the tool is called with, by the name of what it does."""
    which = ["--dir", str(folder), "--tag_set", "serve", "--outdir", ".", "--signature_def"]
    return {
        "show": ["show", "--dir", str(folder), "--all"],
        "serving_default": ["run", *which, "serving_default", "--inputs", "z=inputs.npz[z]"],
        "float_images": ["run", *which, "float_images", "--inputs", "z=inputs.npz[z]"],
        "sample": ["run", *which, "sample", "--input_exprs", "seed=3;n=4"],
    }


@pytest.fixture(scope="module")
def elsewhere(run, exported, tmp_path_factory) -> Callable[[str], Path]:
    """Return a function from the name of a program to the folder in which it has run, without an error.

    One process loads TensorFlow, which takes longer than all that is done with it, and forks for each.
    """
    root, z = tmp_path_factory.mktemp("elsewhere"), run.latents(3)
    programs = {
        "plain": SIGNATURES.format(folder=str(exported / "plain")),
        "conditional": SIGNATURES.format(folder=str(exported / "conditional")),
        "keras": KERAS.format(file=str(exported / "model.keras")),
        **{name: TOOL.format(words=words) for name, words in words_of_the_tool(exported / "plain").items()},
    }
    for name in programs:
        (root / name).mkdir()
        np.savez(root / name / "inputs.npz", z=z, **({"label": LABELS} if name == "conditional" else {}))
    folders = {str(root / name): program for name, program in programs.items()}
    code = [sys.executable, "-c", PROCESS, json.dumps(folders)]
    done = subprocess.run(code, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr

    def has_run(name: str) -> Path:
        assert (root / name / "exit_code.txt").read_text() == "0", (root / name / "said.txt").read_text()
        return root / name

    return has_run


def test_all_signatures_run(elsewhere, run):
    out, z = np.load(elsewhere("plain") / "out.npz"), run.latents(3)
    np.testing.assert_allclose(out["floats"], run.generator(z, training=False), atol=1e-6)
    np.testing.assert_array_equal(out["served"], to_uint8(out["floats"]))
    np.testing.assert_allclose(out["image"].astype(float), run.sample(13, seed=3).astype(float), atol=1)
    np.testing.assert_array_equal(out["z"], run.latents(13, seed=3))


def test_all_signatures_take_the_class(elsewhere, conditional):
    out, z = np.load(elsewhere("conditional") / "out.npz"), conditional.latents(3)
    of_classes = np.hstack([z, np.eye(10, dtype=np.float32)[LABELS]])
    expected = np.asarray(conditional.generator(of_classes, training=False))
    np.testing.assert_allclose(out["floats"], expected, atol=1e-6)
    np.testing.assert_array_equal(out["served"], np.rint((out["floats"] + 1) * np.float32(127.5)))
    np.testing.assert_array_equal(out["label"], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2])
    np.testing.assert_array_equal(out["z"], conditional.latents(13, seed=3))
    sampled = conditional.sample(13, seed=3).astype(float)
    np.testing.assert_allclose(out["image"].astype(float), sampled, atol=1)


def test_keras_alone_loads_the_keras_file(elsewhere, run):
    drawn = np.load(elsewhere("keras") / "out.npy")
    np.testing.assert_allclose(drawn, run.generator(run.latents(3), training=False), atol=1e-6)


def test_saved_model_cli_lists_the_signatures(elsewhere):
    shown = (elsewhere("show") / "said.txt").read_text()
    for name in ("serving_default", "sample", "float_images"):
        assert f"signature_def['{name}']" in shown
    assert "dtype: DT_UINT8" in shown


@pytest.mark.parametrize("signature", ["serving_default", "float_images"])
def test_saved_model_cli_runs_latents_from_a_file(elsewhere, signature):
    assert np.load(elsewhere(signature) / "image.npy").shape == (3, 16, 16, 1)


def test_saved_model_cli_samples(elsewhere, exported):
    loaded = tf.saved_model.load(str(exported / "plain"))
    expected = loaded.sample(3, 4)
    image, z = (np.load(elsewhere("sample") / f"{name}.npy") for name in ("image", "z"))
    np.testing.assert_array_equal(z, expected["z"])
    np.testing.assert_array_equal(image, expected["image"])
