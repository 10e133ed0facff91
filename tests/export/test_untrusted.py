"""Exports of somebody else's, or damaged ones: refused in a sentence before anything of them runs."""

from __future__ import annotations

import json
import os
import random
import shutil
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from dcgan_tf.errors import DcganError, ExportError
from dcgan_tf.export import record
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported
from dcgan_tf.export.formats import opening
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.formats.saved_model_check import check_saved_model
from dcgan_tf.runs.records import write_json
from places import ROOT

FACTS = {"latent_dim": 16, "latent_distribution": "normal", "image_shape": [16, 16, 1], "step": 40}


@pytest.fixture
def nothing_runs(monkeypatch):
    """Have every runtime that would open a file fail the test."""

    def never(*arguments: object, **options: object) -> None:
        pytest.fail("it was opened")

    monkeypatch.setattr(tf.saved_model, "load", never)
    monkeypatch.setattr(keras.saving, "load_model", never)
    monkeypatch.setattr(opening, "LiteRTFile", never)


# A SavedModel


def test_a_saved_model_that_writes_a_file_is_not_run(tmp_path, nothing_runs):
    class Trap(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((None, 16))])
        def float_images(self, z):
            tf.io.write_file(str(tmp_path / "owned"), tf.io.read_file("/etc/hostname"))
            return {"image": tf.zeros((tf.shape(z)[0], 16, 16, 1))}

    folder = tmp_path / "saved_model"
    tf.saved_model.save(Trap(), str(folder))
    (folder / "assets.extra").mkdir()
    write_json(folder / "assets.extra" / "dcgan.json", FACTS)
    with pytest.raises(
        ExportError, match=r"operator: ReadFile, WriteFile\), which could do anything; it is not"
    ):
        Exported.open(folder)
    assert not (tmp_path / "owned").exists()


@pytest.fixture
def changed_graph(copy):
    """Return a function that changes the graph of an export's SavedModel, and its folder."""

    def change(edit) -> Path:
        file = copy / "saved_model" / "saved_model.pb"
        model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
        edit(model.meta_graphs[0])
        file.write_bytes(model.SerializeToString())
        return copy / "saved_model"

    return change


def of_checkpoints(graph) -> str:
    library = graph.graph_def.library.function
    return next(f.signature.name for f in library if "SaveV2" in {node.op for node in f.node_def})


def other(graph):
    library = graph.graph_def.library.function
    return next(f for f in library if "SaveV2" not in {node.op for node in f.node_def})


def write_files_as_relu(graph):
    """Let a function that writes files take the name of the operator that the network calls."""
    library = graph.graph_def.library.function
    next(f for f in library if f.signature.name == of_checkpoints(graph)).signature.name = "Relu"


EDITS = {
    "an operator in a function": (
        lambda graph: other(graph).node_def.add(name="x", op="EagerPyFunc"),
        "operator: EagerPyFunc",
    ),
    "an operator outside": (
        lambda graph: graph.graph_def.node.add(name="x", op="SaveV2"),
        "operator: SaveV2",
    ),
    "a call": (
        lambda graph: (
            other(graph)
            .node_def.add(name="x", op="PartitionedCall")
            .attr["f"]
            .func.MergeFromString(
                b"\x0a" + bytes([len(of_checkpoints(graph))]) + of_checkpoints(graph).encode()
            )
        ),
        "a call that reads or writes files: __inference__traced_save",
    ),
    "a function that loading makes": (
        lambda graph: graph.object_graph_def.concrete_functions[of_checkpoints(graph)].SetInParent(),
        "a function that reads or writes files: __inference__traced_save",
    ),
    "a function in the place of an operator": (
        write_files_as_relu,
        "a function called like an operator: Relu",
    ),
    "an object with code": (
        lambda graph: graph.object_graph_def.nodes.add().resource.SetInParent(),
        "object: resource",
    ),
    "a Keras layer": (
        lambda graph: setattr(
            graph.object_graph_def.nodes.add().user_object, "identifier", "_tf_keras_layer"
        ),
        "object: _tf_keras_layer",
    ),
    "a registered object": (
        lambda graph: setattr(graph.object_graph_def.nodes.add().user_object, "identifier", "evil"),
        "object: evil",
    ),
    "an asset": (lambda graph: graph.asset_file_def.add(filename="../../x"), r"asset: \.\./\.\./x"),
    "no objects at all": (
        lambda graph: graph.ClearField("object_graph_def"),
        "was not exported by dcgan-tf, or is damaged",
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_graph_with_anything_else_than_an_export_has_is_refused(changed_graph, nothing_runs, edit):
    change, words = EDITS[edit]
    with pytest.raises(ExportError, match=f"cannot read .*saved_model: .*{words}"):
        open_artefact(changed_graph(change))


def test_every_saved_model_of_this_library_passes(folder):
    check_saved_model(folder / "saved_model")
    check_saved_model(ROOT / "saved_models" / "portraits" / "saved_model")


def test_digests_are_compared_before_anything_is_opened(copy, nothing_runs):
    for name in ("saved_model/saved_model.pb", "model.keras", "generator-fp32.tflite"):
        with (copy / name).open("ab") as file:
            file.write(b"x")
        where = copy if "saved_model" in name else copy / name
        with pytest.raises(
            ExportError, match=f"{Path(name).name} has been changed: its SHA-256|expected the folder"
        ):
            Exported.open(where)
        with pytest.raises(ExportError, match=f"{name} has been changed: its SHA-256"):
            verify_export(copy)
    with pytest.raises(ExportError, match=r"saved_model\.pb has been changed"):
        Exported.open(copy / "saved_model")


# model.keras


def rewritten(path: Path, edit, *, compression: int = zipfile.ZIP_STORED) -> None:
    """Change the members of a zip, {name: content}."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    edit(members)
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        ({"module": "keras.layers", "class_name": "Lambda"}, r"class: keras\.layers\.Lambda"),
        ({"module": "builtins", "class_name": "function", "config": "eval"}, r"class: builtins\.function"),
        (
            {"module": "keras.layers", "class_name": "Dense", "registered_name": "a>b"},
            "class: registered a>b",
        ),
        (
            {
                "module": "keras.src.layers.core.lambda_layer",
                "class_name": "Lambda",
                "registered_name": "keras.layers.Dense",
            },
            r"class: keras\.src\.layers\.core\.lambda_layer\.Lambda, registered keras\.layers\.Dense",
        ),
        ({"class_name": "__lambda__", "config": {}}, r"class: None\.__lambda__"),
    ],
)
def test_a_keras_file_with_any_other_class_is_not_loaded(copy, nothing_runs, layer, words):
    def edit(members):
        config = json.loads(members["config.json"])
        config["config"]["layers"][2]["config"]["activation"] = layer
        members["config.json"] = json.dumps(config).encode()

    rewritten(copy / "model.keras", edit)
    with pytest.raises(ExportError, match=f"{words}\\), which could do anything; it is not loaded"):
        open_artefact(copy / "model.keras")


@pytest.mark.parametrize(
    "config",
    [b"", b"5", b"[]", b"{}", b"\xff", b'{"class_name": "Sequential", "module": "keras"}', b"[" * 99_999],
)
def test_a_keras_file_of_another_structure_is_an_error(copy, config):
    rewritten(copy / "model.keras", lambda members: members.update({"config.json": config}))
    with pytest.raises(ExportError, match=r"cannot read .*model\.keras"):
        open_artefact(copy / "model.keras")


def test_a_keras_file_that_would_grow_is_refused(copy, nothing_runs):
    rewritten(copy / "model.keras", lambda members: None, compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(ExportError, match=r"it was not exported by dcgan-tf \(it is compressed"):
        open_artefact(copy / "model.keras")


# .tflite


@pytest.fixture
def tflite(folder, tmp_path):
    """Return a function that makes a .tflite with these bytes as its facts, or with the export's changed."""

    def make(content: bytes | None = None, **changes: object) -> Path:
        whole = (folder / "generator-dynamic.tflite").read_bytes()
        with zipfile.ZipFile(folder / "generator-dynamic.tflite") as archive:
            start = min(member.header_offset for member in archive.infolist())
            facts = {**json.loads(archive.read("dcgan.json")), **changes}
        path = tmp_path / "a.tflite"
        path.write_bytes(whole[:start])
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("dcgan.json", json.dumps(facts) if content is None else content)
        return path

    return make


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent_dim": 0}, "latent_dim must be a whole number from 1 to 65,536, found 0"),
        ({"latent_dim": -1}, "latent_dim must be .* found -1"),
        ({"latent_dim": "16"}, 'latent_dim must be .* found "16"'),
        ({"latent_dim": 10**30}, "latent_dim must be .* found 1000"),
        ({"latent_dim": True}, "latent_dim must be .* found true"),
        ({"latent_dim": None}, "latent_dim must be .* found null"),
        ({"latent_distribution": "cauchy"}, "latent_distribution must be one of normal, uniform"),
        ({"latent_distribution": []}, "latent_distribution must be"),
        ({"image_shape": [16, 16]}, "image_shape must be"),
        ({"image_shape": [16, 16, 7]}, "image_shape must be"),
        ({"image_shape": {"a": 1}}, "image_shape must be"),
        ({"step": 1.5}, "step must be"),
        ({"step": -1}, "step must be"),
        ({"class_names": "ab"}, "class_names must be a list of two names or more"),
        ({"class_names": [1, 2]}, "class_names must be"),
        ({"name": 5}, "name must be text, found 5"),
    ],
)
def test_facts_have_types_and_bounds(tflite, nothing_runs, changes, words):
    with pytest.raises(ExportError, match=rf"cannot read dcgan\.json in .*a\.tflite: {words}"):
        Exported.open(tflite(**changes))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"latent_dim": 17}, r"takes \{'z': \(1, 16\)\}, and its facts say \{'z': \(1, 17\)\}"),
        ({"class_names": ["a", "b"]}, r"takes \{'z': \(1, 16\)\}, and its facts say .*'label': \(1,\)"),
        (
            {"image_shape": [8, 8, 3]},
            r"expected \[2, 8, 8, 3\] of uint8 or float32, received \[2, 16, 16, 1\]",
        ),
    ],
)
def test_facts_that_are_another_generator_s_are_an_error(tflite, changes, words):
    with pytest.raises(ExportError, match=words):
        Exported.open(tflite(**changes)).sample(2)


@pytest.mark.parametrize("content", [b"", b"5", b"[]", b"\xff\xfe", b"[" * 99_999, b"NaN", b"1" * 5000])
def test_facts_that_are_no_object_are_an_error(tflite, nothing_runs, content):
    with pytest.raises(ExportError, match=r"cannot read dcgan\.json in .*a\.tflite: "):
        Exported.open(tflite(content))


def test_facts_that_grow_are_not_unpacked(tflite, nothing_runs):
    path = tflite(b" " * (4 * record.LARGEST_JSON))
    assert path.stat().st_size < 100_000
    with pytest.raises(ExportError, match=r"dcgan\.json in .*a\.tflite: it has more than 8,388,608 bytes"):
        Exported.open(path)


@pytest.mark.parametrize("seed", range(3))
def test_a_file_that_is_cut_or_has_a_bit_flipped_anywhere_is_noticed(folder, tmp_path, seed):
    """Either it is refused in a sentence, or the bit was of no use and it draws the same."""
    content = (folder / "generator-int8.tflite").read_bytes()
    path, draw = tmp_path / "a.tflite", random.Random(seed)
    path.write_bytes(content)
    expected = Exported.open(path).sample(1)
    noticed = 0
    for case in range(60):
        damaged = bytearray(content[: draw.randrange(len(content))] if case % 3 == 0 else content)
        if case % 3 and damaged:
            damaged[draw.randrange(len(damaged))] ^= 1 << draw.randrange(8)
        path.write_bytes(damaged)
        try:
            np.testing.assert_array_equal(Exported.open(path).sample(1), expected)
        except DcganError:
            noticed += 1
    assert noticed > 50


def test_what_is_no_file_is_not_waited_for(tmp_path):
    (tmp_path / "export").mkdir()
    os.mkfifo(tmp_path / "a.tflite")
    os.mkfifo(tmp_path / "export" / "export.json")
    with pytest.raises(ExportError, match="it is not a file"):
        Exported.open(tmp_path / "a.tflite")
    with pytest.raises(ExportError, match="it is not a file"):
        verify_export(tmp_path / "export")


# export.json


def test_an_export_json_that_is_too_large_is_refused(copy):
    (copy / "export.json").write_bytes(b" " * (record.LARGEST_JSON + 1))
    with pytest.raises(ExportError, match=r"export\.json: it has more than 8,388,608 bytes"):
        verify_export(copy)


def test_facts_of_export_json_that_are_another_generator_s_are_an_error(copy):
    written = json.loads((copy / "export.json").read_text())
    for changes in ({"latent_dim": 17}, {"image_shape": [8, 8, 1]}, {"class_names": ["a", "b"]}):
        write_json(copy / "export.json", {**written, "model": {**written["model"], **changes}})
        with pytest.raises(ExportError, match=r"cannot draw with .*saved_model|does not draw what it says"):
            Exported.open(copy).sample(2)
        with pytest.raises(ExportError, match=r"cannot (draw|read)|does not draw what"):
            verify_export(copy)


def test_a_saved_model_without_its_facts_is_named(copy):
    (copy / "export.json").unlink()
    shutil.rmtree(copy / "saved_model" / "assets.extra")
    with pytest.raises(ExportError, match=r"cannot read .*dcgan\.json: No such file"):
        Exported.open(copy / "saved_model")
