"""`--json`: what a command has found, for a program, and nothing else on standard output."""

from __future__ import annotations

import importlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from dcgan_tf import cli
from dcgan_tf.cli import frame
from dcgan_tf.errors import RunError, StorageError
from dcgan_tf.evaluation import scores

WITHOUT = "train"
"""The one command without it: what it finds out stands in the files of its run, while it trains."""


def run(*words: object) -> Result:
    return CliRunner().invoke(cli.main, [*(str(word) for word in words), "--json"])


def results(*words: object) -> Any:
    done = run(*words)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_every_command_but_the_training_takes_it():
    commands = cli.main.commands.values()
    ends = [end for c in commands for end in (c.commands.values() if isinstance(c, click.Group) else [c])]
    without = [c.name for c in ends if not any("--json" in option.opts for option in c.params)]
    assert len(ends) > 18
    assert without == [WITHOUT]


def test_an_analysis_prints_what_it_writes_and_where(trained, tmp_path):
    found = results("walk", trained, "-n", 64, "--out", tmp_path / "walk")
    assert found.pop("folder") == str(tmp_path / "walk")
    assert found == json.loads((tmp_path / "walk" / "result.json").read_text())


def test_without_it_an_analysis_prints_words_alone(trained, tmp_path):
    words = ["walk", str(trained), "-n", "64", "--out", str(tmp_path / "walk")]
    done = CliRunner().invoke(cli.main, words)
    assert done.exit_code == 0, done.output
    assert "{" not in done.stdout
    assert "figure" in done.stdout


def test_results_are_printed_before_a_full_disk_loses_them(trained, tmp_path, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        raise StorageError("no space left on device")

    monkeypatch.setattr("dcgan_tf.analysis.finding.write_bytes", full)
    done = run("walk", trained, "-n", 64, "--out", tmp_path / "walk")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["analysis"] == "walk"
    assert "no space left on device" in done.stderr


def test_compare_prints_what_it_writes(trained, tmp_path, quick_judges):
    found = results("compare", f"{trained}@20", trained, "-n", 64, "--out", tmp_path / "both")
    assert found.pop("folder") == str(tmp_path / "both")
    assert found == json.loads((tmp_path / "both" / "result.json").read_text())


def test_evaluate_prints_the_records_that_it_writes(trained, tmp_path, monkeypatch):
    monkeypatch.setattr(scores, "DESCRIPTORS", 4096)
    out = tmp_path / "numbers.json"
    found = results("evaluate", trained, "--space", "swd", "-n", 100, "--checkpoint", 50, "--out", out)
    assert found == json.loads(out.read_text())
    assert found[0]["sliced_wasserstein"]["value"] > 0


def test_inspect_data_counts(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = results("inspect-data", "digits", "--channels", 1, "--image-size", 16)
    assert found["name"] == "digits"
    assert (found["image_size"], found["channels"]) == ([16, 16], 1)
    assert sum(found["labels"].values()) == found["num_images"] > 1000
    assert found["attributes"] == {}
    assert found["out"] == "digits-images.png"
    assert found["bad_files"] == []
    assert 0 <= found["levels"]["least"] < found["levels"]["mean"] < found["levels"]["largest"] <= 255


def test_a_report_prints_its_place_and_the_analyses_that_it_shows(trained, tmp_path):
    root, page = shutil.copytree(trained, tmp_path / "run"), tmp_path / "report.html"
    empty = {"report": str(page), "analyses": {}, "skipped": {}}
    assert results("report", root, "--out", page) == empty
    (root / "analysis" / "walk").mkdir(parents=True)
    walk = {"analysis": "walk", "summary": "smooth", "measures": [math.nan]}
    (root / "analysis" / "walk" / "result.json").write_text(json.dumps(walk))
    shown = {"walk": {**walk, "measures": [None]}}
    assert results("report", root, "--out", page) == empty | {"analyses": shown}


def test_a_report_prints_what_stands_in_the_place_of_another_analysis(trained, tmp_path):
    root = shutil.copytree(trained, tmp_path / "run")

    def shown(name: str) -> list[str]:
        folder = root / "analysis" / name
        folder.mkdir(parents=True)
        (folder / "result.json").write_text(json.dumps({"analysis": name}))
        return [*results("report", root, "--out", tmp_path / "report.html")["analyses"]]

    assert shown("sample-arithmetic") == ["sample-arithmetic"]
    assert shown("mine") == ["mine", "sample-arithmetic"]
    assert shown("arithmetic") == ["arithmetic", "mine", "sample-arithmetic"]  # as the page does


def test_what_is_skipped_is_among_the_results_with_its_reason(trained, tmp_path, monkeypatch):
    def refuse(*run: object, **options: object) -> None:
        raise RunError("there is nothing to walk on")

    monkeypatch.setattr(importlib.import_module("dcgan_tf.analysis.walk.walk"), "walk", refuse)
    found = results("report", trained, "--analyses", "walk", "--out", tmp_path / "report.html")
    assert found["skipped"] == {"walk": "there is nothing to walk on"}
    assert found["analyses"] == {}


def test_samples_say_what_they_are_of(trained, tmp_path):
    out = tmp_path / "a.png"
    words = ["sample", trained, "-n", 4, "--checkpoint", 20, "--out", out]
    assert results(*words) == {"images": 4, "step": 20, "labels": [], "out": str(out)}


def test_an_export_prints_what_it_wrote_and_how_it_differs(trained, tmp_path):
    out = tmp_path / "a"
    found = results("export", trained, "--formats", "tflite", "--precisions", "fp32", "--out", out)
    assert found["export"] == str(out)
    (file,) = found["artefacts"]
    assert found["artefacts"][file]["bytes"] == (out / file).stat().st_size
    assert found["artefacts"] == json.loads((out / "export.json").read_text())["artefacts"]


def test_an_error_leaves_standard_output_empty(tmp_path):
    done = run("walk", tmp_path)
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "is not a run directory" in done.stderr


def test_names_with_control_characters_cannot_reach_the_terminal():
    @click.command()
    @frame.json_option
    def command() -> None:
        frame.say("words")
        frame.say_json({"name": "\x1b[31m", "share": 0.5})

    done = CliRunner().invoke(command, ["--json"])
    assert "\x1b" not in done.stdout
    assert json.loads(done.stdout) == {"name": "\x1b[31m", "share": 0.5}


def test_a_number_that_is_not_finite_is_a_mistake_of_ours():
    @click.command()
    @frame.json_option
    def command() -> None:
        frame.say_json({"value": math.nan})

    with pytest.raises(ValueError, match="not JSON compliant"):
        CliRunner().invoke(command, ["--json"], catch_exceptions=False)
