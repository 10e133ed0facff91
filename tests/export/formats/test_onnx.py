"""ONNX files: what ONNX Runtime draws with them, what they say of themselves, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from dcgan_tf.errors import ExportError
from dcgan_tf.export.exported import Exported, is_export
from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.facts import facts_of
from dcgan_tf.export.formats import onnx_file
from dcgan_tf.export.formats.onnx_graph import convert
from dcgan_tf.export.network.folding import fold
from dcgan_tf.models import with_labels

FACTS = {"latent_dim": 16, "latent_distribution": "normal", "image_shape": [16, 16, 1], "step": 40}
GENERATORS = {
    "28x28x1": {"image_size": (28, 28)},
    "48x64x3, kernel 5": {"image_size": (48, 64), "channels": 3, "kernel_size": 5},
    "32x32x3, kernel 3": {"image_size": (32, 32), "channels": 3, "kernel_size": 3},
    "32x32x3, even upsampling": {"image_size": (32, 32), "channels": 3, "even_upsampling": True},
    "two dense layers": {"image_size": (28, 28), "dense_units": 24},
    "no norm": {"generator_norm": "none"},
    "gan": {"architecture": "gan", "hidden_units": 64, "channels": 3},
    "gan, conditional": {"architecture": "gan", "hidden_units": 64, "conditional": True},
    "conditional, two dense layers": {
        "image_size": (28, 28),
        "dense_units": 24,
        "conditional": True,
    },
    "16x16x1, conditional": {"conditional": True},
}


def drawn_by_itself(content: bytes, **inputs: np.ndarray) -> np.ndarray:
    """Draw as a program without this library does, with the defaults of ONNX Runtime."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (image,) = session.run(["image"], inputs)
    return np.asarray(image)


@pytest.fixture(scope="module")
def content(run) -> bytes:
    return convert(fold(run.generator), FACTS)


@pytest.fixture
def written(content, tmp_path) -> Callable[..., Path]:
    """Return a function that changes the model, and returns the file of it."""

    def write(edit: Callable[[onnx.ModelProto], object] = lambda model: None) -> Path:
        model = onnx.ModelProto.FromString(content)
        edit(model)
        path = tmp_path / "generator.onnx"
        path.write_bytes(model.SerializeToString())
        return path

    return write


@pytest.mark.parametrize("name", ["trained", *GENERATORS])
def test_every_generator_draws_what_keras_draws(request, run_unlike_at_first, name):
    run = run_unlike_at_first(**GENERATORS[name]) if name in GENERATORS else request.getfixturevalue("run")
    z, num_classes = run.latents(11, seed=3), len(run.class_names)
    labels = np.arange(11, dtype=np.int32) % 10 if num_classes else None
    expected = np.asarray(run.generator(with_labels(z, labels, num_classes), training=False))
    assert expected.std() > 0.1, "an image without contrast would hide any difference"
    inputs = {"z": np.asarray(z), **({} if labels is None else {"label": labels})}
    folded = fold(run.generator, num_classes=num_classes)
    floats = drawn_by_itself(convert(folded, FACTS, float_output=True), **inputs)
    assert floats.dtype == np.float32
    np.testing.assert_allclose(floats, expected, rtol=0, atol=1e-5)
    levels = drawn_by_itself(convert(folded, FACTS), **inputs)
    assert levels.dtype == np.uint8
    np.testing.assert_allclose(levels, (expected + 1) * 127.5, rtol=0, atol=0.5 + 1e-5 * 127.5)


def test_an_image_does_not_depend_on_those_beside_it(run, written):
    z = run.latents(70, seed=4)  # more than are drawn at once
    file = onnx_file.OnnxFile(written())
    one_by_one = np.concatenate([file.generate(latent[None]) for latent in z])
    np.testing.assert_array_equal(file.generate(z), one_by_one)


def test_the_format_is_one_that_old_and_new_runtimes_take(content):
    model = onnx.ModelProto.FromString(content)
    assert [(entry.domain, entry.version) for entry in model.opset_import] == [("", 12)]
    assert model.ir_version == 7
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(content)
    (z,), (image,) = session.get_inputs(), session.get_outputs()
    assert (z.name, z.shape, z.type) == ("z", ["n", 16], "tensor(float)")
    assert (image.name, image.shape, image.type) == ("image", ["n", 16, 16, 1], "tensor(uint8)")


def test_a_class_is_taken_by_its_number(run_unlike_at_first):
    run = run_unlike_at_first(conditional=True)
    content = convert(fold(run.generator, num_classes=10), FACTS)
    (z, label) = onnxruntime.InferenceSession(content).get_inputs()
    assert (z.shape, label.name, label.shape, label.type) == (["n", 16], "label", ["n"], "tensor(int32)")
    with pytest.raises(Exception, match="indices element out of data bounds"):
        drawn_by_itself(content, z=np.zeros((1, 16), np.float32), label=np.array([10], np.int32))


def test_an_export_of_it_alone_is_verified_drawn_and_timed(run, tmp_path):
    folder = export_run(run, to=tmp_path / "alone", formats=["onnx"], float_output=True)
    record = json.loads((folder / "export.json").read_text())
    artefact = record["artefacts"]["generator.onnx"]
    assert artefact["max_abs"] <= 1e-5
    assert artefact["operators"]["ConvTranspose"] == 2
    assert artefact["milliseconds"].keys() == artefact["naive_milliseconds"].keys() == {"1", "2"}
    card = (folder / "MODEL_CARD.md").read_text()
    assert "`generator.onnx` takes `z` float32 [n, 16], and gives `image`\nfloat32 in [-1, 1]," in card
    assert "not XNNPACK's" not in card
    exported = Exported.open(folder / "generator.onnx")
    expected = {**facts_of(run, name="alone"), "image_dtype": "float32", "image_range": [-1, 1]}
    assert exported.facts == expected
    drawn = exported.sample(9, seed=4).astype(float)
    np.testing.assert_allclose(drawn, run.sample(9, seed=4).astype(float), atol=1)


def test_it_draws_without_tensorflow_and_keras(folder, tmp_path):
    file = folder / "generator.onnx"
    code = (
        "import sys\n"
        "for name in ('tensorflow', 'keras'):\n    sys.modules[name] = None\n"  # importing them would fail
        "from dcgan_tf.cli import main\nmain(sys.argv[1:])"
    )
    words = ["sample", str(file), "-n", "5", "--seed", "4", "--out", str(tmp_path / "a.npy")]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    np.testing.assert_array_equal(np.load(tmp_path / "a.npy"), Exported.open(file).sample(5, seed=4))
    assert is_export(file)


def test_missing_packages_are_named_before_anything_is_written(run, written, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_file, "find_spec", lambda name: None if name == "onnxruntime" else name)
    said = r"expected the packages onnx and onnxruntime, .*; onnxruntime cannot be found: pip install onnx"
    with pytest.raises(ExportError, match=said):
        export_run(run, to=tmp_path / "export", formats=["onnx"])
    with pytest.raises(ExportError, match=said):
        Exported.open(written())
    assert not (tmp_path / "export").exists()


def as_external(model: onnx.ModelProto) -> None:
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="/etc/passwd")


def with_a_branch(model: onnx.ModelProto) -> None:
    model.graph.node.append(helper.make_node("If", ["z"], ["x"]))


EDITS = {
    "weights in another file": (as_external, r"\(weights in another file: weights_0\); it is not run"),
    "an operator": (with_a_branch, r"\(operator: If\)"),
    "a library of operators": (
        lambda model: model.opset_import.add(domain="com.evil", version=1),
        r"\(a set of operators: com\.evil\)",
    ),
    "an operator of another library": (
        lambda model: setattr(model.graph.node[0], "domain", "com.evil"),
        r"\(a set of operators: com\.evil\)",
    ),
    "a function in the place of an operator": (
        lambda model: model.functions.add(name="Relu", domain=""),
        r"\(function: Relu\)",
    ),
    "an attribute": (
        lambda model: model.graph.node[0].attribute.append(helper.make_attribute("body", model.graph)),
        r"\(attribute of Gemm: body\)",
    ),
    "training": (lambda model: model.training_info.add(), r"\(training: training_info\)"),
    "sparse weights": (
        lambda model: setattr(model.graph.sparse_initializer.add().values, "name", "w"),
        r"\(sparse weights: w\)",
    ),
    "other inputs": (
        lambda model: setattr(model.graph.input[0], "name", "x"),
        "expected z, or z and label, to image, found x to image",
    ),
    "weights cut off": (
        lambda model: setattr(model.graph.initializer[0], "raw_data", b"1234"),
        "not an ONNX file, or damaged",
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_what_no_export_has_is_refused_before_it_is_opened(written, monkeypatch, name):
    edit, said = EDITS[name]
    monkeypatch.setattr(onnx_file, "open_session", lambda *_, **__: pytest.fail("it was opened"))
    path = written(edit)
    for open_it in (onnx_file.OnnxFile, Exported.open):
        with pytest.raises(ExportError, match=f"cannot read .*{said}"):
            open_it(path)


def test_changed_weights_are_found_without_the_export_around(written):
    def change(model: onnx.ModelProto) -> None:
        weights = numpy_helper.to_array(model.graph.initializer[0]).copy()
        weights.flat[7] += 0.01
        model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weights, model.graph.initializer[0].name))

    assert Exported.open(written()).facts == FACTS
    with pytest.raises(ExportError, match="it is damaged: its SHA-256 differs"):
        Exported.open(written(change))
    with pytest.raises(ExportError, match=r"not written by dcgan-tf export: it has no dcgan\.json"):
        Exported.open(written(lambda model: model.ClearField("metadata_props")))


@pytest.mark.parametrize("content", [b"", b"not a model", b"\x08\x07" * 9])
def test_a_file_that_is_none_is_named(tmp_path, content):
    path = tmp_path / "broken.onnx"
    path.write_bytes(content)
    with pytest.raises(ExportError, match=r"cannot read .*broken\.onnx"):
        Exported.open(path)
    with pytest.raises(ExportError, match="it is not a file"):
        Exported.open(tmp_path / "nothing.onnx")


def test_facts_of_another_generator_are_an_error(written):
    with pytest.raises(ExportError, match=r"takes \{'z': \(16,\)\} for each image, and its facts say"):
        onnx_file.OnnxFile(written()).generate(np.zeros((1, 9), np.float32))
