"""A whole run below odd names: trained, read, moved, gone on with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import Config, replace
from dcgan_tf.images import save_png
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_json
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train

NAME = os.fsdecode(b"caf\xe9 [1]*?")


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Config:
    """Return the settings of a run of two steps; its path is no UTF-8, and neither is that of its images."""
    root = tmp_path_factory.mktemp("odd") / "a[b]\\c" / NAME
    for number in range(8):
        save_png(root / "images" / NAME / f"{number}.png", np.full((8, 8, 1), 30 * number, np.uint8))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        small = {"batch_size": 4, "image_size": (8, 8), "split": "train", "sample_every": 2, "log_every": 1}
        made = tiny_config(data=f"images/{NAME}", steps=2, **small)
        run = train(made)
        return replace(made, run_dir=str(run.absolute()), data=str(root / "images" / NAME))


def test_it_is_read_by_its_whole_path(config: Config) -> None:
    run = Run.open(config.run.run_dir)
    assert run.step == 2
    assert run.path.name == "caf-1--dcgan"
    assert read_json(RunPaths(run.path).data, default={})["name"].startswith("caf")
    assert read_config(run.path).data.spec == f"images/{NAME}"


def test_its_images_may_move_and_it_goes_on(config: Config, tmp_path: Path) -> None:
    moved = tmp_path / "cats"
    Path(config.data.spec).rename(moved)
    try:
        assert Run.open(config.run.run_dir, data=str(moved)).step == 2
        run = train(replace(config, data=str(moved), steps=3))
    finally:
        moved.rename(config.data.spec)
    assert Run.open(run).step == 3
    assert read_config(run).data.spec == str(moved)


def test_an_analysis_can_be_told_where_the_images_are(config: Config, tmp_path: Path) -> None:
    moved, run = tmp_path / "cats", config.run.run_dir
    Path(config.data.spec).rename(moved)
    try:
        lost = CliRunner().invoke(main, ["filters", run, "-n", "8", "--out", str(tmp_path / "out")])
        told = CliRunner().invoke(
            main, ["filters", run, "-n", "8", "--out", str(tmp_path / "out"), "--data", str(moved)]
        )
    finally:
        moved.rename(config.data.spec)
    assert lost.exit_code == 1
    assert "If the images were moved, name their new place with --data" in lost.output
    assert told.exit_code == 0, told.output
    for number in range(8):
        save_png(tmp_path / "dogs" / f"{number}.png", np.full((8, 8, 1), 31 * number, np.uint8))
    other = CliRunner().invoke(main, ["filters", run, "-n", "8", "--data", str(tmp_path / "dogs")])
    assert other.exit_code == 1
    assert "was trained on other images" in other.output
