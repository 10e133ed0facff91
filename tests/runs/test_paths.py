"""File names and records of a run directory."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dcgan_tf.config import preset, to_json
from dcgan_tf.errors import StorageError
from dcgan_tf.runs.paths import (
    RunError,
    RunPaths,
    append_record,
    default_run_dir,
    forget_records_after,
    read_config,
    read_json,
    read_records,
    write_json,
    write_text,
)


@pytest.mark.parametrize(
    ("spec", "architecture", "expected"),
    [
        ("portraits", "dcgan", "runs/portraits-dcgan"),
        ("digits", "gan", "runs/digits-gan"),
        ("tfds:mnist", "dcgan", "runs/mnist-dcgan"),
        ("tfds:emnist/balanced", "dcgan", "runs/emnist-balanced-dcgan"),
        (".", "dcgan", f"runs/{Path.cwd().name}-dcgan"),
        ("/some/where/My holiday photos/", "dcgan", "runs/My-holiday-photos-dcgan"),
        ("/", "dcgan", "runs/data-dcgan"),
    ],
)
def test_default_directory_is_named_after_data_and_networks(
    spec: str, architecture: str, expected: str
) -> None:
    assert default_run_dir(preset(data=spec, architecture=architecture)) == expected


def test_sample_grids_sort_by_step() -> None:
    paths = RunPaths(Path("run"))
    assert paths.sample_grid(500) == Path("run/samples/step-000500.png")
    assert sorted(map(paths.sample_grid, (10_000, 999, 20)), key=str) == [
        paths.sample_grid(step) for step in (20, 999, 10_000)
    ]


def test_settings_are_read_back(tmp_path: Path) -> None:
    config = preset(image_size=(48, 64), steps=7, learning_rate=1e-4)
    write_text(tmp_path / "config.json", to_json(config))
    assert read_config(tmp_path) == config


@pytest.mark.parametrize("content", ["", "{", "[]", '{"training": {"speed": 3}}'])
def test_unreadable_settings_are_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError, match=r"cannot read .*config\.json: "):
        read_config(tmp_path)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.json"
    write_json(path, {"old": "ü"})
    assert path.read_text() == '{\n  "old": "ü"\n}\n'

    def full(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr("dcgan_tf.files.os.fsync", full)
    with pytest.raises(StorageError, match="no space"):
        write_json(path, {"new": 1})
    assert read_json(path, default=None) == {"old": "ü"}


@pytest.mark.parametrize("content", [None, "", "{half"])
def test_json_that_cannot_be_read_is_the_default(tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "file.json"
    if content is not None:
        path.write_text(content)
    assert read_json(path, default=[]) == []


def test_records_are_lines_and_half_a_line_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    assert read_records(path) == []
    for step in (1, 2):
        append_record(path, {"step": step})
    with path.open("a") as file:
        file.write('{"step": 3, "lo')
    assert [json.loads(line) for line in path.read_text().splitlines()[:2]] == [{"step": 1}, {"step": 2}]
    assert read_records(path) == [{"step": 1}, {"step": 2}]


def test_records_of_lost_steps_are_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    forget_records_after(path, 3)
    assert not path.exists()
    for step in (1, 2, 3, 4, 5):
        append_record(path, {"step": step})
    forget_records_after(path, 3)
    assert path.read_text() == '{"step": 1}\n{"step": 2}\n{"step": 3}\n'


def test_a_lone_half_line_does_not_spoil_the_next_record(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    path.write_text('{"step": 1, "lo')
    forget_records_after(path, 0)
    append_record(path, {"step": 1})
    assert read_records(path) == [{"step": 1}]


def test_paths_lie_in_the_run_directory() -> None:
    root = Path("run")
    names = [name for name, value in vars(RunPaths).items() if isinstance(value, property)]
    assert all(getattr(RunPaths(root), name).is_relative_to(root) for name in names)
    assert len({getattr(RunPaths(root), name) for name in names}) == len(names)


def test_what_is_not_finite_becomes_null_because_json_has_no_word_for_it(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    append_record(path, {"step": 1, "norm": float("inf"), "loss": 0.5})
    assert path.read_text() == '{"step": 1, "norm": null, "loss": 0.5}\n'
