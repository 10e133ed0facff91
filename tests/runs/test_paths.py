"""File names and records of a run directory."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from dcgan_tf.config import preset, to_json
from dcgan_tf.errors import ArgumentError, RunError, StorageError
from dcgan_tf.runs.paths import (
    RunPaths,
    append_record,
    default_run_dir,
    forget_records_after,
    local_folder,
    read_config,
    read_data,
    read_json,
    read_records,
    set_aside,
    write_json,
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
        ("猫", "dcgan", "runs/猫-dcgan"),
        ("/pets/Gefäße & Töpfe", "dcgan", "runs/Gefäße-Töpfe-dcgan"),
        ("cafe\u0301", "dcgan", "runs/café-dcgan"),  # as macOS hands it out
        ("हिन्दी", "dcgan", "runs/हिन्दी-dcgan"),
        ("~nosuchuser/pets", "dcgan", "runs/pets-dcgan"),
        ("x" * 255, "dcgan", f"runs/{'x' * 200}-dcgan"),
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
    (tmp_path / "config.json").write_text(to_json(config))
    assert read_config(tmp_path) == config


@pytest.mark.parametrize("content", ["", "{", "[]", "5", "{}", '{"training": {"speed": 3}}', "[" * 100_000])
def test_unreadable_settings_are_an_error_that_names_the_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError, match=r"cannot read .*config\.json: "):
        read_config(tmp_path)


@pytest.mark.parametrize("content", ["[]", "5", "null"])
def test_settings_that_are_no_object_are_called_so(tmp_path: Path, content: str) -> None:
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError, match=rf"config\.json: expected an object, found {re.escape(content)}$"):
        read_config(tmp_path)


def test_a_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "file.json"
    write_json(path, {"old": "ü"})
    assert path.read_text() == '{\n  "old": "ü"\n}\n'

    def full(_: int) -> None:
        raise OSError("no space")

    monkeypatch.setattr("dcgan_tf.files.os.fsync", full)
    with pytest.raises(StorageError, match=r"could not write .*file\.json: no space"):
        write_json(path, {"new": 1})
    assert read_json(path, default=None) == {"old": "ü"}


@pytest.mark.parametrize("content", [None, "", "{half", "5", "{}", "null", "[" * 100_000])
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


def test_names_without_a_letter_are_told_apart() -> None:
    first, second = (default_run_dir(preset(data=name)) for name in ("🐱", "🐶"))
    assert first != second
    assert first == default_run_dir(preset(data="/elsewhere/🐱"))


@pytest.mark.parametrize("address", ["gs://bucket/run", "s3://bucket/run", "gs:/bucket/run", "file:///run"])
def test_an_address_is_no_run_directory(address: str) -> None:
    with pytest.raises(ArgumentError, match="must be a folder of this computer"):
        RunPaths.of(preset(run_dir=address))
    with pytest.raises(ArgumentError, match="must be a folder of this computer"):
        local_folder(Path(address))


def test_a_tilde_is_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RunPaths.of(preset(run_dir="~/runs/cats")).root == tmp_path / "runs" / "cats"
    with pytest.raises(ArgumentError, match=r"there is no user 'nosuchuser'"):
        RunPaths.of(preset(run_dir="~nosuchuser/cats"))


@pytest.mark.parametrize("name", ["x" * 300, "nul\0"])
def test_what_no_folder_can_be_called_is_an_error(name: str) -> None:
    with pytest.raises(ArgumentError, match="no file or folder can be called"):
        local_folder(name)


def test_a_run_that_may_not_be_looked_into_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(RunError, match=r"cannot read .*config\.json: .*Permission denied"):
        read_config(local_folder(tmp_path))


def test_only_files_that_a_run_calls_so_are_sample_grids(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert paths.sample_grids() == {}
    names = ["step-000004 2.png", "step-.png", "step-4x5.png", "step-٣.png", "damaged-step-000004.png"]
    paths.samples.mkdir()
    for name in [*names, "step-1000000.png", "step-000004.png", "real.png"]:
        (paths.samples / name).write_bytes(b"")
    assert paths.sample_grids() == {step: paths.sample_grid(step) for step in (4, 1_000_000)}


NO_RECORDS = (
    b"5",
    b"[]",
    b'{"loss": 1}',
    b'{"step": "9"}',
    b'{"step": true}',
    b'{"step": 2, "\xff": 1}',
    b"\0\0",
)


def test_lines_that_are_no_records_are_left_out_and_the_file_is_kept_aside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "stats.jsonl"
    content = b"\n".join([b'{"step": 1}', *NO_RECORDS, b'{"step": 3}', b'{"step": 8}', b'{"st'])
    path.write_bytes(content)
    assert read_records(path) == [{"step": 1}, {"step": 3}, {"step": 8}]
    forget_records_after(path, 3)
    assert path.read_bytes() == b'{"step": 1}\n{"step": 3}\n'
    assert (tmp_path / "damaged-stats.jsonl").read_bytes() == content
    assert f"{len(NO_RECORDS)} line(s) of {path} cannot be read" in caplog.text
    forget_records_after(path, 1)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["damaged-stats.jsonl", "stats.jsonl"]


def test_records_that_may_not_be_read_are_an_error_that_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "stats.jsonl").mkdir()
    with pytest.raises(RunError, match=r"cannot read .*stats\.jsonl"):
        read_records(tmp_path / "stats.jsonl")


def test_names_that_are_not_utf_8_are_read_back_and_the_file_is_json_for_everybody(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \xc3\xa9")
    write_json(tmp_path / "data.json", {"name": name})
    assert "é" in (tmp_path / "data.json").read_text(encoding="utf-8")
    assert read_json(tmp_path / "data.json", default={}) == {"name": name}
    (tmp_path / "config.json").write_text(to_json(preset(data=name)))
    assert read_config(tmp_path).data.spec == name
    assert default_run_dir(preset(data=name)) == "runs/caf-é-dcgan"


DATA = {
    "name": "a",
    "fingerprint": "b",
    "num_images": 3,
    "shape": [1],
    "label_names": [],
    "attribute_names": [],
}


@pytest.mark.parametrize("wrong", [{"label_names": 5}, {"fingerprint": None}, {"shape": ["x"]}, {"name": []}])
def test_a_record_of_the_data_that_is_damaged_in_part_does_not_count(tmp_path: Path, wrong: dict) -> None:
    paths = RunPaths(tmp_path)
    assert read_data(paths) is None
    write_json(paths.data, DATA)
    assert read_data(paths) == DATA
    write_json(paths.data, DATA | wrong)
    assert read_data(paths) is None


def test_what_is_set_aside_replaces_nothing(tmp_path: Path) -> None:
    for content in ("first", "second"):
        (tmp_path / "a.json").write_text(content)
        set_aside(tmp_path / "a.json", why="is damaged")
    assert (tmp_path / "damaged-a.json").read_text() == "first"
    assert (tmp_path / "damaged-2-a.json").read_text() == "second"
