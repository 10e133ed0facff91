"""The sliders and switches of a page: what a run's analyses found, and one line where they found nothing."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil

import numpy as np
import pytest

from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.network.folding import fold
from dcgan_tf.export.web.page_adjustments import page_adjustments
from dcgan_tf.export.web.page_file import element_of
from dcgan_tf.runs import RunPaths
from dcgan_tf.runs.adjustments import Direction, ForgottenMaps, add_adjustments
from dcgan_tf.runs.folder import checkpoint_steps

LATENT_DIM = 16


def add(path, run, found):
    add_adjustments(path, run, found, looked_for=[])


def direction(name, kept):
    vector = tuple(np.linspace(-1, 1, LATENT_DIM).round(3).tolist())
    return Direction(name, None, vector, 1.0, kept, 0.9, 200)


@pytest.fixture
def faces(run, tmp_path):
    """Return a run of its own folder, whose data have attributes."""
    shutil.copytree(run.path, tmp_path / "faces")
    paths = RunPaths(tmp_path / "faces")
    data = json.loads(paths.data.read_text())
    data |= {"attribute_names": ["hat", "smile"], "binary_attributes": ["hat", "smile"]}
    paths.data.write_text(json.dumps(data))
    return dataclasses.replace(run, path=paths.root)


@pytest.fixture
def folded(faces):
    return fold(faces.generator)


def test_what_was_found_is_taken_the_best_first(faces, folded):
    paths = RunPaths(faces.path)
    add(paths.directions, faces, [direction("hat", 0.8), direction("smile", 0.95)])
    add(paths.forgotten, faces, [ForgottenMaps("hat", None, 1, (0, 2), 0.1, 0.9, 0.0, 0.9, 99)])
    found, remarks = page_adjustments(faces, folded)
    assert remarks == []
    assert [one["name"] for one in found["directions"]] == ["smile", "hat"]
    assert found["directions"][0]["kept"] == 0.95
    (switch,) = found["forgettable"]
    place = switch["layer"] - len(folded.dense)
    assert place == len(folded.upsamples) - 2  # the layer whose maps make the image
    assert switch["maps"] == (0, 2)


def test_an_export_takes_them_and_one_of_another_step_says_so(faces, tmp_path, caplog, untimed):
    paths = RunPaths(faces.path)
    add(paths.directions, faces, [direction("smile", 0.95)])
    old = dataclasses.replace(faces, step=faces.step - 1)
    add(paths.forgotten, old, [ForgottenMaps("hat", None, 1, (0,), 0.1, 0.9, 0.0, 0.9, 99)])
    with caplog.at_level(logging.INFO, logger="dcgan_tf"), untimed():
        folder = export_run(faces, to=tmp_path / "out", formats=["web"])
    model = json.loads(element_of((folder / "web" / "index.html").read_text(), "model"))
    assert [one["name"] for one in model["directions"]] == ["smile"]
    assert "forgettable" not in model
    remarks = [message for message in caplog.messages if message.startswith("the page has no")]
    assert remarks == [
        f"the page has no switches that forget: analysis/forget/maps.json is of step {faces.step - 1}, and "
        f"this is step {faces.step}; dcgan-tf forget {faces.path} --attribute hat finds some for it"
    ]


def test_without_analyses_one_line_each_says_which_command_finds_them(faces, folded):
    found, remarks = page_adjustments(faces, folded)
    assert found == {}
    assert remarks == [
        "the page has no sliders: analysis/turn/directions.json is missing; dcgan-tf turn "
        f"{faces.path} --attribute hat finds some for it",
        "the page has no switches that forget: analysis/forget/maps.json is missing; dcgan-tf forget "
        f"{faces.path} --attribute hat finds some for it",
    ]


def test_the_commands_open_the_same_checkpoint_and_the_same_images(faces, folded, tmp_path):
    """Without these words they would read the newest checkpoint, and never help."""
    paths = RunPaths(faces.path)
    (newest,) = checkpoint_steps(paths.checkpoints)[:1]
    assert faces.step == newest
    assert not any("--checkpoint" in remark for remark in page_adjustments(faces, folded)[1])
    earlier = dataclasses.replace(faces, step=newest - 1)
    _, remarks = page_adjustments(earlier, folded)
    for name, remark in zip(("turn", "forget"), remarks, strict=True):
        command = f"dcgan-tf {name} {faces.path} --attribute hat --checkpoint {newest - 1}"
        assert f"; {command} finds some for it" in remark
    shutil.rmtree(paths.best, ignore_errors=True)
    shutil.copytree(paths.checkpoints, paths.best)
    for file in paths.best.glob(f"*-{newest}.*"):
        file.rename(file.with_name(file.name.replace(str(newest), str(newest - 1))))
    assert all("--checkpoint best finds" in remark for remark in page_adjustments(earlier, folded)[1])
    moved = dataclasses.replace(faces.config, data=dataclasses.replace(faces.config.data, spec="my images"))
    _, remarks = page_adjustments(dataclasses.replace(faces, config=moved), folded)
    assert all("--attribute hat --data 'my images' finds some" in remark for remark in remarks)


def test_raw_weights_are_named_no_command_because_none_reads_them(faces, folded):
    training = dataclasses.replace(faces.config.training, ema_decay=0.99)
    averaging = dataclasses.replace(faces, config=dataclasses.replace(faces.config, training=training))
    assert len(page_adjustments(averaging, folded)[1]) == 2
    assert page_adjustments(dataclasses.replace(averaging, ema=False), folded)[1] == []


def test_classes_can_be_turned_but_not_forgotten(run, folded):
    assert len(json.loads(RunPaths(run.path).data.read_text())["label_names"]) == 10
    _, remarks = page_adjustments(run, folded)
    assert len(remarks) == 1
    assert "dcgan-tf turn" in remarks[0]


@pytest.mark.parametrize("change", [{"layer": 9}, {"maps": (10_000,)}])
def test_maps_that_the_generator_does_not_have_are_not_taken(faces, folded, change):
    maps = ForgottenMaps("hat", None, 1, (0,), 0.1, 0.9, 0.0, 0.9, 99)
    add(RunPaths(faces.path).forgotten, faces, [dataclasses.replace(maps, **change)])
    found, remarks = page_adjustments(faces, folded)
    assert "forgettable" not in found
    assert "analysis/forget/maps.json is damaged" in remarks[1]


def test_a_path_with_a_space_is_quoted(faces, folded):
    _, remarks = page_adjustments(dataclasses.replace(faces, path=faces.path.parent / "my run"), folded)
    assert all(remark.startswith("the page has no") for remark in remarks)
    assert not remarks or "'" in remarks[0]
