"""An export, verified later from its files alone: what must be as it was, and what is named if it is not."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import shutil
from pathlib import Path

import pytest

from dcgan_tf.errors import ExportError
from dcgan_tf.export.checks import verification
from dcgan_tf.export.checks.bounds import BOUNDS
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.formats import saved_model
from dcgan_tf.export.record import Record
from dcgan_tf.runs.records import read_json, write_json


@pytest.fixture(scope="module")
def without_weights(run, untimed, tmp_path_factory) -> Path:
    """Return an export without the trained weights: neither a SavedModel nor model.keras."""
    to = tmp_path_factory.mktemp("exports") / "light"
    with untimed():
        return export_run(run, to=to, formats=["tflite", "web"], precisions=["fp32", "int8"])


@pytest.fixture(scope="module")
def verified(folder) -> tuple[dict[str, Record], list[str]]:
    """Return what verifying an export of everything returns, and what is logged meanwhile."""
    logged: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: logged.append(record.getMessage())
    logging.getLogger("dcgan_tf").addHandler(handler)
    try:
        return verify_export(folder), logged
    finally:
        logging.getLogger("dcgan_tf").removeHandler(handler)


def test_the_bounds_are_those_that_are_promised():
    bounds = {name: (b.max_abs, b.psnr_mean, b.psnr_worst) for name, b in BOUNDS.items()}
    nothing = -math.inf
    assert bounds == {
        "saved_model": (1e-5, nothing, nothing),
        "model.keras": (1e-5, nothing, nothing),
        "index.html": (math.inf, 45, 35),
        "generator-fp32.tflite": (1e-5, nothing, nothing),
        "generator.onnx": (1e-5, nothing, nothing),
        "generator-fp16.tflite": (math.inf, 60, 60),
        "generator-dynamic.tflite": (math.inf, 45, 35),
        "generator-int8.tflite": (math.inf, 40, 30),
    }
    assert {"TRANSPOSE_CONV", "SHAPE", "PACK"} == verification.SLOW_OPERATORS
    assert {"CONV_2D", "FULLY_CONNECTED"} == verification.HEAVY_OPERATORS


@pytest.mark.parametrize("fault", ["serving_default", "sample"])
def test_every_signature_of_the_saved_model_is_held_against_the_run(run, tmp_path, monkeypatch, fault):
    to_bytes = saved_model._to_bytes

    def negative_in_one(image):
        batch = image.shape[0]  # `sample` draws in batches of a known size
        return 255 - to_bytes(image) if (batch is None) == (fault == "serving_default") else to_bytes(image)

    monkeypatch.setattr(saved_model, "_to_bytes", negative_in_one)
    with pytest.raises(ExportError, match=f"saved_model: {fault}: largest difference"):
        export_run(run, to=tmp_path / "a", formats=["saved_model"])


def test_with_a_saved_model_the_others_are_held_against_what_it_draws_unrounded(folder, verified):
    """As they were when they were exported; beside bytes, int8 would differ by up to half a level less."""
    exported = json.loads((folder / "export.json").read_text())["artefacts"]
    for name, found in verified[0].items():
        assert found["max_abs"] == pytest.approx(exported[name]["max_abs"], abs=1e-4), name


def test_without_a_saved_model_they_are_held_against_model_keras(run, untimed, tmp_path):
    choice = {"formats": ["tflite", "keras"], "precisions": ["fp16"], "float_output": True}
    with untimed():
        folder = export_run(run, to=tmp_path / "a", **choice)
    exported = read_json(folder / "export.json", default={})["artefacts"]["generator-fp16.tflite"]
    found = verify_export(folder)
    assert set(found) == {"generator-fp16.tflite", "model.keras"}
    assert found["generator-fp16.tflite"]["psnr_mean_db"] == pytest.approx(exported["psnr_mean_db"], abs=0.01)


@pytest.mark.parametrize("content", [b"", b"not a picture"])
def test_a_damaged_reference_is_named(copy, content):
    (copy / "samples.png").write_bytes(content)
    record = json.loads((copy / "export.json").read_text())
    record["files"]["samples.png"] = hashlib.sha256(content).hexdigest()
    write_json(copy / "export.json", record)
    with pytest.raises(ExportError, match=r"cannot read .*samples\.png"):
        verify_export(copy)


def test_a_whole_export_verifies(folder, verified):
    record = json.loads((folder / "export.json").read_text())
    assert verified[0].keys() == record["artefacts"].keys()


def test_it_verifies_where_it_has_been_moved_to_and_without_the_run(copy, tmp_path):
    copy.rename(tmp_path / "elsewhere")
    verify_export(tmp_path / "elsewhere")


def test_without_a_saved_model_the_samples_are_what_it_is_held_against(without_weights):
    assert verify_export(without_weights)["generator-fp32.tflite"]["max_abs"] == 0


def test_a_changed_file_is_named(copy):
    (copy / "web" / "index.html").write_text("<html></html>")
    with pytest.raises(ExportError, match=r"not as it was exported:\n  web/index\.html has been changed"):
        verify_export(copy)


def test_files_that_are_not_of_the_export_are_named_and_no_problem(without_weights, tmp_path, caplog):
    copy = shutil.copytree(without_weights, tmp_path / "copy")
    for name in ("notes.txt", "web/old page.html", ".DS_Store", ".git/config", "web/.hidden"):
        (copy / name).parent.mkdir(exist_ok=True)
        (copy / name).touch()
    verify_export(copy)
    warnings = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert warnings == ["not part of the export, and not verified: notes.txt, web/old page.html"]


def test_a_whole_export_warns_of_nothing(verified):
    assert verified[1] == []


def test_a_missing_file_is_named(copy):
    (copy / "generator-fp16.tflite").unlink()
    with pytest.raises(ExportError, match=r"generator-fp16\.tflite is missing"):
        verify_export(copy)


def test_another_generator_is_found_even_if_its_digest_is_right(copy, run_unlike_at_first, untimed, tmp_path):
    choice = {"formats": ["tflite"], "precisions": ["fp32"]}
    with untimed():
        other = export_run(run_unlike_at_first(), to=tmp_path / "other", **choice)
    name = "generator-fp32.tflite"
    shutil.copy(other / name, copy / name)
    record = json.loads((copy / "export.json").read_text())
    record["files"][name] = hashlib.sha256((copy / name).read_bytes()).hexdigest()
    write_json(copy / "export.json", record)
    with pytest.raises(
        ExportError, match=r"does not draw what was trained:\n  generator-fp32\.tflite: largest"
    ):
        verify_export(copy)


def test_a_slow_operator_is_a_problem(without_weights, monkeypatch):
    monkeypatch.setattr(verification, "SLOW_OPERATORS", frozenset({"DEPTH_TO_SPACE"}))
    with pytest.raises(ExportError, match=r"generator-int8\.tflite: it has the operator DEPTH_TO_SPACE"):
        verify_export(without_weights)


def test_a_heavy_operator_outside_xnnpack_is_a_problem(without_weights, monkeypatch):
    monkeypatch.setattr(verification, "HEAVY_OPERATORS", frozenset({"CAST"}))
    with pytest.raises(ExportError, match=r"generator-fp32\.tflite: XNNPACK does not take its CAST"):
        verify_export(without_weights)


@pytest.mark.parametrize(
    "content",
    [
        None,
        "{",
        "[]",
        '{"model": {}}',
        '{"model": {}, "artefacts": {}, "files": {}}',
        '{"model": {"latent_dim": 1, "latent_distribution": "normal", "image_shape": [8, 8, 1]}, '
        '"artefacts": {"other": {}}, "files": {"a": "b"}}',
        '{"model": {"latent_dim": 1, "latent_distribution": "normal", "image_shape": [8, 8, 1]}, '
        '"artefacts": {}, "files": {}}',
        '{"model": {"latent_dim": 1, "latent_distribution": "normal", "image_shape": [8, 8, 1]}, '
        '"artefacts": {}, "files": ["a"]}',
    ],
)
def test_what_is_no_export_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / "export.json").write_text(content)
    with pytest.raises(ExportError, match=r"is not an export: cannot read .*export\.json"):
        verify_export(tmp_path)
