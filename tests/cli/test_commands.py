"""The commands: what they call, what they print, and the exit codes that a shell sees."""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

import dcgan_tf
from dcgan_tf import cli
from dcgan_tf.config import PRESETS, all_settings, preset, to_json
from dcgan_tf.errors import DataError, ExportError, RunError, StorageError
from dcgan_tf.training.interrupt import Interrupted
from places import ROOT

HEAVY = ("tensorflow", "keras", "sklearn", "numpy", "PIL", "tensorflow_datasets", "rich")


def drawing(step: int) -> SimpleNamespace:
    """Return a stand-in for a run or an export, whose pictures have the level of their seed."""

    def sample(num: int, *, seed: int, labels: list[int] | None, truncation: float) -> np.ndarray:
        return np.full((num, 8, 6, 3), seed, np.uint8)

    return SimpleNamespace(step=step, standing="", class_names=(), sample=sample)


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [str(word) for word in words])


@pytest.fixture
def train_calls(monkeypatch, tmp_path):
    """Put a stand-in in training's place; return the configurations it was called with."""
    calls = []

    def stand_in(config, **_):
        calls.append(config)
        return tmp_path / "run"

    monkeypatch.setattr("dcgan_tf.training.train", stand_in)
    return calls


# Help


def test_help_and_version_answer_without_importing_anything_heavy():
    """In a process of its own, for in this one everything has been imported."""
    code = f"""
import sys
from click.testing import CliRunner
from dcgan_tf.cli import main

for words in [["--version"], ["--help"], ["-h"], *([name, "--help"] for name in main.commands)]:
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output
    assert result.stdout
print([name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_package_can_be_run_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "dcgan_tf", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"dcgan-tf, version {dcgan_tf.__version__}\n"
    assert done.stderr == ""


@pytest.mark.parametrize("name", cli.main.commands)
def test_every_command_and_option_explains_itself(name):
    command = cli.main.commands[name]
    assert command.help
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, parameter.name


def test_train_has_an_option_for_every_setting():
    names = {parameter.name for parameter in cli.main.commands["train"].params}
    assert {setting.name for setting in all_settings()} <= names


def test_every_command_that_needs_a_run_s_images_can_be_told_where_they_are_now():
    analyses = "walk", "turn", "arithmetic", "forget", "neighbours", "embed", "filters", "probe"
    for name in (*analyses, "compare", "report", "evaluate"):
        assert "--data" in [option for param in cli.main.commands[name].params for option in param.opts], name


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("sample", "take its .tflite or .onnx file: they can only compute"),
        ("sample", "SavedModel or model.keras is a program. It is run only if"),
        ("verify", "SavedModel or model.keras is a program. It is run only if"),
        ("evaluate", "take its .tflite or .onnx file: they can only compute"),
    ],
)
def test_help_says_what_to_take_from_a_stranger(command, told):
    assert told in " ".join(run(command, "--help").stdout.split())


# train


def test_train_passes_the_settings_on_and_says_where_the_run_is(train_calls, tmp_path):
    result = run(
        "train", "--preset", "quick", "--data", "digits", "--image-size", "48x64", "--steps", 7, "--flip"
    )
    assert result.exit_code == 0
    assert train_calls == [preset("quick", data="digits", image_size=(48, 64), steps=7, flip=True)]
    assert str(tmp_path / "run") in result.stdout
    assert "dcgan-tf sample" in result.stdout
    assert "tensorboard --logdir" in result.stdout


@pytest.mark.parametrize(("made", "told"), [("runs/one", "runs"), ("experiments/one", "experiments/one")])
def test_tensorboard_gets_the_folder_in_which_each_run_has_its_name(made, told, monkeypatch):
    monkeypatch.setattr("dcgan_tf.training.train", lambda config, **_: Path(made))
    assert f"tensorboard --logdir {told}\n" in run("train").stdout


def test_train_without_options_is_the_default_preset(train_calls):
    run("train")
    assert train_calls == [preset()]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--batch-size", 1], "batch_size must be at least 2, received 1"),
        (["--channels", 2], "channels must be one of 1, 3, received 2"),
        (["--learning-rate", "nan"], "learning_rate must be a finite number, received nan"),
        (["--epochs", 3, "--steps", 100], "exactly one of epochs and steps must be set"),
        (["--architecture", "vae"], "'vae' is not one of 'dcgan', 'gan'"),
        (["--preset", "slow"], f"'slow' is not one of {', '.join(map(repr, PRESETS))}"),
    ],
)
def test_wrong_settings_are_usage_errors_that_say_the_rule(words, message, train_calls):
    result = run("train", *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())
    assert not train_calls


@pytest.mark.parametrize(
    "error",
    [
        DataError("image size 100x100 does not fit"),
        RunError("another process is training in runs/a"),
        StorageError("no room for you"),
    ],
)
def test_what_a_user_can_mend_is_one_line_on_stderr(error, failing_train):
    failing_train(error)
    result = run("train")
    assert result.exit_code == 1
    assert result.stderr == f"dcgan-tf: {error}\n"
    assert result.stdout == ""


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stop_that_has_saved_leaves_with_the_exit_code_that_a_shell_expects(
    number, exit_code, failing_train
):
    failing_train(Interrupted(number, step=42))
    result = run("train")
    assert result.exit_code == exit_code
    assert re.search(rf"{number.name} after step 42; everything is saved\. .*same command", result.stderr)


def test_a_stop_that_could_not_save_says_so(failing_train):
    failing_train(KeyboardInterrupt())
    result = run("train")
    assert result.exit_code == 130
    assert result.stderr == "stopped without saving; the same command starts from the newest checkpoint\n"


# sample


@pytest.fixture
def opened(monkeypatch):
    """Put a run whose images show their seed in place of one from disk; return how it was opened."""
    calls = {}

    def stand_in(path, **arguments):
        calls.update(path=path, **arguments)
        return drawing(1234)

    monkeypatch.setattr("dcgan_tf.runs.run.Run.open", stand_in)
    monkeypatch.setattr("dcgan_tf.cli.sample.check_run", lambda path, **_: None)
    return calls


def test_sample_writes_a_grid(opened, tmp_path):
    result = run("sample", "runs/a", "-n", 4, "--seed", 9, "--out", tmp_path / "four.png")
    assert result.exit_code == 0, result.output
    assert result.stdout == f"4 images of step 1,234 -> {tmp_path / 'four.png'}\n"
    assert opened == {"path": Path("runs/a"), "checkpoint": None, "ema": True}
    with Image.open(tmp_path / "four.png") as picture:
        factor = 24  # 22 pixels high: 23 * 22 = 506 is short of 512
        assert picture.size == (factor * (2 * (6 + 2) + 2), factor * (2 * (8 + 2) + 2))
        assert picture.getpixel((2 * factor, 2 * factor)) == (9, 9, 9)


def test_sample_writes_an_array(opened, tmp_path):
    run("sample", "runs/a", "--num-images", 5, "--out", tmp_path / "five.npy")
    images = np.load(tmp_path / "five.npy")
    assert (images.shape, images.dtype) == ((5, 8, 6, 3), np.uint8)


def test_sample_writes_a_folder(opened, tmp_path):
    run("sample", "runs/a", "--num-images", 3, "--out", tmp_path / "folder")
    assert sorted(path.name for path in (tmp_path / "folder").iterdir()) == [
        "0000.png",
        "0001.png",
        "0002.png",
    ]


def test_sample_takes_a_checkpoint_and_the_raw_generator(opened, tmp_path):
    run("sample", "runs/a", "--checkpoint", 500, "--no-ema", "--out", tmp_path / "a.png")
    assert opened == {"path": Path("runs/a"), "checkpoint": 500, "ema": False}


def test_sample_refuses_another_kind_of_file(opened, tmp_path):
    result = run("sample", "runs/a", "--out", tmp_path / "a.jpg")
    assert result.exit_code == 1
    assert "images are written as FILE.png, FILE.npy or into a folder" in result.stderr
    assert not (tmp_path / "a.jpg").exists()


def test_sample_without_out_replaces_its_own_grid_and_no_other_file(opened, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for seed in (1, 2):
        assert run("sample", "runs/a", "-n", 1, "--seed", seed).exit_code == 0
    with Image.open("samples.png") as picture:
        assert 2 in np.asarray(picture)
    Image.new("RGB", (4, 4)).save("samples.png")
    before = Path("samples.png").read_bytes()
    result = run("sample", "runs/a", "-n", 1)
    assert (result.exit_code, result.stderr) == (
        1,
        "dcgan-tf: there is a samples.png here that dcgan-tf did not write; name another file with --out\n",
    )
    assert Path("samples.png").read_bytes() == before


def test_sample_refuses_a_folder_with_other_files_before_anything_is_drawn(opened, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    result = run("sample", "runs/a", "--out", tmp_path)
    assert result.exit_code == 1
    assert f"{tmp_path} holds 'notes.txt', which is no image" in result.stderr
    assert opened == {}


@pytest.mark.parametrize("out", [[], ["--out", "grid.png"], ["--out", "tom/grid.npy"]])
def test_sample_never_writes_among_the_images_that_the_run_trains_on(out, opened, tmp_path, monkeypatch):
    pets = tmp_path / "pets"
    pets.mkdir()
    monkeypatch.chdir(pets)
    trained_on(pets, tmp_path / "run", name="pets")
    result = run("sample", tmp_path / "run", *out)
    assert result.exit_code == 1
    assert f"lies in {pets}, the images that {tmp_path / 'run'} was trained on" in result.stderr
    assert list(pets.iterdir()) == []


def test_sample_writes_into_the_run_and_where_a_relative_path_leads_elsewhere_by_now(
    opened, tmp_path, monkeypatch
):
    pets, other = tmp_path / "pets", tmp_path / "other"
    trained_on(pets, pets / "run", name="pets")
    assert run("sample", pets / "run", "-n", 1, "--out", pets / "run" / "a.png").exit_code == 0
    trained_on(Path(), other / "run", name="pets")
    monkeypatch.chdir(other)
    assert run("sample", "run", "-n", 1).exit_code == 0


def trained_on(folder, root, *, name):
    """Write the settings of a run on a folder of images."""
    root.mkdir(parents=True)
    (root / "config.json").write_text(to_json(preset("default", data=str(folder))))
    (root / "data.json").write_text(json.dumps({"name": name}))


def test_sample_of_what_is_no_run_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("sample", tmp_path)
    assert result.exit_code == 1
    assert result.stderr == f"dcgan-tf: {tmp_path} is not a run directory: it has no config.json\n"


@pytest.mark.parametrize("part", ["web", "web/index.html", "model.keras"])
def test_sample_of_a_part_of_an_export_names_the_folder_to_give(part, tmp_path):
    (tmp_path / "a" / part).mkdir(parents=True)
    (tmp_path / "a" / "export.json").touch()
    result = run("sample", tmp_path / "a" / part)
    assert result.exit_code == 1
    assert result.stderr.endswith(f"received {tmp_path / 'a' / part}; give {tmp_path / 'a'}\n")


@pytest.mark.parametrize("words", [["-n", 0], ["--seed", -1], ["--checkpoint", -1]])
def test_sample_refuses_numbers_that_mean_nothing(words, opened):
    result = run("sample", "runs/a", *words)
    assert result.exit_code == 2
    assert "is not in the range" in result.stderr


# export, verify


def an_export(folder: Path, formats: Sequence[str] = ("web",)) -> Path:
    """Write the record of an export, and an empty page if it is among the formats."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "saved_models" / "mnist" / "export.json", folder)
    if "web" in formats:
        (folder / "web").mkdir(exist_ok=True)
        (folder / "web" / "index.html").touch()
    return folder


@pytest.fixture
def export_calls(monkeypatch, tmp_path):
    """Put stand-ins in the place of opening and of exporting; return what they were called with."""
    calls = {}
    monkeypatch.chdir(tmp_path)

    def open_run(path, *, checkpoint):
        calls.update(path=path, checkpoint=checkpoint)
        return "the run"

    def export_run(trained, **arguments):
        calls.update(run=trained, **arguments)
        return an_export(Path("saved_models/a"), arguments["formats"])

    monkeypatch.setattr("dcgan_tf.runs.run.Run.open", open_run)
    monkeypatch.setattr("dcgan_tf.cli.export.check_run", lambda path, **_: None)
    monkeypatch.setattr("dcgan_tf.export.export_run", export_run)
    return calls


def test_export_writes_every_precision_for_tensorflow_litert_and_the_browser(export_calls):
    result = run("export", "runs/a")
    assert result.exit_code == 0, result.output
    assert export_calls == {
        "path": Path("runs/a"),
        "checkpoint": None,
        "run": "the run",
        "to": None,
        "formats": ("saved_model", "tflite", "web"),
        "precisions": ("fp32", "fp16", "dynamic", "int8"),
        "float_output": False,
        "force": False,
    }
    for told in ("saved_models/a/web/index.html", "dcgan-tf verify saved_models/a", "MODEL_CARD.md"):
        assert told in result.stdout


def test_export_takes_what_is_asked_for(export_calls):
    words = ["--formats", "keras,tflite", "--precisions", "dynamic", "--float-output", "--force"]
    result = run("export", "runs/a", "--out", "b", *words, "--checkpoint", 500)
    assert result.exit_code == 0, result.output
    assert export_calls["to"] == Path("b")
    assert export_calls["formats"] == ("tflite", "keras")
    assert export_calls["precisions"] == ("dynamic",)
    assert export_calls["float_output"]
    assert export_calls["force"]
    assert export_calls["checkpoint"] == 500
    assert "index.html" not in result.stdout


def test_export_options_of_names_given_twice_are_added_up(export_calls):
    words = ["--formats", "web", "--formats", "keras,tflite", "--precisions", "int8", "--precisions", "fp32"]
    result = run("export", "runs/a", *words)
    assert result.exit_code == 0, result.output
    assert export_calls["formats"] == ("tflite", "web", "keras")
    assert export_calls["precisions"] == ("fp32", "int8")


@pytest.mark.parametrize(
    ("words", "formats", "said"),
    [
        (
            ["--precisions", "fp32,fp16,dynamic,int8"],
            "web,onnx",
            "--precisions can only be given where .tflite files are written: expected tflite in --formats, "
            "received web,onnx; add tflite there, or leave out --precisions",
        ),
        (
            ["--float-output"],
            "web,keras",
            "--float-output can only be given where .tflite or .onnx files are written: expected tflite or "
            "onnx in --formats, received web,keras; add tflite or onnx there, or leave out --float-output",
        ),
        (["--float-output", "--precisions", "int8"], "onnx", "--precisions can only be given where .tflite"),
    ],
)
def test_options_of_files_that_are_not_written_are_a_usage_error(words, formats, said, export_calls):
    result = run("export", "runs/a", "--formats", formats, *words)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.split())
    assert not export_calls


def test_packages_that_onnx_needs_are_named_at_once(export_calls, monkeypatch):
    monkeypatch.setattr("dcgan_tf.export.formats.onnx_file.find_spec", lambda name: None)
    result = run("export", "runs/a", "--formats", "onnx")
    assert result.exit_code == 1
    assert "onnx and onnxruntime cannot be found: pip install onnx onnxruntime" in result.stderr
    assert not export_calls


def test_onnx_files_can_give_floats(export_calls):
    assert run("export", "runs/a", "--formats", "onnx", "--float-output").exit_code == 0
    assert export_calls["float_output"] is True


def test_export_without_tflite_needs_no_option_of_it(export_calls):
    assert run("export", "runs/a", "--formats", "web,keras").exit_code == 0
    assert export_calls["formats"] == ("web", "keras")


def test_export_of_an_unknown_format_is_a_usage_error(export_calls):
    result = run("export", "runs/a", "--formats", "tfjs")
    assert result.exit_code == 2
    assert "expected some of saved_model, tflite, web, keras, onnx, received tfjs" in result.stderr
    assert not export_calls


@pytest.mark.parametrize(("number", "exit_code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_export_unwinds_and_says_that_nothing_was_written(
    number, exit_code, monkeypatch, export_calls
):
    unwound = []

    def stopped(*_, **__):
        try:
            signal.raise_signal(number)
        finally:
            unwound.append(True)

    monkeypatch.setattr("dcgan_tf.export.export_run", stopped)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # shells start background jobs without it
    before = signal.getsignal(signal.SIGTERM)
    result = run("export", "runs/a")
    assert result.exit_code == exit_code
    assert result.stderr == "stopped; nothing was written\n"
    assert unwound == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_the_commands_that_export_suggests_can_be_pasted(monkeypatch, export_calls):
    monkeypatch.setattr("dcgan_tf.export.export_run", lambda *_, **__: an_export(Path("my models/a")))
    assert "dcgan-tf verify 'my models/a'\n" in run("export", "runs/a").stdout


@pytest.mark.parametrize("command", ["export", "verify"])
def test_what_cannot_be_exported_or_relied_on_is_a_message(command, monkeypatch, export_calls):
    def failing(*_, **__):
        raise ExportError("not as it was")

    monkeypatch.setattr("dcgan_tf.export.export_run", failing)
    monkeypatch.setattr("dcgan_tf.export.verify_export", failing)
    monkeypatch.setattr("dcgan_tf.cli.export.check_export", lambda folder: None)
    result = run(command, "a")
    assert result.exit_code == 1
    assert result.stderr == "dcgan-tf: not as it was\n"


def test_verify_prints_a_line_for_each_artefact(monkeypatch):
    record = {"bytes": 1_234_567, "max_abs": 0.0123, "psnr_mean_db": 51.26, "psnr_worst_db": None}
    wide = {"bytes": 123_456_789, "max_abs": 0.00012, "psnr_mean_db": 120.06, "psnr_worst_db": 115.02}
    monkeypatch.setattr(
        "dcgan_tf.export.verify_export",
        lambda folder: {"web/index.html": record, "generator-dynamic.tflite": wide},
    )
    monkeypatch.setattr("dcgan_tf.cli.export.check_export", lambda folder: None)
    result = run("verify", "saved_models/a")
    assert result.exit_code == 0
    first, second, last = result.stdout.splitlines()
    assert " ".join(first.split()) == "web/index.html 1.2 MB differs 0.01 PSNR 51.3 dB, worst equal"
    assert second.endswith("123.5 MB  differs 0.0001 PSNR 120.1 dB, worst 115.0 dB")
    assert max(map(len, (first, second))) <= 80
    assert last == "saved_models/a is intact and draws what was trained"
    said = json.loads(run("verify", "saved_models/a", "--json").stdout)
    assert said == {
        "export": "saved_models/a",
        "artefacts": {"web/index.html": record, "generator-dynamic.tflite": wide},
    }


def test_sample_draws_from_an_export(monkeypatch, tmp_path):
    (tmp_path / "export.json").touch()
    stand_in = drawing(7)
    monkeypatch.setattr("dcgan_tf.export.exported.Exported.open", lambda path: stand_in)
    result = run("sample", tmp_path, "-n", 2, "--seed", 9, "--out", tmp_path / "a.npy")
    assert result.stdout == f"2 images of step 7 -> {tmp_path / 'a.npy'}\n"
    assert (np.load(tmp_path / "a.npy") == 9).all()


@pytest.mark.parametrize("words", [["--checkpoint", 5], ["--no-ema"]])
def test_sample_of_an_export_has_nothing_to_choose_from(words):
    result = run("sample", "a.tflite", *words)
    assert result.exit_code == 2
    assert "an export has neither checkpoints nor a raw generator" in result.stderr


# inspect-data


def test_inspect_data_counts_and_draws(tmp_path):
    out = tmp_path / "digits.png"
    result = run("inspect-data", "digits", "--image-size", 16, "--channels", 1, "--out", out)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    # 1,797 digits, every sixth of each held out; 178 zeros less 29.
    assert lines[0] == "digits: 1,501 images, 16x16 pixels, 1 channel"
    assert lines[2].startswith("10 labels: 0 149, 1 ")
    assert lines[-1] == f"grid -> {out}"
    with Image.open(out) as picture:
        assert picture.mode == "L"
        assert picture.size == (4 * (8 * 18 + 2), 4 * (8 * 18 + 2))  # enlarged to 512 pixels or more


def test_inspect_data_names_its_picture_after_the_data_and_replaces_its_own_alone(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.png").write_text("somebody's own")
    for _ in range(2):
        result = run("inspect-data", "digits", "--split", "test", "--image-size", 8)
        assert result.exit_code == 0, result.output
        assert result.stdout.splitlines()[-1] == "grid -> digits-images.png"
    assert (tmp_path / "digits.png").read_text() == "somebody's own"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["digits-images.png", "digits.png"]
    (tmp_path / "digits-images.png").write_text("somebody's own")
    result = run("inspect-data", "digits", "--split", "test", "--image-size", 8)
    assert result.exit_code == 1
    assert "that dcgan-tf did not write" in result.stderr


@pytest.mark.parametrize("name", ["grid", "grid.npy", "there.png"])
def test_inspect_data_writes_a_grid_and_nothing_else(tmp_path, name):
    (tmp_path / "there.png").mkdir()
    result = run("inspect-data", "digits", "--split", "test", "--image-size", 8, "--out", tmp_path / name)
    assert result.exit_code == 1
    assert "the grid is written as FILE.png" in result.stderr
    assert [path.name for path in tmp_path.rglob("*")] == ["there.png"]


@pytest.mark.parametrize("spec", [".", "../pets"])
def test_inspect_data_leaves_nothing_among_the_images(tmp_path, monkeypatch, spec):
    pets = tmp_path / "pets"
    (pets / "cats").mkdir(parents=True)
    Image.new("RGB", (8, 8)).save(pets / "cats" / "1.png")
    monkeypatch.chdir(pets)
    settings = ("--image-size", 8, "--cache-dir", tmp_path / "cache")
    result = run("inspect-data", spec, *settings)
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1].startswith(
        "no grid is saved, because it would be one of the images here"
    )
    result = run("inspect-data", spec, *settings, "--out", "grid.png")
    assert result.exit_code == 1
    assert result.stderr == (
        f"dcgan-tf: grid.png would be one of the images in {spec}; choose another place with --out\n"
    )
    assert [path.name for path in pets.rglob("*.png")] == ["1.png"]
    result = run("inspect-data", spec, *settings, "--out", "../grid.png")
    assert result.exit_code == 0, result.output


def test_inspect_data_names_the_file_that_makes_all_others_dark(tmp_path, monkeypatch, caplog):
    """Also when the images come from the cache: it is a mistake until somebody mends it."""
    folder = tmp_path / "cells"
    folder.mkdir()
    for name, level in (("a", 90), ("b", 200), ("scan", 65000)):
        Image.fromarray(np.full((8, 8), level, np.uint16)).save(folder / f"{name}.png")
    for _ in ("prepared", "from the cache"):
        monkeypatch.setattr("dcgan_tf.data.folder.remarks._said", set())
        caplog.clear()
        words = ("--image-size", 8, "--cache-dir", tmp_path / "cache", "--out", tmp_path / "grid.png")
        assert run("inspect-data", folder, *words).exit_code == 0
        told = f"{folder}: values up to 65,535 in scan.png set the white of all images"
        assert [record.levelname for record in caplog.records if told in record.message] == ["WARNING"]


def test_inspect_data_of_nothing_says_what_there_could_be():
    result = run("inspect-data", "/no/such/folder")
    assert result.exit_code == 1
    assert result.stderr == (
        "dcgan-tf: data must be portraits, digits, tfds:NAME, hf:USER/NAME, or an existing folder of images, "
        "received '/no/such/folder': /no does not exist\n"
    )
