"""The frame of every command: a quiet TensorFlow, errors as messages, stops as exit codes."""

from __future__ import annotations

import json
import logging
import os
import platform
import shlex
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, NoReturn

import click

from dcgan_tf import __version__
from dcgan_tf.cli.renamed import with_new_names
from dcgan_tf.cli.streams import steady_output
from dcgan_tf.errors import CollapseError, DcganError, WorkerLostError, stop_behind
from dcgan_tf.native_output import STDERR, held_back_outside
from dcgan_tf.printable import printable

EXIT_USER_ERROR, EXIT_COLLAPSED, EXIT_BUG, EXIT_START_AGAIN = 1, 3, 70, 75
"""The exit codes of a user's mistakes, of --on-collapse stop, of bugs (sysexits.h's EX_SOFTWARE), and of what
ends because another machine is lost (EX_TEMPFAIL)."""
_DEBUG, _JSON, _STOPS = "dcgan_tf.debug", "dcgan_tf.json", "dcgan_tf.stops"


class Frame(click.Group):
    """The group of all commands; it alone decides how each of them ends.

    A DcganError is a sentence for the user. Any other exception is a bug: it keeps its traceback, and the
    user is asked to report it. A stop ends with the exit code that shells expect.
    """

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.headings: dict[str, str] = {}

    def add_command(self, cmd: click.Command, name: str | None = None, *, heading: str = "Commands") -> None:
        """Add a command, with the option --debug.

        Args:
            cmd: the command.
            name: another name than its own.
            heading: its heading in `--help`.
        """
        _take_debug(cmd)
        super().add_command(cmd, name)
        self.headings[name or cmd.name or ""] = heading

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the commands in the order in which they were added."""
        return list(self.commands)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands below their headings."""
        widest = max(map(len, self.commands))
        for heading in dict.fromkeys(self.headings.values()):
            rows = [
                (f"{name:<{widest}}", command.get_short_help_str(formatter.width - widest - 6))
                for name, command in self.commands.items()
                if self.headings[name] == heading
            ]
            with formatter.section(heading):
                formatter.write_dl(rows)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command, and accept old spellings of its options."""
        name, command, words = super().resolve_command(ctx, args)
        return name, command, with_new_names(name or "", words)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run as a program."""
        with steady_output():
            return super().main(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command, and end the process with a message if it fails."""
        # A notebook's kernel names a backend of its own, which its children inherit and need not have.
        os.environ["MPLBACKEND"] = "Agg"
        stops = ctx.meta[_STOPS] = []
        try:
            with terminated_like_interrupted(stops):
                return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt as stop:
            ctx.exit(_say_stop(stop))
        except Exception as error:
            if not _is_for_the_user(error):
                if before := _stop_before(error):
                    ctx.exit(_say_stop(before))
                _report_bug(error)
            if ctx.meta.get(_DEBUG):
                traceback.print_exception(error)
            say(f"dcgan-tf: {_sentence(error)}", err=True)
            if isinstance(error, WorkerLostError):
                _leave_at_once()
            ctx.exit(EXIT_COLLAPSED if isinstance(error, CollapseError) else EXIT_USER_ERROR)


def say(message: object = "", *, err: bool = False) -> None:
    """Print a message, with every character that controls a terminal escaped.

    With --json, standard output is for `say_json` alone, and what would be printed there is left out.

    Args:
        message: the message, which may have several lines.
        err: whether to print to standard error.
    """
    if err or not _is_json():
        click.echo(printable(message, lines=True), err=err)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option --json, for a command that gives its results to `say_json`."""

    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[_JSON] = True

    return click.option(
        "--json",
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=remember,
        help="Print the results as JSON, for a program, in place of text.",
    )(command)


def say_json(results: object) -> None:
    """Print results as JSON if --json was given.

    Args:
        results: what JSON can hold, with null for numbers that are not finite.
    """
    if _is_json():
        click.echo(json.dumps(results, indent=2, allow_nan=False))


def _is_json() -> bool:
    context = click.get_current_context(silent=True)
    return context is not None and _JSON in context.meta


class LogFormatter(logging.Formatter):
    """Formats only the message, with every character that controls a terminal escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        return printable(super().format(record), lines=True)


def debug_option() -> click.Option:
    """Return the option --debug, which shows where an error was raised."""

    def remember(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            ctx.meta[_DEBUG] = True

    return click.Option(
        ["--debug"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=remember,
        help="Show where in the program an error was raised.",
    )


def import_tensorflow(*, onednn: bool | None = True) -> None:
    """Import TensorFlow without the lines that it prints about its own set-up.

    The environment variable for this comes too late for some lines, which are written before the log is set
    up. So all output is held back, and shown only if the import fails or the process dies.

    Args:
        onednn: whether oneDNN is to be used, unless the environment says which; None leaves it to TensorFlow.

    Raises:
        DcganError: if Keras is in use already, on another backend than TensorFlow.
    """
    from dcgan_tf.keras_settings import settle_backend, settle_onednn

    settle_backend()
    if onednn is not None:
        settle_onednn(on=onednn)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with held_back_outside(STDERR):
        import tensorflow as tf

        tf.config.list_physical_devices()


@contextmanager
def said_when_stopped(words: str) -> Iterator[None]:
    """Add these words to a stop within the block, if it has none about what was saved."""
    try:
        yield
    except (Exception, KeyboardInterrupt) as error:
        if not (stop := _stop_before(error)):
            raise
        stop.add_note(words)
        raise stop from None


@contextmanager
def terminated_like_interrupted(stops: list[KeyboardInterrupt]) -> Iterator[None]:
    """Let SIGTERM and SIGHUP unwind like Ctrl-C, so that incomplete files are removed.

    An ignored signal stays ignored, such as SIGHUP under nohup.

    Args:
        stops: a list to which every stop is added.
    """

    def stop(number: int, frame: object) -> None:
        interrupt = KeyboardInterrupt()
        interrupt.signal = number  # type: ignore[attr-defined]  # for the exit code
        stops.append(interrupt)
        raise interrupt

    before = {}
    if threading.current_thread() is threading.main_thread():  # no other thread can catch signals
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _take_debug(command: click.Command) -> None:
    command.params.append(debug_option())
    if isinstance(command, click.Group):
        for child in command.commands.values():
            _take_debug(child)


def _stop_before(error: BaseException) -> KeyboardInterrupt | None:
    """Return the stop that an error comes from, or None.

    A library may catch a stop where it comes at a bad moment, and then fail in its own words.
    """
    context = click.get_current_context(silent=True)
    caught = context.meta.get(_STOPS, []) if context else []
    is_foreign = isinstance(error, Exception) and not _is_for_the_user(error)
    return stop_behind(error) or (next(iter(caught), None) if is_foreign else None)


def _say_stop(stop: KeyboardInterrupt) -> int:
    """Print what a stopped command has saved; return the exit code."""
    if hasattr(stop, "step"):
        say(f"{stop}; everything is saved. The same command continues from there.", err=True)
    else:
        say(next(iter(getattr(stop, "__notes__", ())), "stopped"), err=True)
    return 128 + int(getattr(stop, "signal", signal.SIGINT))


def _leave_at_once() -> NoReturn:
    """End the process without TensorFlow's own end, which waits for the worker that is lost."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_START_AGAIN)


def _is_for_the_user(error: Exception) -> bool:
    """Return whether a user can correct an error: those of the tree, and errors about memory."""
    return isinstance(error, DcganError | MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def _sentence(error: Exception) -> str:
    if isinstance(error, DcganError):
        return str(error)
    return "there is not enough memory for this; ask for fewer or smaller images, or close other programs"


def _report_bug(error: Exception) -> NoReturn:
    """Show the traceback, and ask the user to report it."""
    versions = [f"dcgan_tf {__version__}", f"Python {platform.python_version()}"]
    for name in ("tensorflow", "keras", "numpy", "click"):
        try:
            versions.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            versions.append(f"no {name}")
    say("".join(traceback.format_exception(error)).rstrip(), err=True)
    say(
        "\ndcgan-tf: this is a bug in dcgan_tf, not a mistake of yours. Please report it, with all "
        "lines above and these:\n"
        f"  command   dcgan-tf {shlex.join(sys.argv[1:])}\n"
        f"  versions  {', '.join(versions)}\n"
        f"  system    {platform.platform()}",
        err=True,
    )
    raise SystemExit(EXIT_BUG) from error
