"""Starts a run's workers on this machine, as a cluster does on several machines.

    .venv/bin/python scripts/local_cluster.py --workers 2 -- train --data digits --preset quick --epochs 5

Each worker is a process with a TF_CONFIG of its own, and the first is the chief. When one of them is lost,
the others leave within seconds, and all are started again: they continue from the newest checkpoint. SIGTERM
and Ctrl-C reach all workers, which save and leave; a second Ctrl-C ends them without saving.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO

import click

LOST = 75
"""The exit code of a worker that others have left alone."""
GRACE, GRACE_AFTER_ERROR, _PAUSE = 30.0, 5.0, 0.2
"""Seconds that the others have to leave when one is lost, or has ended with an error of its own."""


@click.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--workers", type=click.IntRange(min=2), default=2, show_default=True, help="Start so many processes."
)
@click.option(
    "--restarts",
    type=click.IntRange(min=0),
    default=10,
    show_default=True,
    help="Start all of them again at most so often.",
)
@click.argument("command", nargs=-1, required=True)
def main(workers: int, restarts: int, command: tuple[str, ...]) -> None:
    """Train with several workers on this machine.

    COMMAND is that of dcgan-tf, such as `train --data digits`.
    """
    supervisor = Supervisor(command)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, lambda received, _: supervisor.pass_on(received))
    for left in range(restarts, -1, -1):
        codes = supervisor.run(workers)
        if supervisor.received is not None:
            sys.exit(128 + supervisor.received)
        if not any(codes):
            return
        if wrong := _errors(codes):
            sys.exit(wrong[0])
        again = "; all are started again" if left else ", too often; giving up"
        click.echo(f"local_cluster: the workers ended with {codes}{again}", err=True)
    sys.exit(LOST)


class Supervisor:
    """Starts the workers, and waits for their end.

    Attributes:
        received: the signal that was passed on to them, or None.

    Args:
        command: what each of them runs: the arguments of dcgan-tf.
    """

    def __init__(self, command: tuple[str, ...]) -> None:
        self._command = command
        self._processes: list[subprocess.Popen[bytes]] = []
        self.received: int | None = None

    def run(self, workers: int) -> list[int]:
        """Return the exit codes of workers that run to their end; a negative one is that of a signal."""
        addresses = _free(workers)
        self._processes = []
        for index in range(workers):
            self._processes.append(self._start(index, addresses))
        if self.received is not None:  # while they were started
            self.pass_on(self.received)
        echoes = [self._echo(i, process) for i, process in enumerate(self._processes)]
        codes = [process.poll() for process in self._processes]
        while None in codes and not any(codes):
            time.sleep(_PAUSE)
            codes = [process.poll() for process in self._processes]
        until = time.monotonic() + (GRACE_AFTER_ERROR if _errors(codes) else GRACE)
        while None in codes:
            if time.monotonic() > until and self.received is None:
                for process in self._processes:
                    process.kill()
            time.sleep(_PAUSE)
            codes = [process.poll() for process in self._processes]
        for echo, process in zip(echoes, self._processes, strict=True):
            echo.join()
            if process.stdout is not None:
                process.stdout.close()
        return [process.wait() for process in self._processes]

    def pass_on(self, number: int) -> None:
        """Send a signal to all workers that run."""
        self.received = number
        for process in self._processes:
            if process.poll() is None:
                process.send_signal(number)

    def _start(self, index: int, addresses: list[str]) -> subprocess.Popen[bytes]:
        cluster = {"cluster": {"worker": addresses}, "task": {"type": "worker", "index": index}}
        return subprocess.Popen(
            _words(self._command),
            env=os.environ | {"TF_CONFIG": json.dumps(cluster)},
            stdout=subprocess.PIPE if index else None,
            stderr=subprocess.STDOUT if index else None,
            start_new_session=True,  # so that Ctrl-C comes once, from here
        )

    def _echo(self, index: int, process: subprocess.Popen[bytes]) -> threading.Thread:
        """Print what a worker says, each line with its name; the chief speaks for itself."""

        def copy(lines: IO[bytes] | None) -> None:
            for line in lines or ():
                sys.stderr.write(f"worker {index} | {line.decode(errors='replace')}")
                sys.stderr.flush()

        thread = threading.Thread(target=copy, args=(process.stdout,), daemon=True)
        thread.start()
        return thread


def _words(command: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-m", "dcgan_tf", *command]


def _errors(codes: Sequence[int | None]) -> list[int]:
    """Return the exit codes of workers that a restart does not help."""
    return [code for code in codes if code is not None and code > 0 and code != LOST]


def _free(count: int) -> list[str]:
    """Return so many addresses on the loopback at which nothing listens."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [f"127.0.0.1:{one.getsockname()[1]}" for one in sockets]


if __name__ == "__main__":
    main()
