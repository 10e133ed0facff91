"""A run that is killed beside its checkpoints holds in the end what an undisturbed one holds."""

from __future__ import annotations

import json
import os
import re
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from dcgan_tf.config import Config
from dcgan_tf.evaluation import every_epoch
from dcgan_tf.evaluation.every_epoch import EveryEpoch
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training import loop
from dcgan_tf.training.interrupt import Interrupted
from dcgan_tf.training.loop import train
from dcgan_tf.training.monitoring import hooks
from dcgan_tf.training.monitoring.hooks import SampleHook

# Nine steps are an epoch; checkpoints and grids are due every five, evaluations after 9, 18 and the last, 20.
EVERY = {"checkpoint_every": 5, "sample_every": 5, "histogram_every": 5, "steps": 20, "image_size": (8, 8)}
DISTANCES = {9: 5.0, 18: 3.0, 20: 4.0}


class Planted:
    """An evaluator whose distances are given."""

    real = None

    def evaluate(self, draw: object, *, step: int, evaluated: str, **about: object) -> SimpleNamespace:
        score = SimpleNamespace(key="frechet_distance", value=DISTANCES[step])
        values = {"value": score.value}
        record = {"step": step, "frechet_distance": values, "protocol": {"evaluated": evaluated}}
        return SimpleNamespace(rows=[SimpleNamespace(score=score)], record=lambda: record, summary="")


@pytest.fixture(autouse=True, scope="module")
def _planted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(every_epoch.Evaluator, "briefly", lambda *args, **keywords: Planted())
        yield


class Killed(BaseException):
    """Ends training as nothing else does: no handler of ours takes it for an error."""


def train_on(config: Config, *others: Any) -> None:
    train(config, hooks=[EveryEpoch(config), *others])


def killed_in(config: Config, owner: Any, name: str, *, step: int | None = None) -> None:
    """Train until a function is called (for a step), and no further."""

    def kill(*arguments: Any, **keywords: Any) -> None:
        here = next((getattr(a, "step", None) for a in arguments if hasattr(a, "step")), None)
        if step is None or step == here or step in arguments:
            raise Killed
        original(*arguments, **keywords)

    original = getattr(owner, name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, kill)
        with pytest.raises(Killed):
            train_on(config)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> dict[str, RunPaths]:
    """Return a run that was left in peace, and one that was killed five times."""
    root = tmp_path_factory.mktemp("killed")
    whole, killed = (tiny_config(run_dir=str(root / name), **EVERY) for name in ("whole", "killed"))
    train_on(whole)
    killed_in(killed, SampleHook, "after_step", step=5)  # the checkpoint is there, the grid is not
    killed_in(killed, EveryEpoch, "_show", step=9)  # best/ is there, the record is not
    killed_in(killed, hooks.images, "save_png")  # TensorBoard has the grid of step 10, samples/ has not
    killed_in(killed, EveryEpoch, "after_step", step=19)  # 18, the best, is newer than the checkpoints
    paths = RunPaths(root / "killed")
    assert CheckpointStore(paths.checkpoints).steps()[0] == 15
    killed_in(killed, loop, "_do_steps")  # a start that comes no further
    assert CheckpointStore(paths.best).steps() == [18]
    assert read_records(paths.metrics)[-1]["step"] == 18
    killed_in(killed, hooks, "save_progress")  # all that is missing are the animation and the last evaluation
    train_on(killed)
    return {name: RunPaths(root / name) for name in ("whole", "killed")}


def test_pictures_are_those_of_an_undisturbed_run(runs: dict[str, RunPaths]) -> None:
    whole, killed = (
        {path.name: path.read_bytes() for path in runs[name].samples.iterdir()}
        for name in ("whole", "killed")
    )
    assert {"step-000005.png", "step-000010.png", "step-000020.png", "progress.gif"} <= set(whole)
    assert killed == whole


def test_evaluations_are_those_of_an_undisturbed_run(runs: dict[str, RunPaths]) -> None:
    whole, killed = (read_records(runs[name].metrics) for name in ("whole", "killed"))
    assert [record["step"] for record in whole] == [9, 18, 20]
    assert killed == whole


def test_the_best_checkpoint_is_that_of_an_undisturbed_run_and_so_is_the_last(
    runs: dict[str, RunPaths],
) -> None:
    for kind in ("best", "checkpoints"):
        whole, killed = (CheckpointStore(getattr(runs[name], kind)) for name in ("whole", "killed"))
        assert killed.steps() == whole.steps()
        for step in whole.steps():
            assert tensors(killed.prefix(step)) == tensors(whole.prefix(step))
    assert Run.open(runs["killed"].root, checkpoint="best").step == 18


def test_statistics_are_those_of_an_undisturbed_run(runs: dict[str, RunPaths]) -> None:
    whole, killed = (
        [
            {name: value for name, value in record.items() if "second" not in name}
            for record in read_records(runs[name].stats)
        ]
        for name in ("whole", "killed")
    )
    assert killed == whole


def test_tensorboard_lacks_nothing(runs: dict[str, RunPaths]) -> None:
    whole, killed = (shown_in(runs[name].events) for name in ("whole", "killed"))
    assert ("samples", 10) in {(tag.split("/")[0], step) for tag, step in whole}
    assert killed == whole


def test_nothing_else_is_left_in_the_directory(runs: dict[str, RunPaths]) -> None:
    whole, killed = (sorted(path.name for path in runs[name].root.iterdir()) for name in ("whole", "killed"))
    assert killed == whole
    for name in ("config", "data"):
        first, second = (json.loads(getattr(run, name).read_text()) for run in runs.values())
        first.pop("run", None), second.pop("run", None)
        assert first == second


def tensors(prefix: str) -> dict[str, bytes]:
    reader = tf.train.load_checkpoint(prefix)
    names = [name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name]
    return {name: reader.get_tensor(name).tobytes() for name in names}


def shown_in(events: Path) -> set[tuple[str, int]]:
    return {
        (re.sub(r"_\d+", "", value.tag), event.step)  # Keras numbers layers through the whole process
        for file in events.rglob("events.*")
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }


def test_an_evaluation_that_a_stop_prevented_is_made_up_for(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    class StopsAfter17:
        def after_step(self, progress: Any) -> None:
            if progress.step == 17:
                os.kill(os.getpid(), signal.SIGTERM)

        def close(self) -> None:
            pass

    config = tiny_config(run_dir=str(tmp_path / "run"), steps=20, image_size=(8, 8))
    with pytest.raises(Interrupted, match="after step 18"):
        train_on(config, StopsAfter17())
    paths = RunPaths(tmp_path / "run")
    assert [record["step"] for record in read_records(paths.metrics)] == [9]
    train_on(config)
    assert [record["step"] for record in read_records(paths.metrics)] == [9, 18, 20]
    assert CheckpointStore(paths.best).steps() == [18]
