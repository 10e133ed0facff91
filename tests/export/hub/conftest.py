"""A Hub on the loopback, and a small folder that has the form of an export."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dcgan_tf.export.record import digest, files_of
from fake_hub import FakeHub, fake_hub
from places import ROOT

MNIST = ROOT / "saved_models" / "mnist"


@pytest.fixture
def hub() -> Iterator[FakeHub]:
    """Return a Hub without repositories; the test fails if anything else is asked for."""
    with fake_hub() as hub:
        yield hub


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Return a folder with the record of an export, and a few bytes in the place of each artefact."""
    folder = tmp_path / "made" / "digits"
    shutil.copytree(MNIST, folder)
    for path in files_of(folder):
        if path.name not in ("MODEL_CARD.md", "export.json"):
            path.write_bytes(b"the content of " + path.name.encode())
    record = json.loads((folder / "export.json").read_text())
    record["files"] = {name: digest(folder / name) for name in record["files"]}
    (folder / "export.json").write_text(json.dumps(record, indent=2) + "\n")
    return folder


@pytest.fixture
def without_tensorflow():
    """Return a function that runs a command in a process that cannot import TensorFlow and Keras."""
    code = (
        "import sys\nfor name in ('tensorflow', 'keras'):\n    sys.modules[name] = None\n"
        "from dcgan_tf.cli import main\nmain(sys.argv[1:])"
    )

    def run(words: list[str], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", code, *words]
        return subprocess.run(command, capture_output=True, text=True, env={**os.environ, **environment})

    return run


@pytest.fixture
def contents():
    """Return a function from a folder to {file: content}."""

    def read(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}

    return read
