"""Disks that are full or read-only: a sentence that names the file, nothing half-written, and on it goes."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.config import Config
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_records
from disks import SmallDisk, may_mount
from mortal import SEED, Ended, Mortals

Options = Callable[..., list[str]]


@pytest.fixture(scope="module")
def one_disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """Return a disk of 8 MB."""
    folder = tmp_path_factory.mktemp("disks")
    if not may_mount(folder):
        pytest.skip("only root may mount a small disk; tests with limited files are in the other folders")
    disk = SmallDisk(folder / "disk", kilobytes=8192)
    yield disk
    disk.unmount()


@pytest.fixture
def disk(one_disk: SmallDisk) -> Iterator[SmallDisk]:
    """Return it, and empty it afterwards."""
    yield one_disk
    one_disk.make_room()
    for path in one_disk.path.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Path:
    """Return a run elsewhere, not to be changed."""
    from dcgan_tf.training.loop import train

    logging.getLogger("dcgan_tf").setLevel(logging.WARNING)
    config = tiny_config(run_dir=str(tmp_path_factory.mktemp("runs") / "run"), log_every=5, sample_every=5)
    return train(config)


def in_one_sentence(ended: Ended, *words: object) -> None:
    """Hold how a command ended against what a user should see."""
    assert ended.code == 1, ended.output
    assert "Traceback" not in ended.output, ended.output
    (sentence,) = [line for line in ended.output.splitlines() if line.startswith("dcgan-tf: ")]
    assert all(str(word) in sentence for word in words), sentence


def test_training_on_a_full_disk_stops_with_a_sentence_and_goes_on_when_there_is_room(
    disk: SmallDisk, mortals: Mortals, tiny_options: Options
) -> None:
    rng = np.random.default_rng(SEED)
    run = disk.path / "run"
    options = tiny_options(
        steps=12, run_dir=run, image_size=(8, 8), checkpoint_every=3, sample_every=2, histogram_every=4
    )
    for left in sorted(int(kilobytes) for kilobytes in rng.integers(0, 240, 3)):
        disk.leave(left)
        ended = mortals.command("train", *options)
        if ended.code:
            in_one_sentence(ended, disk.path, "full")
    disk.make_room()
    ended = mortals.command("train", *options)
    assert ended.code == 0, ended.output
    assert [record["step"] for record in read_records(RunPaths(run).stats)] == list(range(1, 13))
    assert sorted(p.name for p in run.rglob("*") if p.suffix == ".part" or "temp" in p.name) == []


OUTPUTS = {
    "an array": ("sample", "RUN", "-n", "300", "--out", "DISK/samples.npy"),
    "a grid": ("sample", "RUN", "--out", "DISK/samples.png"),
    "an export": ("export", "RUN", "--out", "DISK/exports/tiny", "--formats", "tflite,web"),
    "an analysis": ("walk", "RUN", "--out", "DISK/walk", "--num-images", "16"),
    "a page": ("report", "RUN", "--out", "DISK/report.html"),
}


@pytest.mark.parametrize("what", OUTPUTS)
def test_an_output_on_a_full_disk_is_a_sentence_that_names_it_and_the_old_one_stays(
    what: str, disk: SmallDisk, run: Path, mortals: Mortals
) -> None:
    command = [word.replace("RUN", str(run)).replace("DISK", str(disk.path)) for word in OUTPUTS[what]]
    ended = mortals.command(*command)
    assert ended.code == 0, ended.output
    before = contents(disk.path)
    disk.leave(0)
    again = [*command, "--force"] if command[0] == "export" else command
    in_one_sentence(mortals.command(*again), disk.path, "full")
    disk.make_room()
    assert contents(disk.path) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file, hidden ones and scratch files included."""
    files = (path for path in folder.rglob("*") if path.is_file() and path.name != ".filler")
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_full_cache_is_a_sentence_that_says_how_to_choose_another(
    disk: SmallDisk, mortals: Mortals, tiny_options: Options, tmp_path: Path
) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for i in range(40):
        Image.new("L", (64, 64), i).save(pictures / f"{i}.png")
    disk.leave(16)
    options = tiny_options(
        data=pictures,
        split="train",
        image_size=(32, 32),
        run_dir=tmp_path / "run",
        cache_dir=disk.path / "cache",
    )
    in_one_sentence(mortals.command("train", *options), disk.path, "--cache-dir")
    disk.make_room()
    assert not (tmp_path / "run").exists()
    assert [path for path in disk.path.rglob("*") if path.is_file()] == []


def test_what_was_evaluated_is_shown_before_it_is_said_that_it_cannot_be_written(
    run: Path, mortals: Mortals, tmp_path: Path
) -> None:
    disk = SmallDisk(tmp_path / "disk", kilobytes=8192)
    try:
        shutil.copytree(run, disk.path / "run")
        for reason in ("the disk is full", "Read-only file system"):
            disk.leave(0) if "full" in reason else disk.make_read_only()
            ended = mortals.command("evaluate", disk.path / "run", "--num-images", "100")
            assert "precision" in ended.output
            in_one_sentence(ended, "metrics.jsonl", reason)
            assert ended.output.index("precision") < ended.output.index("dcgan-tf: ")
        exported = mortals.command("export", disk.path / "run", "--out", tmp_path / "out", "--formats", "web")
        assert exported.code == 0, exported.output
        drawn = mortals.command("sample", disk.path / "run", "--out", tmp_path / "samples.png")
        assert drawn.code == 0, drawn.output
    finally:
        disk.unmount()
