"""Stop on Ctrl-C, SIGTERM or a closed terminal: finish the call, save, and exit with the usual code."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class Interrupted(KeyboardInterrupt):
    """Training was asked to stop, and has saved.

    Attributes:
        signal: the signal's number; a shell expects exit code 128 plus it.
        step: step of the checkpoint that was saved.
    """

    def __init__(self, signal_number: int, step: int) -> None:
        super().__init__(f"stopped by {signal.Signals(signal_number).name} after step {step}")
        self.signal, self.step = signal_number, step


class StopSignals:
    """A context in which the first SIGINT, SIGTERM or SIGHUP only sets `received`.

    A second SIGINT or SIGTERM ends the process at once. Further SIGHUPs do nothing: a closed terminal sends
    one, and so does its shell. An ignored signal stays ignored, such as SIGHUP under nohup, and SIGINT in the
    background of a script.

    Python cannot catch signals outside the main thread; there, this context does nothing.
    """

    _TWICE_ENDS = (signal.SIGINT, signal.SIGTERM)
    _HANGUP = getattr(signal, "SIGHUP", None)  # Windows has none

    def __init__(self) -> None:
        self.received: int | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> StopSignals:
        if threading.current_thread() is threading.main_thread():
            for number in (*self._TWICE_ENDS, self._HANGUP):
                if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._remember)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back([*self._before])

    def _remember(self, number: int, _: FrameType | None) -> None:
        if self.received is None:
            self.received = number
            self._give_back([other for other in self._before if other != self._HANGUP])

    def _give_back(self, numbers: list[int]) -> None:
        for number in numbers:
            # None stands for a handler that is not Python's, and cannot be given back.
            signal.signal(number, self._before.pop(number) or signal.SIG_DFL)
