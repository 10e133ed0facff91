"""ARCHITECTURE.md, CONTRIBUTING.md and .gitattributes name the files that there are."""

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


def entries() -> dict[str, str]:
    """Return what the layout says of each folder of the package: {"analysis/walk": "about · walk · ..."}.

    Remarks in brackets are left out. The modules beside the folders are those of "".
    """
    package = layout().split("    dcgan_tf/\n")[1].split("\n    scripts/")[0]
    found: dict[str, str] = {}
    inside: list[str] = []
    for line in re.sub(r"\s*\([^()]*\)", "", package).splitlines():
        if heading := re.match(r"((?:  ){3,5})([\w.]+)(/?) ", line):
            inside = inside[: (len(heading[1]) - 6) // 2] + ([heading[2]] if heading[3] else [])
            line = line[heading.end() :] if heading[3] else line
        folder = "/".join(inside)
        found[folder] = f"{found.get(folder, '')} {line}"
    return found


def test_every_module_is_in_the_entry_of_its_folder():
    words = {folder: set(re.findall(r"\w+(?:\.\w+)*", entry)) for folder, entry in entries().items()}
    missing = []
    for path in ROOT.rglob("*.py"):
        folder = path.parent.relative_to(ROOT).as_posix().strip(".")
        if path.name != "__init__.py" and not {path.stem, path.name} & words.get(folder, set()):
            missing.append(str(path.relative_to(ROOT)))
    assert missing == []


def test_every_folder_is_in_the_layout():
    folders = {path.parent.relative_to(ROOT).as_posix().strip(".") for path in ROOT.rglob("*.py")}
    assert folders - {*entries()} == set()


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_every_file_that_is_named_is_there(page):
    text = (CHECKOUT / page).read_text()
    named = set(re.findall(r"`((?:[\w-]+/)+[\w.-]+\.\w+)`", text))
    there = [name for name in named if (ROOT / name).exists() or (CHECKOUT / name).exists()]
    assert {name for name in named - set(there) if EXAMPLE not in name} == set()


def test_files_that_git_keeps_byte_for_byte_are_where_it_is_told():
    lines = (CHECKOUT / ".gitattributes").read_text().splitlines()
    patterns = [line.split()[0] for line in lines if line and not line.startswith("#")]
    assert patterns
    assert [pattern for pattern in patterns if not any(CHECKOUT.glob(pattern))] == []
