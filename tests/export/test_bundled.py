"""The generators that come with the package are those of the repository, and are drawn without TensorFlow."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.errors import ExportError
from dcgan_tf.export import bundled
from dcgan_tf.export.bundled import BUNDLED, bundled_generator
from dcgan_tf.export.exported import Exported

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", BUNDLED)
def test_in_a_clone_it_is_the_file_in_saved_models(name):
    assert bundled_generator(name) == ROOT / "saved_models" / name / "generator-dynamic.tflite"
    assert bundled_generator(name).is_file()


def test_an_installed_package_has_its_own(tmp_path, monkeypatch):
    """Its files come before a folder saved_models that lies beside packages, whoever made it."""
    places = tmp_path / "package" / "saved_models", tmp_path / "saved_models"
    monkeypatch.setattr(bundled, "_PLACES", places)
    for place in reversed(places):
        (place / "mnist").mkdir(parents=True)
        (place / "mnist" / "generator-dynamic.tflite").touch()
        assert bundled_generator("mnist") == place / "mnist" / "generator-dynamic.tflite"


def test_the_wheel_takes_a_generator_and_its_record_for_each_name():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    taken = settings["options.package_data"]["dcgan_tf.saved_models"].split()
    assert sorted(taken) == sorted(
        f"{name}/{file}" for name in BUNDLED for file in ("export.json", "generator-dynamic.tflite")
    )


def test_another_name_is_refused_with_those_that_there_are():
    with pytest.raises(ExportError, match="expected one of portraits, mnist, cifar10, received 'cats'"):
        bundled_generator("cats")


def test_a_missing_file_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(bundled, "_PLACES", (tmp_path / "package", tmp_path / "clone"))
    with pytest.raises(ExportError, match=r"portraits/generator-dynamic.tflite is missing; install dcgan_tf"):
        bundled_generator("portraits")


def test_its_two_files_are_enough(tmp_path):
    for file in ("export.json", "generator-dynamic.tflite"):
        shutil.copy(ROOT / "saved_models" / "mnist" / file, tmp_path)
    images = Exported.open(tmp_path / "generator-dynamic.tflite").sample(4, seed=3, labels=[7])
    trained = Exported.open(ROOT / "saved_models" / "mnist").sample(4, seed=3, labels=[7])
    assert np.abs(images.astype(int) - trained).mean() < 1


@pytest.mark.parametrize("name", BUNDLED)
def test_it_is_drawn_without_tensorflow(name, tmp_path):
    code = f"""
import sys
from dcgan_tf.cli import main
main(["sample", "{name}", "-n", "10", "--out", "drawn.npy"], standalone_mode=False)
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/nowhere"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert f"the generator {name} that comes with dcgan-tf" in done.stdout
    drawn = np.load(tmp_path / "drawn.npy")
    np.testing.assert_array_equal(drawn, Exported.open(bundled_generator(name)).sample(10))
    assert drawn.std() > 20
