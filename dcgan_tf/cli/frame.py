"""What every command needs: TensorFlow without its chatter, errors as messages, stops as exit codes."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

from dcgan_tf.errors import DcganError
from dcgan_tf.quiet import STDERR, held_back

EXIT_USER_ERROR = 1


def import_tensorflow() -> None:
    """Import TensorFlow without the lines it prints about its own set-up.

    The environment variable that is meant for this comes too late for some of them: they are written before
    its log is set up. So what is written meanwhile is held back, and shown after all if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with held_back(STDERR):
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextmanager
def user_errors(*, stopped: str = "stopped") -> Iterator[None]:
    """Turn what a user can mend into one message, and a stop signal into the exit code that shells expect.

    Args:
        stopped: what is said of a stop that did not say itself what it saved.
    """
    try:
        yield
    except DcganError as error:
        click.echo(f"dcgan-tf: {error}", err=True)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt as stop:
        number = getattr(stop, "signal", signal.SIGINT)
        if hasattr(stop, "step"):
            click.echo(f"{stop}; everything is saved. The same command again goes on from there.", err=True)
        else:
            click.echo(stopped, err=True)
        sys.exit(128 + number)


@contextmanager
def terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that what is half-written is removed."""

    def stop(number: int, frame: object) -> None:
        interrupt = KeyboardInterrupt()
        interrupt.signal = number  # type: ignore[attr-defined]  # for the exit code
        raise interrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
