"""Conditional runs are evaluated with the classes of their training images, or one class at a time."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import Config
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.evaluation.evaluator import Evaluator, as_trained
from dcgan_tf.evaluation.every_epoch import EveryEpoch
from dcgan_tf.evaluation.real_images import RealImages, of_class
from dcgan_tf.evaluation.scores import LOWER, WHOLE, Score, Task
from dcgan_tf.images import save_png
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train
from quick import quick_judges

COUNTS = {"bright": 120, "dark": 240}


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Path:
    """Return a run on twice as many dark pictures as bright ones, evaluated after its epoch."""
    root = tmp_path_factory.mktemp("unequal")
    rng = np.random.default_rng(0)
    for name, count in COUNTS.items():
        low, high = {"bright": (180, 256), "dark": (0, 80)}[name]
        for i in range(count):
            save_png(root / "data" / name / f"{i}.png", rng.integers(low, high, (16, 16, 1), np.uint8))
    config = tiny_config(
        conditional=True,
        data=str(root / "data"),
        split="train",
        held_out_fraction=0.0,
        steps=11,
        run_dir=str(root / "run"),
    )
    with quick_judges():
        return train(config, hooks=[EveryEpoch(config)])


def test_each_class_is_drawn_as_often_as_it_comes_in_the_data(run_dir: Path) -> None:
    run = Run.open(run_dir)
    real = Evaluator.of(run.config.data, space="swd").real
    np.testing.assert_array_equal(np.bincount(real.labels), [60, 120])  # half of all, evenly spaced
    told = []

    def sample(num: int, *, seed: int, labels: np.ndarray) -> np.ndarray:
        told.append(labels)
        return run.sample(num, seed=seed, labels=labels)

    drawn = as_trained(sample, run.class_names, real)(90, seed=3)
    np.testing.assert_array_equal(np.bincount(told[0]), [30, 60])
    np.testing.assert_array_equal(drawn, run.generate(run.latents(90, seed=3), told[0]))
    assert len(as_trained(run.sample, run.class_names, real)(500, seed=0)) == 500  # more than there are
    as_trained(sample, run.class_names, real)(270, seed=3)
    np.testing.assert_array_equal(np.bincount(told[-1]), [90, 180])  # in the same shares
    assert as_trained(sample, (), real) is sample
    assert as_trained(sample, ("cat", "dog"), real) is sample  # other classes than those of the data


def test_every_fifth_image_is_of_any_class_though_they_come_in_turn() -> None:
    # Errors come from the fifths of the images; with ten classes in turn each fifth would hold two of them.
    levels, seen = np.arange(10) * 25, []

    def draw(num: int, *, seed: int) -> np.ndarray:
        return np.broadcast_to(np.uint8(levels[np.arange(num) % 10])[:, None, None, None], (num, 16, 16, 1))

    def look(task: Task) -> list[Score]:
        if task.with_errors:
            seen.extend(set(task.images.part(slice(i, None, 5)).images[:, 0, 0, 0]) for i in range(5))
        return [Score("level", "level", WHOLE, LOWER, 0.0, None)]

    real = RealImages("levels", draw(500, seed=1), draw(500, seed=2), "", "")
    Evaluator(real, None, 500, metrics=[look]).evaluate(draw)
    assert seen == [set(levels)] * 5


def test_the_hook_evaluates_a_conditional_run(run_dir: Path) -> None:
    records = read_records(RunPaths(run_dir).metrics)
    assert [record["step"] for record in records] == [11]
    assert (run_dir / "best").is_dir()


def test_one_class_is_held_against_its_own_images(run_dir: Path, tmp_path: Path) -> None:
    out = tmp_path / "dark.json"
    arguments = ["evaluate", str(run_dir), "--space", "swd", "--out", str(out)]
    done = CliRunner().invoke(main, [*arguments, "--label", "dark"])
    assert done.exit_code == 0, done.output
    protocol = json.loads(out.read_text())[0]["protocol"]
    assert protocol["class"] == "dark"
    assert "120 of 240 images" in protocol["reference"]  # no split is held out: half of the class
    done = CliRunner().invoke(main, [*arguments, "--label", "pink"])
    assert done.exit_code == 1
    assert "there is no class 'pink'" in done.output


def test_a_class_of_a_run_that_cannot_be_told_one_is_refused(trained: Path) -> None:
    done = CliRunner().invoke(main, ["evaluate", str(trained), "--label", "7"])
    assert done.exit_code == 1
    assert "needs a run trained with --conditional" in done.output


@pytest.mark.parametrize("label", ["dark", "1"])
def test_files_are_held_against_a_class_by_name_or_number(run_dir: Path, tmp_path: Path, label: str) -> None:
    pictures = np.random.default_rng(1).integers(0, 80, (60, 16, 16, 1), np.uint8)
    np.save(tmp_path / "dark.npy", pictures)
    arguments = [str(tmp_path / "dark.npy"), "--against", str(run_dir.parent / "data"), "--space", "swd"]
    done = CliRunner().invoke(
        main, ["evaluate", *arguments, "--label", label, "--out", str(tmp_path / "found.json")]
    )
    assert done.exit_code == 0, done.output
    assert json.loads((tmp_path / "found.json").read_text())[0]["protocol"]["class"] == "dark"


def test_labels_must_be_as_many_as_the_latents(run_dir: Path) -> None:
    run = Run.open(run_dir)
    with pytest.raises(ValueError, match="expected one label for each of 3 latents"):
        run.generate(run.latents(3), np.array([1]))


def test_images_of_a_class_are_chosen_by_its_name() -> None:
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
    labelled = ImageSet("five", images, np.array([1, 0, 1, 1, 0]), ("cat", "dog"))
    np.testing.assert_array_equal(of_class(labelled, "dog").images.ravel(), [0, 2, 3])
    with pytest.raises(ValueError, match=r"has no class 'cow': expected one of its classes \(cat, dog\)"):
        of_class(labelled, "cow")
