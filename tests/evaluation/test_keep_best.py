"""The best checkpoint: when the distance is measured, which checkpoint stays, and who says so."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.ndimage import gaussian_filter

from dcgan_tf.cli import main
from dcgan_tf.config import Config, replace
from dcgan_tf.data import ImageSet, load_data
from dcgan_tf.errors import ArgumentError
from dcgan_tf.evaluation import EveryEpoch, KeepBest, keep_best
from dcgan_tf.report.page import write_report
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train


@pytest.fixture(scope="module", autouse=True)
def often() -> Iterator[None]:
    """Measure at every checkpoint."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keep_best, "MEASURED_EVERY", 1)
        yield


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
        1: rng.integers(0, 256, real.shape, dtype=np.uint8),
        2: np.stack([gaussian_filter(image, (1, 1, 0)) for image in real]),
        3: honest,
        4: np.repeat(real[:1], 512, axis=0),
        5: np.full_like(real, 127),
    }
    monkeypatch.setattr(KeepBest, "_draw", lambda self, progress: drawn[progress.step])
    train(config, hooks=[KeepBest(config)])
    records = read_records(RunPaths(tmp_path / "run").distances)
    assert [record["step"] for record in records if record["best"]] == [1, 2, 3]
    assert checkpoint_steps(RunPaths(tmp_path / "run").best) == [3]


def test_a_best_checkpoint_that_was_chosen_by_another_measure_stays(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=9)
    train(config, hooks=[EveryEpoch(config)])
    paths = RunPaths(tmp_path / "run")
    assert checkpoint_steps(paths.best) == [9]
    for steps in (9, 12):  # the finished run again, and a longer one
        train(replace(config, steps=steps), hooks=[KeepBest(config)])
    assert checkpoint_steps(paths.best) == [9]
    assert not paths.distances.exists()


def test_damaged_records_of_distances_count_for_nothing(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=2, checkpoint_every=1)
    train(config, hooks=[KeepBest(config)])
    paths = RunPaths(tmp_path / "run")
    damaged = [{"step": 1, "pyramid_distance": value} for value in ("low", None, [0.1])]
    nan = '{"step": 1, "pyramid_distance": NaN}\n'
    with paths.distances.open("a") as file:
        file.write("".join(json.dumps(record) + "\n" for record in damaged) + nan)
    longer = replace(config, steps=4)
    train(longer, hooks=[KeepBest(longer)])
    assert [record["step"] for record in read_records(paths.distances)][-2:] == [3, 4]
    assert checkpoint_steps(paths.best)


def test_a_conditional_run_draws_each_class_as_often_as_it_is_there(
    tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=1, conditional=True, split="train")
    given: list[np.ndarray] = []
    original = keep_best.with_labels

    def with_labels(latents: np.ndarray, labels: np.ndarray, num_classes: int) -> Any:
        given.append(np.asarray(labels))
        return original(latents, labels, num_classes)

    monkeypatch.setattr(keep_best, "with_labels", with_labels)
    train(config, hooks=[KeepBest(config)])
    shares = np.bincount(np.asarray(load_data(config.data).labels)) / len(load_data(config.data))
    np.testing.assert_allclose(np.bincount(given[0]) / 512, shares, atol=0.005)


def test_what_is_measured_are_the_samples_of_the_run(
    tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=80, checkpoint_every=40)
    monkeypatch.setattr(keep_best, "MEASURED_EVERY", 40)
    hook, drawn = KeepBest(config), []
    original = keep_best.KeepBest._draw

    def draw(self: KeepBest, progress: Any) -> np.ndarray:
        drawn.append(original(self, progress))
        return drawn[-1]

    monkeypatch.setattr(keep_best.KeepBest, "_draw", draw)
    root = train(config, hooks=[hook])
    assert len(drawn) == 2
    for number, images in enumerate(drawn, 1):
        sampled = Run.open(root, checkpoint=40 * number).sample(len(images))
        # A compiled generator may round otherwise.
        np.testing.assert_allclose(images.astype(int), sampled.astype(int), atol=1)
    assert np.abs(drawn[1].astype(int) - drawn[0]).max() > 1


def test_few_images_are_not_measured(
    tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_best, "FEWEST_IMAGES", 297)  # the digits of the split test are 296
    config = tiny_config(run_dir=str(tmp_path / "run"), steps=1)
    train(config, hooks=[KeepBest(config)])
    assert not RunPaths(tmp_path / "run").best.exists()


def test_large_images_are_measured_by_fewer_samples(tiny_config: Callable[..., Config]) -> None:
    sizes = {}
    for side in (16, 128, 256):
        hook = KeepBest(tiny_config())
        hook._images = ImageSet("any", np.zeros((200, side, side, 1), np.uint8))
        sizes[side] = hook._distance.num_samples
    assert sizes == {16: 512, 128: 128, 256: 128}


@pytest.mark.parametrize(("period", "every"), [(500, 500), (200, 600), (1000, 1000), (1, 500)])
def test_it_is_not_measured_more_often_than_every_500_steps(
    period: int, every: int, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keep_best, "MEASURED_EVERY", 500)
    assert KeepBest(tiny_config(checkpoint_every=period))._every == every


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
    images = np.asarray(load_data(config.data).images)
    real = np.concatenate([images, images])[:512]
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
    drawn = page[page.index("Distance to training images") :]
    thin, thick = (
        re.search(rf'<path class="{kind} line0" d="([^"]+)"', drawn)[1] for kind in ("thin", "thick")
    )
    assert thin == thick  # a running mean of a few distances would lag behind them
    assert "nearest to the training images is that of step 3, with a distance of" in page
    assert f"dcgan-tf sample {chosen} --checkpoint best" in page


def test_evaluate_takes_the_best_alone(chosen: Path) -> None:
    shown = invoke("evaluate", chosen, "--checkpoint", "best", "--num-images", "100")
    assert "best, step 3" in shown
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


@pytest.mark.parametrize("value", ["bets", "3", 1.5])
def test_python_takes_a_step_or_best(value: Any, chosen: Path) -> None:
    with pytest.raises(ArgumentError, match="checkpoint must be a step"):
        Run.open(chosen, checkpoint=value)
    assert Run.open(chosen, checkpoint=np.int64(6)).step == 6


@pytest.mark.parametrize("value", ["first", "-1", "1.5", ""])
def test_a_checkpoint_is_a_step_or_best(value: str, trained: Path) -> None:
    result = CliRunner().invoke(main, ["sample", str(trained), "--checkpoint", value])
    assert result.exit_code == 2
    assert f"expected best or a step, received {value!r}: " in result.output
