"""Make standard output and error robust: readers leave, disks are full, terminals are closed."""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any

import click

EXIT_LOST_OUTPUT = 1


@contextmanager
def steady_output() -> Iterator[None]:
    """Let a command finish its work, whatever happens to its output.

    Output that nobody reads is dropped silently, because `head` has ended or the terminal was closed. Output
    that cannot be kept, as on a full disk, is an error at the end. Characters that the terminal does not have
    are written as escapes.

    Raises:
        SystemExit: instead of success, if output was lost.
    """
    _open_what_is_closed()
    output = _replaced("stdout")
    _replaced("stderr")
    try:
        yield
    except SystemExit as leaving:
        if output is not None and not leaving.code:
            sys.stdout.flush()
            if output.lost is not None:
                reason = output.lost.strerror
                click.echo(f"dcgan-tf: could not write to standard output: {reason}", err=True)
                raise SystemExit(EXIT_LOST_OUTPUT) from None
        raise


class _Descriptor(io.FileIO):
    """A file descriptor that drops everything after its first failure.

    Attributes:
        lost: that failure, if the output should have been kept.
    """

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "wb", closefd=False)
        self.lost: OSError | None = None
        self._terminal = self.isatty()

    def write(self, content: Any, /) -> int:
        """Write what can be written, and report all of it as written."""
        try:
            return super().write(content)
        except OSError as error:
            if error.errno != errno.EPIPE and not self._terminal:
                self.lost = error
            # Also for what Python and native code still hold for this descriptor.
            _point_nowhere(self.fileno())
            return len(content)


def _replaced(name: str) -> _Descriptor | None:
    """Replace one of Python's streams by one that cannot fail; leave foreign streams alone."""
    stream: IO[str] = getattr(sys, name)
    if stream is not getattr(sys, f"__{name}__"):
        return None
    stream.flush()
    raw = _Descriptor(stream.fileno())
    steady = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=stream.encoding,
        errors="backslashreplace",
        line_buffering=name == "stderr" or stream.isatty(),
    )
    setattr(sys, name, steady)
    return raw


def _open_what_is_closed() -> None:
    """Open closed descriptors (`>&-`), because the next file would get their number and the output."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            _point_nowhere(descriptor)
            stream = open(descriptor, "w" if descriptor else "r", encoding="utf-8", closefd=False)  # noqa: SIM115
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def _point_nowhere(descriptor: int) -> None:
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere != descriptor:
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
