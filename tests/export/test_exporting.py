"""The whole folder: what is written, when it is refused, and that nothing half-done is left."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import resource
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.cli import main
from dcgan_tf.errors import ArgumentError, ExportError, StorageError
from dcgan_tf.export import exporting
from dcgan_tf.export.card import model_card
from dcgan_tf.export.checks.bounds import BOUNDS, Bound
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported
from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.facts import describe_machine, source_of
from dcgan_tf.export.folder import FORMATS, PRECISIONS, ExportPaths
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_json, write_json


def left_in(parent: Path) -> list[str]:
    return sorted(path.name for path in parent.iterdir())


# What is written


def test_everything_is_there(folder):
    assert left_in(folder) == [
        "MODEL_CARD.md",
        "export.json",
        *sorted(f"generator-{precision}.tflite" for precision in PRECISIONS),
        "generator.onnx",
        "model.keras",
        "samples.png",
        "saved_model",
        "web",
    ]
    assert left_in(folder.parent) == ["tiny"]


def test_the_record_has_every_figure_of_every_artefact(folder):
    record = json.loads(ExportPaths(folder).record.read_text())
    assert list(record["artefacts"]) == [
        "saved_model",
        "model.keras",
        *(f"generator-{precision}.tflite" for precision in PRECISIONS),
        "generator.onnx",
        "web/index.html",
    ]
    ways = record["naive"]
    assert list(ways) == ["TFLiteConverter.from_keras_model", 'model.export(format="litert")']
    fastest = {n: min(way["milliseconds"][n] for way in ways.values()) for n in ("1", "2")}
    for name, artefact in record["artefacts"].items():
        assert {"bytes", "max_abs", "psnr_mean_db", "psnr_worst_db"} <= artefact.keys()
        path = folder / name
        files = [path] if path.is_file() else [file for file in path.rglob("*") if file.is_file()]
        assert artefact["bytes"] == sum(file.stat().st_size for file in files)
        if name.endswith(".tflite"):
            assert artefact["operators"]["CONV_2D"] >= 2
            assert artefact["not_delegated"] in (["CAST"], ["QUANTIZE"])
        if name.endswith((".tflite", ".onnx")):
            assert artefact["milliseconds"].keys() == {"1", "2"}
            assert artefact["naive_milliseconds"] == fastest
    assert record["artefacts"]["saved_model"]["max_abs"] == 0
    assert record["artefacts"]["generator-fp32.tflite"]["max_abs"] <= 1e-5


def test_the_record_has_the_digest_of_every_file_but_its_own(folder):
    files = json.loads(ExportPaths(folder).record.read_text())["files"]
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert files.keys() == there - {"export.json"}
    for name, expected in files.items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == expected


def test_the_facts_are_those_of_the_run(folder, run):
    facts = Exported.open(folder / "generator-int8.tflite").facts
    assert facts["name"] == "tiny"
    assert facts["latent_dim"] == 16
    assert facts["latent_distribution"] == "normal"
    assert facts["image_shape"] == [16, 16, 1]
    assert (facts["image_dtype"], facts["image_range"]) == ("uint8", [0, 255])
    assert facts["labels"] == [str(digit) for digit in range(10)]
    assert (facts["run"], facts["step"], facts["seed"]) == ("digits", 40, 0)
    with zipfile.ZipFile(folder / "generator-int8.tflite") as archive:
        assert archive.read("labels.txt").split() == [b"%d" % digit for digit in range(10)]


def test_uniform_latents_are_said_and_drawn(run_unlike_at_first, untimed, tmp_path, monkeypatch):
    calibrated = {}
    convert = exporting.litert.convert

    def recording(*arguments, calibration, **others):
        calibrated["latents"] = calibration
        return convert(*arguments, calibration=calibration, **others)

    monkeypatch.setattr(exporting.litert, "convert", recording)
    run = run_unlike_at_first(latent_distribution="uniform")
    with untimed():
        folder = export_run(run, to=tmp_path / "u", formats=["tflite"], precisions=["int8"])
    exported = Exported.open(folder)
    np.testing.assert_array_equal(exported.latents(9), run.latents(9))
    latents = calibrated["latents"]
    assert latents.shape == (128, 16)
    assert 0.95 < np.abs(latents).max() <= 1
    assert not np.isin(latents, run.latents(128)).any()
    assert "each drawn from U(-1, 1)" in (folder / "MODEL_CARD.md").read_text()


def test_a_name_is_not_read_as_markdown(run, tmp_path):
    folder = export_run(run, to=tmp_path / "a|<b> `c`", formats=["keras"])
    card = (folder / "MODEL_CARD.md").read_text()
    assert r"# a\|\<b\> \`c\`" in card.splitlines()
    assert "dcgan-tf sample 'a|<b> `c`' " in card


def test_samples_are_the_grid_of_64_latents_of_seed_0(folder, run):
    with Image.open(folder / "samples.png") as picture:
        assert picture.size == (8 * 18 + 2, 8 * 18 + 2)
        pixels = np.asarray(picture)
    np.testing.assert_array_equal(pixels[2:18, 20:36], run.sample(2)[1, ..., 0])


def test_the_card_shows_the_figures_and_how_to_call_the_files(folder):
    card, record = (folder / "MODEL_CARD.md").read_text(), json.loads((folder / "export.json").read_text())
    assert "![64 images that this generator draws](samples.png)" in card
    for name, artefact in record["artefacts"].items():
        assert f"`{name}`" in card
        for milliseconds in artefact.get("milliseconds", {}).values():
            assert f"{milliseconds:.2f}" in card
        for operator, count in artefact["operators"].items() if name.endswith(".tflite") else ():
            assert f"{count} {operator}" in card
    for way, found in record["naive"].items():
        assert f"`{way}`" in card
        assert all(f"{milliseconds:.2f}" in card for milliseconds in found["milliseconds"].values())
    assert "`z` float32 [1, 16] to `image` uint8 [1, 16, 16, 1]" in card
    assert "trained on digits" in card
    assert "`model.keras` takes float32 [n, 16] and gives float32 in [-1, 1]" in card
    assert "{" not in card


def test_the_command_that_trained_is_told_without_the_path_of_the_program(run, tmp_path):
    shutil.copytree(run.path, tmp_path / "run")
    start = {"command": ["/somewhere/bin/dcgan-tf", "train", "--data", "my pictures"]}
    write_json(RunPaths(tmp_path / "run").environment, [{"command": ["earlier"]}, start])
    other = dataclasses.replace(run, path=tmp_path / "run")
    folder = export_run(other, to=tmp_path / "out", formats=["keras"])
    card = (folder / "MODEL_CARD.md").read_text()
    assert "| trained with | `dcgan-tf train --data 'my pictures'`, in float32 |" in card


@pytest.mark.parametrize(
    ("spec", "source", "words"),
    [
        ("portraits", "portraits", "drawn by dcgan_tf, they show no real people"),
        ("digits", "digits", "handwritten, from scikit-learn"),
        ("tfds:mnist", "tfds", "from TensorFlow Datasets"),
        ("/home/somebody/portraits", "folder", "from a folder of that name"),
    ],
)
def test_where_the_training_images_come_from_is_told(folder, run, spec, source, words):
    config = dataclasses.replace(run.config, data=dataclasses.replace(run.config.data, spec=spec))
    record = json.loads((folder / "export.json").read_text())
    assert record["images_from"] == "digits"
    record["images_from"] = source_of(dataclasses.replace(run, config=config))
    assert record["images_from"] == source
    assert f"| trained on | digits, 296 images; {words} |" in model_card(record, folder=folder)


def test_an_export_that_does_not_know_where_its_images_come_from_says_nothing_of_it(folder):
    record = json.loads((folder / "export.json").read_text())
    del record["images_from"]
    assert "| trained on | digits, 296 images |" in model_card(record, folder=folder)


def test_float_output_is_said_and_given(run, untimed, tmp_path):
    choice = {"formats": ["tflite"], "precisions": ["fp32"], "float_output": True}
    with untimed():
        folder = export_run(run, to=tmp_path / "f", **choice)
    exported = Exported.open(folder)
    assert (exported.facts["latent_dim"], exported.path.name) == (16, "generator-fp32.tflite")
    assert Exported.open(exported.path).facts["image_range"] == [-1, 1]
    z = run.latents(3)
    np.testing.assert_allclose(exported.draw(z), run.generator(z, training=False), atol=1e-5)
    assert "`image` float32 in [-1, 1], [1, 16, 16, 1]" in (folder / "MODEL_CARD.md").read_text()
    verify_export(folder)


def test_the_fully_connected_gan_is_exported_too(run_unlike_at_first, untimed, tmp_path):
    run = run_unlike_at_first(architecture="gan", hidden_units=64)
    with untimed():
        folder = export_run(run, to=tmp_path / "gan", formats=FORMATS)
    operators = read_json(folder / "export.json", default={})["artefacts"]["generator-fp32.tflite"][
        "operators"
    ]
    assert operators["FULLY_CONNECTED"] == 3
    verify_export(folder)


def test_a_generator_without_batch_norm_is_exported_in_every_format(run_unlike_at_first, untimed, tmp_path):
    run = run_unlike_at_first(generator_norm="none", discriminator_norm="spectral", discriminator_depth=2)
    with untimed():
        folder = export_run(run, to=tmp_path / "biases", formats=FORMATS)
    artefacts = read_json(folder / "export.json", default={})["artefacts"]
    assert len(artefacts) == 4 + len(PRECISIONS)
    verify_export(folder)


def test_the_folder_is_named_after_the_run_unless_told_otherwise(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert export_run(run, formats=["keras"]) == Path("saved_models/digits")
    assert (tmp_path / "saved_models" / "digits" / "model.keras").exists()


def test_cores_are_those_that_the_process_may_use(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 6}, raising=False)
    assert describe_machine()["cores"] == 3


# What is refused


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ({"formats": ["tfjs"]}, "format must be of saved_model, tflite, web, keras, onnx, received tfjs"),
        ({"formats": []}, "format must be of .*, received none"),
        (
            {"to": "gs://bucket/export"},
            "need a folder on this computer, received the address 'gs://bucket",
        ),
        ({"precisions": ["int4"]}, "precision must be of fp32, fp16, dynamic, int8, received int4"),
    ],
)
def test_what_cannot_be_made_is_refused(run, tmp_path, choice, message):
    with pytest.raises(ValueError, match=message):
        export_run(run, **{"to": tmp_path / "a", **choice})
    assert left_in(tmp_path) == []


def test_an_existing_folder_is_not_overwritten(run, copy):
    before = (copy / "export.json").read_text()
    with pytest.raises(ExportError, match=r"tiny exists; --force replaces all of it"):
        export_run(run, to=copy)
    assert (copy / "export.json").read_text() == before


def test_force_replaces_an_export_as_a_whole(run, copy):
    export_run(run, to=copy, formats=["keras"], force=True)
    assert left_in(copy) == ["MODEL_CARD.md", "export.json", "model.keras", "samples.png"]
    assert left_in(copy.parent) == ["tiny"]


def test_force_does_not_replace_what_is_no_export(run, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    for force in (False, True):
        with pytest.raises(ExportError, match="photos exists and is not an export; remove it, or write else"):
            export_run(run, to=tmp_path / "photos", force=force)
    assert left_in(tmp_path / "photos") == ["a.jpg"]


def test_an_empty_folder_is_filled(run, tmp_path):
    (tmp_path / "empty").mkdir()
    export_run(run, to=tmp_path / "empty", formats=["keras"])
    assert (tmp_path / "empty" / "model.keras").exists()
    assert left_in(tmp_path) == ["empty"]


def test_out_of_bounds_everything_is_named_and_nothing_left(run, copy, monkeypatch):
    monkeypatch.setitem(BOUNDS, "generator-int8.tflite", Bound(psnr_mean=99))
    monkeypatch.setitem(BOUNDS, "index.html", Bound(max_abs=1e-9))
    before = (copy / "export.json").read_text()
    with pytest.raises(ExportError) as caught:
        export_run(run, to=copy, force=True)
    assert "; leave these out with --formats and --precisions:\n" in str(caught.value)
    assert "generator-int8.tflite: PSNR " in str(caught.value)
    assert "web/index.html: largest difference " in str(caught.value)
    assert "fp32" not in str(caught.value)
    assert left_in(copy.parent) == ["tiny"]
    assert (copy / "export.json").read_text() == before


@pytest.mark.parametrize("stop", [KeyboardInterrupt, StorageError("no space left")])
def test_a_stop_in_between_leaves_nothing(run, tmp_path, monkeypatch, stop):
    def stopping(*_: object) -> None:
        raise stop

    monkeypatch.setattr(exporting.litert, "append_files", stopping)
    with pytest.raises((KeyboardInterrupt, StorageError)):
        export_run(run, to=tmp_path / "a", formats=["keras", "tflite"], precisions=["fp32"])
    assert left_in(tmp_path) == []


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError("no room"), StorageError), (KeyboardInterrupt("no room"), KeyboardInterrupt)],
)
def test_an_earlier_export_survives_a_rename_that_fails(run, copy, monkeypatch, error, raised):
    rename = Path.rename

    def failing(self: Path, target: Path) -> Path:
        if ".part-" in self.name:
            raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(raised, match="no room"):
        export_run(run, to=copy, formats=["keras"], force=True)
    assert left_in(copy.parent) == ["tiny"]
    assert (copy / "saved_model").exists()


def test_a_link_is_followed(run, copy, tmp_path):
    (tmp_path / "link").symlink_to(copy)
    export_run(run, to=tmp_path / "link", formats=["keras"], force=True)
    assert left_in(tmp_path) == ["link", "tiny"]
    assert (tmp_path / "link").is_symlink()
    assert left_in(copy) == ["MODEL_CARD.md", "export.json", "model.keras", "samples.png"]


def test_a_folder_that_appears_meanwhile_is_not_overwritten(run, tmp_path, monkeypatch):
    def meanwhile(*_: object) -> dict:
        (tmp_path / "a").mkdir()
        (tmp_path / "a" / "other").touch()
        return {}

    monkeypatch.setattr(
        exporting, "describe_machine", lambda files: meanwhile() or {"cores": 1, "processor": "x"}
    )
    with pytest.raises(ExportError, match="a exists and is not an export"):
        export_run(run, to=tmp_path / "a", formats=["keras"])
    assert left_in(tmp_path) == ["a"]
    assert left_in(tmp_path / "a") == ["other"]


def test_a_wrong_rewriting_is_found(run, tmp_path, monkeypatch):
    """The check is worth something: a kernel turned around does not pass."""
    fold = exporting.fold

    def turned(generator, **options):
        folded = fold(generator, **options)
        last = dataclasses.replace(folded.upsamples[-1], kernel=folded.upsamples[-1].kernel[::-1])
        return dataclasses.replace(folded, upsamples=(*folded.upsamples[:-1], last))

    monkeypatch.setattr(exporting, "fold", turned)
    with pytest.raises(ExportError) as caught:
        export_run(run, to=tmp_path / "a")
    assert str(caught.value).count("largest difference") == 1  # fp32
    for name in ("fp16", "dynamic", "int8"):
        assert f"generator-{name}.tflite: PSNR" in str(caught.value)
    assert "saved_model" not in str(caught.value)


@pytest.mark.parametrize("name", ["saved_model", "keras", "tflite", "web"])
@pytest.mark.parametrize("room", [100, 3_000])
def test_without_room_it_is_a_sentence_and_the_earlier_export_stays(run, copy, name, room):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
    try:
        with pytest.raises(StorageError) as caught:
            export_run(run, to=copy, formats=[name], precisions=["fp32"], force=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    message = str(caught.value)
    assert message.startswith(f"the disk is full: could not write {copy}")
    assert ".part" not in message
    assert left_in(copy.parent) == ["tiny"]
    assert {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()} == before


def test_a_run_is_only_read(run, tmp_path):
    def state() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in [run.path, *run.path.rglob("*")]}

    before = state()
    export_run(run, to=tmp_path / "a", formats=["keras"])
    assert state() == before


def test_a_stop_that_comes_out_of_tensorflow_as_an_error_is_a_stop(run, tmp_path, monkeypatch):
    """A Ctrl-C within TensorFlow's bookkeeping leaves it as AssertionError("Concurrent access?")."""

    def interrupted(*_: object, **__: object) -> None:
        try:
            raise KeyboardInterrupt
        finally:
            raise AssertionError("Concurrent access?")

    monkeypatch.setattr(exporting.litert, "convert", interrupted)
    done = CliRunner().invoke(
        main, ["export", str(run.path), "--out", str(tmp_path / "a"), "--formats", "tflite"]
    )
    assert (done.exit_code, done.output) == (130, "stopped; nothing was written\n")
    assert left_in(tmp_path) == []


def test_any_name_of_a_folder_is_written_and_read(run, untimed, tmp_path):
    name = "a[1]*b? back\\slash 猫 " + os.fsdecode(b"caf\xe9")
    run = dataclasses.replace(run, path=Path(os.fspath(run.path.parent)) / os.fsdecode(b"r\xe9[n"))
    folder = tmp_path / name / "x[0]"
    with untimed():
        export_run(run, to=folder, formats=FORMATS, precisions=["fp32"])
    verify_export(folder)
    for artefact in (folder, folder / "saved_model", folder / "generator-fp32.tflite"):
        assert Exported.open(artefact).sample(1).shape == (1, 16, 16, 1)
    (folder / "MODEL_CARD.md").read_text(encoding="utf-8", errors="strict")
    export_run(run, to=folder, formats=["keras"], force=True)
    assert left_in(tmp_path / name) == ["x[0]"]


def test_names_from_an_iterator_are_read_once(run, tmp_path):
    """A second look at an iterator finds nothing, and an export of no files was written."""
    written = export_run(run, to=tmp_path / "once", formats=iter(["keras"]), precisions=iter(["fp32"]))
    assert list(json.loads(ExportPaths(written).record.read_text())["artefacts"]) == ["model.keras"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"formats": "keras"}, "expected a list with some formats of .*, received 'keras'"),
        ({"precisions": "fp32"}, "expected a list with some precisions of .*, received 'fp32'"),
        ({"formats": None}, "expected a list with some formats of .*, received None"),
    ],
)
def test_what_is_no_list_of_names_is_refused(run, tmp_path, wrong, said):
    with pytest.raises(ArgumentError, match=said):
        export_run(run, to=tmp_path / "none", **wrong)
    assert left_in(tmp_path) == []


def test_a_path_is_no_opened_run(tmp_path):
    with pytest.raises(ArgumentError, match=r"expected an opened run, as Run.open\(PATH\) returns"):
        export_run("runs/faces", to=tmp_path / "none")
