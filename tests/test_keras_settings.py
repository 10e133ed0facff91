"""Settings of the process that belong to somebody else: what the library draws does not depend on them."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan_tf
from dcgan_tf import models
from dcgan_tf.analysis.features import discriminator_features
from dcgan_tf.config import Config
from dcgan_tf.errors import DcganError
from dcgan_tf.judges import network as judge_network
from dcgan_tf.keras_settings import ONEDNN, own_settings, settle_backend, settle_onednn
from dcgan_tf.runs.run import Run
from dcgan_tf.training.state import create_train_state


def policy(name: str) -> Callable[[], None]:
    return lambda: keras.config.set_dtype_policy(name)


def half_precision() -> None:
    keras.config.set_floatx("float16")
    keras.config.set_dtype_policy("float16")


def channels_first() -> None:
    keras.config.set_image_data_format("channels_first")


def eagerly() -> None:
    tf.config.run_functions_eagerly(True)


@pytest.fixture(params=[policy("mixed_float16"), policy("float64"), half_precision, channels_first, eagerly])
def foreign(request: pytest.FixtureRequest) -> Iterator[Callable[[], None]]:
    """Return what changes the process's settings; they are put back."""
    config = keras.config
    before = config.floatx(), config.image_data_format(), config.dtype_policy()
    yield request.param
    config.set_floatx(before[0])
    config.set_image_data_format(before[1])
    config.set_dtype_policy(before[2])
    tf.config.run_functions_eagerly(False)


def draw(run_dir: Path) -> list[np.ndarray]:
    """Return what is computed of a run: samples, D's features, and what an untrained judge says."""
    run = Run.open(run_dir)
    images = run.sample(3)
    judged = judge_network.judge(judge_network.build_network(images.shape[1:], 2), images)
    return [images, discriminator_features(run.discriminator, images), *judged]


@pytest.fixture(scope="module")
def drawn(trained) -> list[np.ndarray]:
    return draw(trained)


def test_what_is_drawn_and_judged_does_not_depend_on_them(foreign, trained, drawn):
    foreign()
    mine = keras.config.dtype_policy(), keras.config.image_data_format()
    for now, before in zip(draw(trained), drawn, strict=True):
        assert now.dtype == before.dtype
        np.testing.assert_array_equal(now, before)
    assert (keras.config.dtype_policy(), keras.config.image_data_format()) == mine


@pytest.mark.parametrize("architecture", ["dcgan", "gan"])
def test_what_is_trained_does_not_depend_on_them(architecture, foreign, tiny_config: Callable[..., Config]):
    foreign()
    state = create_train_state(tiny_config(architecture=architecture))
    optimizers = state.generator_optimizer, state.discriminator_optimizer
    variables = [v for part in (state.generator, state.discriminator, *optimizers) for v in part.variables]
    assert {v.dtype for v in variables} <= {"float32", "int32", "int64"}
    assert {network.compute_dtype for network in (state.generator, state.discriminator)} == {"float32"}


def test_they_are_put_back_after_an_error():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with contextlib.suppress(ZeroDivisionError), own_settings():
            within = keras.config.dtype_policy().name
            raise ZeroDivisionError
        assert (within, keras.config.dtype_policy().name) == ("float32", "mixed_float16")
    finally:
        keras.config.set_dtype_policy("float32")


def test_keras_on_another_backend_is_one_sentence(monkeypatch, tiny_config):
    monkeypatch.setattr(keras.config, "backend", lambda: "torch")
    monkeypatch.delitem(vars(dcgan_tf), "Run", raising=False)  # as in a process that has not used it yet
    said = r"needs Keras on TensorFlow, and in this process Keras was imported on torch; set .* KERAS_BACKEND"
    with pytest.raises(DcganError, match=said):
        dcgan_tf.Run  # noqa: B018 (reading it is the test)
    with pytest.raises(DcganError, match=said):
        models.build_generator(tiny_config())
    assert dcgan_tf.Config is Config  # what needs no Keras is there


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("5", "expected an object"),
        ('{"floatx": "half"}', "floatx must be one of float16, float32, float64"),
        ('{"floatx": [5]}', "floatx must be one of float16, float32, float64"),
        ('{"image_data_format": null}', "image_data_format must be one of channels_last, channels_first"),
        ('{"epsilon": 1}', "epsilon must be a number such as 1e-07"),
    ],
)
def test_settings_that_keras_cannot_be_imported_with_are_one_sentence(tmp_path, monkeypatch, content, words):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.delitem(sys.modules, "keras")
    (tmp_path / "keras.json").write_text(content)
    with pytest.raises(DcganError, match=f"settings in .*keras.json: {words}; correct or remove that file"):
        settle_backend()


def test_settings_that_keras_passes_over_or_takes_are_no_error(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    monkeypatch.delitem(sys.modules, "keras")
    settle_backend()
    for content in ("no JSON", "{}", '{"backend": "theano", "epsilon": 1e-07}'):
        (tmp_path / "keras.json").write_text(content)
        settle_backend()


def test_the_command_line_works_in_the_environment_of_a_notebook_and_of_other_backends(
    trained, drawn, tmp_path
):
    """In a process of its own, because these are read when Matplotlib, Keras and TensorFlow are imported."""
    (tmp_path / "keras.json").write_text(
        json.dumps({"backend": "torch", "floatx": "float16", "image_data_format": "channels_first"})
    )
    code = (
        "from dcgan_tf.cli import main\n"
        f"main(['sample', {str(trained)!r}, '-n', '3', '--out', 'three.npy'], standalone_mode=False)\n"
        "import matplotlib\nprint(matplotlib.get_backend())"
    )
    environment = {
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "KERAS_BACKEND": "jax",
        "KERAS_HOME": str(tmp_path),
        "TF_USE_LEGACY_KERAS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **environment, "PYTHONPATH": str(Path(dcgan_tf.__file__).parents[1])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.stderr == ""
    assert done.stdout.splitlines()[1:] == ["Agg"]
    np.testing.assert_array_equal(np.load(tmp_path / "three.npy"), drawn[0])


@pytest.mark.parametrize(
    ("system", "machine", "on", "before", "after"),
    [
        ("linux", "x86_64", True, None, "1"),
        ("linux", "x86_64", False, None, "0"),
        ("linux", "x86_64", True, "0", "0"),
        ("linux", "x86_64", False, "1", "1"),
        ("linux", "aarch64", True, None, None),
        ("win32", "AMD64", True, None, None),
        ("darwin", "x86_64", True, None, None),
    ],
)
def test_onednn_is_switched_on_unless_the_environment_says_otherwise(
    system: str,
    machine: str,
    on: bool,
    before: str | None,
    after: str | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setenv(ONEDNN, before or "")
    if before is None:
        monkeypatch.delenv(ONEDNN)
    settle_onednn(on=on)
    assert os.environ.get(ONEDNN) == after


SWITCHED = sys.platform == "linux" and platform.machine() == "x86_64"


@pytest.mark.skipif(not SWITCHED, reason="on this kind of machine it is left alone")
@pytest.mark.parametrize("on", [True, False])
def test_tensorflow_uses_onednn_as_it_is_told(on: bool) -> None:
    code = (
        f"from dcgan_tf.cli import import_tensorflow; import_tensorflow(onednn={on})\n"
        "from dcgan_tf.keras_settings import uses_onednn; print(uses_onednn())"
    )
    without = {name: value for name, value in os.environ.items() if name != ONEDNN}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=without)
    assert (done.stdout, done.returncode) == (f"{on}\n", 0), done.stderr
