"""Several steps in one call: the run is the same, bit for bit, and a signal does not wait for long."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.evaluation.keep_best import KeepBest
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_records
from dcgan_tf.training import loop
from dcgan_tf.training.interrupt import Interrupted
from dcgan_tf.training.steps.several import LONGEST_CALL, Pace, Taken, make_several

SETTINGS = {
    "steps": 23,
    "log_every": 10,
    "checkpoint_every": 8,
    "keep_every": 14,
    "sample_every": 6,
    "histogram_every": 11,
    "anneal": 0.25,  # after step 17
    "conditional": True,
    "image_size": (16, 16),
}
TIMES = ("images_per_second", "seconds_waiting_for_data")


class EveryStep:
    """A hook that does not foresee when it is due, so that each step is a call."""

    def after_step(self, progress: Any) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many steps each call of a run takes, without a limit of time."""
    found: list[int] = []

    def counting(step: Any, batches: Any) -> Callable[[int], Taken]:
        take = make_several(step, batches)

        def counted(number: int) -> Taken:
            found.append(number)
            return take(number)

        return counted

    monkeypatch.setattr(loop, "make_several", counting)
    monkeypatch.setattr(Pace, "most_steps", 1000)
    return found


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_run_is_the_same_however_many_steps_a_call_takes(
    replicas: int,
    tiny_config: Callable[..., Config],
    read_checkpoint: Callable[[Path, int], dict[str, np.ndarray]],
    calls: list[int],
    tmp_path: Path,
) -> None:
    found = []
    for name, hooks in (("one", [EveryStep()]), ("several", [])):
        config = tiny_config(run_dir=str(tmp_path / name), replicas=replicas, **SETTINGS)
        loop.train(config, hooks=[KeepBest(config), *hooks])
        paths = RunPaths.of(config)
        found.append(
            {
                "records": [without_times(record) for record in read_records(paths.stats)],
                "checkpoints": checkpoint_steps(paths.checkpoints),
                "samples": {step: path.read_bytes() for step, path in paths.sample_grids().items()},
                "distances": read_records(paths.distances),
                "weights": {k: v.tobytes() for k, v in read_checkpoint(paths.root, 23).items()},
            }
        )
        if hooks:
            assert calls == [1] * 23
            calls.clear()
    # Due are 6, 9 (an epoch), 12 and 18 for grids, 8 and 16 for checkpoints, 14 and 17 for those that stay,
    # 10 and 20 for records, 11 and 22 for histograms, and the last step.
    assert np.cumsum(calls).tolist() == [6, 8, 9, 10, 11, 12, 14, 16, 17, 18, 20, 22, 23]
    assert found[0] == found[1]
    assert found[0]["checkpoints"] == [23, 17, 16, 14]
    assert [record["step"] for record in found[0]["records"]] == [10, 20, 23]


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in TIMES}


def slow_batches(seconds: float) -> Iterator[tf.Tensor]:
    def load(number: np.int64) -> np.int64:
        time.sleep(seconds)
        return number

    dataset = tf.data.Dataset.range(1000)
    return iter(dataset.map(lambda number: tf.numpy_function(load, [number], tf.int64)).prefetch(1))


def test_each_step_gets_the_next_batch_and_the_metrics_are_in_order() -> None:
    take = make_several(lambda batch: {"batch": batch, "negative": -batch}, slow_batches(0))
    assert [take(number).metrics["batch"].numpy().tolist() for number in (1, 3, 2)] == [
        [0],
        [1, 2, 3],
        [4, 5],
    ]
    assert take(2).metrics["negative"].numpy().tolist() == [-6, -7]


def test_the_time_that_a_step_waits_is_that_of_its_batch() -> None:
    """The next batch is loaded beside the step: of the 0.2 s that it takes, 0.15 are left to wait for."""

    def step(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"slept": tf.numpy_function(lambda: time.sleep(0.05) or 0.0, [], tf.float64)}

    waiting = make_several(step, slow_batches(0.2))(6).waiting.numpy()
    assert (waiting[1:] >= 0.1).all()
    assert waiting[1:].min() < 0.19


def test_the_first_call_says_nothing_and_then_a_call_takes_what_fits_its_time() -> None:
    pace = Pace()
    assert pace.most_steps == 1
    pace.add(1, 5.0)  # compiles
    assert pace.most_steps == 1
    pace.add(1, LONGEST_CALL / 40)
    assert pace.most_steps == pytest.approx(40, abs=1)
    pace.add(40, LONGEST_CALL * 4)  # the machine has become busy
    assert pace.most_steps == pytest.approx(10, abs=1)
    pace.add(1, LONGEST_CALL * 3)
    assert pace.most_steps == 1


def test_a_signal_is_answered_within_a_second_although_nothing_is_due_for_long(
    tiny_config: Callable[..., Config], tmp_path: Path
) -> None:
    rarely = 10_000_000
    config = tiny_config(
        run_dir=str(tmp_path / "run"),
        steps=rarely,
        log_every=rarely,
        checkpoint_every=rarely,
        sample_every=0,
        histogram_every=0,
    )
    sent: list[float] = []

    def send() -> None:
        sent.append(time.monotonic())
        signal.raise_signal(signal.SIGTERM)

    class Starts:
        """Sends the signal some seconds after the first step."""

        def next_due(self, progress: Any) -> int:
            return progress.step + 1 if not progress.step else rarely

        def after_step(self, progress: Any) -> None:
            if progress.step == 1:
                threading.Timer(2.0, send).start()
            if progress.stopping:
                sent.append(time.monotonic())

        def close(self) -> None:
            pass

    with pytest.raises(Interrupted):
        loop.train(config, hooks=[Starts()])
    asked, answered = sent
    assert answered - asked < 1.0
