"""Several steps in one call: the run is the same, bit for bit, and no call is long."""

from __future__ import annotations

import math
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
from dcgan_tf.training.steps.several import StepResults, make_several
from going_back import At, ctrl_c

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

    def counting(step: Any, batches: Any, **others: Any) -> Callable[[int], StepResults]:
        take = make_several(step, batches, longest=math.inf, **others)

        def counted(number: int) -> StepResults:
            found.append(number)
            return take(number)

        return counted

    monkeypatch.setattr(loop, "make_several", counting)
    return found


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_run_is_the_same_however_many_steps_a_call_takes(
    replicas: int,
    tiny_config: Callable[..., Config],
    read_checkpoint: Callable[[Path, int], dict[str, np.ndarray]],
    calls: list[int],
    tmp_path: Path,
) -> None:
    found, ends = [], []
    for name in ("one", "several", "stopped"):
        config = tiny_config(run_dir=str(tmp_path / name), replicas=replicas, **SETTINGS)
        if name == "stopped":
            with pytest.raises(Interrupted):
                loop.train(config, hooks=[KeepBest(config), At(13, ctrl_c)])
        calls.clear()
        loop.train(config, hooks=[KeepBest(config), *([EveryStep()] if name == "one" else [])])
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
        ends.append(np.cumsum(calls).tolist())
    # Due are 6, 9 (an epoch), 12 and 18 for grids, 8 and 16 for checkpoints, 14 and 17 for those that stay,
    # 10 and 20 for records, 11 and 22 for histograms, and the last step; the third run goes on from 14.
    due = [6, 8, 9, 10, 11, 12, 14, 16, 17, 18, 20, 22, 23]
    assert ends == [[*range(1, 24)], due, [step - 14 for step in due if step > 14]]
    one, several, stopped = found
    assert one == several
    assert several["checkpoints"] == [23, 17, 16, 14]
    assert [record["step"] for record in several["records"]] == [10, 20, 23]
    assert stopped["weights"] == several["weights"]
    assert stopped["samples"].items() >= several["samples"].items()  # and the grid of the stop


def without_times(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name not in TIMES}


def slow_batches(seconds: float) -> Iterator[tf.Tensor]:
    def load(number: np.int64) -> np.int64:
        time.sleep(seconds)
        return number

    dataset = tf.data.Dataset.range(1000)
    return iter(dataset.map(lambda number: tf.numpy_function(load, [number], tf.int64)).prefetch(1))


def sleeping(seconds: float) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Return a step that takes so long."""

    def step(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"slept": tf.numpy_function(lambda: time.sleep(seconds) or seconds, [], tf.float64)}

    return step


def test_each_step_gets_the_next_batch_and_the_metrics_are_in_order() -> None:
    take = make_several(lambda batch: {"batch": batch, "negative": -batch}, slow_batches(0))
    taken = [take(number).metrics["batch"].numpy().tolist() for number in (1, 3, 2)]
    assert taken == [[0], [1, 2, 3], [4, 5]]
    assert take(2).metrics["negative"].numpy().tolist() == [-6, -7]


def test_the_time_that_a_step_waits_is_that_of_its_batch_alone() -> None:
    """The step and the wait are one after the other, so that they do not take longer than the whole."""
    take = make_several(sleeping(0.05), slow_batches(0.5), longest=math.inf)
    take(1)
    started = time.perf_counter()
    results = take(4)
    whole = time.perf_counter() - started
    assert (results.waiting.numpy()[1:] >= 0.1).all()  # it is loaded beside the step: 0.45 s are left
    assert results.waiting.numpy().sum() + 4 * 0.05 <= whole


def test_a_call_begins_no_step_after_its_time_and_the_next_call_goes_on() -> None:
    longest, step_takes = 0.3, 0.1
    take = make_several(sleeping(step_takes), slow_batches(0), longest=longest)
    counts = [take(100).steps for _ in range(3)]
    assert all(1 <= count <= longest / step_takes + 1 for count in counts)
    take = make_several(lambda batch: {"batch": batch}, slow_batches(step_takes), longest=longest)
    first, second = take(100), take(100)
    numbers = [*first.metrics["batch"].numpy(), *second.metrics["batch"].numpy()]
    assert numbers == list(range(first.steps + second.steps))
    assert first.steps + second.steps < 100


def test_a_step_that_takes_longer_than_a_call_is_a_call_of_its_own() -> None:
    assert make_several(sleeping(0.02), slow_batches(0), longest=0.001)(5).steps == 1


def test_a_hook_that_names_a_past_step_is_called_after_each(
    tiny_config: Callable[..., Config], tmp_path: Path
) -> None:
    seen: list[int] = []

    class Behind:
        def next_due(self, progress: Any) -> int:
            return progress.step

        def after_step(self, progress: Any) -> None:
            seen.append(progress.step)

        def close(self) -> None:
            pass

    loop.train(tiny_config(steps=4, log_every=100, run_dir=str(tmp_path / "run")), hooks=[Behind()])
    assert seen == [1, 2, 3, 4]


def test_a_call_ends_after_the_same_step_on_all_workers_though_one_of_them_has_time() -> None:
    asked = []

    def anywhere(late: tf.Tensor) -> tf.Tensor:
        asked.append(late)
        return tf.constant(True)  # another worker is late, and this one is not

    batches = iter(tf.data.Dataset.range(100))
    take = make_several(lambda batch: {"loss": tf.cast(batch, tf.float32)}, batches, anywhere=anywhere)
    assert [take(50).steps for _ in range(3)] == [1, 1, 1]
    assert len(asked) == 1  # while it was compiled: it is asked in the loop itself
