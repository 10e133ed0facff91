"""Conditional generators, exported: the class is a second input of every file, and each draws that class."""

from __future__ import annotations

import itertools
import json
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.cli import main
from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export import exporting
from dcgan_tf.export.card import model_card
from dcgan_tf.export.checks.verification import verify_export
from dcgan_tf.export.exported import Exported
from dcgan_tf.export.exporting import export_run
from dcgan_tf.export.folder import FORMATS, PRECISIONS
from dcgan_tf.export.formats import litert
from dcgan_tf.export.formats.litert_file import LiteRTFile
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.network.folding import fold
from dcgan_tf.export.network.graph import float_image
from dcgan_tf.runs.records import write_json
from dcgan_tf.runs.run import Run

LABELS = np.array([7, 7, 0, 9, 3, 1, 8, 2, 6, 5, 4, 0, 9, 2, 2, 5], np.int32)
DIGITS = [str(digit) for digit in range(10)]

RUNS = {
    "32x32x3": {"image_size": (32, 32), "channels": 3, "kernel_size": 5, "latent_distribution": "uniform"},
    "28x28x1": {"image_size": (28, 28)},
    "28x28x1 with a dense layer": {"image_size": (28, 28), "dense_units": 48},
    "gan": {"architecture": "gan", "hidden_units": 64},
}
ALIKE_DB = 30
"""So near the right picture the worst of the coarsest file has to be; another class may not come as near."""


@pytest.fixture(scope="module")
def small(run_unlike_at_first) -> Run:
    """Return one run, for tests that any serves."""
    return with_classes_apart(run_unlike_at_first(conditional=True))


@pytest.fixture(scope="module")
def small_folder(small, tmp_path_factory) -> Path:
    return export_run(small, to=tmp_path_factory.mktemp("exports") / "small", formats=FORMATS)


@pytest.fixture(scope="module", params=["16x16x1", *RUNS])
def conditional(request, small, run_unlike_at_first) -> Run:
    if request.param not in RUNS:
        return small
    return with_classes_apart(run_unlike_at_first(conditional=True, **RUNS[request.param]))


@pytest.fixture(scope="module")
def folder(conditional, small, small_folder, untimed, tmp_path_factory) -> Path:
    """Return an export of everything."""
    if conditional is small:
        return small_folder
    with untimed():
        return export_run(conditional, to=tmp_path_factory.mktemp("exports") / "digits", formats=FORMATS)


@pytest.fixture(scope="module")
def loaded(small_folder):
    return tf.saved_model.load(str(small_folder / "saved_model"))


def by_keras(run: Run, z: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Draw with the trained generator, the classes written as one-hot vectors by hand."""
    return np.asarray(run.generator(np.hstack([z, np.eye(10, dtype=np.float32)[labels]]), training=False))


def with_classes_apart(run: Run) -> Run:
    """Set what a class counts for so that no picture is like that of the next class.

    After a few steps some are, and which depends on the processor.
    """
    generator = keras.models.clone_model(run.generator)
    generator.set_weights(run.generator.get_weights())
    run = replace(run, generator=generator)
    first = next(layer for layer in generator.layers if layer.weights)
    kernel, *others = first.get_weights()
    if isinstance(first, keras.layers.Dense):
        of_latent, of_class = kernel[:-10], kernel[-10:]
    else:
        of_latent, of_class = kernel[..., :-10], kernel[..., -10:]
    # Too large, they drive every class into the same black and white.
    for seed, scale in itertools.product(range(8), (2, 4, 8, 16)):
        of_class[:] = np.random.default_rng(seed).normal(0, scale * of_latent.std(), of_class.shape)
        first.set_weights([kernel, *others])
        if most_alike(run) < ALIKE_DB:
            break
    return run


def most_alike(run: Run) -> float:
    """Return in dB how alike a picture of `LABELS` is to the same latent's in the next class, at most."""
    z = run.latents(16, seed=3)
    drawn, others = (np.rint((by_keras(run, z, (LABELS + i) % 10) + 1) * 127.5) for i in (0, 1))
    return psnr(others, drawn).max()


def psnr(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Image by image, in dB of 8-bit levels."""
    errors = np.square(found.astype(float) - expected).reshape(len(found), -1).mean(axis=1)
    return 10 * np.log10(255**2 / np.maximum(errors, 1e-9))


# Every file draws the class that it is told


def test_every_tflite_file_draws_the_class_that_it_is_told(conditional, folder):
    z = conditional.latents(16, seed=3)
    drawn = by_keras(conditional, z, LABELS)
    levels = np.rint((drawn + 1) * 127.5)
    assert most_alike(conditional) < ALIKE_DB, "the classes must differ by more"
    for precision, mean, worst in (("fp32", 80, 70), ("fp16", 60, 60), ("dynamic", 45, 35), ("int8", 40, 30)):
        interpreter = Interpreter(str(folder / f"generator-{precision}.tflite"))
        runner = interpreter.get_signature_runner("serving_default")
        found = np.concatenate(
            [runner(z=z[i : i + 1], label=LABELS[i : i + 1])["image"] for i in range(len(z))]
        )
        assert psnr(found, levels).mean() >= mean, precision
        assert psnr(found, levels).min() >= worst, precision


def test_the_exact_files_and_the_page_draw_it_too(conditional, folder):
    z = conditional.latents(16, seed=3)
    drawn = by_keras(conditional, z, LABELS)
    for name in ("saved_model", "model.keras"):
        np.testing.assert_allclose(open_artefact(folder / name)(z, LABELS), drawn, rtol=0, atol=1e-5)
    page = open_artefact(folder / "web" / "index.html")(z, LABELS)
    found = psnr((page + 1) * 127.5, (drawn + 1) * 127.5)
    assert found.mean() >= 45
    assert found.min() >= 35


def test_it_verifies_from_the_files_alone(folder):
    record = json.loads((folder / "export.json").read_text())
    assert verify_export(folder).keys() == record["artefacts"].keys()


def test_samples_are_the_run_s(conditional, folder):
    for name in ("saved_model", "generator-fp32.tflite"):
        exported = Exported.open(folder / name)
        assert exported.class_names == tuple(DIGITS)
        for labels in (None, [7], [3, 1, 4]):
            found = exported.sample(12, seed=5, labels=labels).astype(float)
            expected = conditional.sample(12, seed=5, labels=labels).astype(float)
            np.testing.assert_allclose(found, expected, atol=1)


def test_labels_that_are_no_classes_are_refused_by_the_function_that_draws(folder):
    for name in ("saved_model", "generator-fp32.tflite"):
        exported = Exported.open(folder / name)
        z = exported.latents(2)
        assert exported.draw(z, [7, 3]).shape == exported.draw(z, np.array([7.0, 3.0])).shape
        for labels in (None, [0.5, 1], [7], [10, 0]):
            with pytest.raises(ArgumentError, match=r"expected (one label|labels from 0 to 9)"):
                exported.draw(z, labels)


def test_the_command_line_draws_a_class_of_an_export(conditional, folder, tmp_path):
    out = tmp_path / "a.npy"
    words = ["sample", str(folder), "--label", "7", "-n", "3", "--out", str(out)]
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    expected = conditional.sample(3, labels=[7]).astype(float)
    np.testing.assert_allclose(np.load(out).astype(float), expected, atol=1)


def test_the_reference_shows_the_classes_in_turn(conditional, folder):
    height, width = conditional.config.data.image_size
    with Image.open(folder / "samples.png") as picture:
        pixels = np.asarray(picture)
    second = pixels[2 : 2 + height, width + 4 : width + 4 + width]
    expected = (by_keras(conditional, conditional.latents(2), np.array([0, 1]))[1] + 1) * 127.5
    np.testing.assert_allclose(second.reshape(expected.shape), expected, atol=0.501)


# What is said of the classes


def test_the_facts_name_the_classes_only_of_a_conditional_generator(small_folder, run, untimed, tmp_path):
    facts = Exported.open(small_folder / "generator-fp32.tflite").facts
    assert facts["class_names"] == DIGITS
    assert json.loads((small_folder / "export.json").read_text())["model"]["class_names"] == DIGITS
    with zipfile.ZipFile(small_folder / "generator-fp32.tflite") as archive:
        assert archive.read("labels.txt").decode().split() == DIGITS
    with untimed():
        other = export_run(run, to=tmp_path / "other", formats=["tflite"], precisions=["fp32"])
    assert "class_names" not in Exported.open(other / "generator-fp32.tflite").facts
    assert Exported.open(other).class_names == ()
    assert "label" not in (other / "MODEL_CARD.md").read_text()


def test_the_card_says_how_a_class_is_passed(small_folder):
    card = (small_folder / "MODEL_CARD.md").read_text()
    for words in (
        "each drawn from N(0, 1); and `label`: 0 to 9, for 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 |",
        "dcgan-tf sample small --label 0",
        "`z` float32 [1, 16] and `label` int32 [1] to `image` uint8 [1, 16, 16, 1].",
        "`serving_default`: `z` float32 [n, 16] and `label` int32 [n] to `image` uint8 [n, 16, 16, 1];",
        "to `image` uint8 [n, 16, 16, 1] and `z`, and `label`: the classes in turn.",
        "`model.keras` takes float32 [n, 26] (the latent, then 10 numbers for the classes: 1 for its own, 0",
    ):
        assert words in card
    assert "{" not in card


def test_the_card_names_a_dozen_of_many_classes_as_text(small_folder):
    record = json.loads((small_folder / "export.json").read_text())
    record["model"]["class_names"] = ["a|b", *(f"n{i}" for i in range(1, 30))]
    card = model_card(record, folder=small_folder)
    assert r"`label`: 0 to 29, for a\|b, n1, n2, n3, n4, n5, n6, n7, n8, n9, n10, n11, … (all in" in card


# Labels that are wrong


def test_labels_that_are_wrong_are_refused_in_the_run_s_words(small, small_folder, run, tmp_path):
    exported = Exported.open(small_folder)
    for labels, words in (
        ([10], r"there is no class 10: expected labels from 0 to 9 \(0, 1, 2, 3, 4, 5, 6, 7, 8, 9\)"),
        ([3, -1], "there is no class -1: expected"),
        ([], "draws pictures of a class: expected labels from 0 to 9 .*, received none"),
    ):
        for drawing in (exported, small):
            with pytest.raises(ValueError, match=words):
                drawing.sample(2, labels=labels)
    other = Exported.open(export_run(run, to=tmp_path / "a", formats=["keras"]))
    for drawing in (other, run):
        with pytest.raises(ValueError, match="trained without --conditional, so it cannot draw"):
            drawing.sample(2, labels=[0])


def test_a_run_fixed_to_one_class_is_not_exported(small, tmp_path):
    with pytest.raises(ValueError, match="fixed to one class cannot be exported; export the run itself"):
        export_run(small.of_class(3), to=tmp_path / "three", formats=["keras"])
    assert not (tmp_path / "three").exists()


@pytest.mark.parametrize("precision", ["fp32", "int8"])
@pytest.mark.parametrize("label", [-1, 10, 2**31 - 1])
def test_a_tflite_file_refuses_a_label_that_is_no_class(small, small_folder, precision, label):
    file = LiteRTFile(small_folder / f"generator-{precision}.tflite")
    with pytest.raises(ExportError, match="gather index out of bounds"):
        file.generate(small.latents(1), np.array([label]))


@pytest.mark.parametrize("labels", [[-1, 0], [3, 10]])
@pytest.mark.parametrize("signature", ["serving_default", "float_images"])
def test_a_server_refuses_a_label_that_is_no_class(small, loaded, signature, labels):
    draw = loaded.signatures[signature]
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        draw(z=tf.constant(small.latents(2)), label=tf.constant(labels))
    assert "there is no such class: expected labels from 0 to 9, received" in str(caught.value)
    assert f"[{labels[0]} {labels[1]}]" in str(caught.value)


# The SavedModel


def test_types_and_shapes_are_those_that_are_documented(loaded):
    signatures = loaded.signatures

    def specs(of: dict) -> dict:
        return {key: (value.dtype.name, value.shape.as_list()) for key, value in of.items()}

    for name, dtype in (("serving_default", "uint8"), ("float_images", "float32")):
        taken = specs(signatures[name].structured_input_signature[1])
        assert taken == {"z": ("float32", [None, 16]), "label": ("int32", [None])}
        given = specs(signatures[name].structured_outputs)
        assert given == {"image": (dtype, [None, 16, 16, 1])}
    assert specs(signatures["sample"].structured_input_signature[1]) == {
        "seed": ("int64", []),
        "n": ("int64", []),
    }
    assert specs(signatures["sample"].structured_outputs) == {
        "image": ("uint8", [None, 16, 16, 1]),
        "z": ("float32", [None, 16]),
        "label": ("int32", [None]),
    }


@pytest.mark.parametrize("n", [1, 8, 11])
def test_image_i_of_a_seed_is_the_same_for_every_n(loaded, n):
    drawn, most = loaded.sample(3, n), loaded.sample(3, 30)
    for name in ("image", "z", "label"):
        np.testing.assert_array_equal(drawn[name], most[name][:n])


def test_a_row_request_is_a_latent_and_a_class_each(small, loaded):
    """Done with a REST request as TensorFlow Serving does: of each key, the rows become one batch."""
    z = small.latents(2)
    request = {"instances": [{"z": z[0].tolist(), "label": 7}, {"z": z[1].tolist(), "label": 2}]}
    rows = json.loads(json.dumps(request))["instances"]
    draw = loaded.signatures["serving_default"]
    specs = draw.structured_input_signature[1]
    batch = {key: tf.constant([row[key] for row in rows], specs[key].dtype) for key in rows[0]}
    found = draw(**batch)["image"].numpy().astype(float)
    np.testing.assert_allclose(found, (by_keras(small, z, np.array([7, 2])) + 1) * 127.5, atol=0.501)


def test_keras_takes_the_class_as_numbers_behind_the_latent(small, small_folder):
    network = keras.saving.load_model(small_folder / "model.keras", compile=False)
    z = np.hstack([small.latents(2), np.eye(10, dtype=np.float32)[[7, 2]]])
    np.testing.assert_allclose(
        network(z, training=False), by_keras(small, small.latents(2), [7, 2]), atol=1e-6
    )


# The .tflite files


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_signature_takes_one_latent_and_one_class(folder, conditional, precision):
    interpreter = Interpreter(str(folder / f"generator-{precision}.tflite"))
    signature = interpreter.get_signature_list()["serving_default"]
    assert (sorted(signature["inputs"]), signature["outputs"]) == (["label", "z"], ["image"])
    taken = interpreter.get_signature_runner("serving_default").get_input_details()
    shapes = {name: (detail["shape"].tolist(), detail["dtype"]) for name, detail in taken.items()}
    assert shapes == {"z": ([1, 16], np.float32), "label": ([1], np.int32)}
    in_order = [detail["shape"].tolist() for detail in interpreter.get_input_details()]
    assert in_order == [[1, 16], [1]], "Swift passes them by number"


@pytest.mark.parametrize("precision", PRECISIONS)
def test_besides_looking_up_the_class_xnnpack_takes_what_it_takes_of_others(folder, precision):
    """float16's table is turned into float32 once, when the file is opened."""
    last = "QUANTIZE" if precision == "int8" else "CAST"
    expected = [last, "GATHER", *(["DEQUANTIZE"] if precision == "fp16" else [])]
    artefact = json.loads((folder / "export.json").read_text())["artefacts"][f"generator-{precision}.tflite"]
    assert artefact["not_delegated"] == sorted(expected)
    assert artefact["operators"]["GATHER"] == 1


def test_calibration_takes_the_classes_in_turn():
    z = np.arange(12, dtype=np.float32).reshape(6, 2)
    inputs = list(litert._one_by_one(litert._examples(z, 4)))
    assert [int(one["label"][0]) for one in inputs] == [0, 1, 2, 3, 0, 1]
    assert {(one["label"].dtype.name, one["label"].shape, one["z"].shape) for one in inputs} == {
        ("int32", (1,), (1, 2))
    }
    np.testing.assert_array_equal(np.concatenate([one["z"] for one in inputs]), z)
    assert [one.keys() for one in litert._one_by_one(litert._examples(z, 0))] == [{"z"}] * 6


def test_each_class_is_calibrated_however_many_there_are(small, tmp_path, monkeypatch):
    counts = []
    convert = exporting.litert.convert

    def recording(*arguments, calibration, **others):
        counts.append(len(calibration))
        return convert(*arguments, calibration=calibration, **others)

    monkeypatch.setattr(exporting.litert, "convert", recording)
    monkeypatch.setattr(exporting, "CALIBRATION_LATENTS", 4)
    figures = dict.fromkeys(("bytes", "max_abs", "psnr_mean_db", "psnr_worst_db"), 0)
    monkeypatch.setattr(exporting, "check", lambda *_: (figures, []))
    monkeypatch.setattr(exporting, "_add_latencies", lambda *_: None)
    export_run(small, to=tmp_path / "a", formats=["tflite"], precisions=["fp32"])
    assert counts == [10]


# Folding


def test_a_class_is_a_bias_as_worked_out_by_hand():
    norm = keras.layers.BatchNormalization(epsilon=0.5)
    network = keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(1),
            norm,
            keras.layers.Reshape((1, 1, 1)),
            keras.layers.Activation("tanh"),
        ]
    )
    network.layers[0].set_weights([np.array([[3.0], [5.0], [-1.0]]), np.array([7.0])])
    norm.set_weights([np.array([4.0]), np.array([1.0]), np.array([2.0]), np.array([3.5])])
    folded = fold(network, num_classes=2)
    assert (folded.latent_dim, folded.num_classes) == (1, 2)
    # gamma / sqrt(variance + epsilon) = 4 / sqrt(4) = 2: weights 6, 10, -2, bias (7 - 2) * 2 + 1 = 11.
    # The classes give 11 + 10 = 21 and 11 - 2 = 9, from which z = -3.5 and z = -1.5 take 21 and 9.
    z = np.float32([[-3.5], [-1.5]])
    drawn = float_image(folded, z, np.array([0, 1], np.int32))
    np.testing.assert_allclose(np.ravel(drawn), [0, 0], atol=1e-6)
    drawn = float_image(folded, z, np.array([1, 0], np.int32))
    np.testing.assert_allclose(np.ravel(drawn), [np.tanh(-12), np.tanh(12)], atol=1e-6)


# Verifying


def test_other_classes_than_those_of_the_files_are_found(small_folder, tmp_path):
    """With nine names, image 9 would be of class 0 instead of 9."""
    shutil.copytree(small_folder, tmp_path / "copy")
    record = json.loads((tmp_path / "copy" / "export.json").read_text())
    record["model"]["class_names"].pop()
    write_json(tmp_path / "copy" / "export.json", record)
    with pytest.raises(ExportError) as caught:
        verify_export(tmp_path / "copy")
    assert "saved_model: sample: its latents, or its classes, are not those of its seed" in str(caught.value)
    assert "saved_model: largest difference" in str(caught.value)
