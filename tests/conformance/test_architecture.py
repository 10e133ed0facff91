"""ARCHITECTURE.md and CONTRIBUTING.md name the files that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import dcgan_tf

ROOT = Path(dcgan_tf.__file__).parent
CHECKOUT = ROOT.parent
EXAMPLE = "brightness"  # the analysis that CONTRIBUTING.md adds


def layout() -> str:
    text = (CHECKOUT / "ARCHITECTURE.md").read_text()
    return text.split("## The layout")[1].split("\n## ")[0]


def test_every_module_is_in_the_layout():
    words = set(re.findall(r"[\w.]+", layout()))
    modules = [path for path in ROOT.rglob("*.py") if path.name != "__init__.py"]
    missing = [path for path in modules if not {path.stem, path.name} & words]
    assert [str(path.relative_to(ROOT)) for path in missing] == []


def test_every_folder_is_in_the_layout():
    folders = {path.parent.name for path in ROOT.rglob("*.py")} - {"dcgan_tf"}
    assert {name for name in folders if f" {name}/" not in layout()} == set()


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(page):
    text = (CHECKOUT / page).read_text()
    named = set(re.findall(r"`((?:[\w-]+/)+[\w.-]+\.\w+)`", text))
    there = [name for name in named if (ROOT / name).exists() or (CHECKOUT / name).exists()]
    assert {name for name in named - set(there) if EXAMPLE not in name} == set()
