"""The bar for what takes long."""

from __future__ import annotations

import io
import sys

import pytest

from dcgan_tf.progress import progress


class Terminal(io.StringIO):
    """Standard error on a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_bar_fits_80_columns_with_nothing_cut_off(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    named = "looking at [/pictures] of a folder \x1b[2J whose name is rather long"
    assert list(progress([1, 2, 3], named)) == [1, 2, 3]
    last = sys.stderr.getvalue().split("\x1b[2K")[-1]
    assert "looking at [/pictures] of a folder \\x1b…" in last
    assert "100%" in last
    assert "0:00:00" in last
    assert "\x1b[2J" not in last


@pytest.mark.parametrize("stream", [io.StringIO(), None])
def test_without_a_terminal_nothing_is_shown(stream, monkeypatch):
    monkeypatch.setattr(sys, "stderr", stream)
    assert list(progress([1, 2], "looking")) == [1, 2]
    assert not stream or not stream.getvalue()
