from __future__ import annotations

import errno
import logging
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from dcgan_tf.config import DataConfig
from dcgan_tf.data import load_data, preparation
from dcgan_tf.data.decoding import decode as decoding
from dcgan_tf.data.decoding import formats
from dcgan_tf.data.folder import loading, remarks
from odd_images import BAD, GOOD, encoded, solid, write_odd_images

RED, GREEN, BLUE = (200, 40, 20), (20, 200, 40), (20, 40, 200)


def put(root, files):
    """Write {relative path: colour} as PNG files."""
    for file, colour in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_bytes(encoded("PNG", solid(colour)))
    return root


@pytest.fixture(autouse=True)
def _nothing_said_yet(monkeypatch):
    monkeypatch.setattr(remarks, "_said", set())


@pytest.fixture
def pictures(tmp_path):
    return tmp_path / "holiday photos"


@pytest.fixture
def read(tmp_path, pictures):
    def _read(split="train", *, root=pictures, **changes):
        settings = {"spec": str(root), "image_size": (8, 8), "cache_dir": str(tmp_path / "cache")}
        return loading.load(DataConfig(**(settings | changes)), split=split)

    return _read


# What is found, and in which order


def test_images_at_any_depth_in_the_order_of_their_paths(pictures, read):
    put(pictures, {"b.png": GREEN, "a/z/deep.PNG": RED, "c/1.png": BLUE, ".hidden/x.png": RED, ".x.png": RED})
    found = read()
    assert found.name == "holiday photos"
    assert found.images.shape == (3, 8, 8, 3)
    assert found.images.dtype == np.uint8
    assert found.images[:, 4, 4].tolist() == [list(RED), list(GREEN), list(BLUE)]
    assert found.labels is None  # b.png lies in no sub-folder


def test_links_are_followed_but_not_in_circles(pictures, read, tmp_path):
    put(pictures, {"a/1.png": RED})
    put(tmp_path / "elsewhere", {"2.png": GREEN})
    (pictures / "b").symlink_to(tmp_path / "elsewhere")
    (pictures / "a" / "round").symlink_to(pictures)
    found = read()
    assert found.images[:, 4, 4].tolist() == [list(RED), list(GREEN)]
    assert found.label_names == ("a", "b")


def lock(monkeypatch, folder):
    """Make a folder unreadable, also for the superuser, whom modes do not stop."""
    scandir, access = os.scandir, os.access

    def refusing_scandir(path="."):
        if os.fspath(path) == str(folder):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refusing_scandir)
    monkeypatch.setattr(os, "access", lambda path, mode: path != folder and access(path, mode))


def test_a_link_to_itself_is_named(pictures, read):
    put(pictures, {"1.png": RED})
    (pictures / "loop").symlink_to("loop")
    found = read(max_bad_fraction=0.5)
    assert len(found) == 1
    assert [(bad.file, bad.reason) for bad in found.bad_files] == [("loop", "missing (a link to itself)")]


def test_an_unreadable_sub_folder_is_named(pictures, read, monkeypatch):
    put(pictures, {"a/1.png": RED, "b/c/2.png": GREEN})
    lock(monkeypatch, pictures / "b" / "c")
    found = read(max_bad_fraction=0.5)
    assert len(found) == 1
    assert [(bad.file, bad.reason) for bad in found.bad_files] == [("b/c", "no permission to read it")]


def test_an_unreadable_folder_beside_train_and_test_leaves_them_splits(pictures, read, monkeypatch):
    put(pictures, {"train/1.png": RED, "test/1.png": GREEN, "lost+found/x.png": BLUE})
    lock(monkeypatch, pictures / "lost+found")
    assert len(read("train")) == len(read("test")) == 1


def test_an_unreadable_folder_is_refused(pictures, read, monkeypatch):
    put(pictures, {"1.png": RED})
    lock(monkeypatch, pictures)
    with pytest.raises(ValueError, match=r"the folder .*holiday photos cannot be read \(Permission denied\)"):
        read()


@pytest.mark.parametrize("part", ["checkpoints/1.keras", "train.lock"])
def test_the_samples_of_runs_are_passed_over(pictures, read, part):
    put(pictures, {"1.png": RED, "runs/cats/001/samples/step-1.png": GREEN})
    run = pictures / "runs" / "cats" / "001"
    (run / part).parent.mkdir(exist_ok=True)
    (run / part).touch()
    assert len(read()) == 2  # not yet a run directory
    (run / "config.json").touch()
    assert read().images[:, 4, 4].tolist() == [list(RED)]


def test_a_run_directory_given_itself_is_read(pictures, read):
    put(pictures, {"samples/1.png": RED})
    for name in ("config.json", "train.lock"):
        (pictures / name).touch()
    assert len(read()) == 1


def test_sub_folders_are_classes(pictures, read):
    put(pictures, {"dogs/1.png": RED, "cats/tabby/1.png": GREEN, "cats/2.png": BLUE})
    found = read()
    assert found.label_names == ("cats", "dogs")
    assert found.labels.tolist() == [0, 0, 1]
    assert found.labels.dtype == np.int64


def test_one_sub_folder_is_no_class(pictures, read):
    put(pictures, {"all/1.png": RED, "all/2.png": GREEN})
    assert read().labels is None


def test_train_and_test_folders_are_splits_with_classes_inside(pictures, read):
    put(pictures, {"train/a/1.png": RED, "train/b/1.png": GREEN})
    put(pictures, {"val/a/1.png": BLUE, "val/b/2.png": GREEN})
    assert len(read()) == 2
    assert read().label_names == ("a", "b")
    assert read("val").images[0, 4, 4].tolist() == list(BLUE)
    with pytest.raises(ValueError, match=r"must be one of train, val, received 'test'"):
        read("test")


@pytest.mark.parametrize("file", ["unlabeled/1.png", "preview.png"])
def test_what_lies_beside_train_and_test_is_in_no_split_and_named(pictures, read, caplog, file):
    put(pictures, {"Train/1.png": RED, "Test/1.png": GREEN, file: BLUE})
    assert read().images[:, 4, 4].tolist() == [list(RED)]
    assert read("test").images[:, 4, 4].tolist() == [list(GREEN)]
    [line] = caplog.messages  # once, however often it is read
    assert "because Test and Train are the splits: " in line
    assert line.endswith(file.replace("/1.png", " (1 images)"))


def test_a_split_with_fewer_classes_gives_them_the_numbers_of_train(pictures, read):
    put(pictures, {"train/a/1.png": RED, "train/b/1.png": GREEN, "train/c/1.png": BLUE, "test/c/1.png": BLUE})
    held_out = read("test")
    assert held_out.label_names == read().label_names == ("a", "b", "c")
    assert held_out.labels.tolist() == [2]


@pytest.mark.parametrize("place", ["raw", "../raw", "test"])
def test_splits_that_are_links_to_the_same_images_are_refused(pictures, read, place):
    put(pictures, {f"{place}/cats/1.png": RED, "train/own/1.png": GREEN, "test/own/1.png": GREEN})
    for split in ("train", "test"):
        if place != split:
            (pictures / split / "more").symlink_to(pictures / place / "cats")
    with pytest.raises(ValueError, match=r"(train|test)/more in .* is a link to a folder that is"):
        read()


def test_splits_that_are_links_to_images_elsewhere_are_read(pictures, read, tmp_path):
    put(tmp_path / "raw", {"cats/1.png": RED, "dogs/1.png": GREEN})
    pictures.mkdir()
    for split, name in (("train", "cats"), ("test", "dogs")):
        (pictures / split).symlink_to(tmp_path / "raw" / name)
    assert read().images[:, 4, 4].tolist() == [list(RED)]
    assert read("test").images[:, 4, 4].tolist() == [list(GREEN)]


def test_no_images_says_where_and_what_there_is(pictures, read):
    pictures.mkdir()
    with pytest.raises(ValueError, match=r"no images in .*holiday photos: it is empty"):
        read()
    (pictures / "notes.txt").touch()
    (pictures / "all.zip").touch()
    with pytest.raises(ValueError, match=r"no images in .*holiday photos: there are 1 \.zip, 1 \.txt \("):
        read()


def test_no_images_names_the_runs_and_exports_that_are_skipped(pictures, read):
    (pictures / "faces" / "checkpoints").mkdir(parents=True)
    (pictures / "faces" / "config.json").touch()
    with pytest.raises(ValueError, match=r"holiday photos: faces/ is a run; runs, exports and analyses are"):
        read()
    (pictures / "portraits").mkdir()
    for file in ("notes.txt", "portraits/export.json", "portraits/MODEL_CARD.md"):
        (pictures / file).touch()
    with pytest.raises(
        ValueError, match=r"1 \.txt \(at any depth\); faces/ is a run, portraits/ is an export;"
    ):
        read()


# What is passed over is told


def test_files_that_are_no_images_are_counted_by_ending(pictures, read, caplog):
    put(pictures, {"1.png": RED})
    for name in ("a.HEIC", "b.heic", "c.nef", "README", "notes/x.txt"):
        (pictures / name).parent.mkdir(exist_ok=True)
        (pictures / name).write_bytes(b"????ftypheic????")
    read(held_out_fraction=0.0)
    passed_over, without = caplog.messages
    assert "2 .heic (they can be read after: pip install pillow-heif)" in passed_over
    assert "1 .nef (a camera's raw data: save them as JPEG or PNG)" in passed_over
    assert "1 .txt" in passed_over
    assert "1 without an ending" in passed_over
    assert without.startswith("no image is in notes/ of ")


def test_a_class_of_which_no_image_can_be_read_does_not_vanish(pictures, read):
    put(pictures, {"cats/1.png": RED, "dogs/1.png": GREEN, "owls/1.png": BLUE})
    (pictures / "owls" / "1.png").write_bytes(b"no")
    with pytest.raises(
        ValueError, match=r"none of the images of the class owls .* owls/1.png \(not an image"
    ):
        read(max_bad_fraction=0.9)
    assert len(read(max_bad_fraction=1.0)) == 2  # to look at
    shutil.rmtree(pictures / "owls")
    for count in (2, 1):  # of classes that are left beside it
        (pictures / "ants").mkdir(exist_ok=True)
        (pictures / "ants" / "1.heic").write_bytes(b"????ftypheic????")
        with pytest.raises(ValueError, match=r"none of the images of the class ants .*: 1 .heic \(they can"):
            read()
        shutil.rmtree(pictures / ("dogs" if count == 2 else "ants"))
    for name in ("1.jxl", "1.svg", "1.DCM"):
        (pictures / "ants").mkdir(exist_ok=True)
        (pictures / "ants" / name).write_bytes(b"?")
        with pytest.raises(ValueError, match=rf"class ants .*: 1 {name[1:].lower()} \(images in an unsupp"):
            read()
        shutil.rmtree(pictures / "ants")


def test_images_beside_the_folders_of_classes_are_named(pictures, read, caplog):
    put(pictures, {"cats/1.png": RED, "dogs/1.png": GREEN, "preview.png": BLUE})
    assert read().labels is None
    assert caplog.messages[0].endswith("not classes, because images lie beside them: preview.png")


def test_links_to_folders_that_were_read_and_stray_tables_are_named(pictures, read, caplog):
    put(pictures, {"cats/1.png": RED})
    (pictures / "link").symlink_to("cats")
    (pictures / "cats" / "Attributes.csv").touch()
    read(held_out_fraction=0.0)
    links, table = caplog.messages
    assert links.endswith("links to folders that are read already: link")
    assert table.startswith("not read: cats/Attributes.csv in ")


def test_size_channels_and_fit(pictures, read):
    put(pictures, {"1.png": (255, 255, 255)})
    assert read(image_size=(8, 16), channels=1).images.shape == (1, 8, 16, 1)
    padded = read(image_size=(8, 16), fit="pad").images
    assert (padded[0, :, 4:12] == 255).all()
    assert padded[0, :, :4].max() == 0


# Odd and bad files


@pytest.fixture
def odd(pictures):
    pictures.mkdir()
    write_odd_images(pictures)
    return pictures


def test_every_odd_file_is_read_and_every_bad_one_named(odd, read):
    found = read(max_bad_fraction=0.5)
    assert len(found) == len(GOOD)
    for image, name in zip(found.images, sorted(GOOD), strict=True):
        np.testing.assert_allclose(image[2, 4].astype(int), GOOD[name], atol=3, err_msg=name)
    assert [bad.file for bad in found.bad_files] == sorted(BAD)
    assert all(bad.reason.startswith(BAD[bad.file]) for bad in found.bad_files)


def test_too_many_bad_files_are_refused_until_the_limit_is_raised(odd, read, monkeypatch):
    expected = (
        rf"{len(BAD)} of the {len(BAD) + len(GOOD)} images in .* cannot be read, "
        r"and at most 0.05 of them may be: bad-checksum.png \(damaged: .*"
        r"bomb-20000x20000.png \(20000x20000 pixels in a file of 99 bytes: a decompression bomb\).*"
        rf"and {len(BAD) - 5} more. Remove or repair these files, or raise --max-bad-fraction"
    )
    with pytest.raises(ValueError, match=expected):
        read()
    monkeypatch.setattr(preparation, "write_images", None)  # nothing is decoded again
    assert len(read(max_bad_fraction=0.4)) == len(GOOD)


def test_only_bad_files(pictures, read):
    pictures.mkdir()
    (pictures / "a.jpg").touch()
    with pytest.raises(ValueError, match=r"none of the 1 images can be read: a.jpg \(empty file\)"):
        read(max_bad_fraction=1.0)


def test_bad_files_do_not_shift_labels(pictures, read):
    put(pictures, {"a/2.png": RED, "b/1.png": GREEN, "c/1.png": BLUE})
    (pictures / "a" / "1.png").touch()
    (pictures / "b" / "0.png").write_text("no")
    found = read(max_bad_fraction=0.5)
    assert found.labels.tolist() == [0, 1, 2]
    assert found.images[:, 4, 4].tolist() == [list(RED), list(GREEN), list(BLUE)]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8(pictures, read):
    put(pictures, {"a.png": RED})
    shutil.copy(pictures / "a.png", pictures / os.fsdecode(b"caf\xe9.png"))
    (pictures / os.fsdecode(b"bad\xe9.png")).touch()
    found = read(max_bad_fraction=0.5)
    assert len(found) == 2
    assert found.bad_files[0].file == "bad\udce9.png"


# The cache


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
@pytest.mark.parametrize(
    "name", ["猫" * 85, "a[b]c*?", os.fsdecode(b"caf\xe9"), "-", "back\\slash", "esc\x1b[31m"]
)
def test_a_folder_of_any_name_is_prepared_once(tmp_path, read, monkeypatch, name):
    put(tmp_path / name, {"1.png": RED})
    image_set = read(root=tmp_path / name)
    image_set.name.encode()  # whatever is written from here on is UTF-8
    monkeypatch.setattr(preparation, "write_images", None)
    assert read(root=tmp_path / name).fingerprint == image_set.fingerprint


def test_a_file_that_was_away_for_a_moment_is_read_the_next_time(pictures, read, monkeypatch):
    put(pictures, {f"{index}.png": RED for index in range(30)})
    write_images = preparation.write_images

    def while_one_is_away(*args, **kwargs):
        (pictures / "7.png").rename(pictures / "away")
        try:
            return write_images(*args, **kwargs)
        finally:
            (pictures / "away").rename(pictures / "7.png")

    monkeypatch.setattr(preparation, "write_images", while_one_is_away)
    # It is noticed in the same breath here; another process would notice when it reads the folder next.
    monkeypatch.setattr(loading, "_is_back", lambda *_: False)
    assert [bad.reason for bad in read().bad_files] == ["missing (a broken link?)"]
    monkeypatch.undo()
    assert len(read()) == 30
    assert read().bad_files == ()


def test_a_fault_of_the_disk_is_no_fault_of_the_cache(pictures, read, monkeypatch):
    put(pictures, {"1.png": RED, "2.png": RED})

    def failing(*_args, **_kwargs):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(preparation, "decode", failing)
    with pytest.raises(ValueError, match=r"1.png in .* cannot be read \(Input/output error\): the disk"):
        read()


def test_prepared_once_and_anew_after_a_change(pictures, read, monkeypatch):
    put(pictures, {"1.png": RED, "2.png": GREEN})
    calls = []
    original = preparation.write_images
    monkeypatch.setattr(preparation, "write_images", lambda *a, **k: calls.append(1) or original(*a, **k))
    read(), read()
    assert len(calls) == 1
    put(pictures, {"3.png": BLUE})
    assert len(read()) == 3
    os.utime(pictures / "1.png", ns=(0, 0))
    read()
    read(fit="pad"), read(channels=1), read(image_size=(8, 16))
    assert len(calls) == 6


def test_fingerprint_does_not_depend_on_place_or_time(pictures, read, tmp_path):
    put(pictures, {"1.png": RED, "2.png": GREEN})
    here = read()
    shutil.copytree(pictures, tmp_path / "moved", copy_function=shutil.copyfile)  # other times
    moved = read(root=tmp_path / "moved", cache_dir=str(tmp_path / "other cache"))
    assert moved.fingerprint == here.fingerprint
    assert moved.name == "moved"
    put(pictures, {"1.png": BLUE})
    assert read().fingerprint != here.fingerprint


def test_folder_is_reached_through_load(pictures, tmp_path):
    put(pictures, {"1.png": RED})
    config = DataConfig(spec=str(pictures), image_size=(8, 8), cache_dir=str(tmp_path / "cache"))
    assert len(load_data(config)) == 1


def test_progress_is_logged(pictures, read, monkeypatch, caplog):
    put(pictures, {f"{index}.png": RED for index in range(3)})
    monkeypatch.setattr(preparation, "_SECONDS_BETWEEN_REPORTS", -1.0)
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        read()
    assert "prepared 3 of 3 images" in caplog.messages


_MEASURE = """
import resource, sys
from pathlib import Path
from dcgan_tf.config import DataConfig
from dcgan_tf.data.preparation import write_images
encoded = Path(sys.argv[1]).read_bytes()
config = DataConfig(image_size=(128, 128))
def prepare(count):
    sources = ((str(i), encoded) for i in range(count))
    write_images(sources, folder=Path(sys.argv[2]), config=config, total=count)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = prepare(600)
print((prepare(3000) - before) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux")
def test_memory_does_not_grow_with_the_number_of_images(tmp_path):
    (tmp_path / "one.png").write_bytes(encoded("PNG", solid(size=(128, 128))))
    command = [sys.executable, "-c", _MEASURE, str(tmp_path / "one.png"), str(tmp_path)]
    grown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert (tmp_path / "images.npy").stat().st_size == 3000 * 128 * 128 * 3 + 128  # 147 MB
    assert int(grown) < 25


def test_tensorflow_is_not_needed():
    names = "load, digits, image_set, decoding, tfds"
    code = f"import sys; from dcgan_tf.data import {names}; print('tensorflow' in sys.modules)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert output == "False\n"


def test_pictures_that_a_new_codec_reads_are_prepared_anew(pictures, read, monkeypatch):
    """The names of such pictures may not say what they are."""
    put(pictures, {f"{i}.png": RED for i in range(30)})
    (pictures / "from-a-phone.jpg").write_bytes(encoded("AVIF", solid(BLUE)))
    known = formats.formats()
    for module in (formats, decoding, loading):
        monkeypatch.setattr(module, "formats", lambda: tuple(name for name in known if name != "AVIF"))
    assert [bad.file for bad in read(max_bad_fraction=0.1).bad_files] == ["from-a-phone.jpg"]
    for module in (formats, decoding, loading):
        monkeypatch.setattr(module, "formats", lambda: known)
    assert len(read(max_bad_fraction=0.1)) == 31
