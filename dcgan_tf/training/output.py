"""Standard output that may go away while a run trains: a closed terminal, `| head`, a full device."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

_log = logging.getLogger("dcgan_tf")


class LastingOutput:
    """Writes to a stream for as long as somebody takes it; then training goes on in silence.

    Everything else is the stream's own.

    Args:
        stream: None if there is none, as in a process that was started with its output closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def write(self, text: str) -> int:
        """Write, if anybody takes it."""
        try:
            return self._stream.write(text) if self._stream is not None else len(text)
        except (OSError, ValueError) as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush, if anybody takes it."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._stream = None
        _log.warning("nobody takes the standard output any more (%s); training goes on", error)


def standard_output() -> LastingOutput:
    """Return what `print` would write to, made lasting."""
    return LastingOutput(sys.stdout)
