"""Old spellings of options work, and say what they are called now."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import dcgan_tf
from dcgan_tf import cli
from dcgan_tf.cli.renamed import RENAMED, with_new_names

CHANGELOG = Path(dcgan_tf.__file__).parent.parent / "CHANGELOG.md"
EACH = [(command, old, new) for command, names in RENAMED.items() for old, new in names.items()]


@pytest.mark.parametrize(("command", "old", "new"), EACH)
def test_an_old_spelling_becomes_todays_with_a_notice(command, old, new, capsys):
    assert with_new_names(command, ["run", old, "3", f"{old}=4"]) == ["run", new, "3", f"{new}=4"]
    notice = f"note: {old} is called {new} now; the next version will not know the old spelling\n"
    assert capsys.readouterr().err == 2 * notice


@pytest.mark.parametrize(("command", "old", "new"), EACH)
def test_the_new_spelling_is_the_commands_own_and_the_old_one_is_not(command, old, new):
    spellings = [
        flag
        for parameter in cli.main.commands[command].params
        if isinstance(parameter, click.Option)
        for flag in parameter.opts
    ]
    assert new in spellings
    assert old not in spellings


@pytest.mark.parametrize(("command", "old", "new"), EACH)
def test_the_changelog_names_both(command, old, new):
    changed = CHANGELOG.read_text().split("### Changed")[1]
    assert old in changed
    assert new in changed


@pytest.mark.parametrize("words", [["--features", "telling"], ["--features=telling"]])
def test_an_old_value_becomes_todays_with_a_notice(words, capsys):
    assert "=".join(with_new_names("filters", words)) == "--features=best"
    assert "note: --features telling is called --features best now" in capsys.readouterr().err
    assert with_new_names("filters", ["--out", "telling"]) == ["--out", "telling"]
    (option,) = [one for one in cli.main.commands["filters"].params if "--features" in one.opts]
    assert "best" in option.type.choices
    assert "telling" not in option.type.choices


def test_another_commands_options_are_left_alone(capsys):
    assert with_new_names("sample", ["--to", "x"]) == ["--to", "x"]
    assert capsys.readouterr().err == ""


def test_a_command_takes_an_old_spelling():
    result = CliRunner().invoke(cli.main, ["train", "--instance-stddev", "7"])
    assert "note: --instance-stddev is called --instance-noise now" in result.stderr
    assert "instance_noise must be at most 2, received 7.0" in result.stderr
