"""What is written down of a start."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from dcgan_tf.training import start

GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")


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
    monkeypatch.setattr(start, "__file__", str(Path(tmp_path / package / "training" / "start.py")))
    assert bool(start._git_commit()) == counted
