"""Runs that are made to fail are reported by name; a healthy one is not."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from dcgan_tf.config import Config
from dcgan_tf.data import load_data
from dcgan_tf.errors import CollapseError
from dcgan_tf.evaluation.keep_best import KeepBest
from dcgan_tf.images import save_png
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import append_record, read_records
from dcgan_tf.training.diagnosis.watch import Watch
from dcgan_tf.training.loop import train
from dcgan_tf.training.monitoring.statistics import Statistics
from dcgan_tf.training.schedule import Schedule
from dcgan_tf.training.steps import step as step_module
from dcgan_tf.training.steps.several import StepResults

SMALL = {
    "split": "train",
    "filters": 8,
    "latent_dim": 16,
    "flip": False,
    "steps": 500,
    "log_every": 25,
    "learning_rate": 4e-4,
    "label_smoothing": 0.1,
}
D_WINS = {"discriminator_learning_rate": 2e-2}
"""Fifty times the other rate: the alarm comes at step 400, with every seed that was tried."""
NEAR = 0.7
"""The pyramid distance after 500 steps: 0.16 to 0.56 where nothing is wrong, and 1.0 or more where only the
alarm is silenced, as by --diffaugment 1 for an augmentation of the samples alone."""


def reported(root: Path) -> list[str]:
    return [record["condition"] for record in read_records(RunPaths(root).diagnosis)]


def advice_of(root: Path) -> str:
    return str(read_records(RunPaths(root).diagnosis)[0]["advice"])


def assert_learns(root: Path) -> None:
    """Check that nothing is reported of a run, and that its samples are varied and near to real images."""
    assert reported(root) == []
    *_, last = (record for record in read_records(RunPaths(root).stats) if "sample_diversity" in record)
    assert last["sample_diversity"] > 0.35
    *_, measured = read_records(RunPaths(root).distances)
    assert measured["pyramid_distance"] < NEAR


def watched(config: Config) -> Path:
    """Train a run whose distance to real images is measured at its end."""
    return train(config, hooks=[KeepBest(config)])


@pytest.fixture
def small(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a run that draws digits after 300 steps, with changes."""
    return lambda **changes: tiny_config(**{**SMALL, "run_dir": str(tmp_path / "run"), **changes})


@contextmanager
def replaced_loss(monkeypatch: pytest.MonkeyPatch, change: Callable[[Any], Any]) -> Iterator[None]:
    """Let the objective of a step be another than that of the settings."""
    original = step_module.objective_of
    with monkeypatch.context() as patch:
        patch.setattr(step_module, "objective_of", lambda settings: change(original(settings)))
        yield


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"conditional": True},
        {"loss": "hinge", "discriminator_norm": "spectral", "label_smoothing": 0.0},
        {"loss": "relativistic", "discriminator_norm": "none", "r1_gamma": 0.5, "label_smoothing": 0.0},
    ],
)
def test_a_healthy_run_raises_no_alarm(changes: dict[str, Any], small: Callable[..., Config]) -> None:
    root = train(small(**changes))
    assert reported(root) == []
    assert not RunPaths(root).diagnosis.exists()
    looks = [record for record in read_records(RunPaths(root).stats) if "sample_diversity" in record]
    assert [record["step"] for record in looks] == list(range(50, 501, 50))
    # The samples have become different from each other, which is what the other tests miss in theirs.
    assert looks[-1]["sample_diversity"] > 0.5


@pytest.mark.parametrize(
    ("changes", "name", "advice", "followed"),
    [
        (
            D_WINS,
            "discriminator_wins",
            "Try no --discriminator-learning-rate",
            {},
        ),
        (
            {"learning_rate": 1e-7, "discriminator_learning_rate": 4e-4},
            "discriminator_wins",
            "Try a --learning-rate of 2e-4 for both networks",
            {"learning_rate": 2e-4},
        ),
        (
            {"discriminator_learning_rate": 1e-7},
            "generator_wins",
            "Try no --discriminator-learning-rate",
            {},
        ),
        (
            {"loss": "minimax", "label_smoothing": 0.0, "discriminator_learning_rate": 1e-3},
            "vanishing_gradient",
            "Try --loss non_saturating",
            {"loss": "non_saturating", "label_smoothing": 0.0, "discriminator_learning_rate": 1e-3},
        ),
        (
            {"architecture": "gan", "hidden_units": 64, "learning_rate": 2e-4, "steps": 700},
            "mode_collapse",
            "Try --architecture dcgan",
            {"learning_rate": 2e-4},
        ),
    ],
)
def test_wrong_settings_are_named_and_the_advice_mends_the_run(
    changes: dict[str, Any],
    name: str,
    advice: str,
    followed: dict[str, Any],
    small: Callable[..., Config],
    tmp_path: Path,
) -> None:
    wrong = train(small(**changes))
    assert reported(wrong)[:1] == [name]
    assert advice in advice_of(wrong)
    assert_learns(watched(small(**followed, run_dir=str(tmp_path / "mended"))))


def test_a_rate_at_which_it_oscillates_is_named_and_the_advice_mends_the_run(
    small: Callable[..., Config], tmp_path: Path
) -> None:
    """Such runs are chaotic: rounding decides which of them collapse before they are named."""
    found = []
    for seed in range(5):
        wrong = train(small(learning_rate=0.1, seed=seed, run_dir=str(tmp_path / f"{seed}")))
        found.append({r["condition"]: r["advice"] for r in read_records(RunPaths(wrong).diagnosis)})
    assert all(found)
    advice = [conditions["oscillation"] for conditions in found if "oscillation" in conditions]
    assert advice
    assert "Try a --learning-rate of 0.01" in advice[0]
    assert_learns(watched(small(learning_rate=0.01, run_dir=str(tmp_path / "mended"))))


def test_few_pictures_are_learnt_by_heart_and_augmentation_prevents_it(
    small: Callable[..., Config], tmp_path: Path
) -> None:
    digits = load_data(small().data)
    for split, images in (("train", digits.images[:40]), ("test", digits.images[100:200])):
        (tmp_path / "few" / split).mkdir(parents=True)
        for number, image in enumerate(images):
            save_png(tmp_path / "few" / split / f"{number:03}.png", image)
    few = {"data": str(tmp_path / "few"), "filters": 16, "learning_rate": 1e-3}
    wrong = train(small(**few))
    assert reported(wrong)[:1] == ["discriminator_memorises"]
    assert "--diffaugment 1" in advice_of(wrong)
    mended = train(small(**few, diffaugment=1.0, run_dir=str(tmp_path / "mended")))
    assert reported(mended) == []


def test_a_generator_that_stands_still_loses(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    original = step_module.update_generator

    def frozen(replica: Any, *arguments: Any) -> Any:
        replica.state.generator_optimizer.learning_rate.assign(0.0)
        return original(replica, *arguments)

    monkeypatch.setattr(step_module, "update_generator", frozen)
    assert reported(train(small())) == ["discriminator_wins"]


def test_swapped_labels_of_real_and_fake_are_named_and_the_right_ones_mend_the_run(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def swapped(objective: Any) -> Any:
        loss = objective.loss
        swapped_loss = dataclasses.replace(
            loss, discriminator=lambda real, fake: loss.discriminator(fake, real)
        )
        return dataclasses.replace(objective, loss=swapped_loss)

    with replaced_loss(monkeypatch, swapped):
        wrong = train(small())
    assert reported(wrong) == ["labels_swapped"]
    assert "takes training images for real and samples for fake" in advice_of(wrong)
    assert_learns(watched(small(run_dir=str(tmp_path / "mended"))))


def test_an_augmentation_of_the_samples_alone_lets_the_discriminator_win(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    original, of_both_kinds = step_module.Replica.logits, False

    def logits(self: Any, images: tf.Tensor, *, draw: int) -> tf.Tensor:
        moved = tf.roll(images, 5, axis=2)[:, :, ::-1] * 0.5
        return original(self, moved if of_both_kinds or draw not in (0, 3) else images, draw=draw)

    monkeypatch.setattr(step_module.Replica, "logits", logits)
    wrong = train(small())
    assert reported(wrong)[:1] == ["discriminator_wins"]
    assert "the same augmentations of training images and of samples" in advice_of(wrong)
    of_both_kinds = True
    assert_learns(watched(small(run_dir=str(tmp_path / "mended"))))


@pytest.mark.parametrize(("name", "count"), [("equal_images", 40), ("noise", 400)])
def test_data_without_pictures_are_named(
    name: str, count: int, small: Callable[..., Config], tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    rng = np.random.default_rng(0)
    one = rng.integers(0, 256, (16, 16), dtype=np.uint8)
    for number in range(count):
        pixels = one if name == "equal_images" else rng.integers(0, 256, (16, 16), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "data" / f"{number:03}.png")
    root = train(small(data=str(tmp_path / "data"), steps=200))
    assert reported(root) == [name]
    assert "Try --data with other pictures" in advice_of(root)
    assert_learns(watched(small(run_dir=str(tmp_path / "mended"))))


def test_a_report_is_made_once_in_the_log_in_tensorboard_and_in_the_file(
    small: Callable[..., Config], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    texts: list[tuple[str, str]] = []
    monkeypatch.setattr(tf.summary, "text", lambda tag, text: texts.append((tag, text)))
    config = small(**D_WINS, steps=450, checkpoint_every=50)
    with caplog.at_level(logging.WARNING, "dcgan_tf"):
        root = train(config)
        train(small(**D_WINS, steps=500, checkpoint_every=50))
    (found,) = read_records(RunPaths(root).diagnosis)
    assert found["step"] == 400
    said = [text for text in caplog.messages if "D wins" in text]
    assert said == [f"step 400: D wins. {found['seen']} {found['advice']}"]
    assert texts == [("diagnosis", f"**D wins:** {found['seen']} {found['advice']}")]


def test_a_run_stops_if_it_is_to_and_goes_on_if_it_is_not(small: Callable[..., Config]) -> None:
    changes = {**D_WINS, "steps": 500, "checkpoint_every": 150}
    config = small(on_collapse="stop", **changes)
    for _ in range(2):  # the same command again stops again
        with pytest.raises(CollapseError, match=r"stopped at step 400, .*: D wins"):
            train(config)
    root = RunPaths(Path(config.run.run_dir))
    assert checkpoint_steps(root.checkpoints) == [300, 150]
    assert reported(root.root) == ["discriminator_wins"]
    train(small(**changes))
    assert checkpoint_steps(root.checkpoints)[0] == 500


def test_a_report_that_a_crash_lost_is_made_again(
    small: Callable[..., Config], caplog: pytest.LogCaptureFixture
) -> None:
    config = small(**D_WINS, steps=450, checkpoint_every=300)

    class Crash:
        def after_step(self, progress: Any) -> None:
            if progress.step == 425:
                raise KeyboardInterrupt

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        train(config, hooks=[Crash()])
    assert [record["step"] for record in read_records(RunPaths(Path(config.run.run_dir)).diagnosis)] == [400]
    caplog.clear()
    with caplog.at_level(logging.WARNING, "dcgan_tf"):
        root = train(config)
    assert len([text for text in caplog.messages if text.startswith("step 400: D wins.")]) == 1
    assert [record["step"] for record in read_records(RunPaths(root).diagnosis)] == [400]


def test_a_run_that_resumes_has_the_looks_of_a_whole_one(
    small: Callable[..., Config], tmp_path: Path
) -> None:
    looks = []
    for name, lengths in (("whole", [150]), ("resumed", [100, 150])):
        for steps in lengths:
            root = train(small(steps=steps, run_dir=str(tmp_path / name)))
        records = read_records(RunPaths(root).stats)
        looks.append([{k: v for k, v in r.items() if "second" not in k} for r in records if r["step"] == 150])
    assert "sample_change" in looks[0][0]
    assert looks[0] == looks[1]


def test_two_replicas_look_alike(small: Callable[..., Config], tmp_path: Path) -> None:
    found = []
    for replicas in (1, 2):
        config = small(steps=50, replicas=replicas, run_dir=str(tmp_path / str(replicas)))
        (look,) = [
            record for record in read_records(RunPaths(train(config)).stats) if "memorisation" in record
        ]
        found.append({name: look[name] for name in ("sample_diversity", "sample_contrast", "memorisation")})
    assert found[1] == pytest.approx(found[0], rel=1e-2)


@pytest.mark.parametrize("to_steps", [[200], [200, 600], [600, 200]], ids=str)
def test_a_run_is_judged_from_the_step_that_it_went_back_to_last(to_steps: list[int], tmp_path: Path) -> None:
    paths, last = RunPaths(tmp_path), to_steps[-1]
    for step in range(50, last + 201, 50):
        append_record(paths.stats, {"step": step, "sample_diversity": float(step), "sample_contrast": 1.0})
    schedule = Schedule(2000, lowered=tuple((step, 0.5, 0.5) for step in to_steps))
    plan = SimpleNamespace(config=Config(), paths=paths, schedule=schedule)
    start: Any = SimpleNamespace(plan=plan, finished_steps=last + 200)
    no_statistics: Any = None
    course = Watch(start, no_statistics, no_statistics)._course
    assert [*course.values("sample_diversity", 200)] == [last + 50, last + 100, last + 150, last + 200]
    assert len(course.values("sample_diversity", 400)) == 0


def test_noted_numbers_stand_in_the_next_record_alone() -> None:
    statistics = Statistics(images_per_step=1, steps_per_epoch=1)
    results = StepResults({"discriminator_loss": [1.0], "generator_loss": [1.0]}, [0.0])
    statistics.note({"sample_diversity": 0.6})
    statistics.note({"sample_diversity": 0.8})
    statistics.add(1, results, seconds=1.0)
    assert statistics.record()["sample_diversity"] == pytest.approx(0.7)
    statistics.add(2, results, seconds=1.0)
    assert "sample_diversity" not in statistics.record()
