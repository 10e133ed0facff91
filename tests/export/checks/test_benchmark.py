"""The benchmark: what it measures of which artefact, as a table and as JSON."""

from __future__ import annotations

import json
from importlib.metadata import version

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.cli.export import table_of
from dcgan_tf.export import benchmark_export, export_run
from dcgan_tf.runs.run import Run


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark") / "export"
    formats = ("saved_model", "tflite", "web", "keras", "onnx")
    return export_run(Run.open(trained), to=folder, formats=formats, precisions=("fp32", "dynamic"))


def test_each_artefact_is_measured_as_it_can_be(exported):
    found = benchmark_export(exported, rounds=3)
    every = str(found["machine"]["cores"])
    threads = {name: set(artefact["milliseconds"]) for name, artefact in found["artefacts"].items()}
    assert threads == {
        "saved_model": {every},
        "generator-fp32.tflite": {"1", every},
        "generator-dynamic.tflite": {"1", every},
        "generator.onnx": {"1", every},
        "web/index.html": set(),
        "model.keras": {every},
    }
    ways = ["TFLiteConverter.from_keras_model", 'model.export(format="litert")']
    assert list(found["keras"]) == ways
    for figures in found["keras"].values():
        assert figures["milliseconds"].keys() == {"1", every}
        assert figures["max_abs"] < 1e-5
        assert figures["bytes"] > 1000
    for name, artefact in found["artefacts"].items():
        assert artefact["bytes"] > 1000
        assert all(0 < value < 1000 for value in artefact["milliseconds"].values())
        exact = name in ("saved_model", "model.keras")
        assert artefact["psnr_worst_db"] is None if exact else (artefact["psnr_worst_db"] or 99) > 20
        assert ("accelerators" in artefact) == name.endswith(".tflite")
    dynamic = found["artefacts"]["generator-dynamic.tflite"]
    assert dynamic["accelerators"]["XNNPACK"] == {"nodes": dynamic["operators"] - 1, "left": {"CAST": 1}}
    assert dynamic["accelerators"]["NPU"] is None
    assert found["rounds"] == 3
    assert any(line.endswith(f", onnxruntime {version('onnxruntime')}") for line in table_of(found))


def test_the_table_fits_a_terminal_and_says_what_was_not_timed():
    machine = {"processor": "One (avx2)", "cores": 16, "tensorflow": "2.21.0", "ai-edge-litert": "2.3.0"}
    artefacts = {
        "saved_model": {"bytes": 4e6, "psnr_worst_db": None, "milliseconds": {"16": 1234.5}},
        "generator-dynamic.tflite": {
            "bytes": 1e6,
            "psnr_worst_db": 39.18,
            "milliseconds": {"1": 0.711, "16": 0.5},
        },
    }
    keras = {
        'model.export(format="litert")': {"bytes": 4e6, "psnr_worst_db": 140, "milliseconds": {"1": 2.5}},
    }
    found = {"machine": machine, "artefacts": artefacts, "keras": keras, "rounds": 50}
    head, exact, small, naive, *foot = table_of(found)
    assert naive.split() == ['export(format="litert")', "4.0", "MB", "2.50", "ms", "–", "140.0", "dB"]
    assert head.split("  ")[-1].strip() == "PSNR, worst image"
    assert exact.split() == ["saved_model", "4.0", "MB", "–", "1234.50", "ms", "equal"]
    assert small.split()[1:] == ["1.0", "MB", "0.71", "ms", "0.50", "ms", "39.2", "dB"]
    assert max(map(len, (head, exact, small, *foot))) <= 80
    assert foot == [
        "one image, median of 50, on One (avx2)",
        "tensorflow 2.21.0, ai-edge-litert 2.3.0",
        'export(format="litert"): Keras\' own files, of model.keras',
    ]


CAST = {"nodes": 37, "left": {"CAST": 1}}


def lines_below(files: dict, **machine: str) -> list[str]:
    """Return the lines of the second table for the answers of the accelerators to files of 38 operators."""
    machine = {"processor": "One", "cores": 1, "tensorflow": "2.21.0", "ai-edge-litert": "2.3.0", **machine}
    measured = {"bytes": 1e6, "psnr_worst_db": 40, "milliseconds": {"1": 1}, "operators": 38}
    artefacts = {
        f"generator-{name}.tflite": {**measured, "accelerators": answers} for name, answers in files.items()
    }
    lines = table_of({"machine": machine, "artefacts": artefacts, "keras": {}, "rounds": 50})
    assert max(map(len, lines)) <= 80
    return lines[next(i for i, line in enumerate(lines) if line.startswith("operators taken by")) + 1 :]


def test_the_table_names_what_is_not_taken():
    here = {"XNNPACK": CAST, "GPU": {"nodes": 38, "left": {}}, "NPU": None}
    dense = {"nodes": 36, "left": {"CAST": 1, "FULLY_CONNECTED": 1}}
    files = {"fp32": {**here, "GPU delegate": CAST}, "dynamic": {**here, "GPU delegate": dense}}
    fp32, dynamic, *left = lines_below(files)
    assert fp32.split("  ")[-1].strip() == "37 of 38"
    assert dynamic.replace(" of ", "/").split() == [
        "generator-dynamic.tflite",
        "37/38",
        "38/38",
        "none",
        "36/38",
    ]
    assert left == [
        "not by XNNPACK: CAST, in fp32, dynamic",
        "not by GPU delegate: CAST, in fp32, dynamic",
        "not by GPU delegate: FULLY_CONNECTED, in dynamic",
        "what is not taken, the CPU computes",
        "none: this machine has none, or no driver for it",
        "GPU delegate: that of TensorFlow Lite, on phones",
    ]


def test_what_could_not_be_asked_is_not_said_to_be_missing():
    every = {"nodes": 38, "left": {}}
    row, *legend = lines_below(
        {"fp32": {"XNNPACK": every, "GPU": "unknown", "NPU": "unknown", "GPU delegate": every}}
    )
    assert row.split()[-8:-3] == ["38", "of", "38", "unknown", "unknown"]
    assert legend == [
        "unknown: it could not be asked, or its driver crashed",
        "GPU delegate: that of TensorFlow Lite, on phones",
    ]


def test_the_json_says_what_could_not_be_asked(exported, monkeypatch):
    from dcgan_tf.export.checks import accelerators, benchmark

    answers = {"XNNPACK": accelerators.Placement(1, {}), "GPU": accelerators.UNKNOWN, "NPU": None}
    monkeypatch.setattr(benchmark, "placements", lambda _: answers)
    found = benchmark_export(exported, rounds=1)["artefacts"]["generator-fp32.tflite"]["accelerators"]
    assert found == {"XNNPACK": {"nodes": 1, "left": {}}, "GPU": "unknown", "NPU": None}


def test_the_command_prints_json_for_programs(exported, monkeypatch):
    monkeypatch.setattr("dcgan_tf.export.checks.benchmark.ROUNDS", 3)
    done = CliRunner().invoke(main, ["benchmark", str(exported), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["export"], found["rounds"]) == (str(exported), 3)
    assert set(found["artefacts"]) == {
        "saved_model",
        "generator-fp32.tflite",
        "generator-dynamic.tflite",
        "generator.onnx",
        "web/index.html",
        "model.keras",
    }


def test_what_is_no_export_is_refused(trained, exported, tmp_path):
    done = CliRunner().invoke(main, ["benchmark", str(trained)])
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
