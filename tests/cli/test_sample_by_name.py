"""`dcgan-tf sample portraits`: what a mere name means."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dcgan_tf.cli import main
from dcgan_tf.export import bundled_generator


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sample(*words: str) -> Result:
    return CliRunner().invoke(main, ["sample", *words, "-n", "2", "--out", "drawn.npy"])


def test_a_name_draws_with_a_generator_of_the_package():
    done = sample("portraits")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout == (
        "2 images of step 12,500, the generator portraits that comes with dcgan-tf -> drawn.npy\n"
    )
    assert np.load("drawn.npy").shape == (2, 64, 64, 3)


def test_an_export_of_that_name_that_was_interrupted_is_not_passed_over(elsewhere):
    (elsewhere / ".portraits.old-0123abcd").mkdir()
    (elsewhere / ".portraits.old-0123abcd" / "export.json").touch()
    done = sample("portraits")
    assert done.exit_code == 1
    assert "its replacement was interrupted" in done.stderr


def test_a_class_can_be_chosen():
    done = sample("mnist", "--label", "7")
    assert done.stdout == (
        "2 images of step 45,000, the generator mnist that comes with dcgan-tf (7) -> drawn.npy\n"
    )


def test_what_lies_here_comes_first_and_it_is_said(elsewhere):
    """The folder is an export of digits, of which only its .tflite file is left."""
    (elsewhere / "portraits").mkdir()
    for file in ("export.json", "generator-dynamic.tflite"):
        shutil.copy(bundled_generator("mnist").with_name(file), elsewhere / "portraits")
    done = sample("portraits")
    assert done.stderr == "portraits is taken from this folder; dcgan-tf has a generator of that name, too\n"
    assert done.stdout == "2 images of step 45,000 (0, 1) -> drawn.npy\n"


def test_an_unknown_name_is_told_those_that_there_are():
    done = sample("portrait")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "dcgan-tf: portrait does not exist; expected a run, an export, or a generator that comes with "
        "dcgan-tf: portraits, mnist, cifar10\n"
    )


@pytest.mark.parametrize("path", ["runs/portraits", "portraits.tflite", "missing.onnx"])
def test_a_path_is_no_name(path):
    done = sample(path)
    assert done.exit_code == 1
    assert "comes with" not in done.output


def test_a_bundled_generator_has_no_checkpoints():
    done = sample("portraits", "--checkpoint", "5")
    assert done.exit_code == 2
    assert "an export has neither checkpoints nor a raw generator" in done.stderr


def test_files_of_an_export_are_not_overwritten(elsewhere):
    """Its samples.png is what `verify` compares with, and looks like one that this command wrote."""
    for file in ("export.json", "samples.png", "generator-dynamic.tflite"):
        shutil.copy(bundled_generator("mnist").with_name(file), elsewhere)
    before = (elsewhere / "samples.png").read_bytes()
    for words in ([], ["--out", "samples.png"], ["--out", str(elsewhere / "samples.png")]):
        done = CliRunner().invoke(main, ["sample", "generator-dynamic.tflite", *words])
        assert done.exit_code == 1
        assert "samples.png is a file of the export in" in done.stderr
    assert (elsewhere / "samples.png").read_bytes() == before
    (elsewhere / "export.json").write_text("{}")
    assert sample("mnist").exit_code == 0
    assert CliRunner().invoke(main, ["sample", "mnist", "-n", "2"]).exit_code == 0
