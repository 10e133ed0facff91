"""Spellings of earlier versions, which still work, with a note that names the new ones."""

from __future__ import annotations

import click

RENAMED: dict[str, dict[str, str]] = {
    "export": {"--to": "--out", "--precision": "--precisions"},
    "probe": {"--labels": "--training-labels"},
    "report": {"--run": "--analyses"},
    "train": {"--instance-stddev": "--instance-noise", "--every-epoch": "--evaluate-every-epoch"},
}
"""{command: {an option's old spelling: its new one}}; CHANGELOG.md names them."""
RENAMED_VALUES: dict[str, dict[tuple[str, str], str]] = {"filters": {("--features", "telling"): "best"}}
"""{command: {(an option, its value's old spelling): the new one}}."""


def with_new_names(command: str, words: list[str]) -> list[str]:
    """Return a command's words with today's spellings; print a note for each old one.

    Args:
        command: name of the command.
        words: the words after it; each may be `--option` or `--option=value`.
    """
    options, values = RENAMED.get(command, {}), RENAMED_VALUES.get(command, {})
    new: list[str] = []
    for word in words:
        flag, equals, value = word.partition("=")
        if flag in options:
            _note(flag, options[flag])
            new.append(f"{options[flag]}{equals}{value}")
        elif (flag, value) in values:
            _note(f"{flag} {value}", f"{flag} {values[flag, value]}")
            new.append(f"{flag}={values[flag, value]}")
        elif new and (new[-1], word) in values:
            _note(f"{new[-1]} {word}", f"{new[-1]} {values[new[-1], word]}")
            new.append(values[new[-1], word])
        else:
            new.append(word)
    return new


def _note(old: str, new: str) -> None:
    click.echo(f"note: {old} is called {new} now; the next version will not know the old spelling", err=True)
