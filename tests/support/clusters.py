"""Workers that train together on this machine: each is a process with a TF_CONFIG of its own."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PATIENCE = 180  # seconds, for processes that start on a busy machine


def free_addresses(count: int) -> list[str]:
    """Return so many addresses on the loopback at which nothing listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


def tf_config(addresses: list[str], index: int) -> dict[str, str]:
    """Return the environment variable of a worker."""
    task = {"type": "worker", "index": index}
    return {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}


class Member:
    """A worker; what it says goes to a file."""

    def __init__(self, index: int, process: subprocess.Popen[bytes], output: Path) -> None:
        self.index, self.process, self._output = index, process, output

    @property
    def said(self) -> str:
        """What it has said so far."""
        return self._output.read_text(errors="replace")

    def end(self) -> int:
        """Return its exit code, once it has ended."""
        return self.process.wait(PATIENCE)


@contextmanager
def started(folder: Path, count: int, *words: str) -> Iterator[list[Member]]:
    """Start workers that run `python` with these words; whoever still runs at the end is killed."""
    folder.mkdir(exist_ok=True)
    addresses, members = free_addresses(count), []
    try:
        for index in range(count):
            output = folder / f"worker-{index}.txt"
            with output.open("wb") as file:
                process = subprocess.Popen(
                    [sys.executable, *words],
                    env=os.environ | tf_config(addresses, index),
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            members.append(Member(index, process, output))
        yield members
    finally:
        for member in members:
            if member.process.poll() is None:
                member.process.kill()
                member.process.wait()


def wait_until(happened: Callable[[], bool], *, within: float = PATIENCE) -> None:
    """Wait until something has happened.

    Raises:
        AssertionError: if it does not in that time.
    """
    until = time.monotonic() + within
    while not happened():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)
