"""One run that is killed, interrupted, terminated and at last finished: each time in a process of its own.

What is interrupted was started as a user does, from Python's start to its end. The others are forked.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import pytest

from dcgan_tf.config import Config
from dcgan_tf.errors import RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.training.interrupt import StopSignals
from dcgan_tf.training.run_dir import lock
from mortal import Mortals, command

PATIENCE = 120  # seconds, for a process that starts on a busy machine
EVERY = 20  # steps between checkpoints


@dataclass
class Ended:
    """A process that has ended, and what the run directory held just then."""

    code: int
    out: str
    err: str
    checkpoints: list[int]
    recorded: list[int]


def command_with_errors_in(file: Path, *args: str) -> None:
    """Run the command line in this process; what it says on standard error goes to a file of its own."""
    os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
    command(*args)


def command_on(terminal: str, *args: str) -> None:
    """Run the command line in this process, on a terminal 200 columns wide."""
    os.environ |= {"COLUMNS": "200", "TERM": "xterm-256color"}
    shown = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    for standard in (1, 2):
        os.dup2(shown, standard)
    command(*args)


class Forked:
    """A forked process that is used as a Popen is."""

    def __init__(self, mortals: Mortals, folder: Path, args: list[str]) -> None:
        self._err = folder / "errors"
        self._process, self._out = mortals.start(command_with_errors_in, self._err, *args)

    def poll(self) -> int | None:
        return self._process.exitcode

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        self._process.join(timeout)
        assert self._process.exitcode is not None, "it does not end"
        return self._out.read_text(errors="replace"), self._err.read_text(errors="replace")


Process = subprocess.Popen[str] | Forked


class Training:
    """`dcgan-tf train` of a run without end, until it is stopped."""

    def __init__(self, run: Path, options: list[str], mortals: Mortals) -> None:
        self.paths = RunPaths(run)
        self._args, self._mortals = ["train", "--run-dir", str(run), *options], mortals

    @contextlib.contextmanager
    def started(self, *, forked: bool = True) -> Iterator[Process]:
        process: Process
        if forked:
            process = Forked(self._mortals, self.paths.root.parent, self._args)
        else:
            words, pipe = [sys.executable, "-m", "dcgan_tf", *self._args], subprocess.PIPE
            process = subprocess.Popen(words, stdout=pipe, stderr=pipe, text=True, errors="replace")
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def wait_for_more_steps(self, process: Process, before: int, steps: int = 5) -> None:
        until = time.monotonic() + PATIENCE
        while len(self.recorded()) < steps or self.recorded()[-1] < before + steps:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until, "no step within the time"
            time.sleep(0.05)

    def stopped_by(self, process: Process, number: signal.Signals) -> Ended:
        process.send_signal(number)
        out, err = process.communicate(timeout=PATIENCE)
        assert process.returncode is not None
        return Ended(process.returncode, out, err, self.checkpoints(), self.recorded())

    def recorded(self) -> list[int]:
        return [record["step"] for record in read_records(self.paths.stats)]

    def checkpoints(self) -> list[int]:
        return CheckpointStore(self.paths.checkpoints).steps()


@pytest.fixture(scope="module")
def training(
    tmp_path_factory: pytest.TempPathFactory, tiny_options: Callable[..., list[str]], mortals: Mortals
) -> Training:
    run = tmp_path_factory.mktemp("interrupted") / "run"
    options = tiny_options(steps=10**6, checkpoint_every=EVERY, image_size=(8, 8), sample_every=10**6)
    return Training(run, options, mortals)


@pytest.fixture(scope="module")
def killed(training: Training) -> Ended:
    with training.started() as process:
        training.wait_for_more_steps(process, before=0, steps=EVERY + 5)
        return training.stopped_by(process, signal.SIGKILL)


@dataclass
class Crowded:
    """What a second training on the same directory was told while the first was at work."""

    error: RunError
    ended: Ended


@pytest.fixture(scope="module")
def interrupted(training: Training, killed: Ended) -> Crowded:
    with training.started(forked=False) as process:
        training.wait_for_more_steps(process, before=killed.recorded[-1])
        with pytest.raises(RunError) as error, lock(training.paths):
            pytest.fail("two processes train in one directory")
        return Crowded(error.value, training.stopped_by(process, signal.SIGINT))


@pytest.fixture(scope="module")
def terminated(training: Training, interrupted: Crowded) -> Ended:
    with training.started() as process:
        training.wait_for_more_steps(process, before=interrupted.ended.recorded[-1])
        return training.stopped_by(process, signal.SIGTERM)


def test_kill_loses_at_most_the_steps_since_the_last_checkpoint(killed: Ended) -> None:
    assert killed.code == -signal.SIGKILL
    assert killed.recorded[-1] - killed.checkpoints[0] <= EVERY


def test_after_a_kill_training_goes_on_from_the_newest_checkpoint(
    killed: Ended, interrupted: Crowded
) -> None:
    assert f"steps {killed.checkpoints[0] + 1} to 1000000" in interrupted.ended.err
    last = interrupted.ended.recorded[-1]
    assert interrupted.ended.recorded == list(range(1, last + 1))


def test_a_second_process_in_the_directory_is_refused(interrupted: Crowded, training: Training) -> None:
    assert f"another process is training in {training.paths.root}" in str(interrupted.error)
    assert "--run-dir" in str(interrupted.error)


def test_a_killed_process_lets_go_of_the_directory(training: Training, terminated: Ended) -> None:
    with lock(training.paths):
        pass


@pytest.mark.parametrize(
    ("fixture", "name", "code"), [("interrupted", "SIGINT", 130), ("terminated", "SIGTERM", 143)]
)
def test_a_stop_signal_saves_and_says_how_to_go_on(
    request: pytest.FixtureRequest, fixture: str, name: str, code: int
) -> None:
    value = request.getfixturevalue(fixture)
    ended = value if isinstance(value, Ended) else value.ended
    assert ended.code == code
    said = re.search(
        rf"stopped by {name} after step (\d+); everything is saved\. The same command continues", ended.err
    )
    assert said, ended.err
    assert ended.checkpoints[0] == ended.recorded[-1] == int(said[1])


def test_after_a_stop_training_goes_on_where_it_stopped(interrupted: Crowded, terminated: Ended) -> None:
    assert f"steps {interrupted.ended.checkpoints[0] + 1} to 1000000" in terminated.err
    assert terminated.recorded == list(range(1, terminated.recorded[-1] + 1))


def test_standard_error_of_a_piped_run_has_our_own_lines_only(
    interrupted: Crowded, terminated: Ended
) -> None:
    for ended in (interrupted.ended, terminated):
        begun, stopped = ended.err.splitlines()
        assert re.match(r"296 images of digits, float32, 1 device\(s\)(, oneDNN (on|off))?; steps ", begun)
        assert stopped.startswith("stopped by SIG")


def test_piped_output_is_plain_lines(interrupted: Crowded, terminated: Ended) -> None:
    for ended in (interrupted.ended, terminated):
        assert "\x1b" not in ended.out
        assert "\r" not in ended.out
        pattern = r"epoch [\d.]+  step [\d,]+/1,000,000  loss D [\d.]+ G [\d.]+  \d+ images/s  [\d:]+ left"
        assert all(re.fullmatch(pattern, line) for line in ended.out.splitlines())


def test_on_a_terminal_a_bar_shows_epoch_step_losses_and_speed(
    training: Training,
    terminated: Ended,
    tmp_path: Path,
    tiny_options: Callable[..., list[str]],
    mortals: Mortals,
) -> None:
    run, end = tmp_path / "run", terminated.checkpoints[0] + 3
    shutil.copytree(training.paths.root, run)
    options = tiny_options(steps=end, image_size=(8, 8), checkpoint_every=EVERY)
    shown, code = in_a_terminal(mortals, ["train", "--run-dir", str(run), *options])
    assert code == 0, shown
    assert f"step {end:,}/{end:,}" in shown
    assert f"epoch {end / 9:.2f}/{end / 9:.0f}" in shown
    assert re.search(r"loss D [\d.]+ G [\d.]+ +\d+ images/s", shown)
    assert f"dcgan-tf sample {run}" in shown


def in_a_terminal(mortals: Mortals, args: list[str]) -> tuple[str, int]:
    """Run the command line on a pseudo-terminal; return what was shown, and the exit code."""
    ours, theirs = pty.openpty()
    shown: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # the terminal's other end is closed
            while part := os.read(ours, 65536):
                shown.append(part)

    reader = threading.Thread(target=read)
    reader.start()
    ended = mortals.run(command_on, os.ttyname(theirs), *args)
    os.close(theirs)
    reader.join()
    os.close(ours)
    text = b"".join(shown).decode(errors="replace")
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text), ended.code


def test_first_signal_is_remembered_and_the_handlers_are_given_back() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with StopSignals() as signals:
        assert signals.received is None
        os.kill(os.getpid(), signal.SIGTERM)
        assert signals.received == signal.SIGTERM
        # A second one would end the process.
        assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before


def test_a_closed_terminal_is_a_stop_and_its_shells_second_word_is_no_other() -> None:
    with before_signal(signal.SIGHUP, signal.default_int_handler), StopSignals() as signals:
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGHUP)
            assert signals.received == signal.SIGHUP
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with before_signal(signal.SIGHUP, signal.default_int_handler), StopSignals() as signals:
        for number in (signal.SIGTERM, signal.SIGHUP):  # in this order systemd ends a process
            os.kill(os.getpid(), number)
        assert signals.received == signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_an_ignored_signal_stays_ignored(number: signal.Signals) -> None:
    """So it is under nohup, and in the background of a script."""
    with before_signal(number, signal.SIG_IGN), StopSignals() as signals:
        os.kill(os.getpid(), number)
        assert signals.received is None
        assert signal.getsignal(number) == signal.SIG_IGN
        others = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM} - {number}
        assert all(signal.getsignal(other) == signals._remember for other in others)


@contextlib.contextmanager
def before_signal(number: signal.Signals, handler: object) -> Iterator[None]:
    before = signal.signal(number, handler)
    try:
        yield
        assert signal.getsignal(number) == handler
    finally:
        signal.signal(number, before)


def test_a_held_directory_is_refused_before_anything_is_written(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    from dcgan_tf.training.loop import train

    run = tmp_path / "run"
    run.mkdir()
    with (
        filelock.FileLock(run / "train.lock"),
        pytest.raises(RunError, match=re.escape(f"another process is training in {run}")),
    ):
        train(tiny_config(run_dir=str(run)))
    assert [path.name for path in run.iterdir()] == ["train.lock"]


def test_a_file_in_the_place_of_the_directory_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunError, match="cannot write to the run directory"), lock(RunPaths(tmp_path / "run")):
        pass
