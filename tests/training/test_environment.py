"""What each start of a run records about the machine, and what it notices."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dcgan_tf.config import Config
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_json
from dcgan_tf.training import environment
from dcgan_tf.training.environment import used_onednn
from dcgan_tf.training.loop import train

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('[{"onednn": true}, {"onednn": false}]', False),
        ('[{"onednn": true}]', True),
        ('[{"onednn": "yes"}]', None),
        ("[{}]", None),
        ("[5]", None),
        ("[]", None),
        ("{", None),
    ],
)
def test_the_last_start_is_asked_for_onednn(content: str, expected: bool | None, tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert used_onednn(paths) is None
    paths.environment.write_text(content)
    assert used_onednn(paths) is expected


def test_a_run_that_goes_on_with_other_rounding_is_told(
    tiny_config: Callable[..., Config],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for steps, onednn in ((2, True), (3, True), (4, False)):
        monkeypatch.setattr(environment, "uses_onednn", lambda onednn=onednn: onednn)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "dcgan_tf"):
            root = train(tiny_config(steps=steps, run_dir=str(tmp_path / "run")))
        assert ("oneDNN is off, and was on" in caplog.text) == (not onednn)
    assert "TF_ENABLE_ONEDNN_OPTS=1 before the command keeps it as it was" in caplog.text
    starts = read_json(RunPaths(root).environment, default=[])
    assert [start["onednn"] for start in starts] == [True, True, False]


@pytest.mark.parametrize(
    ("package", "setup", "counted"),
    [
        ("dcgan_tf", "name = dcgan_tf\n", True),
        ("dcgan_tf", "name = mine\n", False),  # copied into somebody's repository
        (".venv/lib/python3.11/site-packages/dcgan_tf", "name = dcgan_tf\n", False),
    ],
)
def test_only_the_commit_of_this_package_is_written_down(package, setup, counted, tmp_path, monkeypatch):
    (tmp_path / package / "training").mkdir(parents=True)
    (tmp_path / "setup.cfg").write_text(f"[metadata]\n{setup}")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"]):
        subprocess.run([*GIT, *words], cwd=tmp_path, check=True)
    monkeypatch.setattr(
        environment, "__file__", str(Path(tmp_path / package / "training" / "environment.py"))
    )
    assert bool(environment._git_commit()) == counted
