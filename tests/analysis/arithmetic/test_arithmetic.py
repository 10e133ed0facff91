"""The command and the functions of arithmetic, on a tiny run of drawn portraits."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

import dcgan_tf
from dcgan_tf import analysis
from dcgan_tf.cli import main
from dcgan_tf.errors import RunError
from quick import few_portraits, quick_judges


@pytest.fixture(scope="module", autouse=True)
def _quick(tmp_path_factory):
    with quick_judges(), few_portraits(tmp_path_factory.mktemp("cache")):
        yield


@pytest.fixture(scope="module")
def portraits(tmp_path_factory, tiny_config):
    """Train on portraits, a few steps: nobody would recognise them, but every number is computed."""
    run_dir = tmp_path_factory.mktemp("portraits") / "run"
    config = tiny_config(
        data="portraits", channels=3, filters=4, steps=30, flip=False, run_dir=str(run_dir), ema_decay=0.9
    )
    return dcgan_tf.train(config)


@pytest.fixture(scope="module")
def digits(tmp_path_factory, tiny_config):
    return dcgan_tf.train(tiny_config(run_dir=str(tmp_path_factory.mktemp("digits") / "run"), steps=3))


def invoke(*words: object):
    return CliRunner().invoke(main, [str(word) for word in words])


def test_samples_picked_by_their_numbers(portraits, tmp_path):
    words = ("arithmetic", portraits, "--plus", "3,7", "--minus", "1", "--plus", "0,2,5", "-n", 64)
    result = invoke(*words, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert "(3, 7) − (1) + (0, 2, 5): " in result.stdout
    assert str(tmp_path / "figure.png") in result.stdout
    written = json.loads((tmp_path / "result.json").read_text())
    assert written["protocol"]["formula"] == "(3, 7) − (1) + (0, 2, 5)"
    assert 0 <= written["measures"][0]["value"] <= 1
    again = invoke(*words, "--out", tmp_path / "again")
    assert again.stdout.splitlines()[0] == result.stdout.splitlines()[0]
    first, second = (tmp_path / "figure.png").read_bytes(), (tmp_path / "again" / "figure.png").read_bytes()
    assert first == second


def test_by_default_it_stands_in_the_run_directory(portraits):
    assert invoke("arithmetic", portraits, "--plus", "3", "-n", 64).exit_code == 0
    assert (portraits / "analysis" / "sample-arithmetic" / "result.json").exists()


def test_a_number_that_is_no_sample_s_is_refused_at_once(portraits):
    result = invoke("arithmetic", portraits, "--plus", "9" * 5000)
    assert result.exit_code == 2
    assert "999999999999999999… is too large to be the number of a sample" in " ".join(result.stderr.split())


def test_too_few_samples_of_a_concept_say_what_helps(portraits):
    run = dcgan_tf.Run.open(portraits)
    with pytest.raises(RunError, match=r"0 show it at all.* 10 are needed; raise --num-images, or train"):
        analysis.arithmetic(
            run, plus=["man+crown+glasses+smile", "woman"], minus=["man"], num_images=8, draws=2
        )


def test_an_unknown_attribute_is_a_message(portraits):
    result = invoke("arithmetic", portraits, "--plus", "man+hat", "--minus", "man", "-n", 64)
    assert result.exit_code == 1
    assert "'hat' is not known here; there are woman, crown, glasses, smile" in result.stderr


def test_unlabelled_attributes_are_a_message(digits):
    result = invoke("arithmetic", digits, "--all", "-n", 64)
    assert result.exit_code == 1
    assert (
        "analogies need at least two binary attributes (classes do not count); digits has 0" in result.stderr
    )


@pytest.mark.parametrize("words", [[], ["--all", "--plus", "crown"], ["--minus", "man"]])
def test_what_to_compute_must_be_given_once(portraits, words):
    result = invoke("arithmetic", portraits, *words)
    assert result.exit_code == 2
    assert "expected either --plus (and --minus), or --all" in result.stderr


def test_sample_writes_the_numbers(portraits, tmp_path):
    result = invoke("sample", portraits, "--numbers", "-n", 6, "--out", tmp_path / "six.png")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "six.png") as sheet:
        pixels = np.asarray(sheet)
    # 3 columns, 2 rows of 48-pixel images with 16 pixels of number below, 2 pixels apart
    assert pixels.shape == (2 * (48 + 16 + 2) + 2, 3 * (48 + 2) + 2, 3)
    assert (pixels[2 + 48 : 2 + 64, 2:50] < 128).any()


def test_numbers_need_a_grid(portraits, tmp_path):
    result = invoke("sample", portraits, "--numbers", "--out", tmp_path / "six.npy")
    assert result.exit_code == 2
    assert "--out must be FILE.png" in result.stderr


def test_an_out_that_cannot_be_written_is_refused_before_the_work(portraits, tmp_path, monkeypatch):
    monkeypatch.setattr(analysis, "sample_arithmetic", None)  # any work would fail
    (tmp_path / "file").write_text("")
    result = invoke("arithmetic", portraits, "--plus", "3", "--out", tmp_path / "file")
    assert result.exit_code == 1
    assert f"{tmp_path / 'file'} cannot be written" in result.stderr


def test_what_is_replaced_is_said(portraits, tmp_path):
    assert (
        "replaces" not in invoke("arithmetic", portraits, "--plus", "3", "-n", 64, "--out", tmp_path).stderr
    )
    assert (
        "replaces" not in invoke("arithmetic", portraits, "--plus", "3", "-n", 64, "--out", tmp_path).stderr
    )
    again = invoke("arithmetic", portraits, "--plus", "4", "-n", 64, "--out", tmp_path)
    assert "this replaces an earlier result (--out keeps both): (3): " in again.stderr


def test_a_formula_of_classes_is_a_message(digits):
    result = invoke("arithmetic", digits, "--plus", "three", "-n", 64)
    assert result.exit_code == 1
    assert "digits has classes but no yes-or-no attributes" in result.stderr
    assert "choose samples by their numbers" in result.stderr
