"""A progress bar for what takes long, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import track

T = TypeVar("T")


class Bar(Protocol):
    """Shows how many items are done."""

    def __call__(self, items: Sequence[T], description: str) -> Iterable[T]:
        """Yield the items."""


def progress(items: Sequence[T], description: str) -> Iterable[T]:
    """Yield the items, showing on standard error how many are done; nothing is shown in a pipe or a log."""
    return track(items, description, console=Console(stderr=True), disable=not sys.stderr.isatty())


def no_bar(items: Sequence[T], description: str) -> Iterable[T]:
    """Yield the items and show nothing, where another bar is on the terminal already."""
    return items
