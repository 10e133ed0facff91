"""What an export tells of its run: enough to use it, nobody's paths, nothing that commands a terminal."""

from __future__ import annotations

import dataclasses
import json
import shutil
import zipfile
from pathlib import Path

import pytest

import dcgan_tf
from dcgan_tf.errors import ExportError
from dcgan_tf.export.card import model_card
from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.facts import facts_of, training_command
from dcgan_tf.export.folder import FORMATS
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_json, write_json
from places import ROOT


@pytest.fixture
def moved(run, tmp_path):
    """Return a function that gives the run another folder, other images and other records."""

    def move(path: Path, *, spec: str = "digits", command: object = None, **data: object):
        shutil.copytree(run.path, path)
        RunPaths(path).environment.write_text(json.dumps([{"command": command}]))
        if data:
            before = json.loads(RunPaths(path).data.read_text())
            RunPaths(path).data.write_text(json.dumps({**before, "name": "cats", **data}))
        config = dataclasses.replace(run.config, data=dataclasses.replace(run.config.data, spec=spec))
        return dataclasses.replace(run, path=path, config=config)

    return move


def test_no_file_of_an_export_names_a_folder_of_anybody_s(moved, untimed, tmp_path, monkeypatch):
    home = tmp_path / "jane-doe"
    monkeypatch.setenv("HOME", str(home))
    words = ["--data", f"{home}/cats", f"--cache-dir={home}/cache", "--run-dir", f"{home}/runs/mine"]
    command = [f"{home}/.venv/bin/dcgan-tf", "train", *words]
    other = moved(home / "runs" / "mine", spec=f"{home}/cats", command=command)
    RunPaths(other.path).data.unlink()  # so that the data's name has to be taken from the settings
    with untimed():
        to = home / "exports" / "cats"
        folder = export_run(other, to=to, formats=FORMATS, precisions=["dynamic", "int8"])
    contents = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    with zipfile.ZipFile(folder / "model.keras") as archive:
        contents |= {name: archive.read(name) for name in archive.namelist()}
    for path, content in contents.items():
        for private in ("jane-doe", str(Path.home()), str(Path(dcgan_tf.__file__).parents[1]), "/runs/"):
            assert private.encode() not in content, path
    assert read_json(folder / "export.json", default={})["trained_by"] == (
        "dcgan-tf train --data cats --cache-dir=cache --run-dir mine"
    )


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data", "/home/jane/my pictures/"], "--data 'my pictures'"),
        (["--data=../jane/cats"], "--data=cats"),
        (["--data", "~/cats"], "--data cats"),
        (["--data", r"C:\Users\Jane\cats"], "--data cats"),
        (["--data", "/"], "--data /"),
        (
            ["--data", "tfds:cats/big", "--data-dir", "/home/jane/tfds"],
            "--data tfds:cats/big --data-dir tfds",
        ),
        (["--image-size", "48x64", "--flip"], "--image-size 48x64 --flip"),
        (["--data", "a\x1b[2Jb\udcff"], r"--data 'a\x1b[2Jb\xff'"),
    ],
)
def test_of_a_path_in_the_command_the_last_name_is_told(moved, tmp_path, words, told):
    run = moved(tmp_path / "run", command=["/home/jane/bin/dcgan-tf", "train", *words])
    assert training_command(run) == f"dcgan-tf train {told}"


def test_the_networks_that_a_run_began_with_are_named(moved, tmp_path):
    run = moved(tmp_path / "run", command=["dcgan-tf", "train", "--steps", "9"])
    write_json(RunPaths(run.path).origin, {"run": "/home/jane/runs/faces", "checkpoint": 50})
    assert training_command(run) == "dcgan-tf train --steps 9 --init-from faces@50"
    run = moved(tmp_path / "other", command=["dcgan-tf", "train", "--init-from", "/home/jane/runs/faces"])
    write_json(RunPaths(run.path).origin, {"run": "/home/jane/runs/faces", "checkpoint": 50})
    assert training_command(run) == "dcgan-tf train --init-from faces"


@pytest.mark.parametrize("environment", [5, {}, [5], [{}], [{"command": []}], [{"command": [3]}], "x"])
def test_an_environment_of_another_structure_tells_no_command(run, tmp_path, environment):
    write_json(RunPaths(tmp_path).environment, environment)
    assert training_command(dataclasses.replace(run, path=tmp_path)) is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"label_names": 5}, "labels must be a list of names, found 5"),
        ({"num_images": "many"}, 'num_images must be a whole number or null, found "many"'),
    ],
)
def test_a_data_json_of_another_structure_is_named(moved, tmp_path, data, message):
    run = moved(tmp_path / "run", **data)
    with pytest.raises(ExportError, match=f"data.json.*: {message}"):
        facts_of(run, name="a")


def test_names_cannot_command_a_terminal_or_break_a_file(moved, tmp_path):
    names = ["\x1b]0;owned\x07", "caf\udce9", "two\nlines", "猫"]
    run = moved(tmp_path / "run\x1b[31m", label_names=names)
    run = dataclasses.replace(run, class_names=tuple(names))
    facts = facts_of(run, name="a\udcff")
    told = [r"\x1b]0;owned\x07", r"caf\xe9", r"two\x0alines", "猫"]
    assert facts["class_names"] == facts["labels"] == told
    assert (facts["name"], facts["run"]) == (r"a\xff", r"run\x1b[31m")


def test_the_card_is_clean_even_if_the_record_is_not(folder):
    record = json.loads((folder / "export.json").read_text())
    record["model"] |= {"name": "a\x1b[2J", "class_names": ["\x1b[31mred", "b"], "data": "\udcff"}
    record["trained_by"] = "dcgan-tf train --data \x1b[2J"
    card = model_card(record, folder=Path("saved_models/a\x1b[2J"))
    card.encode()
    assert "\x1b" not in card


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("saved_models/cats", "saved_models/cats"),
        ("/home/jane/saved_models/cats", "cats"),
        ("../jane/cats", "cats"),
    ],
)
def test_the_card_tells_only_the_default_place(folder, told):
    path = ROOT / "saved_models" / "portraits" / "export.json"
    card = model_card(json.loads(path.read_text()), folder=Path(folder))
    assert f"dcgan-tf sample {told} --num-images" in card


# Among the images


@pytest.mark.parametrize("place", [".", "saved_models/a", "dogs/deep"])
def test_an_export_is_not_written_among_the_images(moved, tmp_path, monkeypatch, place):
    (tmp_path / "cats" / "dogs").mkdir(parents=True)
    before = sorted(tmp_path.rglob("*"))
    for spec, current in ((str(tmp_path / "cats"), "cats"), ("cats", "."), ("cats", "cats"), (".", "cats")):
        monkeypatch.chdir(tmp_path / current)
        run = moved(tmp_path / "runs" / "a", spec=spec)
        with pytest.raises(ExportError, match=r"lies in .*cats, whose images the run was trained on.* --out"):
            export_run(run, to=tmp_path / "cats" / place)
        if current == "cats" and place == "saved_models/a":
            with pytest.raises(ExportError, match="lies in"):
                export_run(run)
        shutil.rmtree(tmp_path / "runs")
    assert sorted(tmp_path.rglob("*")) == before


def test_an_export_does_not_take_the_place_of_its_run(run):
    with pytest.raises(ExportError, match="is the run itself; write elsewhere with --out"):
        export_run(run, to=run.path, force=True)


def test_a_folder_beside_the_images_is_well(moved, tmp_path):
    (tmp_path / "cats").mkdir()
    run = moved(tmp_path / "runs" / "a", spec=str(tmp_path / "cats"))
    assert export_run(run, to=tmp_path / "cats-export", formats=["keras"]).is_dir()
