"""A Hub on the loopback, and a small folder that has the form of an export."""

from __future__ import annotations

import json
import shutil
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
def contents():
    """Return a function from a folder to {file: content}."""

    def read(folder: Path) -> dict[str, bytes]:
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files_of(folder)}

    return read
