"""Files that are written as a whole, and what is left of those that were not."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from dcgan_tf import files
from dcgan_tf.errors import RunError, StorageError
from dcgan_tf.files import flush, read_bytes, replacing, scratch_beside, write_bytes, write_text
from dcgan_tf.images import is_own
from dcgan_tf.runs.records import read_json, read_records


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(path: Path, error: Exception) -> None:
    with replacing(path) as scratch:
        scratch.write_bytes(b"ne")
        raise error


def test_a_file_is_written_in_folders_that_are_made(tmp_path: Path) -> None:
    write_text(tmp_path / "deep" / "file.txt", "grün")
    assert (tmp_path / "deep" / "file.txt").read_bytes() == "grün".encode()
    assert names(tmp_path / "deep") == ["file.txt"]


def test_bytes_that_are_no_characters_are_kept(tmp_path: Path) -> None:
    write_text(tmp_path / "file", "caf\udce9")
    assert (tmp_path / "file").read_bytes() == b"caf\xe9"


def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with pytest.raises(ZeroDivisionError):
        write_half(path, ZeroDivisionError())
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full: could not write .*file; make room and try again"),
        (errno.EROFS, "could not write .*file: Read-only file system"),
    ],
)
def test_a_disk_that_refuses_is_a_sentence_that_names_the_file(
    tmp_path: Path, number: int, words: str
) -> None:
    path = tmp_path / "file"
    write_bytes(path, b"old")
    with pytest.raises(StorageError, match=words):
        write_half(path, OSError(number, os.strerror(number)))
    assert path.read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


def test_the_content_is_flushed_before_the_name_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, seen = tmp_path / "file", []
    monkeypatch.setattr(files, "flush", lambda flushed: seen.append((flushed.suffix, path.exists())))
    write_bytes(path, b"content")
    assert seen == [(".part", False), ("", True)]


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.ENOTSUP, errno.ENOSPC])
def test_a_file_system_that_cannot_flush_is_left_alone_and_a_disk_that_fails_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    def flushed(path: Path) -> bool:
        try:
            flush(path)
        except OSError:
            return False
        return True

    (tmp_path / "file").write_bytes(b"content")
    monkeypatch.setattr(files.os, "fsync", refuse)
    assert flushed(tmp_path) == (number != errno.ENOSPC)
    assert flushed(tmp_path / "file") == (number in (errno.EINVAL, errno.ENOTSUP))


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from dcgan_tf.files import replacing\n"
        "with replacing(Path(sys.argv[1])) as scratch:\n"
        "    scratch.write_bytes(b'half'); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "file")], check=False)
    assert done.returncode == -9
    (left,) = names(tmp_path)
    assert left.startswith(".file.")
    mine = scratch_beside(tmp_path / "other")
    mine.write_bytes(b"half")
    write_bytes(tmp_path / "file", b"whole")
    assert names(tmp_path) == sorted([mine.name, "file"])


def test_a_long_name_leaves_room_for_the_scratch_file_s(tmp_path: Path) -> None:
    path = tmp_path / ("猫" * 80)
    write_bytes(path, b"content")
    assert names(tmp_path) == [path.name]


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "stats.jsonl")
    with pytest.raises(OSError, match="not an ordinary file"):
        read_bytes(tmp_path / "stats.jsonl")
    with pytest.raises(RunError, match=r"stats\.jsonl: not an ordinary file"):
        read_records(tmp_path / "stats.jsonl")
    assert read_json(tmp_path / "stats.jsonl", default={}) == {}
    assert not is_own(tmp_path / "stats.jsonl")
