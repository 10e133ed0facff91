"""Conversion: what is in the files, beside what LiteRT says of them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter

from dcgan_tf.errors import ExportError
from dcgan_tf.export.checks.difference import difference
from dcgan_tf.export.checks.latency import median_milliseconds
from dcgan_tf.export.facts import facts_of
from dcgan_tf.export.folder import NAIVE_WAYS, PRECISIONS
from dcgan_tf.export.formats import keras_file, litert, saved_model
from dcgan_tf.export.formats.litert_file import LiteRTFile, read_facts
from dcgan_tf.export.formats.opening import open_artefact
from dcgan_tf.export.network.folding import Dense, FoldedGenerator, Upsample, fold
from dcgan_tf.export.network.graph import float_image
from dcgan_tf.export.web import page as web
from dcgan_tf.images import to_uint8

SIZES = [((28, 28), 1), ((32, 32), 3), ((64, 64), 3), ((48, 64), 3)]
GENERATORS = {
    f"{height}x{width}x{channels}, kernel {size}": {
        "image_size": (height, width),
        "channels": channels,
        "kernel_size": size,
    }
    for (height, width), channels in SIZES
    for size in (4, 5)
}


@pytest.fixture(scope="module")
def converted(run, tmp_path_factory):
    """Return a function from precision to a converted file."""
    folder = tmp_path_factory.mktemp("tflite")
    folded = fold(run.generator)

    def convert(precision: str, *, float_output: bool = False) -> Path:
        path = folder / f"{precision}-{float_output}.tflite"
        if not path.exists():
            calibration = run.latents(128, seed=5)
            path.write_bytes(
                litert.convert(folded, precision, calibration=calibration, float_output=float_output)
            )
        return path

    return convert


@pytest.fixture(scope="module", params=NAIVE_WAYS)
def naive(request, run, tmp_path_factory) -> Path:
    """Return one of Keras' own conversions of the same generator."""
    path = tmp_path_factory.mktemp("keras") / "naive.tflite"
    path.write_bytes(litert.convert_naively(run.generator)[request.param])
    return path


def psnr(found: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """Image by image, in dB of 8-bit levels."""
    errors = np.square(found.astype(float) - expected.astype(float)).reshape(len(found), -1).mean(axis=1)
    return 10 * np.log10(255**2 / np.maximum(errors, 1e-9))


@pytest.mark.parametrize("name", ["trained", *GENERATORS])
def test_a_generator_draws_the_same_in_every_artefact(request, run_unlike_at_first, tmp_path, name):
    """Independently of what export measures: beside Keras, image by image."""
    run = run_unlike_at_first(**GENERATORS[name]) if name in GENERATORS else request.getfixturevalue("run")
    z, folded = run.latents(16, seed=3), fold(run.generator)
    drawn = np.asarray(run.generator(z, training=False))
    assert drawn.std() > 0.1, "an image without contrast would hide any difference"
    expected = np.rint((drawn + 1) * 127.5)
    for precision, mean, worst in (("fp16", 60, 60), ("dynamic", 45, 35), ("int8", 40, 30)):
        content = litert.convert(folded, precision, calibration=run.latents(128, seed=5))
        found = psnr(interpreted(content, z), expected)
        assert found.mean() >= mean, precision
        assert found.min() >= worst, precision
    web.write_page(tmp_path / "index.html", folded, facts_of(run, name="digits"))
    found = psnr(to_uint8(open_artefact(tmp_path / "index.html")(z)), expected)
    assert found.mean() >= 45
    assert found.min() >= 35
    saved_model.write(tmp_path / "saved_model", run.generator, run.config.model, {})
    keras_file.write(tmp_path / "model.keras", run.generator)
    for exact in ("saved_model", "model.keras"):
        np.testing.assert_allclose(open_artefact(tmp_path / exact)(z), drawn, rtol=0, atol=1e-5)
    floats = litert.convert(folded, "fp32", calibration=z, float_output=True)
    np.testing.assert_allclose(interpreted(floats, z), drawn, rtol=0, atol=1e-5)
    levels = interpreted(litert.convert(folded, "fp32", calibration=z), z)
    np.testing.assert_allclose(levels, (drawn + 1) * 127.5, rtol=0, atol=0.5 + 1e-5 * 127.5)


def interpreted(content: bytes, z: np.ndarray) -> np.ndarray:
    runner = Interpreter(model_content=content).get_signature_runner("serving_default")
    return np.concatenate([runner(z=latent[None])["image"] for latent in z])


@pytest.mark.parametrize("precision", PRECISIONS)
def test_the_signature_takes_one_latent_and_gives_one_image_of_bytes(converted, precision):
    interpreter = Interpreter(str(converted(precision)))
    assert interpreter.get_signature_list() == {"serving_default": {"inputs": ["z"], "outputs": ["image"]}}
    (z,), (image,) = interpreter.get_input_details(), interpreter.get_output_details()
    assert (z["shape"].tolist(), z["dtype"]) == ([1, 16], np.float32)
    assert (image["shape"].tolist(), image["dtype"]) == ([1, 16, 16, 1], np.uint8)


@pytest.mark.parametrize("precision", PRECISIONS)
def test_float_output_is_the_image_in_minus_one_to_one(converted, run, precision):
    z = run.latents(4)
    images = LiteRTFile(converted(precision, float_output=True)).generate(z)
    assert images.dtype == np.float32
    expected = np.asarray(run.generator(z, training=False))
    np.testing.assert_allclose(images, expected, atol=0.2 if precision in ("dynamic", "int8") else 1e-2)
    assert images.min() < 0 < images.max() <= 1


@pytest.mark.parametrize("precision", PRECISIONS)
def test_no_transposed_convolution_and_no_shape_is_computed(converted, precision):
    operators = LiteRTFile(converted(precision)).operators()
    assert not {"TRANSPOSE_CONV", "SHAPE", "PACK"} & operators.keys()
    assert operators["FULLY_CONNECTED"] == 1
    assert operators["DEPTH_TO_SPACE"] == 2
    assert "DELEGATE" not in operators


@pytest.mark.parametrize("precision", PRECISIONS)
def test_xnnpack_takes_everything_but_the_last_cast(converted, precision):
    last = "QUANTIZE" if precision == "int8" else "CAST"
    assert LiteRTFile(converted(precision)).undelegated() == [last]
    assert LiteRTFile(converted(precision, float_output=True)).undelegated() == []


def test_the_naive_conversion_is_seen_to_be_left_to_slow_kernels(naive, monkeypatch):
    """The same reading of the operators finds the fault in Keras' own conversion."""
    monkeypatch.setattr(LiteRTFile, "_check_signature", lambda self: None)
    file = LiteRTFile(naive)
    assert {"TRANSPOSE_CONV", "SHAPE", "PACK"} <= file.operators().keys()
    assert "TRANSPOSE_CONV" in file.undelegated()


def test_eight_bit_weights_are_a_quarter_and_sixteen_bit_a_half(unlike_at_first, tmp_path):
    folded, z = fold(unlike_at_first(filters=64)), latents(8)
    contents = {name: litert.convert(folded, name, calibration=z) for name in PRECISIONS}
    sizes = {precision: len(content) for precision, content in contents.items()}
    path = tmp_path / "fp32.tflite"
    path.write_bytes(contents["fp32"])
    # 64 outputs are computed phase by phase, one of which is padded by the convolution; 1 output at once.
    operators = LiteRTFile(path).operators()
    assert [operators[name] for name in ("CONV_2D", "PAD", "CONCATENATION")] == [5, 4, 1]
    weights = 4 * sum(layer.kernel.size for layer in folded.upsamples)
    assert sizes["fp32"] > weights
    assert sizes["fp16"] < 0.55 * sizes["fp32"]
    assert sizes["dynamic"] < 0.35 * sizes["fp32"]
    assert sizes["int8"] < 0.35 * sizes["fp32"]


# What 8 bits are spent on


def two_dense_layers(*, bias: float, contrast: float = 1.0) -> FoldedGenerator:
    """Return a generator with two dense layers, whose pixels have the bias and the contrast."""
    numbers = np.random.default_rng(0)
    dense = (
        Dense(numbers.normal(size=(16, 64)) / 4, 0.3 * numbers.normal(size=64), relu=True),
        Dense(numbers.normal(size=(64, 4 * 4 * 8)) / 6, 0.3 * numbers.normal(size=4 * 4 * 8), relu=True),
    )
    last = Upsample(contrast * numbers.normal(size=(4, 4, 8, 1)), np.full(1, bias))
    return FoldedGenerator(dense, (4, 4, 8), (last,))


def latents(count: int) -> np.ndarray:
    return np.random.default_rng(count).normal(size=(count, 16)).astype(np.float32)


def tensors_of(content: bytes) -> list[schema.TensorT]:
    return schema.ModelT.InitFromPackedBuf(content).subgraphs[0].tensors


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_the_first_of_several_dense_layers_stays_float(precision):
    """With 8 bits for the latent, the worst image of int8 was at 22.8 dB."""
    generator, z = two_dense_layers(bias=-3.0), latents(64)
    content = litert.convert(generator, precision, calibration=latents(128))
    kernels = {tuple(tensor.shape): tensor.type for tensor in tensors_of(content)}
    assert kernels[64, 16] == schema.TensorType.FLOAT32
    assert kernels[128, 64] == schema.TensorType.INT8
    levels = (np.asarray(float_image(generator, z)) + 1) * 127.5
    assert psnr(interpreted(content, z), levels).min() >= 35


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_a_first_layer_that_is_the_only_dense_one_has_eight_bits(run, precision):
    content = litert.convert(fold(run.generator), precision, calibration=run.latents(8))
    (kernel,) = (tensor for tensor in tensors_of(content) if tensor.shape.tolist() == [4 * 4 * 16, 16])
    assert kernel.type == schema.TensorType.INT8


@pytest.mark.parametrize(
    ("bias", "contrast", "least", "greatest"),
    [(-3.0, 1.0, -4, 4), (-3.0, 0.2, -4, None), (3.0, 0.2, None, 4), (0.0, 0.1, None, None)],
    ids=["beyond on both sides", "black", "white", "within"],
)
def test_int8_has_its_steps_where_tanh_makes_a_difference(monkeypatch, bias, contrast, least, greatest):
    generator, calibration = two_dense_layers(bias=bias, contrast=contrast), latents(128)
    with np.errstate(divide="ignore"):
        before = np.arctanh(np.float64(float_image(generator, calibration)))
    content = litert.convert(generator, "int8", calibration=calibration)
    model = schema.ModelT.InitFromPackedBuf(content)
    codes = [code.builtinCode for code in model.operatorCodes]
    (tanh,) = (
        operator
        for operator in model.subgraphs[0].operators
        if codes[operator.opcodeIndex] == schema.BuiltinOperator.TANH
    )
    quantization = model.subgraphs[0].tensors[tanh.inputs[0]].quantization
    found = (np.array([-128, 127]) - quantization.zeroPoint[0]) * quantization.scale[0]
    expected = [least or min(before.min(), 0), greatest or max(before.max(), 0)]
    np.testing.assert_allclose(found, expected, atol=2.5 * quantization.scale[0])
    assert schema.BuiltinOperator.FAKE_QUANT not in codes
    monkeypatch.setattr(litert, "_limits", lambda *_: None)
    as_calibrated = litert.convert(generator, "int8", calibration=calibration)
    assert (content == as_calibrated) == (least is greatest is None)


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_float_output_of_a_joined_model_is_the_image_too(precision):
    generator, z = two_dense_layers(bias=-1.0), latents(4)
    content = litert.convert(generator, precision, calibration=latents(128), float_output=True)
    images, expected = interpreted(content, z), np.asarray(float_image(generator, z))
    assert images.dtype == np.float32
    assert expected.std() > 0.5
    np.testing.assert_allclose(images, expected, atol=0.15)


@pytest.mark.parametrize("precision", ["dynamic", "int8"])
def test_a_joined_model_has_the_same_bytes_twice(precision):
    generator, z = two_dense_layers(bias=-3.0), latents(8)
    first, second = (litert.convert(generator, precision, calibration=z) for _ in range(2))
    assert first == second


def test_the_same_generator_gives_the_same_bytes(run):
    folded, z = fold(run.generator), run.latents(8)
    assert litert.convert(folded, "fp16", calibration=z) == litert.convert(folded, "fp16", calibration=z)


def test_associated_files_can_be_read_and_change_nothing_that_is_drawn(converted, run, tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(converted("fp32").read_bytes())
    facts = {"latent_dim": 16, "latent_distribution": "normal", "image_shape": [16, 16, 1], "step": 40}
    litert.append_files(path, {**facts, "name": "ä"}, ["cat", "dog\nor so"])
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["dcgan.json", "labels.txt"]
        written = json.loads(archive.read("dcgan.json"))
        digest = hashlib.sha256(converted("fp32").read_bytes()).hexdigest()
        assert written == {**facts, "name": "ä", "sha256": digest}
        assert archive.read("labels.txt") == b"cat\ndog or so\n"
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
    assert read_facts(path) == {**facts, "name": "ä"}
    z = run.latents(2)
    np.testing.assert_array_equal(LiteRTFile(path).generate(z), LiteRTFile(converted("fp32")).generate(z))


def test_without_labels_there_is_no_file_of_labels(converted, tmp_path):
    path = tmp_path / "a.tflite"
    path.write_bytes(converted("fp32").read_bytes())
    litert.append_files(path, {}, [])
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["dcgan.json"]


def test_a_file_without_facts_is_named(converted, tmp_path):
    with pytest.raises(ExportError, match=r"fp32-False\.tflite: it is not a zip, or damaged"):
        read_facts(converted("fp32"))
    with pytest.raises(ExportError, match=r"nothing\.tflite: it is not a file"):
        read_facts(tmp_path / "nothing.tflite")


def test_a_file_that_litert_cannot_read_is_named(tmp_path):
    path = tmp_path / "broken.tflite"
    path.write_bytes(b"not a model")
    with pytest.raises(ExportError, match=r"LiteRT cannot read .*broken\.tflite"):
        LiteRTFile(path)


def test_another_model_is_refused_with_its_signatures(naive):
    with pytest.raises(
        ExportError, match=r"expected a signature serving_default from z, or z and label, to image, found \{"
    ):
        LiteRTFile(naive)


def test_the_oldest_runtime_is_named(converted):
    major, minor, _ = LiteRTFile(converted("fp32")).minimum_runtime().split(".")
    assert (int(major), int(minor)) >= (1, 5)


def test_latency_is_given_for_one_and_for_two_threads(converted):
    contents = {name: converted(name).read_bytes() for name in ("fp32", "dynamic")}
    found = median_milliseconds(contents, rounds=3)
    assert found.keys() == contents.keys()
    assert all(list(by_threads) == ["1", "2"] for by_threads in found.values())
    assert all(0 < value < 1000 for by_threads in found.values() for value in by_threads.values())


def test_only_the_float16_file_may_be_computed_in_float16(converted):
    """XNNPACK asks for both halves of the entry: float16 arithmetic, and sums in float16."""
    allowed = {}
    for precision in PRECISIONS:
        model = schema.ModelT.InitFromPackedBuf(converted(precision).read_bytes(), 0)
        entries = {entry.name: bytes(model.buffers[entry.buffer].data) for entry in model.metadata}
        allowed[precision] = entries.get(b"reduced_precision_support")
    assert allowed == {"fp32": None, "fp16": b"fp16accfp16", "dynamic": None, "int8": None}


def added_in_float16(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the matrix product with every sum rounded to float16, which TensorFlow does not do."""
    total = np.zeros((len(first), second.shape[1]), np.float16)
    for column, row in zip(first.T.astype(np.float32), second.astype(np.float32), strict=True):
        total = (total + np.outer(column, row)).astype(np.float16)
    return total


def convolved_in_float16(images: tf.Tensor, kernel: tf.Tensor, strides: int, padding: str) -> tf.Tensor:
    images, (rows, columns, *_) = np.asarray(images), kernel.shape
    if padding == "SAME":
        pads = [((taps - 1) // 2, taps // 2) for taps in (rows, columns)]
        images = np.pad(images, [(0, 0), *pads, (0, 0)])
    height, width = images.shape[1] - rows + 1, images.shape[2] - columns + 1
    seen = [images[:, i : i + height, j : j + width] for i in range(rows) for j in range(columns)]
    patches = np.concatenate(seen, axis=-1)
    flat = np.asarray(kernel).reshape(-1, kernel.shape[-1])
    product = added_in_float16(patches.reshape(-1, patches.shape[-1]), flat)
    return tf.constant(product.reshape(*patches.shape[:3], -1))


def test_in_float16_the_images_stay_the_same_to_the_eye(run, monkeypatch):
    folded, latents = fold(run.generator), run.latents(8, seed=1)
    exact = np.asarray(float_image(folded, tf.constant(latents)))
    monkeypatch.setattr(tf.nn, "conv2d", convolved_in_float16)
    monkeypatch.setattr(
        tf.linalg, "matmul", lambda *pair: tf.constant(added_in_float16(*map(np.asarray, pair)))
    )
    half = np.asarray(float_image(folded, tf.constant(latents, tf.float16)))
    assert half.dtype == np.float16
    assert difference(half.astype(np.float32), exact).psnr_worst > 60
