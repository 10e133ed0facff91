"""Processes that are fresh, and that can end by SIGKILL, as the out-of-memory killer or a crash ends them.

They are forked from one server that has imported what takes long and computed nothing, so that each starts
at once. They can be told to end at a moment: at the n-th change of a file below a folder (a file opened for
writing, a rename, a removal, a folder made or removed), or at a time after the start.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import numpy as np

SEED = int(os.environ.get("DCGAN_TF_FAULTS_SEED", "0"))
"""Of every moment and every size; the soak test tries others."""
_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "os.link", "os.symlink")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
_SECONDS_AT_MOST = 180
_IMPORTED = [
    *("pytest", "tensorflow", "keras", "matplotlib.figure", "sklearn.datasets", "sklearn.manifold"),
    *(
        "tensorboard.plugins.hparams.api",
        "PIL.GifImagePlugin",
        "PIL.PngImagePlugin",
        "dcgan_tf.training.loop",
        "dcgan_tf.cli",
        "dcgan_tf.export",
    ),
    *("dcgan_tf.evaluation.every_epoch", "dcgan_tf.judges.double_exposure", "dcgan_tf.analysis.subject"),
]


@dataclass(frozen=True)
class Moment:
    """When a process is killed.

    Attributes:
        below: only changes below this folder count.
        change: at the change of this number, counted from 1; or None.
        seconds: after this time; or None.
    """

    below: Path
    change: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes:
        code: its exit code; -9 if it was killed.
        output: what it wrote to standard output and standard error.
    """

    code: int
    output: str

    @property
    def killed(self) -> bool:
        """Whether SIGKILL ended it."""
        return self.code == -signal.SIGKILL


class Mortals:
    """Starts processes from the server.

    Args:
        folder: where what they print is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(_IMPORTED)
        self._folder, self._count = folder, 0

    def run(self, function: Callable[..., Any], *args: Any, at: Moment | None = None) -> Ended:
        """Call a function of a module in a process of its own; wait for the end.

        Args:
            function: of a module, so that it can be found by its name.
            args: its arguments.
            at: when it is killed; None lets it finish.
        """
        process, log = self.start(function, *args, at=at)
        process.join(_SECONDS_AT_MOST)
        if process.is_alive():
            process.kill()
            process.join()
            raise TimeoutError(f"{function.__name__} hangs: {log.read_text(errors='replace')}")
        return Ended(process.exitcode or 0, log.read_text(errors="replace"))

    def start(
        self, function: Callable[..., Any], *args: Any, at: Moment | None = None
    ) -> tuple[BaseProcess, Path]:
        """Do the same without a wait; return the process, and the file that gets what it prints."""
        self._count += 1
        log = self._folder / f"{self._count}.log"
        process = self._context.Process(target=_live, args=(function, args, at, log))
        process.start()
        return process, log

    def command(self, *args: object, at: Moment | None = None) -> Ended:
        """Run the command line in a process of its own, as `dcgan-tf ARGS` does."""
        return self.run(command, *map(str, args), at=at)


def command(*args: str) -> None:
    """Run the command line in this process; what judges pictures trains for a few steps."""
    from dcgan_tf.cli import main
    from quick import quick_judges

    with quick_judges():
        main(list(args), prog_name="dcgan-tf")


def moments(seed: int, count: int, *, changes: int, seconds: float, below: Path) -> list[Moment]:
    """Draw when to kill: three times of four at a change of a file, else after a time.

    Args:
        seed: of the draw.
        count: how many.
        changes: of this many changes, one is drawn.
        seconds: at most, of a time.
        below: only changes below this folder count.
    """
    rng = np.random.default_rng(seed)
    return [
        Moment(below, change=int(rng.integers(1, changes + 1)))
        if i % 4 < 3
        else Moment(below, seconds=float(rng.uniform(0.2, seconds)))
        for i in range(count)
    ]


def _live(function: Callable[..., Any], args: tuple[Any, ...], at: Moment | None, log: Path) -> None:
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT)
    for standard in (1, 2):
        os.dup2(descriptor, standard)
    sys.stdout, sys.stderr = os.fdopen(1, "w", 1, closefd=False), os.fdopen(2, "w", 1, closefd=False)
    if at is not None:
        _arm(at)
    code = 0
    try:
        function(*args)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        traceback.print_exc()
        code = 70
    with contextlib.suppress(ValueError, OSError):
        sys.stdout.flush()
    os._exit(code)


def _arm(at: Moment) -> None:
    if at.seconds is not None:
        threading.Thread(target=_die_after, args=(at.seconds,), daemon=True).start()
    if at.change is None:
        return
    left, below = [at.change], os.fspath(at.below)

    def count(event: str, args: tuple[Any, ...]) -> None:
        if _changes_a_file(event, args) and any(_is_below(arg, below) for arg in args[:2]):
            left[0] -= 1
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def _changes_a_file(event: str, args: tuple[Any, ...]) -> bool:
    if event == "open":
        return isinstance(args[2], int) and bool(args[2] & _WRITING)
    return event in _CHANGES


def _is_below(path: Any, folder: str) -> bool:
    return isinstance(path, (str, os.PathLike)) and os.fspath(path).startswith(folder)


def _die_after(seconds: float) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGKILL)
