"""The quickstart's last lines, with a stand-in for the program that trains."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.runs.folder import RunPaths

ROOT = Path(__file__).parents[1]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a folder with the script, an environment that is made already, and what a run leaves behind."""
    root = tmp_path / "a clone's folder"
    (root / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "quickstart.sh", root / "scripts")
    (root / "scripts" / "environment.sh").touch()
    programs = root / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name, text in (("dcgan-tf", '#!/usr/bin/env bash\necho "$@" >> calls\n'), ("tensorboard", "")):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    run, export = RunPaths(root / "runs" / "quickstart"), ExportPaths(root / "saved_models" / "quickstart")
    for file in (run.report, run.progress, run.root / "quickstart.png", export.web):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    return root


def test_the_quickstart_ends_by_saying_where_everything_is(clone):
    done = subprocess.run(
        ["bash", str(clone / "scripts" / "quickstart.sh")], capture_output=True, text=True, check=True
    )
    commands = [line.split()[0] for line in (clone / "calls").read_text().splitlines()]
    assert commands == ["train", "sample", "evaluate", "report", "export", "report"]
    lines = [shlex.split(line) for line in done.stdout.splitlines() if line.startswith("  ")]
    shown = {name: paths for name, *paths in lines}
    assert list(shown) == ["report", "page", "samples", "training", "run", "export", "curves"]
    assert shown["page"] == [str(clone / "saved_models" / "quickstart" / "web" / "index.html")]
    for paths in shown.values():
        for path in paths:
            assert path == "--logdir" or (Path(path).is_absolute() and Path(path).exists()), path
