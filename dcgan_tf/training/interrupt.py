"""Ctrl-C and SIGTERM: finish the step, save, and leave with the exit code a shell expects."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop, and has saved.

    Attributes:
        signal: the signal's number; a shell expects exit code 128 plus it.
        step: of the checkpoint that was saved.
    """

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name} after step {step}")
        self.signal, self.step = signal_number, step


class StopSignals:
    """While entered, the first SIGINT or SIGTERM only sets `received`; a second one ends the process at once.

    Outside the main thread Python cannot catch signals; then nothing is caught.
    """

    _CAUGHT = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._remember) for number in self._CAUGHT}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def _remember(self, number: int, _: FrameType | None) -> None:
        self.received = number
        self._give_back()

    def _give_back(self) -> None:
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, handler)
