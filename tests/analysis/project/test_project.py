"""The command: its files, its numbers, its doubts, and what it refuses."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf import analysis
from dcgan_tf.analysis.project import numbers, projector
from dcgan_tf.analysis.project.numbers import HELD_OUT, NOISE, OWN, TRAINING, Searched
from dcgan_tf.analysis.project.projector import Projections
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.cli import main
from dcgan_tf.data import load_data
from dcgan_tf.errors import RunError
from dcgan_tf.images import evenly_spaced, save_png
from dcgan_tf.runs.run import Run


@pytest.fixture(autouse=True)
def _quickly(quick_judges, monkeypatch):
    monkeypatch.setattr(projector, "STEPS", 20)
    monkeypatch.setattr(projector, "POOL", 64)


@pytest.fixture
def photos(trained, tmp_path):
    """Return the files of two samples."""
    images = Run.open(trained).sample(2, seed=3)
    for name, image in zip(("a.png", "b.png"), images, strict=True):
        save_png(tmp_path / name, image)
    return [tmp_path / "a.png", tmp_path / "b.png"]


def test_latents_and_distances_are_written(trained, photos, tmp_path):
    out = tmp_path / "out"
    command = ["project", str(trained), *map(str, photos), "-n", "5", "--out", str(out)]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 0, done.output
    result = json.loads((out / "result.json").read_text())
    assert result["files"] == ["figure.png", "distances.csv", "latents.npy"]
    run = Run.open(trained)
    latents = np.load(out / "latents.npy")
    assert (latents.shape, latents.dtype) == ((2, run.config.model.latent_dim), np.float32)
    drawn, asked = run.generate(latents).astype(np.float32), run.sample(2, seed=3)
    levels = np.sqrt(((drawn - asked) ** 2).mean(axis=(1, 2, 3)))
    with (out / "distances.csv").open() as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["kind", "image", "levels"]
    assert [line[:2] for line in lines[1:3]] == [["photograph", str(photo)] for photo in photos]
    np.testing.assert_allclose([float(line[2]) for line in lines[1:3]], levels, atol=0.01)
    assert [line[0] for line in lines[3:]] == [TRAINING] * 5
    known = load_data(run.config.data).images
    assert [int(line[1]) for line in lines[3:]] == evenly_spaced(len(known), 5).tolist()
    assert f"a.png  {levels[0]:>5.1f} levels away" in done.output
    assert len(result["details"]["photographs"]) == 2


def test_without_photographs_the_run_is_shown(trained, tmp_path):
    finding = analysis.project(Run.open(trained), num_images=3)
    assert sorted(finding.files) == ["distances.csv"]
    share, distance = finding.measures
    assert share.value == 1.0  # the run has just begun, and all of its samples are alike
    assert share.controls[NOISE] == 0.0
    assert set(share.controls) == {"own samples, without the search", TRAINING, HELD_OUT, NOISE}
    assert share.controls["own samples, without the search"] == 1.0
    assert [text for text in finding.warnings if "found without a search" in text]
    assert [text for text in finding.warnings if "no nearer to what the run draws than noise is" in text]
    assert distance.controls[OWN] < 8 < distance.value
    assert set(distance.controls) == {OWN, TRAINING, NOISE}
    assert finding.protocol["controls"][TRAINING] == 3
    assert finding.table == ""


def searched(*levels: float, before: float = 30.0) -> Searched:
    images = np.zeros((len(levels), 4, 4, 1), np.uint8)
    latents = np.zeros((len(levels), 2), np.float32)
    found = np.asarray(levels, np.float32)
    return Searched(images, Projections(latents, images, found, np.full_like(found, before), latents[:, 0]))


def test_a_weak_search_is_doubted():
    found = {OWN: searched(3, 4, 9, 5), TRAINING: searched(10, 20), NOISE: searched(70)}
    (search, held_out) = numbers.warnings(found, None)
    assert "only 75% of the run's own samples are found again" in search
    assert "no held-out images" in held_out
    found |= {OWN: searched(*[3] * 19, 9), HELD_OUT: searched(12)}
    assert numbers.warnings(found, searched(19)) == ()
    (far,) = numbers.warnings(found, searched(21, 19.9, 40))
    assert "farther away than 95 % of the training images" in far


def test_numbers_by_hand():
    found = {
        OWN: searched(8, 8.1),
        TRAINING: searched(30, 10, 20),
        HELD_OUT: searched(12, 14),
        NOISE: searched(70),
    }
    asked = searched(15, 25)
    share, distance, photographs = numbers.measures(found, asked)
    controls = {"own samples, without the search": 0.0, TRAINING: 0.0, HELD_OUT: 0.0, NOISE: 0.0}
    assert (share.value, share.controls) == (0.5, controls)
    assert (distance.name, distance.value) == ("distance of held-out images", 13)
    assert photographs.value == 20
    told = numbers.details(found, asked, ["a", "b"], np.array([0, 50, 99]))
    assert told["worst"] == [
        {"image": 0, "levels": 30},
        {"image": 99, "levels": 20},
        {"image": 50, "levels": 10},
    ]
    assert [line["levels"] for line in told["photographs"]] == [15, 25]


def test_of_a_class_only_its_images_are_searched(tiny_config, tmp_path):
    from dcgan_tf.training.loop import train

    run = Run.open(train(tiny_config(conditional=True, run_dir=str(tmp_path / "run")))).of_class(3)
    labels = load_data(run.config.data).labels
    finding = analysis.project(run, [], num_images=1000)
    numbers_of_class = np.flatnonzero(labels == 3).tolist()
    assert finding.protocol["num_images"] == len(numbers_of_class)
    assert {line["image"] for line in finding.details["worst"]} <= set(numbers_of_class)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("missing.png", "there is no file"),
        (".", "is a folder; name the pictures in it"),
        ("text.png", "text.png cannot be read as a picture: not an image"),
    ],
)
def test_what_is_no_picture_is_refused(trained, tmp_path, name, told):
    (tmp_path / "text.png").write_text("nothing")
    done = CliRunner().invoke(main, ["project", str(trained), str(tmp_path / name)])
    assert done.exit_code in (1, 2)
    assert told in done.output
    assert "If the images were moved" not in done.output


def test_fewer_images_than_one_are_refused(trained):
    with pytest.raises(ValueError, match="at least 1, received 0"):
        analysis.project(Run.open(trained), num_images=0)


def test_a_class_without_training_images_is_refused(trained, monkeypatch):
    monkeypatch.setattr(Subject, "rows_of_class", lambda self, images: np.arange(0))
    with pytest.raises(RunError, match="has no training images of class"):
        analysis.project(Run.open(trained), num_images=2)
