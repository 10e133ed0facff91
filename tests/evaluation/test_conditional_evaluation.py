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
from dcgan_tf.evaluation.every_epoch import EveryEpoch, drawing
from dcgan_tf.evaluation.real import of_class
from dcgan_tf.images import save_png
from dcgan_tf.runs.load import Run
from dcgan_tf.runs.paths import RunPaths, read_records
from dcgan_tf.training.loop import train

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
        conditional=True, data=str(root / "data"), split="train", steps=11, run_dir=str(root / "run")
    )
    return train(config, hooks=[EveryEpoch(config)])


def test_each_class_is_drawn_as_often_as_it_was_trained_on(run_dir: Path) -> None:
    run, told = Run.open(run_dir), []

    class Recorded(Run):
        def generate(self, latents: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
            told.append(labels)
            return super().generate(latents, labels)

    drawn = drawing(Recorded(**vars(run)))(90, seed=3)
    np.testing.assert_array_equal(np.bincount(told[0]), [30, 60])
    assert 0 < np.sum(told[0][:45] == 0) < 30  # in random order
    np.testing.assert_array_equal(drawn, run.generate(run.latents(90, seed=3), told[0]))


def test_more_pictures_than_training_images_are_of_the_same_classes(run_dir: Path) -> None:
    assert len(drawing(Run.open(run_dir))(500, seed=0)) == 500


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


def test_images_of_a_class_are_chosen_by_its_name() -> None:
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
    labelled = ImageSet("five", images, np.array([1, 0, 1, 1, 0]), ("cat", "dog"))
    np.testing.assert_array_equal(of_class(labelled, "dog").images.ravel(), [0, 2, 3])
    with pytest.raises(ValueError, match=r"has no class 'cow': expected one of its classes \(cat, dog\)"):
        of_class(labelled, "cow")
