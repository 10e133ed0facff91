"""Hold back what others print about their own workings. Standard library only."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

STDOUT, STDERR = 1, 2


@contextmanager
def held_back(*descriptors: int) -> Iterator[None]:
    """Collect what is written to these file descriptors, also by native code; show it if an exception passes.

    Args:
        descriptors: STDOUT, STDERR, or both.
    """
    with ExitStack() as stack:
        for descriptor in descriptors:
            stack.enter_context(_redirected(descriptor))
        yield


@contextmanager
def _redirected(descriptor: int) -> Iterator[None]:
    stream = sys.stdout if descriptor == STDOUT else sys.stderr
    if stream is None:  # closed, as by `2>&-`: nothing can be seen anyway
        yield
        return
    stream.flush()
    with tempfile.TemporaryFile() as held:
        original = os.dup(descriptor)
        os.dup2(held.fileno(), descriptor)
        try:
            yield
        except BaseException:
            stream.flush()
            held.seek(0)
            os.write(original, held.read())
            raise
        finally:
            stream.flush()  # what Python has buffered meanwhile belongs to what is held back
            os.dup2(original, descriptor)
            os.close(original)
