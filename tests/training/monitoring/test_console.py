"""What the person who waits sees: a bar that fits the terminal."""

from __future__ import annotations

import io
import re

import pytest

from dcgan_tf.training.monitoring.console import LastingOutput, TerminalProgress
from dcgan_tf.training.monitoring.hooks import TrainingProgress

RECORD = {
    "step": 123_456,
    "epoch": 205.76,
    "discriminator_loss": 12.345,
    "generator_loss": 10.2,
    "images_per_second": 12345.6,
}


class Terminal(io.StringIO):
    """Standard output on a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("width", "step"), [(80, False), (120, True)])
def test_the_bar_fits_the_terminal_with_nothing_cut_off(width, step, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("NO_COLOR", "1")
    shown = Terminal()
    console = TerminalProgress(0, 150_000, LastingOutput(shown))
    console.after_step(TrainingProgress(123_456, 150_000, 600, None))
    console.write_record(RECORD)
    console.close()
    line = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", shown.getvalue().rstrip().split("\x1b[2K")[-1]).rstrip()
    assert "…" not in line
    assert len(line) <= width
    told = ["epoch 205.76/250", "82%", "loss D 12.35 G 10.20", "12346 images/s", "left"]
    assert [part for part in told if part not in line] == []
    assert ("step 123,456/150,000" in line) == step
