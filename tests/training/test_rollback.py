"""A run that goes wrong goes back to its best checkpoint, with lower rates; a kill changes nothing."""

from __future__ import annotations

import html
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config, RunConfig
from dcgan_tf.errors import CollapseError
from dcgan_tf.evaluation import KeepBest, keep_best
from dcgan_tf.report import write_report
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import append_record, read_json, read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training import loop as loop_module
from dcgan_tf.training import rollback as rollback_module
from dcgan_tf.training.diagnosis.conditions import OF_DATA, OF_NETWORKS
from dcgan_tf.training.diagnosis.course import Course
from dcgan_tf.training.interrupt import Interrupted
from dcgan_tf.training.loop import train
from dcgan_tf.training.schedule import Schedule
from dcgan_tf.training.steps import step as step_module
from going_back import SMALL, At, best_at, ctrl_c, different, going_wrong, trained


@pytest.fixture
def small(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a small run, with changes."""
    return lambda name="run", **changes: tiny_config(**{**SMALL, "run_dir": str(tmp_path / name), **changes})


SPOILT_AT = 1200  # 60 % of the way


@pytest.fixture
def long(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a run that draws digits, with changes."""
    return lambda **changes: tiny_config(
        filters=8,
        latent_dim=16,
        split="train",
        flip=False,
        steps=2000,
        log_every=25,
        learning_rate=4e-4,
        label_smoothing=0.1,
        checkpoint_every=250,
        on_collapse="rollback",
        run_dir=str(tmp_path / "run"),
        **changes,
    )


@pytest.mark.parametrize(
    ("optimizer", "times", "norm", "expected"),
    [
        ("generator_optimizer", 500, "none", [("mode_collapse", 1000)]),
        ("discriminator_optimizer", 50, "batch", []),  # D is thrown back, and learns again
        ("discriminator_optimizer", 5000, "none", [("ended_worse", 1000)]),
    ],
)
def test_a_run_that_is_spoilt_late_ends_near_its_best_distance(
    optimizer: str, times: int, norm: str, expected: list[tuple[str, int]], long: Callable[..., Config]
) -> None:
    def spoil(progress: Any) -> None:
        getattr(progress.state, optimizer).learning_rate.assign(times * 4e-4)

    config = long(discriminator_norm=norm)
    root = train(config, hooks=[KeepBest(config), At(SPOILT_AT, spoil)])
    rollbacks = read_json(RunPaths(root).rollbacks, default=[])
    assert [(entry["condition"], entry["to_step"]) for entry in rollbacks] == expected
    distances = {
        record["step"]: record["pyramid_distance"] for record in read_records(RunPaths(root).distances)
    }
    assert distances[2000] <= 1.1 * min(distances.values())


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        ({"last": 0.109}, False),
        ({"on_collapse": "warn"}, False),
        ({"step": 1000}, False),  # in its first steps a run would begin again
        ({"measured": False}, False),
        ({"best": []}, False),
        ({"best": [900]}, False),
        ({"rollbacks": 3}, False),
    ],
)
def test_a_run_has_ended_worse_if_its_best_was_clearly_better(
    changes: dict[str, Any], expected: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = {"last": 0.111, "on_collapse": "rollback", "step": 1500, "measured": True, "best": [500]}
    case |= {"rollbacks": 2, **changes}
    paths = RunPaths(tmp_path)
    append_record(paths.distances, {"step": 500, "pyramid_distance": 0.1, "best": True})
    append_record(paths.distances, {"step": 750, "pyramid_distance": 0.01, "best": True})  # not kept any more
    append_record(paths.distances, {"step": 900, "pyramid_distance": "damaged"})
    if case["measured"]:
        append_record(
            paths.distances, {"step": case["step"], "pyramid_distance": case["last"], "best": False}
        )
    monkeypatch.setattr(rollback_module.CheckpointStore, "steps", lambda store: case["best"])
    monkeypatch.setattr(rollback_module, "read_rollbacks", lambda paths: [None] * case["rollbacks"])
    settings = Config(run=RunConfig(on_collapse=case["on_collapse"])).run
    assert (rollback_module.ended_worse(paths, settings, case["step"]) is not None) == expected


def test_a_run_that_did_more_than_it_is_now_asked_for_keeps_all_of_it(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    def worse(paths: RunPaths, settings: RunConfig, step: int) -> Any:
        return rollback_module.NeedsRollbackError("ended_worse", "worse", step)

    root = trained(small(on_collapse="warn", anneal=0.0))
    monkeypatch.setattr(loop_module, "ended_worse", worse)
    trained(small(anneal=0.0, steps=100))
    assert not RunPaths(root).rollbacks.exists()
    assert checkpoint_steps(RunPaths(root).checkpoints)[0] == 130


def test_a_kill_between_the_last_step_and_the_decision_changes_nothing(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Callable[[Path, int], dict[str, np.ndarray]],
) -> None:
    def worse(paths: RunPaths, settings: RunConfig, step: int) -> Any:
        gone_back = rollback_module.read_rollbacks(paths)
        return None if gone_back else rollback_module.NeedsRollbackError("ended_worse", "worse", step)

    def killed(*_: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(rollback_module, "FEWEST_STEPS", 50)
    monkeypatch.setattr(loop_module, "ended_worse", worse)
    whole = trained(small("whole"))
    with monkeypatch.context() as patch:
        patch.setattr(loop_module, "decide_to_go_back", killed)
        with pytest.raises(KeyboardInterrupt):
            trained(small("killed"))
    again = trained(small("killed"))
    for root in (whole, again):
        (entry,) = read_json(RunPaths(root).rollbacks, default=[])
        assert (entry["condition"], entry["from_step"], entry["to_step"]) == ("ended_worse", 130, 40)
        assert (entry["generator_share"], entry["discriminator_share"]) == (0.5, 0.5)
    assert different(read_checkpoint(again, 130), read_checkpoint(whole, 130)) == []


def test_a_run_that_is_spoilt_late_again_and_again_ends_at_its_best(
    long: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = step_module.set_learning_rates

    def spoilt(state: Any, settings: Any, schedule: Schedule) -> Any:
        rates = original(state, settings, schedule)
        times = tf.where(state.step >= SPOILT_AT, 2e4, 1.0)
        share = tf.cast(schedule.lowest(state.step + 0)[0], tf.float32)
        state.generator_optimizer.learning_rate.assign(4e-4 * share * times)
        return rates

    monkeypatch.setattr(step_module, "set_learning_rates", spoilt)
    config = long(discriminator_norm="none")
    with pytest.raises(CollapseError, match="after 3 rollbacks"):
        train(config, hooks=[KeepBest(config)])
    run = Run.open(config.run.run_dir)
    assert run.step == 1000
    assert [record["step"] for record in read_records(RunPaths(run.path).distances)] == [500, 1000]


def test_the_run_goes_back_to_its_best_checkpoint_with_half_the_rates(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    going_wrong(monkeypatch, 100)
    root = trained(small())
    found = {"from_step": 100, "to_step": 40, "condition": "mode_collapse", "title": "mode collapse"}
    found |= {"generator_share": 0.5, "discriminator_share": 0.5, "done": True}
    (entry,) = json.loads(RunPaths(root).rollbacks.read_text())
    assert entry.pop("seen").startswith("The samples differ from each other")
    assert "--learning-rate" in entry.pop("advice")
    assert entry == found
    assert "mode collapse: went back from step 100 to step 40" in caplog.text
    records = read_records(RunPaths(root).stats)
    assert [record["step"] for record in records] == list(range(10, 131, 10))
    assert ["learning_rate" in record for record in records] == [False] * 4 + [True] * 9
    assert [record["learning_rate"] for record in records[4:]] == pytest.approx([5e-4] * 9)
    assert checkpoint_steps(RunPaths(root).checkpoints) == [130, 120, 90]


def test_two_replicas_go_back_and_resume(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    read_checkpoint: Callable[[Path, int], dict[str, np.ndarray]],
) -> None:
    going_wrong(monkeypatch, 100)
    whole = trained(small("whole", replicas=2))
    with pytest.raises(Interrupted):
        trained(small("stopped", replicas=2), At(110, ctrl_c))
    stopped = trained(small("stopped", replicas=2))
    for root in (whole, stopped):
        (entry,) = read_json(RunPaths(root).rollbacks, default=[])
        assert (entry["from_step"], entry["to_step"], entry["done"]) == (100, 40, True)
    assert different(read_checkpoint(stopped, 130), read_checkpoint(whole, 130)) == []
    rates = [record.get("learning_rate") for record in read_records(RunPaths(whole).stats)]
    assert rates == [None] * 4 + [pytest.approx(5e-4)] * 9


def test_without_a_best_checkpoint_it_is_one_from_before_the_condition_or_the_beginning(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, window, begun, step in (
        ("before", 45, 99, 30),
        ("beginning", 100, 100, 0),
        ("oldest", 100, 99, 30),
    ):
        going_wrong(monkeypatch, 100)
        monkeypatch.setattr(rollback_module, "LONG_WINDOW", window)
        monkeypatch.setattr(rollback_module, "FEWEST_STEPS", begun)
        root = train(small(name, keep_every=30))
        (entry,) = read_json(RunPaths(root).rollbacks, default=[])
        assert (entry["from_step"], entry["to_step"]) == (100, step)
        assert checkpoint_steps(RunPaths(root).checkpoints)[0] == 130


def test_a_run_in_its_first_steps_begins_again_although_it_has_a_best_checkpoint(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    monkeypatch.setattr(rollback_module, "FEWEST_STEPS", 100)
    (entry,) = read_json(RunPaths(trained(small())).rollbacks, default=[])
    assert entry["to_step"] == 0


def test_a_run_that_gives_up_in_its_first_steps_keeps_its_best(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100, always=True)
    monkeypatch.setattr(rollback_module, "FEWEST_STEPS", 1000)
    with pytest.raises(CollapseError, match="back at step 40"):
        trained(small())
    rollbacks = read_json(RunPaths(Path(small().run.run_dir)).rollbacks, default=[])
    assert [entry["to_step"] for entry in rollbacks] == [0, 0, 0, 40]


def test_a_run_that_gives_up_far_behind_its_last_checkpoints_can_draw(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100, always=True)
    config = small()
    with pytest.raises(CollapseError, match="back at step 20"):
        train(config, hooks=[best_at(Path(config.run.run_dir), 20)])
    paths = RunPaths(Path(config.run.run_dir))
    assert checkpoint_steps(paths.checkpoints) == [20]  # it had 30, 60 and 90
    assert Run.open(paths.root).step == 20


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
    assert checkpoint_steps(paths.checkpoints) == [40]
    assert checkpoint_steps(paths.best) == [40]
    assert Run.open(paths.root).step == 40
    with pytest.raises(CollapseError, match="after 3 rollbacks"):  # the same command ends at once
        trained(small())
    assert len(read_json(paths.rollbacks, default=[])) == 4
    assert read_records(paths.stats)[-1]["step"] == 40
    root = train(small(on_collapse="warn"))
    assert checkpoint_steps(RunPaths(root).checkpoints)[0] == 130


@pytest.mark.parametrize("name", ["equal_images", "noise", "discriminator_memorises"])
def test_a_run_that_lower_rates_do_not_help_ends_at_once(
    name: str, small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    (condition,) = [condition for condition in (*OF_DATA, *OF_NETWORKS) if condition.name == name]
    going_wrong(monkeypatch, 100, condition=condition)
    with pytest.raises(CollapseError, match=condition.title):
        trained(small())
    assert not RunPaths(Path(small().run.run_dir)).rollbacks.exists()


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
        ("vanishing_gradient", (1e-3, 5e-4)),
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


def poison_once() -> Callable[[Any], None]:
    """Return what makes a weight of D not a number, the first time."""
    times = iter([True])

    def poison(progress: Any) -> None:
        if next(times, False):
            kernel = progress.state.discriminator.trainable_variables[0]
            kernel.assign(kernel * float("nan"))

    return poison


def test_numbers_that_are_not_finite_are_reported(small: Callable[..., Config]) -> None:
    config = small(on_collapse="warn")
    with pytest.raises(CollapseError, match="the discriminator loss became nan at step 101"):
        trained(config, At(100, poison_once()))
    (found,) = read_records(RunPaths(Path(config.run.run_dir)).diagnosis)
    assert (found["condition"], found["step"]) == ("not_finite", 101)
    assert found["seen"] == "The discriminator loss became nan."


def test_training_goes_back_from_numbers_that_are_not_finite(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rollback_module, "FEWEST_STEPS", 50)
    paths = RunPaths(trained(small(), At(100, poison_once())))
    said = "step 101: not finite. The discriminator loss became nan. Try a --learning-rate of "
    assert [text[: len(said)] for text in caplog.messages if "not finite. " in text] == [said]
    (entry,) = read_json(paths.rollbacks, default=[])
    assert (entry["condition"], entry["from_step"], entry["to_step"]) == ("not_finite", 101, 40)
    assert checkpoint_steps(paths.checkpoints)[0] == 130


def test_tensorboard_has_a_text_on_the_rollback_after_the_steps_that_are_void(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[tuple[int, str]] = []
    monkeypatch.setattr(
        tf.summary, "text", lambda tag, text: texts.append((int(tf.summary.experimental.get_step()), text))
    )
    going_wrong(monkeypatch, 100)
    trained(small())
    assert [step for step, _ in texts] == [100, 41]
    assert texts[1][1] == "**mode collapse:** training went back from step 100 to 40."


def test_tensorboard_voids_the_distances_of_a_run_that_begins_again(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    monkeypatch.setattr(rollback_module, "FEWEST_STEPS", 1000)
    monkeypatch.setattr(keep_best, "MEASURED_EVERY", 30)
    config = small(image_size=(16, 16))
    paths = RunPaths(train(config, hooks=[KeepBest(config)]))
    (entry,) = read_json(paths.rollbacks, default=[])
    assert (entry["from_step"], entry["to_step"]) == (100, 0)
    written = []
    for file in sorted((paths.events / "evaluation").iterdir()):
        events = [*tf.compat.v1.train.summary_iterator(str(file))]
        void = [event.step for event in events if event.HasField("session_log")]
        written.append((void, [event.step for event in events if event.summary.value]))
    assert written == [([], [30, 60, 90]), ([30, 30], [30, 60, 90, 120, 130])]


def test_the_report_says_that_the_run_went_back(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    root = trained(small())
    page = write_report(root, out=root / "report.html").read_text()
    assert "mode collapse (back from step 100 to 40)" in page
    assert "Training went back to step 40" in page
    (entry,) = read_json(RunPaths(root).rollbacks, default=[])
    assert entry["seen"].startswith("The ")
    assert "--learning-rate" in entry["advice"]
    assert html.escape(entry["seen"]) in page
    assert html.escape(entry["advice"]) in page
    # Nothing is reported twice: what was found after step 40 is forgotten.
    assert page.count("<strong>mode collapse</strong>") == 1


def test_the_report_says_that_a_run_gave_up(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100, always=True)
    root = Path(small().run.run_dir)
    with pytest.raises(CollapseError, match="back at step 40"):
        trained(small())
    page = write_report(root, out=root / "report.html").read_text()
    assert page.count("Training went back to step 40, and has lower learning rates from there on.") == 3
    assert page.count("Training went back to step 40 and ended there") == 1


def test_the_report_says_that_a_run_is_still_to_go_back(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    root = Path(small().run.run_dir)
    with pytest.raises(Interrupted):  # it has decided to go back, and nothing more
        trained(small(), At(99, ctrl_c))
    page = write_report(root, out=root / "report.html").read_text()
    assert "Training goes back to step 40 when the run goes on." in page
    assert "Training went back" not in page
