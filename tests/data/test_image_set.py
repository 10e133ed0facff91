from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf import cache, files
from dcgan_tf.cache import default_cache_dir
from dcgan_tf.data.fingerprints import pixel_fingerprint, unordered_fingerprint
from dcgan_tf.data.image_set import BadFile, ImageSet, ImageWriter, cached, write
from dcgan_tf.errors import StorageError

IMAGES = np.arange(3 * 2 * 4 * 1, dtype=np.uint8).reshape(3, 2, 4, 1)


def example(**changes) -> ImageSet:
    values = {
        "name": "example",
        "images": IMAGES,
        "labels": np.array([1, 0, 1]),
        "label_names": ("cat", "dög"),
        "attributes": {"file": np.array([0, 1, 1], np.uint8), "age": np.array([-1, 0.5, 1], np.float32)},
        "fingerprint": pixel_fingerprint(IMAGES),
        "bad_files": (BadFile("sub/caf\udce9.jpg", "truncated"),),  # a name that is not UTF-8
    }
    return ImageSet(**(values | changes))


def refuse(scratch):
    raise AssertionError("prepared again")


def test_what_was_stored_comes_back(tmp_path):
    cached(tmp_path, "key", lambda scratch: example())
    found = cached(tmp_path, "key", refuse)
    assert len(found) == 3
    assert isinstance(found.images, np.memmap)
    assert not found.images.flags.writeable
    np.testing.assert_array_equal(found.images, IMAGES)
    np.testing.assert_array_equal(found.labels, [1, 0, 1])
    assert found.label_names == ("cat", "dög")
    assert list(found.attributes) == ["file", "age"]
    np.testing.assert_array_equal(found.attributes["age"], np.array([-1, 0.5, 1], np.float32))
    assert found.attributes["file"].dtype == np.uint8
    assert found.bad_files == (BadFile("sub/caf\udce9.jpg", "truncated"),)
    assert found.fingerprint == pixel_fingerprint(IMAGES)


def test_a_set_without_labels_and_attributes_comes_back(tmp_path):
    found = cached(tmp_path, "key", lambda scratch: example(labels=None, label_names=(), attributes={}))
    assert found.labels is None
    assert found.label_names == ()
    assert found.attributes == {}


def test_a_failed_preparation_leaves_nothing_and_is_made_again(tmp_path):
    with pytest.raises(RuntimeError, match="out of luck"):
        cached(tmp_path, "key", lambda scratch: (_ for _ in ()).throw(RuntimeError("out of luck")))
    assert list(tmp_path.iterdir()) == []
    assert len(cached(tmp_path, "key", lambda scratch: example())) == 3


def test_a_folder_without_manifest_is_made_again(tmp_path):
    (tmp_path / "key").mkdir()
    (tmp_path / "key" / "images.npy").write_bytes(b"half")
    np.testing.assert_array_equal(cached(tmp_path, "key", lambda scratch: example()).images, IMAGES)


def test_the_first_of_two_preparations_stays(tmp_path):
    def slow(scratch):
        cached(tmp_path, "key", lambda scratch: example(name="first"))
        return example(name="second")

    assert cached(tmp_path, "key", slow).name == "first"
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def save_labels(*labels, dtype=np.int64):
    return lambda folder: np.save(folder / "labels.npy", np.array(labels, dtype))


def save_attributes(age, flag=(0, 1, 1)):
    def damage(folder):
        flags = np.array(flag, np.uint8)
        np.savez(folder / "attributes.npz", flags, np.array(age, np.float32))

    return damage


def overwrite(name, content):
    return lambda folder: (folder / name).write_bytes(content)


def cut(name):
    def damage(folder):
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return damage


def remove(name):
    return lambda folder: (folder / name).unlink()


DAMAGES = {
    "fewer images": lambda folder: np.save(folder / "images.npy", IMAGES[:2]),
    "images of floats": lambda folder: np.save(folder / "images.npy", IMAGES / 255),
    "no images": remove("images.npy"),
    "empty images": overwrite("images.npy", b""),
    "half of the images": cut("images.npy"),
    "empty manifest": overwrite("manifest.json", b""),
    "half of the manifest": cut("manifest.json"),
    "a number for a manifest": overwrite("manifest.json", b"5"),
    "a list for a manifest": overwrite("manifest.json", b"[]"),
    "no labels": remove("labels.npy"),
    "empty labels": overwrite("labels.npy", b""),
    "labels that are a zip": lambda folder: (
        save_attributes([0])(folder) or (folder / "attributes.npz").rename(folder / "labels.npy")
    ),
    "too few labels": save_labels(1, 0),
    "labels out of range": save_labels(1, 0, 2),
    "negative labels": save_labels(1, 0, -1),
    "labels of floats": save_labels(1, 0, 1, dtype=np.float64),
    "no attributes": remove("attributes.npz"),
    "empty attributes": overwrite("attributes.npz", b""),
    "half of the attributes": cut("attributes.npz"),
    "too few attributes": save_attributes([0, 1]),
    "attributes out of range": save_attributes([0, 1, 2]),
    "attributes that are no numbers": save_attributes([0, 1, np.nan]),
    "flags out of range": save_attributes([0, 0, 1], flag=(0, 1, 7)),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=list(DAMAGES))
def test_a_damaged_set_is_made_again_and_named(tmp_path, caplog, damage):
    cached(tmp_path, "key", lambda scratch: example())
    damage(tmp_path / "key")
    found = cached(tmp_path, "key", lambda scratch: example())
    np.testing.assert_array_equal(found.images, IMAGES)
    np.testing.assert_array_equal(found.labels, [1, 0, 1])
    np.testing.assert_array_equal(found.attributes["age"], np.array([-1, 0.5, 1], np.float32))
    (line,) = (record.getMessage() for record in caplog.records)
    assert str(tmp_path / "key") in line
    assert "it is made again" in line
    assert [path.name for path in tmp_path.iterdir()] == ["key"]
    assert cached(tmp_path, "key", refuse).name == "example"


def test_what_may_not_be_read_is_named_and_stays(tmp_path, monkeypatch):
    cached(tmp_path, "key", lambda scratch: example())

    def load(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(np, "load", load)
    with pytest.raises(StorageError, match=r"key cannot be read \(Permission denied\).*--cache-dir"):
        cached(tmp_path, "key", refuse)
    assert (tmp_path / "key" / "images.npy").exists()


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_what_the_system_has_no_means_to_read_stays(tmp_path, monkeypatch, number):
    cached(tmp_path, "key", lambda scratch: example())

    def load(*args, **kwargs):
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(np, "load", load)
        with pytest.raises(StorageError, match=f"key cannot be read .{os.strerror(number)}"):
            cached(tmp_path, "key", refuse)
    cached(tmp_path, "key", refuse)  # it is still there


def test_a_cache_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match=r"cannot be written: .*file.*--cache-dir"):
        cached(tmp_path / "file" / "cache", "key", refuse)


def test_a_set_is_on_the_disk_before_it_is_renamed(tmp_path, monkeypatch):
    """Without that, its files can be empty after a loss of power."""
    flushed, rename = [], Path.rename

    def renamed(path, target):
        if target == tmp_path / "key":
            names = ("images.npy", "labels.npy", "attributes.npz", "manifest.json")
            assert {path, *(path / name for name in names)} <= set(flushed)
            flushed.clear()
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(cache, "flush", flushed.append)
    cached(tmp_path, "key", lambda scratch: example())
    assert flushed == [tmp_path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes")
def test_others_may_read_a_shared_cache(tmp_path):
    cached(tmp_path, "key", lambda scratch: example())
    (tmp_path / "ordinary").mkdir()
    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("key", "ordinary")]
    assert modes[0] == modes[1]


def test_the_cache_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("DCGAN_TF_CACHE", str(tmp_path / "explicit"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert default_cache_dir() == tmp_path / "explicit"
    monkeypatch.delenv("DCGAN_TF_CACHE")
    assert default_cache_dir() == tmp_path / "xdg" / "dcgan_tf"


def test_writer_gives_the_same_file_as_numpy(tmp_path):
    with ImageWriter(tmp_path, shape=(2, 4, 1)) as writer:
        for image in IMAGES:
            writer.append(image)
    np.save(tmp_path / "expected.npy", IMAGES)
    assert (tmp_path / "images.npy").read_bytes() == (tmp_path / "expected.npy").read_bytes()
    assert writer.fingerprint() == pixel_fingerprint(IMAGES)


def test_header_has_the_same_length_for_any_number_of_images(tmp_path):
    with ImageWriter(tmp_path, shape=(2, 4, 1)) as writer:
        short = len(writer._header())
        writer.count = 10**12
        assert len(writer._header()) == short


def test_writer_refuses_another_shape(tmp_path):
    with (
        ImageWriter(tmp_path, shape=(2, 4, 1)) as writer,
        pytest.raises(ValueError, match=r"uint8 \(2, 4, 1\), received float64 \(2, 4, 1\)"),
    ):
        writer.append(IMAGES[0].astype(float))


def test_fingerprint_sees_pixels_order_and_shape():
    changed = IMAGES.copy()
    changed[2, 1, 3, 0] += 1
    several = [IMAGES, changed, IMAGES[::-1], IMAGES.reshape(3, 4, 2, 1), IMAGES[:2]]
    assert len({pixel_fingerprint(images) for images in several}) == len(several)
    assert pixel_fingerprint(IMAGES) == pixel_fingerprint(IMAGES.copy())


def test_fingerprint_of_many_images_is_that_of_all_their_bytes():
    import hashlib

    many = np.random.default_rng(0).integers(0, 256, (2500, 2, 2, 3), np.uint8)
    expected = hashlib.blake2b(b"(2, 2, 3)" + many.tobytes(), digest_size=16).hexdigest()
    assert pixel_fingerprint(many) == expected


def test_the_unordered_fingerprint_is_that_of_the_images_in_any_order(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 2, 4, 1), np.uint8)
    with ImageWriter(tmp_path, shape=(2, 4, 1)) as writer:
        for image in images:
            writer.append(image)
    expected = writer.unordered_fingerprint()
    assert len(expected) == 32
    assert unordered_fingerprint(images[::-1]) == expected
    assert pixel_fingerprint(images[::-1]) != writer.fingerprint()
    twice = np.concatenate([images, images[:1]])
    others = [images[:4], twice, images + 1, images.reshape(5, 4, 2, 1)]
    assert len({expected, *map(unordered_fingerprint, others)}) == 5


def test_manifest_is_written_for_people(tmp_path):
    cached(tmp_path, "key", lambda scratch: example(bad_files=(BadFile("grün.jpg", "empty file"),)))
    text = (tmp_path / "key" / "manifest.json").read_text(encoding="utf-8")
    assert "grün.jpg" in text
    assert json.loads(text)["shape"] == [3, 2, 4, 1]


def scratch_of(cache_dir, process, *, system=None):
    """Return the scratch folder of a process, with something in it."""
    scratch = cache_dir / f".another.{system or files._system()}-{process}-0123abcd.part"
    scratch.mkdir()
    (scratch / "images.npy").write_bytes(b"half")
    return scratch


def over() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.skipif(os.name != "posix", reason="only there is it known which processes live")
def test_what_a_killed_preparation_left_is_removed_by_the_next(tmp_path):
    dead, living = scratch_of(tmp_path, over()), scratch_of(tmp_path, os.getppid())
    elsewhere = scratch_of(tmp_path, over(), system="01234567")
    others = [tmp_path / ".config-0123abcd", tmp_path / "another", tmp_path / ".scratch-1-2-3"]
    for folder in others:
        folder.mkdir()
    cached(tmp_path, "key", lambda scratch: example())
    assert not dead.exists()
    assert all(folder.exists() for folder in [living, elsewhere, *others])


def test_what_a_process_elsewhere_left_is_removed_after_a_day(tmp_path):
    old = scratch_of(tmp_path, 1, system="01234567")
    two_days_ago = time.time() - 2 * 24 * 3600
    for path in (old / "images.npy", old):
        os.utime(path, (two_days_ago, two_days_ago))
    cached(tmp_path, "key", lambda scratch: example())
    assert not old.exists()


def test_a_preparation_that_ends_while_it_is_looked_at_harms_nobody(tmp_path, monkeypatch):
    scratch_of(tmp_path, 1, system="01234567")
    rglob = Path.rglob

    def vanishing(path, pattern):
        shutil.rmtree(path)
        monkeypatch.setattr(Path, "rglob", rglob)
        return rglob(path, pattern)

    monkeypatch.setattr(Path, "rglob", vanishing)
    assert len(cached(tmp_path, "key", lambda scratch: example())) == 3


def test_a_set_that_another_process_finishes_at_the_last_moment_stays(tmp_path, monkeypatch):
    exists, prepared = Path.exists, []

    def finished_after_the_look(path):
        there = exists(path)
        if prepared and path == tmp_path / "key" / "manifest.json" and not (tmp_path / "key").is_dir():
            (tmp_path / "key").mkdir()
            write(example(name="first"), tmp_path / "key")
        return there

    def prepare(scratch):
        prepared.append(scratch)
        return example(name="second")

    removed, rmtree = [], shutil.rmtree
    monkeypatch.setattr(Path, "exists", finished_after_the_look)
    monkeypatch.setattr(shutil, "rmtree", lambda path, **rest: removed.append(path) or rmtree(path, **rest))
    cached(tmp_path, "key", prepare)
    assert removed == prepared  # the scratch folder, and not what is in place


# A full disk

FULL = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FULL, "No space left on device"),
        (OSError("24 requested and 0 written"), "24 requested and 0 written"),
    ],
)
@pytest.mark.parametrize("when", ["preparing", "writing"])
def test_a_full_disk_is_named_in_one_line(tmp_path, monkeypatch, error, words, when):
    def fail(*_):
        raise error

    if when == "writing":
        monkeypatch.setattr(np, "save", fail)
    with pytest.raises(StorageError, match=rf"{tmp_path.name} .*{words}.*make room .*--cache-dir") as caught:
        cached(tmp_path, "key", fail if when == "preparing" else lambda scratch: example())
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


def test_writer_closes_its_file_on_a_full_disk(tmp_path, monkeypatch):
    def fail(_):
        raise FULL

    writer = ImageWriter(tmp_path, shape=(2, 4, 1))
    monkeypatch.setattr(ImageWriter, "_header", fail)
    with pytest.raises(OSError, match="No space left"), writer:
        writer.append(IMAGES[0])
    assert writer._file.closed


@pytest.mark.parametrize("rows", [np.array([2, 0]), np.array([True, False, True])])
def test_a_subset_keeps_what_is_known_of_its_images(rows):
    whole = ImageSet(
        name="three",
        images=np.arange(3, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 1), np.uint8),
        labels=np.array([0, 1, 1]),
        label_names=("a", "b"),
        attributes={"big": np.array([0, 0, 1], np.uint8)},
        fingerprint="whole",
    )
    part = whole.subset(rows)
    order = np.arange(3)[rows]
    assert part.images[:, 0, 0, 0].tolist() == order.tolist()
    assert part.labels.tolist() == [int(i > 0) for i in order]
    assert part.attributes["big"].tolist() == [int(i == 2) for i in order]
    assert (part.name, part.label_names, part.fingerprint) == ("three", ("a", "b"), "")
