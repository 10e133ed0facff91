"""A run that goes wrong goes back to its best checkpoint, with lower rates; a kill changes nothing."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config, replace
from dcgan_tf.errors import CollapseError, RunError
from dcgan_tf.evaluation import KeepBest
from dcgan_tf.report import write_report
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_json, read_records
from dcgan_tf.training import rollback as rollback_module
from dcgan_tf.training.diagnosis import watch
from dcgan_tf.training.diagnosis.conditions import OF_DATA, OF_NETWORKS, Condition
from dcgan_tf.training.diagnosis.course import Course
from dcgan_tf.training.interrupt import Interrupted
from dcgan_tf.training.loop import train
from dcgan_tf.training.schedule import Schedule

Read = Callable[[Path, int], dict[str, np.ndarray]]
SMALL = {
    "image_size": (8, 8),
    "steps": 130,
    "log_every": 10,
    "checkpoint_every": 30,
    "on_collapse": "rollback",
}
RATE = "generator_optimizer/_learning_rate/.ATTRIBUTES/VARIABLE_VALUE"
COLLAPSE = next(condition for condition in OF_NETWORKS if condition.name == "mode_collapse")


def going_wrong(
    monkeypatch: pytest.MonkeyPatch, *steps: int, condition: Condition = COLLAPSE, always: bool = False
) -> None:
    """Let the condition be found at these steps: of a run that has not gone back yet, or always."""

    def found(course: Course, config: Config) -> Condition | None:
        before = RunPaths(Path(config.run.run_dir)).rollbacks.exists()
        return condition if course.step in steps and (always or not before) else None

    monkeypatch.setattr(watch, "diagnosis", found)


@pytest.fixture
def small(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a run with a look at step 100, with changes."""
    return lambda name="run", **changes: tiny_config(**{**SMALL, "run_dir": str(tmp_path / name), **changes})


class KeepAt:
    """Keeps the checkpoint of a step as the best."""

    def __init__(self, root: Path, step: int) -> None:
        self._store, self._step = rollback_module.CheckpointStore(RunPaths(root).best), step

    def after_step(self, progress: Any) -> None:
        if progress.step == self._step:
            self._store.save(progress.state.checkpoint(), self._step)

    def close(self) -> None:
        pass


def trained(config: Config, *, best: int = 40) -> Path:
    return train(config, hooks=[KeepAt(Path(config.run.run_dir), best)])


@pytest.mark.parametrize(
    ("optimizer", "times", "expected"),
    [
        ("generator_optimizer", 500, [("mode_collapse", 1000)]),
        ("discriminator_optimizer", 50, []),  # D is thrown back, and learns again
    ],
)
def test_a_run_that_is_spoilt_late_ends_near_its_best_distance(
    optimizer: str,
    times: int,
    expected: list[tuple[str, int]],
    tiny_config: Callable[..., Config],
    tmp_path: Path,
) -> None:
    config = tiny_config(
        filters=8,
        latent_dim=16,
        split="train",
        flip=False,
        discriminator_norm="none",
        steps=2000,
        log_every=25,
        learning_rate=4e-4,
        label_smoothing=0.1,
        checkpoint_every=250,
        on_collapse="rollback",
        run_dir=str(tmp_path / "run"),
    )

    class TooFast:
        """From 60 % of the way on, the rate is too high."""

        def after_step(self, progress: Any) -> None:
            if progress.step == 1200:
                getattr(progress.state, optimizer).learning_rate.assign(times * 4e-4)

        def close(self) -> None:
            pass

    root = train(config, hooks=[KeepBest(config), TooFast()])
    rollbacks = read_json(RunPaths(root).rollbacks, default=[])
    assert [(entry["condition"], entry["to_step"]) for entry in rollbacks] == expected
    distances = {
        record["step"]: record["pyramid_distance"] for record in read_records(RunPaths(root).distances)
    }
    assert distances[2000] <= 1.1 * min(distances.values())


def test_the_run_goes_back_to_its_best_checkpoint_with_half_the_rates(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    going_wrong(monkeypatch, 100)
    root = trained(small())
    found = {"from_step": 100, "to_step": 40, "condition": "mode_collapse", "title": "mode collapse"}
    found |= {"generator_share": 0.5, "discriminator_share": 0.5, "done": True}
    assert json.loads(RunPaths(root).rollbacks.read_text()) == [found]
    assert "mode collapse: went back from step 100 to step 40" in caplog.text
    records = read_records(RunPaths(root).stats)
    assert [record["step"] for record in records] == list(range(10, 131, 10))
    assert ["learning_rate" in record for record in records] == [False] * 4 + [True] * 9
    assert [record["learning_rate"] for record in records[4:]] == pytest.approx([5e-4] * 9)
    assert checkpoint_steps(RunPaths(root).checkpoints) == [130, 120, 90]


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config], read_checkpoint: Read
) -> dict[str, np.ndarray]:
    """Return the last checkpoint of a run that went back and was not killed."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        going_wrong(patch, 100)
        config = tiny_config(**SMALL, anneal=0.3, run_dir=str(folder / "run"))
        return read_checkpoint(trained(config), 130)


@pytest.mark.parametrize("moment", range(8))
def test_a_run_killed_during_a_rollback_goes_on_bit_for_bit(
    moment: int,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Read,
    whole: dict[str, np.ndarray],
) -> None:
    going_wrong(monkeypatch, 100)
    config, left = small(anneal=0.3), moment

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        """Let a kill come before or after the call of a function whose turn it is."""

        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
            result = function(*arguments, **named)
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
            return result

        return called

    with monkeypatch.context() as patch:
        patch.setattr(rollback_module, "write_json", mortal(rollback_module.write_json))
        store = rollback_module.CheckpointStore
        patch.setattr(store, "forget_after", mortal(store.forget_after))
        with pytest.raises(KeyboardInterrupt):
            trained(config)
    found = read_checkpoint(trained(config), 130)
    assert [name for name in whole if found[name].tobytes() != whole[name].tobytes()] == []
    rollbacks = read_json(RunPaths(Path(config.run.run_dir)).rollbacks, default=[])
    assert [(entry["from_step"], entry["to_step"]) for entry in rollbacks] == [(100, 40)]


@pytest.mark.parametrize("killed_at", [50, 70, 125])
def test_a_run_killed_after_a_rollback_goes_on_bit_for_bit(
    killed_at: int,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Read,
    whole: dict[str, np.ndarray],
) -> None:
    going_wrong(monkeypatch, 100)
    config = small(anneal=0.3)

    class Kill:
        def after_step(self, progress: Any) -> None:
            if progress.step == killed_at and RunPaths(Path(config.run.run_dir)).rollbacks.exists():
                raise KeyboardInterrupt

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        train(config, hooks=[KeepAt(Path(config.run.run_dir), 40), Kill()])
    found = read_checkpoint(trained(config), 130)
    assert [name for name in whole if found[name].tobytes() != whole[name].tobytes()] == []


def test_without_a_best_checkpoint_it_is_one_from_before_the_condition_or_the_beginning(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, window, begun, step in (
        ("before", 45, 1000, 30),
        ("beginning", 100, 100, 0),
        ("oldest", 100, 99, 30),
    ):
        monkeypatch.setattr(rollback_module, "LONG_WINDOW", window)
        monkeypatch.setattr(rollback_module, "FEWEST_STEPS", begun)
        going_wrong(monkeypatch, 100)
        root = train(small(name, keep_every=30))
        (entry,) = read_json(RunPaths(root).rollbacks, default=[])
        assert (entry["from_step"], entry["to_step"]) == (100, step)
        assert checkpoint_steps(RunPaths(root).checkpoints)[0] == 130


def test_after_three_rollbacks_the_run_ends_at_its_best(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100, always=True)
    with pytest.raises(
        CollapseError, match=r"after 3 rollbacks, because at step 100 .*: mode collapse.* back at step 40"
    ):
        trained(small())
    paths = RunPaths(Path(small().run.run_dir))
    shares = [entry["generator_share"] for entry in read_json(paths.rollbacks, default=[])]
    assert shares == [0.5, 0.25, 0.125, 0.125]
    assert checkpoint_steps(paths.checkpoints) == [30]
    assert checkpoint_steps(paths.best) == [40]
    with pytest.raises(CollapseError, match="after 3 rollbacks"):  # the same command ends at once
        trained(small())
    assert len(read_json(paths.rollbacks, default=[])) == 4
    assert read_records(paths.stats)[-1]["step"] == 40
    root = train(small(on_collapse="warn"))
    assert checkpoint_steps(RunPaths(root).checkpoints)[0] == 130


def test_pictures_that_are_all_the_same_are_not_trained_again(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100, condition=OF_DATA[0])
    with pytest.raises(CollapseError, match="equal images"):
        trained(small())
    assert not RunPaths(Path(small().run.run_dir)).rollbacks.exists()


def test_a_run_that_is_asked_to_stop_stops_and_goes_back_when_it_goes_on(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Read,
    whole: dict[str, np.ndarray],
) -> None:
    going_wrong(monkeypatch, 100)

    class CtrlC:
        def after_step(self, progress: Any) -> None:
            if progress.step == 99:
                signal.raise_signal(signal.SIGINT)

        def close(self) -> None:
            pass

    config = small(anneal=0.3)
    with pytest.raises(Interrupted):
        train(config, hooks=[KeepAt(Path(config.run.run_dir), 40), CtrlC()])
    found = read_checkpoint(trained(config), 130)
    assert [name for name in whole if found[name].tobytes() != whole[name].tobytes()] == []


def test_a_checkpoint_that_cannot_be_read_for_now_costs_nothing(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    store = rollback_module.CheckpointStore

    def busy(self: Any, step: int) -> None:
        raise RunError("too many open files")

    config = small()
    paths = RunPaths(Path(config.run.run_dir))

    class Busy(KeepAt):
        def after_step(self, progress: Any) -> None:
            super().after_step(progress)
            if progress.step == 95:
                monkeypatch.setattr(store, "damage", busy)

    with pytest.raises(RunError, match="too many open files"):
        train(config, hooks=[Busy(paths.root, 40)])
    assert not paths.rollbacks.exists()
    assert checkpoint_steps(paths.checkpoints) == [90, 60, 30]


@pytest.mark.parametrize("content", ["[{", '[{"from_step": 1}]', "7", '[{"from_step": 5, "to_step": "x"}]'])
def test_a_damaged_record_is_set_aside(
    content: str,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    going_wrong(monkeypatch, 100)
    config = small()
    paths = RunPaths(trained(replace(config, steps=110)))
    paths.rollbacks.write_text(content)
    train(config)
    assert "rollbacks.json cannot be read, so the learning rates are those of the settings" in caplog.text
    assert not paths.rollbacks.exists()
    rate = tf.train.load_checkpoint(str(paths.checkpoints / "ckpt-130")).get_tensor(RATE)
    assert rate == pytest.approx(1e-3)


def test_a_run_that_lost_its_checkpoints_has_the_same_rates_again(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Read,
    whole: dict[str, np.ndarray],
) -> None:
    going_wrong(monkeypatch, 100)
    config = small(anneal=0.3)
    paths = RunPaths(trained(config))
    for folder in (paths.checkpoints, paths.best):
        for file in folder.glob("ckpt-*"):
            file.unlink()
    found = read_checkpoint(trained(config), 130)
    assert [name for name in whole if found[name].tobytes() != whole[name].tobytes()] == []


def test_rates_by_hand() -> None:
    schedule = Schedule(100, 0.2, lowered=((10, 1.0, 0.5), (40, 0.5, 0.25)))
    lowest = {
        step: tuple(float(share) for share in schedule.lowest(tf.constant(step - 1, tf.int64)))
        for step in (10, 11, 40, 41, 100)
    }
    assert lowest == {10: (1, 1), 11: (1, 0.5), 40: (1, 0.5), 41: (0.5, 0.25), 100: (0.5, 0.25)}
    earlier = Schedule(100, lowered=((10, 0.5, 1.0), (5, 0.5, 0.5)))
    assert [float(share) for share in earlier.lowest(tf.constant(20, tf.int64))] == [0.5, 0.5]


@pytest.mark.parametrize(
    ("condition", "rates"),
    [
        ("discriminator_wins", (1e-3, 5e-4)),
        ("discriminator_memorises", (1e-3, 5e-4)),
        ("generator_wins", (5e-4, 1e-3)),
        ("oscillation", (5e-4, 5e-4)),
    ],
)
def test_the_network_that_is_too_strong_learns_more_slowly(
    condition: str,
    rates: tuple[float, float],
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    going_wrong(monkeypatch, 100, condition=next(some for some in OF_NETWORKS if some.name == condition))
    last = read_records(RunPaths(trained(small(anneal=0.2))).stats)[9]
    assert (last["learning_rate"], last["discriminator_learning_rate"]) == pytest.approx(rates)


def test_a_run_that_went_back_is_not_judged_by_what_was_before() -> None:
    records = [
        {"step": step, "sample_diversity": 0.1 + (step == 50), "sample_contrast": 1.0}
        for step in range(50, 1001, 50)
    ]
    course = Course(records, since=600)
    assert len(course.values("sample_diversity", 400)) == 8
    course = Course(records, since=700)
    assert len(course.values("sample_diversity", 400)) == 0
    assert len(course.values("sample_diversity", 200)) == 4


@pytest.mark.parametrize("on_collapse", ["warn", "rollback"])
def test_numbers_that_are_not_finite_are_reported_and_gone_back_from(
    on_collapse: str, small: Callable[..., Config]
) -> None:
    class Poison:
        def __init__(self) -> None:
            self.left = 1

        def after_step(self, progress: Any) -> None:
            if progress.step == 100 and self.left:
                self.left -= 1
                kernel = progress.state.discriminator.trainable_variables[0]
                kernel.assign(kernel * float("nan"))

        def close(self) -> None:
            pass

    config = small(on_collapse=on_collapse)
    paths = RunPaths(Path(config.run.run_dir))
    hooks = [KeepAt(paths.root, 40), Poison()]
    if on_collapse == "rollback":
        train(config, hooks=hooks)
        (entry,) = read_json(paths.rollbacks, default=[])
        assert (entry["condition"], entry["from_step"], entry["to_step"]) == ("not_finite", 101, 40)
        assert checkpoint_steps(paths.checkpoints)[0] == 130
        return
    with pytest.raises(CollapseError, match="the discriminator loss became nan at step 101"):
        train(config, hooks=hooks)
    (found,) = read_records(paths.diagnosis)
    assert (found["condition"], found["step"]) == ("not_finite", 101)
    assert found["seen"] == "The discriminator loss became nan."


def test_the_report_says_that_the_run_went_back(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    root = trained(small())
    page = write_report(root, out=root / "report.html").read_text()
    assert "mode collapse (back from step 100 to 40)" in page
    assert "training went back to step 40" in page
