"""What the README and the guides show: blocks of code, and the commands in these as a shell reads them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = (
    ROOT / "README.md",
    *sorted((ROOT / "docs" / "guides").glob("*.md")),
    *(
        ROOT / "docs" / name
        for name in ("index.md", "ko/index.md", "reference/settings.md", "performance.md")
    ),
)
"""They are run in this order: the README trains the run that the guides are about."""

_FENCED = re.compile(r"^```(.*)\n((?:.*\n)*?)^```$", re.MULTILINE)
# A program is written down in place of being started: the number of its words, and its words.
_WRITTEN_DOWN = """
command_not_found_handle() { printf '%s\\0' "$#" "$@"; }
source() { command_not_found_handle source "$@"; }
set -eu
"""


@dataclass(frozen=True)
class Block:
    """A fenced block of code.

    Attributes:
        page: the file that it is in, relative to the repository.
        line: of the page, its first.
        language: what is written behind the fence.
        code: what is between the fences.
    """

    page: str
    line: int
    language: str
    code: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def text_of(page: Path) -> str:
    """Return a page's text; of a page that does not exist, nothing."""
    return page.read_text() if page.exists() else ""


def name_of(page: Path) -> str:
    """Return a page's path in the repository."""
    return page.relative_to(ROOT).as_posix()


def blocks_of(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order."""
    text = text_of(page)
    return [
        Block(name_of(page), text.count("\n", 0, found.start()) + 2, found[1].strip(), found[2])
        for found in _FENCED.finditer(text)
    ]


ALL_BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def commands_in(code: str, *, home: Path) -> list[list[str]]:
    """Return the words of each command that a shell would start, with its loops and braces carried out.

    Args:
        code: a block of bash.
        home: what `~` means, and where the commands are started.
    """
    bash = shutil.which("bash")
    assert bash, "these tests need bash"
    code = re.sub(r"^\.venv/bin/", "", code, flags=re.MULTILINE)
    done = subprocess.run(
        [bash, "--norc", "-c", _WRITTEN_DOWN + code],
        env={"PATH": "/nowhere", "HOME": str(home)},
        cwd=home,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{code}\n{done.stderr}"
    words = done.stdout.split("\0")[:-1]
    commands = []
    while words:
        number = int(words[0])
        commands.append(words[1 : 1 + number])
        words = words[1 + number :]
    return commands
