"""A profile of some steps: it is written once, for TensorBoard, and changes nothing."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from dcgan_tf import cli
from dcgan_tf.config import Config
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.training.loop import train
from dcgan_tf.training.monitoring.hooks import TrainingProgress
from dcgan_tf.training.monitoring.profiling import ProfileHook

PROFILES = "plugins/profile/*/*.xplane.pb"


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Stand in for the profiler, and return its calls."""
    found: list[str] = []
    monkeypatch.setattr(tf.profiler.experimental, "start", lambda folder: found.append("start"))
    monkeypatch.setattr(tf.profiler.experimental, "stop", lambda: found.append("stop"))
    return found


def test_the_command_writes_a_profile_and_trains_as_without(
    tiny_options: Callable[..., list[str]],
    read_checkpoint: Callable[[Path, int], dict[str, np.ndarray]],
    tmp_path: Path,
) -> None:
    for name, more in (("plain", []), ("profiled", ["--profile", "3:4"])):
        options = [*tiny_options(run_dir=tmp_path / name, steps=5), *more]
        done = CliRunner().invoke(cli.main, ["train", *options])
        assert done.exit_code == 0, done.output
    (profile,) = (tmp_path / "profiled" / "events").glob(PROFILES)
    assert b"step_num" in profile.read_bytes()  # it knows where a step begins and ends
    assert not list((tmp_path / "plain" / "events").glob(PROFILES))
    plain, profiled = (read_checkpoint(tmp_path / name, 5) for name in ("plain", "profiled"))
    assert all(plain[name].tobytes() == profiled[name].tobytes() for name in plain)


@pytest.mark.parametrize(
    ("steps", "first", "last", "expected"),
    [
        (6, 3, 4, ["start 2", "stop 4"]),
        (6, 2, 2, ["start 1", "stop 2"]),
        (6, 5, 9, ["start 4", "stop 6"]),  # the run ends before
        (6, 7, 9, []),
    ],
)
def test_these_steps_are_profiled(
    steps: int,
    first: int,
    last: int,
    expected: list[str],
    calls: list[str],
    tiny_config: Callable[..., Config],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    config = tiny_config(steps=steps, log_every=100, run_dir=str(tmp_path / "run"))
    seen: list[str] = []

    class Note:
        def next_due(self, progress: Any) -> int:
            return progress.total_steps

        def after_step(self, progress: Any) -> None:
            seen.extend(f"{call} {progress.step}" for call in calls)
            calls.clear()

        def close(self) -> None:
            seen.extend(f"{call} {steps}" for call in calls)

    with caplog.at_level(logging.WARNING, "dcgan_tf"):
        # Hooks are closed in the opposite order.
        train(config, hooks=[Note(), ProfileHook(RunPaths.of(config), first=first, last=last), Note()])
    assert seen == expected
    assert ("did not come to the steps 7 to 9" in caplog.text) == (not expected)


def test_a_run_that_begins_within_the_steps_profiles_the_rest(
    calls: list[str], tiny_config: Callable[..., Config], tmp_path: Path
) -> None:
    config = tiny_config(steps=4, run_dir=str(tmp_path / "run"))
    train(config)
    train(
        tiny_config(steps=8, run_dir=str(tmp_path / "run")),
        hooks=[ProfileHook(RunPaths.of(config), first=2, last=7)],
    )
    assert calls == ["start", "stop"]


def test_a_run_beyond_these_steps_is_not_held_up() -> None:
    hook = ProfileHook(RunPaths(Path("run")), first=100, last=109)
    due = {
        step: hook.next_due(TrainingProgress(step, 9000, 10, None)) for step in (0, 98, 99, 108, 109, 5000)
    }
    assert due == {0: 99, 98: 99, 99: 100, 108: 109, 109: 9000, 5000: 9000}


@pytest.mark.parametrize("text", ["5", "1:3", "7:5", "a:b", "2:3:4", "-1:4", ""])
def test_what_is_no_range_of_steps_is_refused(text: str) -> None:
    done = CliRunner().invoke(cli.main, ["train", "--profile", text])
    assert done.exit_code == 2
    assert "expected" in done.output
