"""Hold back what libraries print about themselves. This module needs the standard library only."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TextIO

from dcgan_tf.errors import stop_behind

STDOUT, STDERR = 1, 2
_SHOW_AT_THE_END = "import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())"


@contextmanager
def held_back(*descriptors: int) -> Iterator[None]:
    """Collect all output to these file descriptors, also of native code; show it if an exception is raised.

    It is not shown for a stop such as Ctrl-C, which it would not explain.

    Args:
        descriptors: STDOUT, STDERR, or both.
    """
    with ExitStack() as stack:
        for descriptor in descriptors:
            stack.enter_context(_redirected(descriptor))
        yield


@contextmanager
def held_back_outside(descriptor: int) -> Iterator[None]:
    """Do as `held_back`, but in another process, which shows the output even if this one is killed.

    The last words of native code are then the only hint at the cause, such as a processor that it was not
    compiled for, or exhausted memory.

    Args:
        descriptor: STDOUT or STDERR.
    """
    stream = sys.stdout if descriptor == STDOUT else sys.stderr
    if stream is None or not sys.executable:
        yield
        return
    stream.flush()
    original = os.dup(descriptor)
    # In a session of its own, which Ctrl-C on the terminal does not reach.
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", _SHOW_AT_THE_END],
        stdin=subprocess.PIPE,
        stdout=original,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        bufsize=0,
    )
    pipe = keeper.stdin
    try:
        if pipe is not None:
            os.dup2(pipe.fileno(), descriptor)
        yield
        _drop(stream, keeper)
    except BaseException as error:
        if stop_behind(error):
            _drop(stream, keeper)
        raise
    finally:
        stream.flush()
        os.dup2(original, descriptor)
        os.close(original)
        if pipe is not None:
            pipe.close()
        keeper.wait()


def _drop(stream: TextIO, keeper: subprocess.Popen[bytes]) -> None:
    stream.flush()
    keeper.kill()


@contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    name = "stdout" if descriptor == STDOUT else "stderr"
    stream = getattr(sys, name)
    if stream is None:  # closed, as by `2>&-`: nothing can be seen anyway
        yield
        return
    stream.flush()
    with tempfile.TemporaryFile() as held:
        original = os.dup(descriptor)
        os.dup2(held.fileno(), descriptor)
        if not _writes_to(stream, descriptor):
            setattr(sys, name, os.fdopen(descriptor, "w", encoding="utf-8", closefd=False))
        try:
            yield
        except BaseException as error:
            if not stop_behind(error):
                getattr(sys, name).flush()
                held.seek(0)
                os.write(original, held.read())
            raise
        finally:
            getattr(sys, name).flush()  # what Python has buffered meanwhile belongs to what is held back
            setattr(sys, name, stream)
            os.dup2(original, descriptor)
            os.close(original)


def _writes_to(stream: TextIO, descriptor: int) -> bool:
    """Return whether a stream of Python writes to a descriptor; a notebook's has a way of its own."""
    try:
        return stream.fileno() == descriptor
    except (OSError, AttributeError):
        return False
