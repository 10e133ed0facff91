"""Every help text is a sentence: an imperative verb first, a capital, and a full stop."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click
import pytest

from dcgan_tf.analysis import analyses
from dcgan_tf.cli import main
from dcgan_tf.config import all_settings
from habits import faults


def commands(group: click.Group, prefix: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        yield f"{prefix}{name}", command
        if isinstance(command, click.Group):
            yield from commands(command, f"{name} ")


COMMANDS = {"dcgan-tf": main, **dict(commands(main))}


def without_default(text: str) -> str:
    """A help text without what click shows in brackets behind it."""
    return re.sub(r"  \[default: [^\]]*\]$", "", text)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_says_what_it_does_in_sentences(name):
    command = COMMANDS[name]
    texts = [command.help or "", command.short_help or command.get_short_help_str(limit=200)]
    paragraphs = [" ".join(part.split()) for part in texts[0].split("\n\n")]
    assert {text: faults(text) for text in (paragraphs[0], texts[1]) if faults(text)} == {}
    assert [part for part in paragraphs if not (part[0].isupper() and part.endswith("."))] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_an_option_says_what_it_does_in_sentences(name):
    texts = [option.help or "" for option in COMMANDS[name].params if isinstance(option, click.Option)]
    assert {text: faults(without_default(text)) for text in texts if faults(without_default(text))} == {}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_default_in_words_looks_like_clicks_own(name):
    """Two spaces before the bracket, nothing after it."""
    texts = [option.help or "" for option in COMMANDS[name].params if isinstance(option, click.Option)]
    assert [text for text in texts if "[default" in without_default(text)] == []


def test_a_setting_says_what_it_does_in_sentences():
    assert {item.name: faults(item.help) for item in all_settings() if faults(item.help)} == {}


def test_the_report_says_what_to_see_in_sentences():
    texts = [text for a in analyses() for kind in a.findings for text in (kind.see, kind.look_for)]
    assert [text for text in texts if not (text[0].isupper() and text.endswith("."))] == []


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("Of every choice.", "starts with 'Of', which is not one of the verbs"),
        ("Write it.", "has fewer than three words"),
        ("Write to this folder", "does not end with a full stop"),
    ],
)
def test_what_is_no_sentence_is_found(text, fault):
    assert faults(text) == [fault]
