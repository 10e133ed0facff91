"""The best checkpoint: when the distance is measured, which checkpoint stays, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.ndimage import gaussian_filter

from dcgan_tf.cli import main
from dcgan_tf.config import Config, replace
from dcgan_tf.data import load_data
from dcgan_tf.evaluation import KeepBest
from dcgan_tf.report.page import write_report
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> dict[str, Path]:
    """Return a run of 20 steps with a checkpoint every 8, whole and continued."""
    root = tmp_path_factory.mktemp("runs")
    whole, continued = (
        tiny_config(run_dir=str(root / name), steps=20, checkpoint_every=8) for name in ("whole", "continued")
    )
    train(whole, hooks=[KeepBest(whole)])
    train(replace(continued, steps=9), hooks=[KeepBest(continued)])
    train(continued, hooks=[KeepBest(continued)])
    return {"whole": root / "whole", "continued": root / "continued"}


def test_every_checkpoint_and_the_last_step_are_measured(runs: dict[str, Path]) -> None:
    records = read_records(RunPaths(runs["whole"]).distances)
    assert [record["step"] for record in records] == [8, 16, 20]
    best = min(records, key=lambda record: record["pyramid_distance"])["step"]
    assert CheckpointStore(RunPaths(runs["whole"]).best).steps() == [best]
    assert Run.open(runs["whole"], checkpoint="best").step == best


def test_a_continued_run_has_the_records_of_a_whole_one(runs: dict[str, Path]) -> None:
    whole, continued = (read_records(RunPaths(runs[name]).distances) for name in ("whole", "continued"))
    assert [record["step"] for record in continued] == [8, 9, 16, 20]
    distances = {record["step"]: record["pyramid_distance"] for record in continued}
    assert {record["step"]: record["pyramid_distance"] for record in whole} == {
        step: distances[step] for step in (8, 16, 20)
    }


def test_a_measurement_that_a_crash_prevented_is_made_up_for(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=12, checkpoint_every=8)

    class CrashAtEight:
        def after_step(self, progress: Any) -> None:
            if progress.step == 8:
                raise KeyboardInterrupt

        def close(self) -> None:
            pass

    with pytest.raises(KeyboardInterrupt):
        train(config, hooks=[CrashAtEight(), KeepBest(config)])
    paths = RunPaths(tmp_path / "run")
    assert checkpoint_steps(paths.checkpoints) == [8]
    assert not paths.distances.exists()
    train(config, hooks=[KeepBest(config)])
    assert [record["step"] for record in read_records(paths.distances)] == [8, 12]


def test_no_trick_becomes_the_best(
    tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), split="train", steps=5, checkpoint_every=1)
    real = np.asarray(load_data(config.data).images[:512])
    rng = np.random.default_rng(0)
    honest = np.clip(real + rng.normal(0, 12, real.shape), 0, 255).astype(np.uint8)
    drawn = {
        1: honest,
        2: rng.integers(0, 256, real.shape, dtype=np.uint8),
        3: np.repeat(real[:1], 512, axis=0),
        4: np.stack([gaussian_filter(image, (1, 1, 0)) for image in real]),
        5: np.full_like(real, 127),
    }
    monkeypatch.setattr(KeepBest, "_draw", lambda self, progress: drawn[progress.step])
    train(config, hooks=[KeepBest(config)])
    records = read_records(RunPaths(tmp_path / "run").distances)
    assert [record["best"] for record in records] == [True, False, False, False, False]
    assert checkpoint_steps(RunPaths(tmp_path / "run").best) == [1]


def test_images_with_a_single_scale_are_not_measured(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), image_size=(12, 12), steps=3)
    train(config, hooks=[KeepBest(config)])
    assert not RunPaths(tmp_path / "run").best.exists()


@pytest.fixture
def chosen(tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a run of 6 steps whose best checkpoint is that of step 3."""
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=6, checkpoint_every=3)
    real = np.asarray(load_data(config.data).images[:296])
    drawn = {3: real, 6: np.full_like(real, 127)}
    monkeypatch.setattr(KeepBest, "_draw", lambda self, progress: drawn[progress.step])
    train(config, hooks=[KeepBest(config)])
    return tmp_path / "run"


def invoke(*arguments: str | Path) -> str:
    result = CliRunner().invoke(main, [str(argument) for argument in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_samples_say_which_checkpoint_they_are_of(chosen: Path, tmp_path: Path) -> None:
    out = tmp_path / "samples.png"
    assert "64 images of step 6, the last -> " in invoke("sample", chosen, "--out", out)
    assert "64 images of step 3, the best -> " in invoke(
        "sample", chosen, "--checkpoint", "best", "--out", out
    )
    assert Run.open(chosen, checkpoint=6).standing == "last"


def test_an_export_and_its_card_say_it_too(chosen: Path, tmp_path: Path) -> None:
    out = tmp_path / "export"
    invoke("export", chosen, "--checkpoint", "best", "--formats", "saved_model", "--out", out)
    assert "| exported at | step 3 (the best) of the run" in (out / "MODEL_CARD.md").read_text()


def test_the_report_shows_the_distances_and_names_the_best(chosen: Path) -> None:
    page = write_report(chosen).read_text(encoding="utf-8")
    assert "Distance to training images" in page
    assert "nearest to the training images is that of step 3 (a distance of" in page
    assert f"dcgan-tf sample {chosen} --checkpoint best" in page


def test_evaluate_takes_the_best_alone(chosen: Path) -> None:
    shown = invoke("evaluate", chosen, "--checkpoint", "best", "--num-images", "100")
    assert "step 3" in shown
    assert "step 6" not in shown


def test_the_best_and_last_in_one_is_called_so(tmp_path: Path, tiny_config: Callable[..., Config]) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=2)
    root = train(config, hooks=[KeepBest(config)])
    assert Run.open(root).standing == "best and last"
    page = write_report(root).read_text(encoding="utf-8")
    assert "The last checkpoint is also the nearest to the training images." in page


def test_a_run_without_a_best_checkpoint_says_so(trained: Path) -> None:
    result = CliRunner().invoke(main, ["sample", str(trained), "--checkpoint", "best"])
    assert result.exit_code == 1
    assert "has kept no best checkpoint" in result.output


@pytest.mark.parametrize("value", ["first", "-1", "1.5", ""])
def test_a_checkpoint_is_a_step_or_best(value: str, trained: Path) -> None:
    result = CliRunner().invoke(main, ["sample", str(trained), "--checkpoint", value])
    assert result.exit_code == 2
    assert f"expected the step of a checkpoint, or best, received {value!r}" in result.output
