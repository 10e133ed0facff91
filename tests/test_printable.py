"""What a name may put on a terminal."""

from __future__ import annotations

import pytest

from dcgan_tf.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("cats", "cats"),
        ("Kätzchen, 猫, кот, گربه", "Kätzchen, 猫, кот, گربه"),
        ("👩‍🎨", "👩‍🎨"),  # three characters, one of them a joiner
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\rb\x7f\x9b2J", "a\\x0db\\x7f\\x9b2J"),
        ("two\nlines\t", "two\\x0alines\\x09"),
        ("gpj.\u202etac", "gpj.\\u202etac"),
        ("\U000e0041", "\\U000e0041"),
        (b"caf\xe9".decode(errors="surrogateescape"), "caf\\xe9"),
        (7, "7"),
    ],
)
def test_what_commands_a_terminal_is_shown_as_its_escape(text, shown):
    assert printable(text) == shown
    assert shown.encode()


def test_a_message_keeps_its_lines():
    assert printable("a:\n\tb\x1b", lines=True) == "a:\n\tb\\x1b"
