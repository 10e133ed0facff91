"""Checkpoints survive crashes, damage and a full disk. They are of one variable; no network is needed."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf import files
from dcgan_tf.errors import RunError
from dcgan_tf.runs.checkpoints import CheckpointStore, newest_intact

SIZE = 5_000


def checkpoint_of(value: float) -> tf.train.Checkpoint:
    return tf.train.Checkpoint(weights=tf.Variable(np.full(SIZE, value, np.float32)))


def restored(store: CheckpointStore, step: int) -> float:
    checkpoint = checkpoint_of(-1)
    checkpoint.read(store.prefix(step)).assert_consumed()
    (value,) = set(checkpoint.weights.numpy())
    return value


@pytest.fixture(scope="module")
def three_steps(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = CheckpointStore(tmp_path_factory.mktemp("three"))
    for step in (1, 2, 3):
        store.save(checkpoint_of(step), step)
    return store.directory


@pytest.fixture
def store(three_steps: Path, tmp_path: Path) -> CheckpointStore:
    """Return a copy with the checkpoints of steps 1, 2 and 3."""
    shutil.copytree(three_steps, tmp_path / "checkpoints")
    return CheckpointStore(tmp_path / "checkpoints")


def test_last_three_are_kept_and_multiples_of_keep_every(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for step in range(1, 11):
        store.save(checkpoint_of(step), step, keep_every=4)
    assert store.steps() == [10, 9, 8, 4]
    assert [restored(store, step) for step in store.steps()] == [10, 9, 8, 4]
    files = {f"ckpt-{step}.{end}" for step in (4, 8, 9, 10) for end in ("index", "data-00000-of-00001")}
    assert {path.name for path in tmp_path.iterdir()} == {"checkpoint", *files}


def test_the_newest_one_before_a_step_is_kept_too(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    found = []
    for step in (2, 4, 6, 8, 10, 12):
        store.save(checkpoint_of(step), step, keep_before=5)
        found.append(store.steps())
    assert found[2:] == [[6, 4, 2], [8, 6, 4], [10, 8, 6, 4], [12, 10, 8, 4]]


def test_those_after_a_step_are_forgotten(store: CheckpointStore) -> None:
    (store.directory / "ckpt-3.index").unlink()
    (store.directory / "damaged-ckpt-9.index").write_bytes(b"")
    store.forget_after(1)
    left = {"checkpoint", "damaged-ckpt-9.index", "ckpt-1.index", "ckpt-1.data-00000-of-00001"}
    assert {path.name for path in store.directory.iterdir()} == left
    assert tf.train.latest_checkpoint(str(store.directory)) == store.prefix(1)
    store.forget_after(0)
    assert [path.name for path in store.directory.iterdir()] == ["damaged-ckpt-9.index"]
    CheckpointStore(store.directory / "none").forget_after(0)


def test_a_store_may_keep_one(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path, keep_last=1)
    for step in (1, 2):
        store.save(checkpoint_of(step), step)
    assert store.steps() == [2]


def test_steps_are_ordered_as_numbers(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path)
    for step in (8, 9, 10, 11):
        store.save(checkpoint_of(step), step)
    assert store.steps() == [11, 10, 9]


def test_tensorflow_finds_the_newest(store: CheckpointStore) -> None:
    assert tf.train.latest_checkpoint(str(store.directory)) == store.prefix(3)


def test_no_directory_means_no_checkpoints(tmp_path: Path) -> None:
    store = CheckpointStore(tmp_path / "none")
    store.remove_leftovers()
    assert store.newest_intact() == (None, {})


def test_saving_a_step_again_replaces_it(store: CheckpointStore) -> None:
    store.save(checkpoint_of(33), 3)
    assert store.steps() == [3, 2, 1]
    assert restored(store, 3) == 33


def test_leftovers_of_a_torn_save_are_removed_and_nothing_else(store: CheckpointStore) -> None:
    before = sorted(store.directory.iterdir())
    torn = store.directory / "ckpt-7_temp"
    torn.mkdir()
    (torn / "part-00000-of-00001.data-00000-of-00001.tempstate123").write_bytes(b"half")
    (store.directory / "ckpt-8.index.tempstate456").write_bytes(b"half")
    (store.directory / "ckpt-9.data-00000-of-00001.tempstate789").write_bytes(b"half")
    store.remove_leftovers()
    assert sorted(store.directory.iterdir()) == before


def test_a_first_save_that_was_torn_is_no_checkpoint(tmp_path: Path) -> None:
    # TensorFlow has moved the data into place, and was killed before it wrote the index.
    (tmp_path / "ckpt-5_temp").mkdir()
    (tmp_path / "ckpt-5.data-00000-of-00001").write_bytes(b"data")
    store = CheckpointStore(tmp_path)
    store.remove_leftovers()
    assert list(tmp_path.iterdir()) == []
    assert store.newest_intact() == (None, {})


def test_an_error_that_may_pass_is_not_damage(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(prefix: str) -> None:
        raise tf.errors.PermissionDeniedError(None, None, "ckpt-3.index; Permission denied")

    monkeypatch.setattr(tf.train, "load_checkpoint", refuse)
    with pytest.raises(RunError, match=r"cannot read the checkpoint of step 3 .*Permission denied"):
        store.newest_intact()


def test_a_checkpoint_without_its_index_is_damaged_not_overlooked(store: CheckpointStore) -> None:
    (store.directory / "ckpt-3.index").unlink()
    step, damaged = store.newest_intact()
    assert (step, list(damaged)) == (2, [3])
    for index in store.directory.glob("*.index"):
        index.unlink()
    with pytest.raises(RunError, match="none of the 3 checkpoints"):
        store.newest_intact()


def resized(part: str, size: Callable[[int], int]) -> Callable[[CheckpointStore, int], None]:
    def damage(store: CheckpointStore, step: int) -> None:
        path = Path(f"{store.prefix(step)}.{part}")
        content = path.read_bytes()
        path.write_bytes(content[: size(len(content))])

    return damage


def flipped(part: str, position: Callable[[int], int]) -> Callable[[CheckpointStore, int], None]:
    def damage(store: CheckpointStore, step: int) -> None:
        path = Path(f"{store.prefix(step)}.{part}")
        content = bytearray(path.read_bytes())
        content[position(len(content))] ^= 0x10
        path.write_bytes(bytes(content))

    return damage


def garbage_index(store: CheckpointStore, step: int) -> None:
    Path(f"{store.prefix(step)}.index").write_bytes(bytes(range(256)) * 4)


def missing_data(store: CheckpointStore, step: int) -> None:
    Path(f"{store.prefix(step)}.{DATA}").unlink()


DATA = "data-00000-of-00001"
DAMAGES = {
    "data one byte short": resized(DATA, lambda size: size - 1),
    "half of the data": resized(DATA, lambda size: size // 2),
    "no byte of data": resized(DATA, lambda size: 0),
    "data missing": missing_data,
    "first data byte flipped": flipped(DATA, lambda size: 0),
    "a data byte flipped": flipped(DATA, lambda size: size // 2),
    "last data byte flipped": flipped(DATA, lambda size: size - 1),
    "index of garbage": garbage_index,
    "half of the index": resized("index", lambda size: size // 2),
    "index empty": resized("index", lambda size: 0),
    "first index byte flipped": flipped("index", lambda size: 0),
    "an index byte flipped": flipped("index", lambda size: size // 2),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_newest_checkpoint_is_noticed_and_the_one_before_is_used(
    store: CheckpointStore, name: str
) -> None:
    DAMAGES[name](store, 3)
    step, damaged = store.newest_intact()
    assert step == 2
    assert list(damaged) == [3]
    assert damaged[3]
    assert "\n" not in damaged[3]
    assert restored(store, 2) == 2


@pytest.mark.parametrize("content", [None, b"", b"\x00\xff garbage", b'model_checkpoint_path: "ckpt-9"\n'])
def test_tensorflows_state_file_decides_nothing(store: CheckpointStore, content: bytes | None) -> None:
    state = store.directory / "checkpoint"
    state.unlink() if content is None else state.write_bytes(content)
    assert store.newest_intact() == (3, {})
    store.save(checkpoint_of(4), 4)
    assert tf.train.latest_checkpoint(str(store.directory)) == store.prefix(4)


def test_all_damaged_is_an_error_that_names_each(store: CheckpointStore) -> None:
    for step, name in zip((1, 2, 3), ("data missing", "index empty", "half of the data"), strict=True):
        DAMAGES[name](store, step)
    with pytest.raises(RunError, match="none of the 3 checkpoints") as error:
        store.newest_intact()
    for step in (1, 2, 3):
        assert f"step {step}: " in str(error.value)


def test_a_damaged_checkpoint_set_aside_counts_no_longer(store: CheckpointStore) -> None:
    DAMAGES["half of the data"](store, 3)
    store.set_aside(3)
    store.remove_leftovers()
    assert store.steps() == [2, 1]
    names = {path.name for path in store.directory.iterdir()}
    assert names >= {f"damaged-ckpt-3.{DATA}", "damaged-ckpt-3.index"}


@pytest.fixture
def small_files() -> object:
    """Refuse to let any file grow beyond 4 KiB: what a full disk does, as far as TensorFlow can tell."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_a_clear_error_and_loses_nothing(store: CheckpointStore, small_files: None) -> None:
    before = sorted(store.directory.iterdir())
    with pytest.raises(RunError, match="the disk is full; the checkpoint of step 3 is intact") as error:
        store.save(checkpoint_of(4), 4)
    assert "could not save the checkpoint of step 4" in str(error.value)
    assert sorted(store.directory.iterdir()) == before
    assert store.newest_intact() == (3, {})
    assert [restored(store, step) for step in store.steps()] == [3, 2, 1]


def test_after_the_disk_was_full_saving_works_again(store: CheckpointStore) -> None:
    class Full(tf.train.Checkpoint):
        def write(self, *_: object, **__: object) -> str:
            raise tf.errors.ResourceExhaustedError(None, None, "No space left on device [Op:SaveV2]")

    with pytest.raises(RunError, match="the disk is full"):
        store.save(Full(), 4)
    store.save(checkpoint_of(5), 5)
    assert store.steps() == [5, 3, 2]
    assert restored(store, 5) == 5


def test_a_disk_that_fills_while_the_files_are_flushed(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("dcgan_tf.files.os.fsync", full)
    with pytest.raises(RunError, match="the disk is full; the checkpoint of step 3 is intact"):
        store.save(checkpoint_of(4), 4)
    assert {1, 2, 3} <= set(store.steps())


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EIO, errno.ENOSYS])
def test_a_file_system_that_cannot_flush_folders_is_said_once_and_loses_nothing(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))

    files._say_unflushed.cache_clear()
    monkeypatch.setattr("dcgan_tf.files.os.fsync", refuse_folders)
    for step in (4, 5):
        store.save(checkpoint_of(step), step)
    assert store.newest_intact() == (5, {})
    (warning,) = [record.getMessage() for record in caplog.records]
    assert os.strerror(number) in warning


def test_what_cannot_be_cleared_away_does_not_undo_the_save(
    store: CheckpointStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", refuse)
    store.save(checkpoint_of(4), 4)
    assert store.steps() == [4, 3, 2, 1]
    assert "cannot be removed" in caplog.text


@pytest.mark.parametrize("name", ["a[b]c", "st*r", "wh?t", "back\\slash", os.fsdecode(b"caf\xe9")], ids=ascii)
def test_a_path_is_no_pattern(three_steps: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name / "checkpoints"
    shutil.copytree(three_steps, folder)
    store = CheckpointStore(folder)
    DAMAGES["half of the data"](store, 3)
    step, damaged = store.newest_intact()
    assert (step, list(damaged)) == (2, [3])
    checkpoint = checkpoint_of(-1)
    store.read(checkpoint, 2).assert_consumed()
    assert set(checkpoint.weights.numpy()) == {2}


def test_nor_is_one_of_temporary_files(
    three_steps: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a[b]", "t[1]*"):
        (tmp_path / name).mkdir()
    shutil.copytree(three_steps, tmp_path / "a[b]" / "checkpoints")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "t[1]*"))
    checkpoint = checkpoint_of(-1)
    CheckpointStore(tmp_path / "a[b]" / "checkpoints").read(checkpoint, 3).assert_consumed()
    assert set(checkpoint.weights.numpy()) == {3}


def test_copies_that_a_file_manager_made_are_no_checkpoints(store: CheckpointStore) -> None:
    for path in list(store.directory.glob("ckpt-3.*")):
        shutil.copy(path, path.with_name(f"{path.name} 2"))
    (store.directory / "ckpt-9.index 2").write_bytes(b"")
    assert store.steps() == [3, 2, 1]
    store.set_aside(3)
    assert (store.directory / "ckpt-3.index 2").exists()


def test_the_newest_intact_one_of_several_places(store: CheckpointStore, tmp_path: Path) -> None:
    best = CheckpointStore(tmp_path / "best", keep_last=1)
    best.save(checkpoint_of(5), 5)
    assert newest_intact([store, best]) == (best, 5, [])
    DAMAGES["index empty"](best, 5)
    found, step, damaged = newest_intact([store, best])
    assert (found, step, [(where, bad) for where, bad, _ in damaged]) == (store, 3, [(best, 5)])
    best.set_aside(5)
    best.save(checkpoint_of(3), 3)
    assert newest_intact([store, best]) == (store, 3, [])


def test_another_failure_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match=r"Not a directory|File exists") as error:
        CheckpointStore(tmp_path / "file").save(checkpoint_of(1), 1)
    assert "there is no earlier checkpoint" in str(error.value)
