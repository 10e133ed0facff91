"""Evaluation while a run trains: when, what it writes, which checkpoint is kept; also after a resume."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import replace
from dcgan_tf.evaluation import every_epoch
from dcgan_tf.evaluation.every_epoch import EVERY_EPOCH, EveryEpoch
from dcgan_tf.images import save_png
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import append_record, read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_config) -> dict[str, Path]:
    """Return a run of two epochs and two steps, whole and continued. Nine steps are an epoch."""
    root = tmp_path_factory.mktemp("runs")
    whole, continued = (tiny_config(run_dir=str(root / name), steps=20) for name in ("whole", "continued"))
    train(whole, hooks=[EveryEpoch(whole)])
    train(replace(continued, steps=11), hooks=[EveryEpoch(continued)])
    train(continued, hooks=[EveryEpoch(continued)])
    return {"whole": root / "whole", "continued": root / "continued"}


def without_seconds(records: list[dict]) -> list[dict]:
    for record in records:
        record["protocol"] = {k: v for k, v in record["protocol"].items() if k not in ("seconds", "source")}
    return records


def test_each_epoch_and_the_last_step_has_a_record(runs):
    records = read_records(RunPaths(runs["whole"]).metrics)
    assert [record["step"] for record in records] == [9, 18, 20]
    for record in records:
        assert record["frechet_distance"]["value"] > record["frechet_distance"]["other_real_images"]
        assert {"guarded_precision", "recall"} <= record.keys()
        assert record["protocol"]["evaluated"] == EVERY_EPOCH
        assert record["protocol"]["own_images"] is True
        assert record["protocol"]["space"] == "digits classifier"
        assert record["protocol"]["generated_images"] == 1501  # as many as there are held-out digits


def test_a_continued_run_has_the_records_of_a_whole_one(runs):
    whole, continued = (
        without_seconds(read_records(RunPaths(runs[name]).metrics)) for name in ("whole", "continued")
    )
    assert [record["step"] for record in continued] == [9, 11, 18, 20]
    assert [record for record in continued if record["step"] != 11] == whole


def test_the_best_checkpoint_is_kept_and_opens(runs):
    records = read_records(RunPaths(runs["whole"]).metrics)
    best = min(records, key=lambda record: record["frechet_distance"]["value"])["step"]
    run = Run.open(runs["whole"], checkpoint="best")
    assert run.step == best
    assert CheckpointStore(RunPaths(runs["whole"]).best).steps() == [best]
    assert Run.open(runs["whole"]).step == 20


def test_tensorboard_shows_the_scores(runs):
    [file] = (RunPaths(runs["whole"]).events / "evaluation").iterdir()
    shown = {
        (event.step, value.tag)
        for event in tf.compat.v1.train.summary_iterator(str(file))
        for value in event.summary.value
    }
    assert {(9, "quality/frechet_distance"), (20, "quality/recall")} <= shown


class Planted:
    """An evaluator whose distances are given."""

    real = None

    def __init__(self, distances: dict[int, float]) -> None:
        self.distances = distances

    def evaluate(self, draw, *, step, evaluated, **about):
        score = SimpleNamespace(key="frechet_distance", value=self.distances[step])
        record = {
            "step": step,
            "frechet_distance": {"value": None if np.isnan(score.value) else score.value},
            "protocol": {"evaluated": evaluated},
        }
        return SimpleNamespace(rows=[SimpleNamespace(score=score)], record=lambda: record, summary="")


class PlantedState:
    generator_ema = discriminator = None

    def __init__(self, spoilt: tuple[str, ...] = ()) -> None:
        self.step, self.spoilt = tf.Variable(0), spoilt

    def checkpoint(self) -> tf.train.Checkpoint:
        return tf.train.Checkpoint(step=self.step)

    def non_finite(self) -> list[str]:
        return list(self.spoilt)


def at(
    step: int,
    *,
    state: PlantedState | None = None,
    stopping: bool = False,
    anneal_after: int | None = None,
) -> SimpleNamespace:
    return SimpleNamespace(
        step=step,
        steps_per_epoch=10,
        stopping=stopping,
        last=stopping,
        state=state or PlantedState(),
        anneal_after=anneal_after,
        calibrate=lambda: None,
    )


def after(hook: EveryEpoch, step: int, **about: object) -> None:
    hook.after_step(at(step, **about))


@pytest.fixture
def planted(monkeypatch, tmp_path, tiny_config):
    """Return a function from distances to a hook of a run in tmp_path."""

    def make(distances: dict[int, float]) -> EveryEpoch:
        monkeypatch.setattr(every_epoch.Evaluator, "briefly", lambda *args, **kwargs: Planted(distances))
        return EveryEpoch(tiny_config(run_dir=str(tmp_path)))

    return make


def best_of(root: Path) -> list[int]:
    return CheckpointStore(RunPaths(root).best).steps()


def test_only_a_lower_distance_replaces_the_best(planted, tmp_path):
    hook = planted({10: 5.0, 20: 3.0, 30: 4.0, 40: 3.0, 50: 2.0})
    kept = []
    for step in (10, 15, 20, 30, 40, 50):
        after(hook, step)
        kept += best_of(tmp_path)
    hook.close()
    assert kept == [10, 10, 20, 20, 20, 50]
    assert [record["step"] for record in read_records(RunPaths(tmp_path).metrics)] == [10, 20, 30, 40, 50]


def test_the_averaged_generator_is_calibrated_before_it_draws(planted):
    done = []

    class Noted(dict):
        def __getitem__(self, step):
            done.append("evaluated")
            return super().__getitem__(step)

    hook = planted(Noted({10: 5.0}))
    for step in (9, 10):
        progress = at(step)
        progress.calibrate = lambda: done.append("calibrated")
        hook.after_step(progress)
    hook.close()
    assert done == ["calibrated", "evaluated"]


def test_the_best_before_the_anneal_stays_for_a_longer_run(planted, tmp_path):
    hook = planted({10: 5.0, 20: 3.0, 30: 4.0, 40: 2.0, 50: 1.0})
    kept = []
    for step in (10, 20, 30, 40, 50):
        after(hook, step, anneal_after=35)
        kept.append(best_of(tmp_path))
    hook.close()
    assert kept == [[10], [20], [20], [40, 20], [50, 20]]


def test_tensorboard_voids_what_comes_again(planted, tmp_path):
    hook = planted({10: 5.0, 20: 3.0, 30: 4.0})
    for step in (10, 20, 30, 10, 20, 20, 30):  # back to the beginning, and to step 10 once more
        after(hook, step)
    hook.close()
    written = []
    for file in sorted((tmp_path / "events" / "evaluation").iterdir()):
        events = [*tf.compat.v1.train.summary_iterator(str(file))]
        void = {event.step for event in events if event.HasField("session_log")}
        written.append((void, [event.step for event in events if event.summary.value]))
    assert written == [(set(), [10, 20, 30]), ({10}, [10, 20]), ({20}, [20, 30])]


def test_after_a_resume_the_best_so_far_is_read_from_the_records(planted, tmp_path):
    first = planted({10: 3.0})
    after(first, 10)
    first.close()
    # What `evaluate` adds is of other images, and is not compared with.
    other = {"step": 10, "frechet_distance": {"value": 0.1}, "protocol": {}}
    append_record(RunPaths(tmp_path).metrics, other)
    hook = planted({20: 4.0, 30: 2.0})
    after(hook, 20)
    assert best_of(tmp_path) == [10]
    after(hook, 30)
    hook.close()
    assert best_of(tmp_path) == [30]


def test_distances_that_are_no_numbers_are_never_the_best(planted, tmp_path):
    hook = planted({10: np.nan})
    after(hook, 10)
    hook.close()
    assert best_of(tmp_path) == []


def test_a_spoilt_state_and_a_run_that_is_to_stop_are_not_evaluated(planted, tmp_path):
    hook = planted({})
    after(hook, 10, state=PlantedState(("kernel",)))
    after(hook, 10, stopping=True)
    hook.close()
    assert not RunPaths(tmp_path).metrics.exists()
    assert not list(tmp_path.iterdir())


def test_what_a_stop_prevented_is_made_up_for_once(planted, tmp_path):
    hook = planted({10: 5.0})
    after(hook, 10, stopping=True)
    assert not RunPaths(tmp_path).metrics.exists()
    for _ in range(2):
        hook.catch_up(at(10))
        assert [record["step"] for record in read_records(RunPaths(tmp_path).metrics)] == [10]
    hook.catch_up(at(15))
    hook.close()
    assert [record["step"] for record in read_records(RunPaths(tmp_path).metrics)] == [10]
    assert best_of(tmp_path) == [10]


def test_a_crash_between_the_best_checkpoint_and_its_record_leaves_one_of_each(
    planted, tmp_path, monkeypatch
):
    hook = planted({10: 5.0, 20: 4.0})
    after(hook, 10)
    with monkeypatch.context() as patch:
        patch.setattr(
            CheckpointStore, "prune", lambda *args, **kwargs: (_ for _ in ()).throw(KeyboardInterrupt)
        )
        with pytest.raises(KeyboardInterrupt):
            after(hook, 20)
    assert best_of(tmp_path) == [20, 10]
    hook.catch_up(at(20))
    hook.close()
    assert best_of(tmp_path) == [20]
    assert [record["step"] for record in read_records(RunPaths(tmp_path).metrics)] == [10, 20]


def test_damaged_records_are_no_evaluations(planted, tmp_path):
    hook = planted({10: 5.0, 20: 4.0})
    after(hook, 10)
    for damaged in (
        {"step": 10},
        {"step": 10, "protocol": 3},
        {"step": 10, "protocol": {"evaluated": EVERY_EPOCH}},
    ):
        append_record(RunPaths(tmp_path).metrics, damaged)
    after(hook, 20)
    hook.close()
    assert best_of(tmp_path) == [20]


def test_what_a_crash_lost_is_forgotten(tmp_path, tiny_config):
    """Evaluations of steps beyond the newest checkpoint."""
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=3)
    train(config)
    paths = RunPaths(tmp_path / "run")
    for step in (2, 9):
        append_record(paths.metrics, {"step": step, "protocol": {}})
    train(config)
    assert [json.loads(line)["step"] for line in paths.metrics.read_text().splitlines()] == [2]


def test_the_command_evaluates_and_keeps_the_best(tmp_path, tiny_options):
    options = tiny_options(run_dir=str(tmp_path / "run"), steps=9)
    done = CliRunner().invoke(main, ["train", *options, "--evaluate-every-epoch"])
    assert done.exit_code == 0, done.output
    (record,) = read_records(tmp_path / "run" / "metrics.jsonl")
    assert record["step"] == 9
    assert record["protocol"]["generator"] == "averaged weights (EMA)"
    assert Run.open(tmp_path / "run", checkpoint="best").step == 9


def test_too_few_images_are_refused_before_the_first_step(tmp_path, tiny_options):
    for i in range(60):
        save_png(tmp_path / "few" / f"{i}.png", np.full((16, 16, 1), i, np.uint8))
    options = tiny_options(data=str(tmp_path / "few"), split="train", run_dir=str(tmp_path / "run"))
    done = CliRunner().invoke(main, ["train", *options, "--evaluate-every-epoch"])
    assert done.exit_code == 1
    assert "at least 50 real images to compare with and as many others, received 30 and 30" in done.output
    assert not (tmp_path / "run").exists()
