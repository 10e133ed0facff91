"""What a shell offers behind `dcgan-tf` and the tabulator key."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import COMMANDS, main

PATHS = {"data", "data_dir", "cache_dir", "run_dir", "against", "spec", "runs", "init_from", "run", "out"}
"""Names of arguments and options that can be a file or a folder."""


def offered(*words: str) -> list[str]:
    """Return "type,value" of what is offered for the last of these words."""
    shell = {
        "_DCGAN_TF_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(["dcgan-tf", *words]),
        "COMP_CWORD": str(len(words)),
    }
    done = CliRunner().invoke(main, prog_name="dcgan-tf", env=shell)
    return done.output.splitlines()


def test_commands_are_offered():
    assert offered("e") == ["plain,embed", "plain,evaluate", "plain,export"]


def test_options_are_offered():
    assert offered("sample", "--tr") == ["plain,--truncation"]


def test_choices_are_offered():
    assert offered("train", "--preset", "qu") == ["plain,quick"]


def all_parameters() -> list[tuple[str, str]]:
    return [
        (command.name or "", parameter.name or "")
        for group in COMMANDS.values()
        for command in group
        for parameter in command.params
        if parameter.name in PATHS
    ]


@pytest.mark.parametrize(("command", "name"), all_parameters())
def test_what_can_be_a_path_is_completed_by_the_shell(command, name):
    (parameter,) = [p for p in main.commands[command].params if p.name == name]
    words = [command, "runs/a"]
    if isinstance(parameter, click.Option):
        words = [command, parameter.opts[0], "runs/a"]
    assert offered(*words) == ["file,runs/a"]


def test_nothing_heavy_is_imported():
    code = """
import sys
from dcgan_tf.cli import main
try:
    main(prog_name="dcgan-tf")
finally:
    print({"tensorflow", "keras", "numpy", "PIL", "rich"} & {*sys.modules})
"""
    shell = {"_DCGAN_TF_COMPLETE": "bash_complete", "COMP_WORDS": "dcgan-tf sample run", "COMP_CWORD": "2"}
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **shell}, capture_output=True, text=True, check=True
    )
    assert done.stdout == "file,run\nset()\n"


@pytest.mark.skipif(not shutil.which("bash"), reason="bash is not installed")
def test_the_line_of_the_guide_works_in_bash(tmp_path):
    """The function that it defines, called as bash calls it."""
    guide = Path(__file__).parents[2] / "docs" / "guides" / "install.md"
    (line,) = [line for line in guide.read_text().splitlines() if "=bash_source" in line]
    program = tmp_path / "dcgan-tf"
    program.write_text(
        f"#!{sys.executable}\nfrom dcgan_tf.cli import main\nmain(prog_name='dcgan-tf')\n", encoding="utf-8"
    )
    program.chmod(0o755)
    definition = line.partition("echo '")[2].partition("'")[0]
    assert definition.startswith('eval "$(')
    typed = "COMP_WORDS=(dcgan-tf ver)\nCOMP_CWORD=1\n_dcgan_tf_completion dcgan-tf\necho ${COMPREPLY[@]}"
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", f"{definition}\n{typed}"],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    assert done.stdout == "verify\n", done.stderr
