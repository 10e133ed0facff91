"""The benchmark: what it measures of which artefact, as a table and as JSON."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.cli.export import table_of
from dcgan_tf.export import benchmark_export, export_run
from dcgan_tf.runs.run import Run


@pytest.fixture(scope="module")
def exported(trained, tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark") / "export"
    formats = ("saved_model", "tflite", "web", "keras")
    return export_run(Run.open(trained), to=folder, formats=formats, precisions=("fp32", "dynamic"))


def test_each_artefact_is_measured_as_it_can_be(exported):
    found = benchmark_export(exported, rounds=3)
    every = str(found["machine"]["cores"])
    threads = {name: set(artefact["milliseconds"]) for name, artefact in found["artefacts"].items()}
    assert threads == {
        "saved_model": {every},
        "generator-fp32.tflite": {"1", every},
        "generator-dynamic.tflite": {"1", every},
        "web/index.html": set(),
        "model.keras": {every},
    }
    for name, artefact in found["artefacts"].items():
        assert artefact["bytes"] > 1000
        assert all(0 < value < 1000 for value in artefact["milliseconds"].values())
        exact = name in ("saved_model", "model.keras")
        assert artefact["psnr_worst_db"] is None if exact else (artefact["psnr_worst_db"] or 99) > 20
    assert found["rounds"] == 3


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
    head, exact, small, *foot = table_of({"machine": machine, "artefacts": artefacts, "rounds": 50})
    assert head.split("  ")[-1].strip() == "PSNR, worst image"
    assert exact.split() == ["saved_model", "4.0", "MB", "–", "1234.50", "ms", "equal"]
    assert small.split()[1:] == ["1.0", "MB", "0.71", "ms", "0.50", "ms", "39.2", "dB"]
    assert max(map(len, (head, exact, small, *foot))) <= 80
    assert foot == ["one image, median of 50, on One (avx2)", "tensorflow 2.21.0, ai-edge-litert 2.3.0"]


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
        "web/index.html",
        "model.keras",
    }


def test_what_is_no_export_is_refused(trained, exported, tmp_path):
    done = CliRunner().invoke(main, ["benchmark", str(trained)])
    assert (done.exit_code, "Traceback" in done.output) == (1, False)
