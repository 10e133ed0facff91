"""Settings, JSON and JSON lines of a run directory."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from dcgan_tf.config import preset, to_json
from dcgan_tf.errors import RunError, StorageError
from dcgan_tf.runs.folder import default_run_dir, local_folder
from dcgan_tf.runs.records import (
    append_record,
    forget_records_after,
    read_config,
    read_json,
    read_records,
    set_aside,
    write_json,
)


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


def test_what_is_not_finite_becomes_null_because_json_has_no_word_for_it(tmp_path: Path) -> None:
    path = tmp_path / "stats.jsonl"
    append_record(path, {"step": 1, "norm": float("inf"), "loss": 0.5})
    assert path.read_text() == '{"step": 1, "norm": null, "loss": 0.5}\n'


def test_a_run_that_may_not_be_looked_into_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "stat", refuse)
    with pytest.raises(RunError, match=r"cannot read .*config\.json: .*Permission denied"):
        read_config(local_folder(tmp_path))


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


def test_what_is_set_aside_replaces_nothing(tmp_path: Path) -> None:
    for content in ("first", "second"):
        (tmp_path / "a.json").write_text(content)
        set_aside(tmp_path / "a.json", why="is damaged")
    assert (tmp_path / "damaged-a.json").read_text() == "first"
    assert (tmp_path / "damaged-2-a.json").read_text() == "second"
