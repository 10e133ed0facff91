"""Standard output that may fail while a run trains: a closed terminal, `| head`, a full device."""

from __future__ import annotations

import logging
import sys
from typing import Any, TextIO

_log = logging.getLogger("dcgan_tf")


class LastingOutput:
    """Writes to a stream until that fails; from then on it drops the text, and training continues.

    All other attributes are those of the stream.

    Args:
        stream: the stream; None in a process that was started with its output closed.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def isatty(self) -> bool:
        """Return whether the stream is a terminal."""
        try:
            return self._stream is not None and self._stream.isatty()
        except ValueError:  # it is closed
            return False

    def write(self, text: str) -> int:
        """Write the text, unless writing has failed before."""
        try:
            return self._stream.write(text) if self._stream is not None else len(text)
        except (OSError, ValueError) as error:
            self._give_up(error)
            return len(text)

    def flush(self) -> None:
        """Flush the stream, unless writing has failed before."""
        try:
            if self._stream is not None:
                self._stream.flush()
        except (OSError, ValueError) as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._stream = None
        _log.warning("standard output can no longer be written (%s); training continues", error)


def standard_output() -> LastingOutput:
    """Return the stream that `print` writes to, as a `LastingOutput`."""
    return LastingOutput(sys.stdout)
