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


def with_new_names(command: str, words: list[str]) -> list[str]:
    """Return a command's words with today's spellings; print a note for each old one.

    Args:
        command: name of the command.
        words: the words after it; each may be `--option` or `--option=value`.
    """
    return [_with_new_name(RENAMED.get(command, {}), word) for word in words]


def _with_new_name(renamed: dict[str, str], word: str) -> str:
    flag, equals, value = word.partition("=")
    if flag not in renamed:
        return word
    click.echo(
        f"note: {flag} is called {renamed[flag]} now; the next version will not know the old spelling",
        err=True,
    )
    return f"{renamed[flag]}{equals}{value}"
