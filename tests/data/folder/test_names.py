"""A file is found by the names that tables give it."""

from __future__ import annotations

import unicodedata

import pytest

from dcgan_tf.data.folder.names import FileNames

E_ACUTE = unicodedata.normalize("NFC", "é")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("a/1.png", "a/1.png"),
        ("a/1.png", "./a/1.png"),
        ("a/1.png", "a\\1.png"),
        ("a/1.png", "1.png"),
        ("a/1.png", "1"),
        ("a/1.png", "pets/a/1.png"),
        ("a/1.png", "/home/somebody/pets/a/1.png"),
        ("a/1.png", "C:\\Users\\pets\\a\\1.png"),
        ("café.png", "cafe\u0301.png"),
        ("cafe\u0301.png", f"caf{E_ACUTE}.png"),
        (f"caf{E_ACUTE}.png", "caf\udce9.png"),  # the one byte of Windows' western characters
        ("caf\udce9.png", "caf\udce9.png"),
    ],
)
def test_each_spelling_is_found(file, name):
    assert FileNames([file, "b/2.png"], root="pets").find(name) == file


@pytest.mark.parametrize("name", ["1.png", "1", "c/1.png", "3.png", ""])
def test_a_name_that_two_files_have_or_none_is_not_guessed(name):
    assert FileNames(["a/1.png", "b/1.png"], root="pets").find(name) is None


def test_two_files_that_differ_in_composition_alone_are_told_apart_by_their_bytes():
    files = [f"caf{E_ACUTE}.png", "cafe\u0301.png"]
    assert [FileNames(files).find(file) for file in files] == files


def test_the_paths_of_a_split_begin_there_or_above():
    names = FileNames(["train/a/1.png", "train/b/1.png"], root="pets", folder="train")
    assert names.find("a/1.png") == names.find("train/a/1.png") == "train/a/1.png"
