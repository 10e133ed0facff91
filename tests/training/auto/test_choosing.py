"""`--preset auto` from a folder to a run: what is found, chosen, said, recorded, and taken again."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from PIL import Image

from dcgan_tf import cli
from dcgan_tf.config import Speed, from_json
from dcgan_tf.training.auto import measuring

TINY = "--filters 2 --latent-dim 4 --batch-size 16 --sample-every 0 --histogram-every 0 --precision float32"


@pytest.fixture(autouse=True)
def _short_measurement(monkeypatch):
    monkeypatch.setattr(measuring, "MEASURED_SECONDS", 0.05)


@pytest.fixture
def known_speed(monkeypatch):
    """Put a known speed in the measurement's place; return how often it was asked for."""
    asked = []

    def stand_in(config, seconds=None):
        asked.append(config)
        return Speed(seconds_before=0.0, seconds_per_step=0.3)

    monkeypatch.setattr(measuring, "measure_speed", stand_in)
    return asked


def write_pictures(
    folder: Path, number: int, *, size: tuple[int, int] = (20, 16), grey: bool = False
) -> None:
    """Write noise as colour files of (width, height) pixels; without colours, if it is grey."""
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0).integers(0, 256, (number, size[1], size[0], 1 if grey else 3), np.uint8)
    for i, pixels in enumerate(np.broadcast_to(noise, (*noise.shape[:3], 3))):
        Image.fromarray(pixels).save(folder / f"{i:03d}.png")


def auto(folder: Path, *words: str, tiny: str = TINY) -> Result:
    run_dir = folder.parent / "run"
    return CliRunner().invoke(
        cli.main,
        [
            "train",
            "--preset",
            "auto",
            "--data",
            str(folder),
            "--run-dir",
            str(run_dir),
            *tiny.split(),
            *words,
        ],
    )


def config_of(folder: Path):
    return from_json((folder.parent / "run" / "config.json").read_text())


def test_one_command_trains_on_a_folder_and_says_what_it_chose(tmp_path):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    result = auto(folder, "--steps", "3")
    assert result.exit_code == 0, result.output
    config = config_of(folder)
    assert config.data.image_size == (16, 20)
    assert config.data.flip
    assert config.training.steps == 3
    assert config.training.loss == "relativistic"
    said = result.stderr
    assert "auto: 40 images of pictures to train on, in colour, 16x20 pixels" in said
    assert re.search(r"image_size 16x20, channels 3 +the size nearest to their own", said)
    assert re.search(r"batch_size 16 +as you asked", said)
    assert re.search(r"about .* seconds: 3 steps of 16 images", said)
    assert "variations of them, not new ones" in said
    assert "\nwhether it memorises cannot be told: " in result.stdout  # noise after three steps
    finding = json.loads((tmp_path / "run" / "analysis" / "neighbours" / "result.json").read_text())
    assert finding["protocol"]["control"] == "training images to each other"
    assert "memorises" not in auto(folder, "--steps", "3").stdout  # it is said once


def test_minutes_become_steps_once_and_a_larger_budget_extends(tmp_path, known_speed):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40, grey=True)
    assert auto(folder, "--minutes", "0.02").exit_code == 0  # 1.2 s / 0.3 s
    first = config_of(folder)
    assert (first.training.steps, first.data.channels, first.data.flip) == (4, 1, False)
    again = auto(folder, "--minutes", "0.02")
    assert again.exit_code == 0
    assert config_of(folder) == first
    assert auto(folder, "--minutes", "0.03").exit_code == 0
    assert config_of(folder).training.steps == 6
    assert auto(folder).exit_code == 0  # without a budget, the run's own
    assert config_of(folder).training.steps == 6
    assert len(known_speed) == 1
    assert json.loads((tmp_path / "run" / "choice.json").read_text())["budget"] == {
        "minutes": 0.03,
        "images": None,
    }


# Too few steps, for every preset


@pytest.mark.parametrize(
    ("length", "asked"),
    [
        (["--epochs", "2"], "2 epochs of 40 images are only 4 steps"),
        (["--steps", "4"], None),
    ],
)
def test_epochs_that_make_too_few_steps_are_questioned(tmp_path, caplog, length, asked):
    folder = tmp_path / "pictures"
    write_pictures(folder, 40)
    words = ["train", "--data", str(folder), "--run-dir", str(tmp_path / "run"), "--image-size", "16"]
    with caplog.at_level(logging.WARNING, logger="dcgan_tf"):
        assert CliRunner().invoke(cli.main, [*words, *TINY.split(), *length]).exit_code == 0
    said = [record.getMessage() for record in caplog.records if "steps" in record.getMessage()]
    assert len(said) == (1 if asked else 0)
    if asked:  # 2 steps an epoch; 1,000 / 2
        assert said[0].startswith(asked)
        assert "the same command with --epochs 500 makes enough" in said[0]
