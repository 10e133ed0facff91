"""What starts workers on one machine: when it starts them again, and when it does not."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import local_cluster  # noqa: E402

WORKER = """
import json, os, pathlib, signal, sys, time
config = json.loads(os.environ["TF_CONFIG"])
me, place = config["task"]["index"], pathlib.Path(sys.argv[1])
(place / f"{time.monotonic_ns()}-{me}").write_text(" ".join(config["cluster"]["worker"]))
start = sum(file.name.endswith(f"-{me}") for file in place.iterdir())
print("start", start, flush=True)
"""


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture
def supervise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that supervises workers which do these lines, and returns the exit code."""
    monkeypatch.setattr(local_cluster, "GRACE", 3.0)
    monkeypatch.setattr(local_cluster, "GRACE_AFTER_ERROR", 1.0)

    def run(lines: str, *options: str, workers: int = 2) -> int:
        words = [sys.executable, "-c", WORKER + lines, str(tmp_path)]
        monkeypatch.setattr(local_cluster, "_words", lambda command: words)
        try:
            local_cluster.main(["--workers", str(workers), *options, "--", "train"], standalone_mode=False)
        except SystemExit as end:
            return int(end.code or 0)
        return 0

    return run


def starts(folder: Path) -> list[str]:
    return [file.read_text() for file in sorted(folder.iterdir())]


def test_workers_that_end_well_are_not_started_again(supervise, tmp_path, capfd):
    assert supervise("", workers=3) == 0
    addresses = starts(tmp_path)
    assert len(addresses) == 3
    assert len(set(addresses)) == 1
    assert len(set(addresses[0].split())) == 3
    out, err = capfd.readouterr()
    assert out == "start 1\n"  # the chief speaks for itself
    assert sorted(err.splitlines()) == ["worker 1 | start 1", "worker 2 | start 1"]


def test_all_are_started_again_at_other_addresses_when_one_is_killed(supervise, tmp_path, capfd):
    lines = "if start == 1: os.kill(os.getpid(), signal.SIGKILL) if me else sys.exit(75)"
    assert supervise(lines) == 0
    assert len(starts(tmp_path)) == 4
    assert len(set(starts(tmp_path))) == 2
    assert "local_cluster: the workers ended with [75, -9]; all are started again" in capfd.readouterr().err


def test_who_does_not_leave_is_killed(supervise, tmp_path, capfd):
    began = time.monotonic()
    assert supervise("if start == 1: sys.exit(75) if me else time.sleep(60)") == 0
    assert time.monotonic() - began < 20
    assert "ended with [-9, 75]; all are started again" in capfd.readouterr().err


def test_there_is_an_end_to_starting_again(supervise, tmp_path, capfd):
    assert supervise("sys.exit(75)", "--restarts", "2") == 75
    assert len(starts(tmp_path)) == 3 * 2
    assert "ended with [75, 75], too often; giving up" in capfd.readouterr().err


@pytest.mark.parametrize("code", [1, 3, 70])
def test_an_error_of_one_ends_all(supervise, tmp_path, code):
    assert supervise(f"sys.exit({code}) if me else time.sleep(60)") == code
    assert len(starts(tmp_path)) == 2


def test_a_signal_reaches_all_of_them(tmp_path):
    lines = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(143)); print('ready', flush=True); time.sleep(60)"
    )
    program = f"""
import sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
import local_cluster
local_cluster._words = lambda command: [sys.executable, "-c", {WORKER + lines!r}, {str(tmp_path)!r}]
local_cluster.main()
"""
    words = [sys.executable, "-c", program, "train"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        ready = 0
        while ready < 2 and (said := process.stdout.readline()):
            ready += "ready" in said
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 143
    assert len(starts(tmp_path)) == 2
