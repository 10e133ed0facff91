"""What is found in a folder, and what is passed over."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.data.folder import files as folder_files
from dcgan_tf.data.folder.files import find_files
from dcgan_tf.images import save_png


def put(root, *names):
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(root / name, "PNG")


def found(root):
    return [candidate.file for candidate in find_files(root).candidates]


@pytest.mark.parametrize(
    "name",
    [
        "@eaDir/1.png/SYNOPHOTO_THUMB_S.jpg",
        "$RECYCLE.BIN/S-1-5/1.png",
        "System Volume Information/1.png",
        "__MACOSX/1.png",
        "lost+found/1.png",
        ".thumbnails/1.png",
        "#recycle/1.png",
        "Network Trash Folder/1.png",
        "a/@eadir/1.png",
        "Thumbs.db",
        "a/desktop.ini",
        "._1.png",
        "exported/web/1.png",
        "comparison/figure.png",
    ],
)
def test_what_systems_and_this_library_put_beside_pictures_is_no_data(tmp_path, name):
    put(tmp_path, "a/1.png", name)
    for made in ("exported/export.json", "exported/MODEL_CARD.md", "comparison/result.json"):
        if (tmp_path / made).parent.exists():
            (tmp_path / made).touch()
    assert found(tmp_path) == ["a/1.png"]
    assert find_files(tmp_path).others == []


@pytest.mark.parametrize("name", ["samples.png", "digits-images.png"])
def test_the_sheets_that_commands_write_where_they_are_called_are_no_data(tmp_path, name):
    put(tmp_path, "cats/1.png")
    save_png(tmp_path / "cats" / name, np.zeros((8, 8, 3), np.uint8))
    assert found(tmp_path) == ["cats/1.png"]
    put(tmp_path, f"cats/{name}")  # somebody's own of that name
    assert found(tmp_path) == ["cats/1.png", f"cats/{name}"]


def test_a_chat_export_is_not_taken_for_one_of_ours(tmp_path):
    put(tmp_path, "chat/1.png")
    (tmp_path / "chat" / "export.json").touch()
    assert found(tmp_path) == ["chat/1.png"]


def test_pictures_are_found_whatever_they_are_called(tmp_path):
    put(tmp_path, "a.jfif", "b.avif", "IMG_0001", "c.dat")
    (tmp_path / "notes.txt").write_text("no picture")
    assert found(tmp_path) == ["IMG_0001", "a.jfif", "b.avif", "c.dat"]
    assert find_files(tmp_path).others == ["notes.txt"]


def test_only_files_that_are_not_called_images_are_looked_into(tmp_path, monkeypatch):
    put(tmp_path, "a.png", "b.JPG", "c")
    looked_into = []
    monkeypatch.setattr(folder_files, "are_images", lambda files: looked_into.extend(files) or [True])
    assert found(tmp_path) == ["a.png", "b.JPG", "c"]
    assert looked_into == [tmp_path / "c"]


def test_each_real_folder_is_read_once_through_fourteen_levels_of_links(tmp_path):
    for level in range(14):
        put(tmp_path / f"level{level}", "1.png")
        for link in ("left", "right"):
            (tmp_path / f"level{level}" / link).symlink_to(f"../level{level + 1}")
    put(tmp_path / "level14", "1.png")
    assert found(tmp_path) == sorted(f"level{level}/1.png" for level in range(15))
    assert len(find_files(tmp_path).seen_before) == 28


def test_a_real_folder_is_read_under_its_own_name_whichever_comes_first(tmp_path):
    put(tmp_path, "z/1.png")
    (tmp_path / "a").symlink_to("z")
    assert found(tmp_path) == ["z/1.png"]
    assert find_files(tmp_path).seen_before == ["a"]


@pytest.fixture
def deep(tmp_path):
    """A folder with 2,100 nested ones, whose path is longer than a system call takes."""
    here = os.open(tmp_path, os.O_RDONLY)

    def go(to):
        nonlocal here
        before, here = here, os.open(to, os.O_RDONLY, dir_fd=here)
        os.close(before)

    for _ in range(2100):
        os.mkdir("d", dir_fd=here)
        go("d")
    yield tmp_path
    for _ in range(2100):
        go("..")
        os.rmdir("d", dir_fd=here)
    os.close(here)


def test_thousands_of_nested_folders_are_walked_through_and_the_unreachable_are_named(deep, monkeypatch):
    put(deep, "1.png")
    monkeypatch.setattr(Path, "resolve", None)  # which takes minutes, once for each
    files = find_files(deep)
    assert [candidate.file for candidate in files.candidates] == ["1.png"]
    assert len(files.too_deep) == 1


def test_folders_that_a_network_gives_the_same_number_are_all_read(tmp_path, monkeypatch):
    put(tmp_path, "a/1.png", "b/2.png", "b/c/3.png")
    stat = Path.stat

    def numbered_zero(path, **options):
        status = stat(path, **options)
        return os.stat_result([*status[:1], 0, 0, *status[3:]])

    monkeypatch.setattr(Path, "stat", numbered_zero)
    assert found(tmp_path) == ["a/1.png", "b/2.png", "b/c/3.png"]


def test_pipes_sockets_and_broken_links_are_never_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    os.mkfifo(tmp_path / "pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "s.png"))
    (tmp_path / "away").symlink_to("/nowhere/at/all")
    files = find_files(tmp_path)
    server.close()
    assert [(found.file, found.size) for found in files.candidates] == [
        ("away", -1),
        ("pipe.png", -1),
        ("s.png", -1),
    ]
    assert files.others == ["pipe"]


def test_a_folder_that_cannot_be_read_is_told_with_the_reason(tmp_path, monkeypatch):
    def stale(_path):
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr(os, "scandir", stale)
    with pytest.raises(ValueError, match=r"the folder .* cannot be read \(Stale file handle\)"):
        find_files(tmp_path)
