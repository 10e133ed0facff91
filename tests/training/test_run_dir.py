"""Run directories in which training would do harm, and file systems that cannot lock them."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import Config, preset, to_json
from dcgan_tf.errors import RunError
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, write_json
from dcgan_tf.training import loop
from dcgan_tf.training.run_dir import check_place, lock

DATA = {
    "name": "a",
    "fingerprint": "b",
    "num_images": 3,
    "shape": [1],
    "label_names": [],
    "attribute_names": [],
}


def contents(root: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(root.rglob("*"))}


@pytest.mark.parametrize(
    "files",
    [
        {"data.json": "{}", "stats.jsonl": '{"step": 1}\n'},
        {"data.json": '{"name": "mine"}'},
        {"environment.json": "[]"},
        {"holiday.jpg": ""},
        {"config.json": "{}", "train.lock": ""},
        {"config.json": '{"theme": "dark"}'},
        {"samples/step-000001.png": ""},
    ],
    ids=str,
)
def test_a_folder_that_is_not_empty_and_not_a_run_is_refused_and_left_alone(
    tmp_path: Path, tiny_config: Callable[..., Config], files: dict[str, str]
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    before = contents(tmp_path)
    with pytest.raises(RunError) as error:
        loop.train(tiny_config(run_dir=str(tmp_path)))
    assert next(iter(files)).split("/")[0] in str(error.value)
    assert contents(tmp_path) == before


@pytest.mark.parametrize(
    "names",
    [
        [],
        ["train.lock"],
        [".DS_Store", "Thumbs.db", "desktop.ini"],
        [".gitkeep"],
        [".config.json.1a2b3c4d.part"],
    ],
    ids=str,
)
def test_what_systems_and_starts_that_were_cut_short_leave_is_no_reason(
    tmp_path: Path, names: list[str]
) -> None:
    for name in names:
        (tmp_path / name).write_bytes(b"")
    check_place(preset(data="digits", run_dir=str(tmp_path)))
    check_place(preset(data="digits", run_dir=str(tmp_path / "new")))


@pytest.mark.parametrize(
    "names",
    [["ckpt-5.index", "checkpoint"], ["ckpt-5.data-00000-of-00001", ".checkpoint.1a2b3c4d.part"]],
    ids=str,
)
def test_a_run_that_was_cut_short_while_it_copied_a_checkpoint_begins(
    tmp_path: Path, names: list[str]
) -> None:
    (tmp_path / "origin" / "ckpt-5_temp").mkdir(parents=True)
    for name in names:
        (tmp_path / "origin" / name).write_bytes(b"")
    check_place(preset(data="digits", run_dir=str(tmp_path)))
    (tmp_path / "origin" / "mine.txt").write_bytes(b"")
    with pytest.raises(RunError, match="neither empty nor a run: it holds origin"):
        check_place(preset(data="digits", run_dir=str(tmp_path)))


def test_a_run_on_all_images_goes_on_with_all_of_them(
    tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    """A share to hold out that is left out is the default, and no other setting."""
    settings = {"data": "digits", "run_dir": str(tmp_path / "run")}
    root = loop.train(tiny_config(**settings, steps=1, held_out_fraction=0.0))
    loop.train(tiny_config(**settings, steps=2))
    check_place(tiny_config(**settings, steps=2))
    assert read_config(root).data.held_out_fraction == 0
    assert read_config(root).training.steps == 2
    with pytest.raises(RunError, match=r"held_out_fraction  0.0 -> 0.1"):
        loop.train(tiny_config(**settings, steps=2, held_out_fraction=0.1))


def test_a_run_that_was_cut_short_before_its_settings_were_written_begins(tmp_path: Path) -> None:
    write_json(RunPaths(tmp_path).data, DATA)
    RunPaths(tmp_path).lock.touch()
    check_place(preset(data="digits", run_dir=str(tmp_path)))


@pytest.fixture
def pets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "pets"
    folder.mkdir()
    (folder / "tom.png").touch()
    (tmp_path / "link").symlink_to(folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize(
    ("data", "run", "elsewhere"),
    [
        (".", None, "../runs/pets-dcgan"),
        (".", "runs/cats", "../runs/cats"),
        ("../pets", "../link", "../runs/pets-dcgan"),
        ("../link", ".", "../runs/pets-dcgan"),
    ],
)
def test_a_run_among_the_images_is_refused_with_another_place(
    pets: Path, data: str, run: str | None, elsewhere: str
) -> None:
    config = preset(data=data, run_dir=run)
    with pytest.raises(RunError, match="would become images") as error:
        loop.train(config)
    assert str(error.value).endswith(f"--run-dir {elsewhere}")
    assert [path.name for path in pets.iterdir()] == ["tom.png"]
    check_place(preset(data=data, run_dir=elsewhere))


def test_a_run_may_lie_beside_above_and_of_old_within_the_images(pets: Path) -> None:
    check_place(preset(data=".", run_dir="../runs"))
    (pets / "images").mkdir()
    with pytest.raises(RunError, match="it holds images, tom"):
        check_place(preset(data="images", run_dir="."))
    old = RunPaths(pets / "runs" / "cats")  # the folder's reader passes it over
    old.root.mkdir(parents=True)
    old.config.write_text(to_json(preset(data=".")))
    check_place(preset(data="../pets", run_dir="runs/cats"))
    with pytest.raises(
        RunError, match=r"was made with other settings:\n  data   +'\.' -> '\.\./pets'\n  filters"
    ):
        check_place(preset(data="../pets", run_dir="runs/cats", filters=3))


def test_the_command_refuses_before_tensorflow_is_imported_or_images_are_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "mine.txt").touch()
    monkeypatch.setattr("dcgan_tf.cli.train.import_tensorflow", lambda **_: pytest.fail("it is imported"))
    for run_dir, words in ((str(tmp_path), "it holds mine.txt"), ("gs://bucket/run", "the address 'gs:")):
        done = CliRunner().invoke(main, ["train", "--evaluate-every-epoch", "--run-dir", run_dir])
        assert done.exit_code == 1
        assert words in done.output


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    with lock(RunPaths(tmp_path / "run")):
        assert (tmp_path / "run").is_dir()
    assert f"cannot be locked ({os.strerror(number)})" in caplog.text
