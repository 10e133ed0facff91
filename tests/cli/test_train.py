"""What `dcgan-tf train` does about a run that has begun: where it is, and what it keeps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import Config, to_json
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config


def test_a_run_keeps_what_it_was_to_keep_unless_the_option_says_otherwise(
    tiny_options: Callable[..., list[str]], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "dcgan_tf")
    run = tmp_path / "run"

    def kept(*options: str, steps: int = 30) -> list[int]:
        settings = tiny_options(run_dir=run, steps=steps, checkpoint_every=10, image_size=(8, 8))
        done = CliRunner().invoke(main, ["train", *settings, *options])
        assert done.exit_code == 0, done.output
        return CheckpointStore(RunPaths(run).checkpoints).steps()[::-1]

    kept("--keep-every", "5")
    assert "as before" not in caplog.text
    assert kept() == [5, 10, 15, 20, 25, 30]
    assert "keeps the checkpoints at multiples of 5 steps, as before; --keep-every 0" in caplog.text
    assert kept(steps=40) == [5, 10, 15, 20, 25, 30, 35, 40]
    assert read_config(run).run.keep_every == 5
    assert kept("--keep-every", "20", steps=40) == [20, 30, 35, 40]
    assert kept("--keep-every", "0", steps=40) == [30, 35, 40]
    assert read_config(run).run.keep_every == 0


def stopped_at_onednn(monkeypatch: pytest.MonkeyPatch) -> list[bool | None]:
    """End the command where it would import TensorFlow; return what it asks of oneDNN there."""
    asked: list[bool | None] = []

    class EnoughError(Exception):
        pass

    def stand_in(*, onednn: bool | None = True) -> None:  # as the function that it stands for
        asked.append(onednn)
        raise EnoughError

    monkeypatch.setattr("dcgan_tf.cli.train.import_tensorflow", stand_in)
    return asked


@pytest.mark.parametrize("before", ["new", True, False, None])
def test_it_goes_on_as_the_run_was_trained_before(
    before: bool | str | None,
    tiny_options: Callable[..., list[str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    root = tmp_path / "run"
    if before != "new":
        options = tiny_options(run_dir=root, steps=1)
        assert CliRunner().invoke(main, ["train", *options]).exit_code == 0
        starts = json.loads(RunPaths(root).environment.read_text())
        RunPaths(root).environment.write_text(json.dumps([{**starts[0], "onednn": before}]))
    asked = stopped_at_onednn(monkeypatch)
    CliRunner().invoke(main, ["train", *tiny_options(run_dir=root, steps=2)])
    # An older run has no record of it, and TensorFlow chose.
    assert asked == [True if before == "new" else before]


@pytest.mark.parametrize(
    ("place", "options"),
    [
        ("runs/digits-dcgan", []),
        ("runs/digits-dcgan", ["--images", "100"]),
        ("runs/digits-gan", ["--architecture", "gan"]),
        ("home/run", ["--run-dir", "~/run"]),
    ],
    ids=str,
)
def test_wherever_a_run_is_it_goes_on_with_its_own_rounding(
    place: str,
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tiny_config: Callable[..., Config],
    tiny_options: Callable[..., list[str]],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    asked = stopped_at_onednn(monkeypatch)
    of_gan = {"architecture": "gan", "filters": None} if "gan" in options else {}
    default = {"filters": 64} if of_gan else {}
    paths = RunPaths(tmp_path / place)
    paths.root.mkdir(parents=True)
    paths.config.write_text(to_json(tiny_config(**of_gan | default)))
    paths.environment.write_text(json.dumps([{"onednn": False}]))
    settings = tiny_options(steps=None, **of_gan)
    CliRunner().invoke(main, ["train", *settings, *options])
    assert asked == [False]
