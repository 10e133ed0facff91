"""`dcgan-tf evaluate`: what it takes, what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from dcgan_tf import cli, images
from dcgan_tf.evaluation import scores
from dcgan_tf.runs.load import Run
from dcgan_tf.runs.paths import RunPaths, read_records


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, ["evaluate", *(str(word) for word in words)])


@pytest.fixture(scope="module", autouse=True)
def _few_patches():
    """The numbers matter here less than the seconds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scores, "DESCRIPTORS", 4096)
        yield


@pytest.fixture(scope="module")
def copied(trained, tmp_path_factory) -> Path:
    """Return a run that may be added to; with a checkpoint of step 40 as its best."""
    root = tmp_path_factory.mktemp("copied") / "run"
    shutil.copytree(trained, root)
    best = RunPaths(root).best
    best.mkdir()
    for file in RunPaths(root).checkpoints.glob("ckpt-40.*"):
        shutil.copy(file, best)
    return root


@pytest.fixture(scope="module")
def swd(copied) -> Result:
    return run(copied, "--space", "swd", "-n", 100, "--out", copied.parent / "numbers.json")


def test_a_run_is_shown_at_its_best_and_last_step(swd):
    assert swd.exit_code == 0, swd.output
    lines = swd.stdout.splitlines()
    assert lines[0].endswith("averaged weights (EMA), seed 0, in the space: pixels")
    assert lines[1] == (
        "held against 296 of 296 images of split test of digits; "
        "the other real images are 100 images of split train (held out)"
    )
    [heading] = [line for line in lines if "better" in line]
    assert heading.split("  ")[0] == ""
    for name in ("best, step 40", "last, step 50", "other real images", "pixels without form"):
        assert name in heading
    assert any(line.startswith("best, step 40: sliced Wasserstein") for line in lines)


def test_its_numbers_are_added_to_its_metrics_and_written_out(swd, copied):
    records = read_records(RunPaths(copied).metrics)
    assert [record["step"] for record in records[:2]] == [40, 50]
    assert json.loads((copied.parent / "numbers.json").read_text()) == records[:2]
    protocol = records[1]["protocol"]
    assert protocol["generated_images"] == 100
    assert protocol["generator"] == "averaged weights (EMA)"
    assert protocol["against"] == "digits"


def test_the_same_command_prints_the_same_numbers(swd, copied):
    again = run(copied, "--space", "swd", "-n", 100)
    assert again.stdout == swd.stdout


def test_one_checkpoint_has_one_column(copied):
    result = run(copied, "--space", "swd", "-n", 60, "--checkpoint", 20, "--no-ema", "--seed", 3)
    assert "step 20" in result.stdout
    assert "best" not in result.stdout.replace("better", "")
    assert "raw weights, seed 3" in result.stdout


def test_in_the_classifier_s_space_it_tells_how_good_that_is(copied):
    result = run(copied, "--checkpoint", 50, "-n", 100)
    assert result.exit_code == 0, result.output
    assert "digits classifier (9" in result.stdout
    rows = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("   ") and line.strip()]
    assert {"Fréchet", "kernel", "precision", "recall", "density", "coverage", "MS-SSIM"} <= set(rows)
    assert "FID" not in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Fréchet distance ")


@pytest.fixture(scope="module")
def pictures(trained) -> np.ndarray:
    return Run.open(trained).sample(80)


@pytest.mark.parametrize("name", ["made.npy", "made"])
def test_pictures_in_files_are_held_against_data_of_their_own_size(tmp_path, pictures, name):
    images.save(tmp_path / name, pictures)
    result = run(tmp_path / name, "--against", "digits", "--space", "swd")
    assert result.exit_code == 0, result.output
    assert f"80 samples of {tmp_path / name}" in result.stdout
    assert "these pictures" in result.stdout
    assert "1,501 of 1,501 images of split train of digits" in result.stdout


def test_an_export_of_built_in_data_needs_no_other_name(monkeypatch, tmp_path, pictures):
    from dcgan_tf.export.exported import Exported

    facts = {"latent_dim": 4, "latent_distribution": "normal", "step": 50, "image_shape": [16, 16, 1]}
    opened = Exported(tmp_path / "a.tflite", {**facts, "data": "digits"}, lambda z: pictures[: len(z)])
    monkeypatch.setattr(Exported, "open", staticmethod(lambda path: opened))
    result = run(tmp_path / "a.tflite", "--space", "swd", "-n", 60)
    assert result.exit_code == 0, result.output
    assert "this export" in result.stdout
    opened.facts["data"] = "mnist"
    assert "name them with --against" in run(tmp_path / "a.tflite", "--space", "swd").stderr


def test_files_alone_do_not_say_what_they_are_held_against(tmp_path, pictures):
    images.save(tmp_path / "made.npy", pictures)
    result = run(tmp_path / "made.npy")
    assert result.exit_code == 1
    assert "name them with --against" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["made.npy", "--weights", "a.h5"], "--weights are those of --space inception"),
        (["made.npy", "--checkpoint", "3"], "only a run has checkpoints"),
        (["made.npy", "--no-ema"], "only a run has checkpoints"),
    ],
)
def test_options_that_have_no_meaning_are_usage_errors(tmp_path, monkeypatch, words, message):
    monkeypatch.chdir(tmp_path)
    np.save("made.npy", np.zeros((60, 8, 8, 1), np.uint8))
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_what_is_nothing_of_all_that_is_refused(tmp_path):
    result = run(tmp_path / "nothing")
    assert result.exit_code == 1
    assert "expected a run, an export, a folder of pictures or a FILE.npy" in result.stderr
