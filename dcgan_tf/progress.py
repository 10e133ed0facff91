"""A progress bar for long tasks, which is shown on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from dcgan_tf.printable import printable

T = TypeVar("T")

LONGEST = 40
"""The most characters of a description beside a bar in 80 columns."""


class Bar(Protocol):
    """An iteration that may show how many items are done."""

    def __call__(self, items: Sequence[T], description: str) -> Iterable[T]:
        """Yield the items."""


def progress(items: Sequence[T], description: str) -> Iterator[T]:
    """Yield the items and show on a terminal's standard error how many are done."""
    if sys.stderr is None or not sys.stderr.isatty():
        yield from items
        return
    with _bar(Console(stderr=True)) as bar:
        yield from bar.track(items, description=escape(_short(printable(description))))


def no_bar(items: Sequence[T], description: str) -> Iterable[T]:
    """Yield the items and show nothing, where another bar is on the terminal already."""
    return items


@contextmanager
def bars_on_terminals_only(library: Any) -> Iterator[None]:
    """Let a library of the Hugging Face Hub show its own bars within the block, but on a terminal only.

    Args:
        library: its module with `disable_progress_bars`, such as `datasets.utils`.
    """
    if library.are_progress_bars_disabled() or (sys.stderr is not None and sys.stderr.isatty()):
        yield
        return
    library.disable_progress_bars()
    try:
        yield
    finally:
        library.enable_progress_bars()


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _bar(console: Console) -> Progress:
    """Return a bar that gives way to its description, so that both fit 80 columns."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=console,
        expand=True,
    )
