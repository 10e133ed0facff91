"""Make foreign names safe to print on a terminal. This module needs the standard library only."""

from __future__ import annotations

import unicodedata

_JOINERS = "\u200c\u200d"
"""Invisible characters that Persian and many emoji need."""


def printable(text: object, *, lines: bool = False) -> str:
    r"""Return a text in which every character that controls a terminal is escaped, as in `\x1b`.

    A file or class name may hold escape sequences, which colour, delete or forge lines; marks that turn the
    direction of writing; or bytes that are not UTF-8. Every foreign name that is shown goes through here. The
    messages and the log of the command line do so by themselves (`cli.frame.say`, `LogFormatter`).

    Args:
        text: a name or a message.
        lines: whether it is a message, which may have several lines and tabs; in a name they are escaped.
    """
    kept = "\n\t" + _JOINERS if lines else _JOINERS
    return "".join(char if char in kept or _is_harmless(char) else _escape(char) for char in str(text))


def _is_harmless(char: str) -> bool:
    """Return whether a character is no control, format or surrogate character, and no line separator."""
    return unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Zl", "Zp")


def _escape(char: str) -> str:
    code = ord(char)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python carries it in a file name
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
