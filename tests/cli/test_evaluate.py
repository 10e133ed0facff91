"""`dcgan-tf evaluate`: what it takes, what it prints and writes, and what it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from click.testing import CliRunner, Result

from dcgan_tf import cli, images
from dcgan_tf.evaluation import evaluator, scores
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.runs.run import Run


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
    text = " ".join(swd.stdout.split())
    assert "averaged weights (EMA), seed 0, in the space: pixels compared with 296 of 296 images" in text
    assert "of split test of digits; the other real images are 100 images of split train (held out)" in text
    heading, *_ = [line.split() for line in swd.stdout.splitlines() if line.startswith("      ")]
    assert heading == ["best,", "step", "40", "last,", "step", "50", "other", "pixels"]
    assert "best, step 40: sliced Wasserstein" in text
    assert "last, step 50: sliced Wasserstein" in text


def test_tables_are_80_columns_wide_wherever_they_go(swd):
    words_of_paths = [line for line in swd.stdout.splitlines() if "/" in line]
    lines = [line for line in swd.stdout.splitlines() if line not in words_of_paths]
    assert 60 < max(map(len, lines)) <= 80
    assert "…" not in swd.stdout


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
    assert "best" not in result.stdout
    assert "raw weights, seed 3" in " ".join(result.stdout.split())


@pytest.fixture(scope="module")
def judged(copied) -> Result:
    return run(copied, "--checkpoint", 50, "-n", 100)


@pytest.mark.parametrize("policy", ["mixed_float16", "float64"])
def test_a_global_policy_of_types_changes_no_number(copied, judged, policy):
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(policy)
    try:
        assert run(copied, "--checkpoint", 50, "-n", 100).stdout == judged.stdout
    finally:
        keras.config.set_dtype_policy(before)


def test_in_the_classifier_s_space_it_tells_how_good_that_is(judged):
    result = judged
    assert result.exit_code == 0, result.output
    assert "digits classifier (9" in " ".join(result.stdout.split())
    rows = [line.split()[0] for line in result.stdout.splitlines() if line.startswith("  ") and line.strip()]
    assert {"Fréchet", "kernel", "precision,", "recall", "density,", "coverage", "MS-SSIM"} <= set(rows)
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
    text = " ".join(result.stdout.split())
    assert f"80 samples of {tmp_path / name}" in text
    assert "these" in text
    assert "1,501 of 1,501 images of split train of digits" in text


def test_an_export_of_built_in_data_needs_no_other_name(monkeypatch, tmp_path, pictures):
    from dcgan_tf.export.exported import Exported

    facts = {"latent_dim": 4, "latent_distribution": "normal", "step": 50, "image_shape": [16, 16, 1]}
    opened = Exported(tmp_path / "a.tflite", {**facts, "data": "digits"}, lambda z: pictures[: len(z)])
    monkeypatch.setattr(Exported, "open", staticmethod(lambda path: opened))
    (tmp_path / "a.tflite").touch()
    (tmp_path / "export.json").write_text(json.dumps({"images_from": "digits"}))
    result = run(tmp_path / "a.tflite", "--space", "swd", "-n", 60)
    assert result.exit_code == 0, result.output
    assert "this export" in result.stdout


@pytest.mark.parametrize(
    "record", [{"images_from": "folder"}, {"images_from": "tfds"}, {}, [], {"images_from": 5}]
)
def test_an_export_of_a_folder_that_is_called_like_built_in_data_needs_another_name(
    monkeypatch, tmp_path, pictures, record
):
    from dcgan_tf.export.exported import Exported

    facts = {"latent_dim": 4, "latent_distribution": "normal", "step": 50, "image_shape": [16, 16, 1]}
    opened = Exported(tmp_path / "a.tflite", {**facts, "data": "digits"}, lambda z: pictures[: len(z)])
    monkeypatch.setattr(Exported, "open", staticmethod(lambda path: opened))
    (tmp_path / "a.tflite").touch()
    (tmp_path / "export.json").write_text(json.dumps(record))
    result = run(tmp_path / "a.tflite", "--space", "swd")
    assert result.exit_code == 1
    assert "name them with --against" in result.stderr
    assert "1,501" not in result.stdout


def test_an_evaluation_of_images_that_changed_since_is_refused(copied, tmp_path):
    changed = tmp_path / "changed"
    shutil.copytree(copied, changed)
    record = json.loads(RunPaths(changed).data.read_text())
    RunPaths(changed).data.write_text(json.dumps({**record, "fingerprint": "0" * 32}))
    result = run(changed, "--space", "swd", "-n", 60)
    assert result.exit_code == 1
    assert "was trained on other images" in result.stderr
    named = run(changed, "--space", "swd", "-n", 60, "--split", "test")  # its own, in so many words
    assert "was trained on other images" in named.stderr
    assert run(changed, "--space", "swd", "-n", 60, "--against", "digits").exit_code == 0


def test_data_says_where_the_run_s_own_images_are_now(copied, tmp_path):
    moved = tmp_path / "moved"
    shutil.copytree(copied, moved)
    config = RunPaths(moved).config
    config.write_text(config.read_text().replace('"digits"', '"/gone/away"'))
    refused = run(moved, "--space", "swd", "-n", 60).stderr
    assert "/gone/away" in refused
    assert "If the images were moved, name their new place with --data" in refused
    result = run(moved, "--space", "swd", "-n", 60, "--data", "digits")
    assert result.exit_code == 0, result.output
    assert "of split test of digits" in " ".join(result.stdout.split())
    other = run(moved, "--space", "swd", "-n", 60, "--data", "portraits")
    assert other.exit_code == 1
    assert "was trained on other images" in other.stderr


def test_what_was_computed_is_shown_though_it_cannot_be_written(copied, tmp_path, monkeypatch):
    from dcgan_tf.cli import evaluate as evaluating

    locked = tmp_path / "locked"
    shutil.copytree(copied, locked)
    RunPaths(locked).metrics.unlink(missing_ok=True)
    RunPaths(locked).metrics.mkdir()  # cannot be written even by root, whom permissions do not hold
    result = run(locked, "--space", "swd", "-n", 60, "--checkpoint", 50)
    assert result.exit_code == 1
    assert "sliced Wasserstein" in result.stdout
    assert result.stderr.splitlines()[-1] == (
        f"dcgan-tf: could not write {RunPaths(locked).metrics}: Is a directory"
    )
    monkeypatch.setattr(evaluating, "writable", lambda path: False)
    noted = run(locked, "--space", "swd", "-n", 60, "--checkpoint", 50)
    assert noted.stderr.startswith(
        f"note: {RunPaths(locked).metrics} cannot be written; the numbers are shown"
    )


def test_a_run_of_a_few_steps_is_told_that_it_draws_hardly_anything(judged, copied):
    told = " ".join(judged.stderr.split())
    assert "note: almost everything that real images show is missing in the pictures: " in told
    record = read_records(RunPaths(copied).metrics)[-1]
    assert any(said.startswith("almost everything") for said in record["warnings"])
    assert record["guarded_precision"]["value"] < 0.05 < record["guarded_precision"]["other_real_images"]
    for name in ("blurred_real_images", "untrained_generator", "random_pixels"):
        assert record["guarded_precision"][name] < 0.05
    assert "Scores of control pictures, which show nothing:" in judged.stdout


def test_where_out_cannot_be_written_nothing_is_computed(copied, tmp_path):
    result = run(copied, "--space", "swd", "-n", 60, "--out", tmp_path)
    assert result.exit_code == 1
    assert result.stdout == ""
    assert f"--out: {tmp_path} cannot be written; name a file" in result.stderr


def test_files_alone_do_not_say_what_they_are_held_against(tmp_path, pictures):
    images.save(tmp_path / "made.npy", pictures)
    result = run(tmp_path / "made.npy")
    assert result.exit_code == 1
    assert "name them with --against" in result.stderr


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["made.npy", "--weights", "a.h5"], "--weights needs --space inception"),
        (["made.npy", "--checkpoint", "3"], "only a run has checkpoints"),
        (["made.npy", "--no-ema"], "only a run has checkpoints"),
        (["made.npy", "--data", "digits", "--against", "digits"], "give only one"),
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
    assert "nothing does not exist; expected a run, an export, a folder of pictures or a" in result.stderr


@pytest.mark.parametrize("name", ["model.keras", "samples.png"])
def test_a_part_of_an_export_that_cannot_be_evaluated_leads_to_the_export(tmp_path, name):
    (tmp_path / "export.json").write_text("{}")
    (tmp_path / name).touch()
    result = run(tmp_path / name)
    assert result.exit_code == 1
    assert f"received {tmp_path / name}; give {tmp_path}" in result.stderr


def test_the_spaces_of_the_command_are_those_of_the_evaluator():
    (option,) = [one for one in cli.main.commands["evaluate"].params if one.name == "space"]
    assert tuple(option.type.choices) == evaluator.SPACES
