"""What is given for --data: a folder, or what is wrong with it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from dcgan_tf.data.folder.place import folder_of
from dcgan_tf.errors import DataError


@pytest.fixture(autouse=True)
def _here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("holiday", "digits"):
        (tmp_path / name).mkdir()
    for name in ("pets.zip", "pets.tar.gz", "one.JPG", "notes"):
        (tmp_path / name).touch()


def test_a_folder_is_followed_from_home_and_through_links(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "link").symlink_to("holiday")
    assert folder_of("~/link") == folder_of("./link/") == (tmp_path / "holiday").resolve()
    assert folder_of("./digits") == (tmp_path / "digits").resolve()


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("", "received ''; the current folder is called ."),
        (" ", "received ' '; the current folder"),
        ("holidays", "HERE/holidays does not exist; did you mean HERE/holiday[?]"),
        ("Holiday/cats", "HERE/Holiday does not exist; did you mean HERE/holiday[?]"),
        ("portrait", "does not exist; did you mean portraits[?]"),
        ("mnist", "does not exist; a dataset of TensorFlow Datasets would be tfds:mnist"),
        (
            "/no-such-folder/a/b",
            "data must be portraits, digits, .* received '/no-such-folder/a/b': /no-such-folder does",
        ),
        ("~nosuchuser/x", "received '~nosuchuser/x': Could not determine home"),
        ("gs://bucket/cats", "only folders on this computer can be read"),
        ("pets.zip", "pets.zip is an archive: unpack it"),
        ("pets.tar.gz", "pets.tar.gz is an archive: unpack it"),
        ("one.JPG", "one.JPG is one image: give the folder"),
        ("notes", "notes is a file; data must be"),
        ("x" * 300, "cannot be read: File name too long"),
        ("a\0b", "does not exist|null"),
    ],
)
def test_what_is_no_folder_is_told_in_one_sentence(spec, told, tmp_path):
    with pytest.raises(DataError, match=told.replace("HERE", str(tmp_path))):
        folder_of(spec)


def test_a_network_drive_that_went_away_is_told(monkeypatch, tmp_path):
    def stale(*_args, **_kwargs):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(Path, "stat", stale)
    with pytest.raises(DataError, match="holiday cannot be read: Stale file handle"):
        folder_of("holiday")
