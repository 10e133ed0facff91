"""One test for many things: all are looked at, and those that fail are named together.

A test for each of thousands of pairs of a file and a rule would take longer to report than to run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest


def each(things: Iterable[str]) -> Callable[[Callable[[str], None]], Callable[[], None]]:
    """Return what makes one test of a check: it fails with every thing that fails, and why.

    Args:
        things: what the check is called with, one at a time.
    """

    def make(check: Callable[[str], None]) -> Callable[[], None]:
        def test() -> None:
            wrong = []
            for thing in things:
                try:
                    check(thing)
                except AssertionError as error:
                    wrong.append(f"{thing}: {error}")
            if wrong:
                pytest.fail("\n".join(wrong))

        test.__name__, test.__doc__, test.__module__ = check.__name__, check.__doc__, check.__module__
        return test

    return make
