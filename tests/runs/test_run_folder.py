"""The names of a run directory's files, and its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcgan_tf.config import preset
from dcgan_tf.errors import ArgumentError
from dcgan_tf.runs.folder import RunPaths, default_run_dir, local_folder


@pytest.mark.parametrize(
    ("spec", "architecture", "expected"),
    [
        ("portraits", "dcgan", "runs/portraits-dcgan"),
        ("digits", "gan", "runs/digits-gan"),
        ("tfds:mnist", "dcgan", "runs/mnist-dcgan"),
        ("tfds:emnist/balanced", "dcgan", "runs/emnist-balanced-dcgan"),
        (".", "dcgan", f"runs/{Path.cwd().name}-dcgan"),
        ("/some/where/My holiday photos/", "dcgan", "runs/My-holiday-photos-dcgan"),
        ("/", "dcgan", "runs/data-dcgan"),
        ("猫", "dcgan", "runs/猫-dcgan"),
        ("/pets/Gefäße & Töpfe", "dcgan", "runs/Gefäße-Töpfe-dcgan"),
        ("cafe\u0301", "dcgan", "runs/café-dcgan"),  # as macOS hands it out
        ("हिन्दी", "dcgan", "runs/हिन्दी-dcgan"),
        ("~nosuchuser/pets", "dcgan", "runs/pets-dcgan"),
        ("x" * 255, "dcgan", f"runs/{'x' * 200}-dcgan"),
    ],
)
def test_default_directory_is_named_after_data_and_networks(
    spec: str, architecture: str, expected: str
) -> None:
    assert default_run_dir(preset(data=spec, architecture=architecture)) == expected


def test_sample_grids_sort_by_step() -> None:
    paths = RunPaths(Path("run"))
    assert paths.sample_grid(500) == Path("run/samples/step-000500.png")
    assert sorted(map(paths.sample_grid, (10_000, 999, 20)), key=str) == [
        paths.sample_grid(step) for step in (20, 999, 10_000)
    ]


def test_paths_lie_in_the_run_directory() -> None:
    root = Path("run")
    names = [name for name, value in vars(RunPaths).items() if isinstance(value, property)]
    assert all(getattr(RunPaths(root), name).is_relative_to(root) for name in names)
    assert len({getattr(RunPaths(root), name) for name in names}) == len(names)


def test_names_without_a_letter_are_told_apart() -> None:
    first, second = (default_run_dir(preset(data=name)) for name in ("🐱", "🐶"))
    assert first != second
    assert first == default_run_dir(preset(data="/elsewhere/🐱"))


@pytest.mark.parametrize("address", ["gs://bucket/run", "s3://bucket/run", "gs:/bucket/run", "file:///run"])
def test_an_address_is_no_run_directory(address: str) -> None:
    with pytest.raises(ArgumentError, match="need a folder on this computer"):
        RunPaths.of(preset(run_dir=address))
    with pytest.raises(ArgumentError, match="need a folder on this computer"):
        local_folder(Path(address))


def test_a_tilde_is_the_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert RunPaths.of(preset(run_dir="~/runs/cats")).root == tmp_path / "runs" / "cats"
    with pytest.raises(ArgumentError, match=r"there is no user 'nosuchuser'"):
        RunPaths.of(preset(run_dir="~nosuchuser/cats"))


def test_a_folder_whose_name_begins_with_a_tilde_is_written_with_a_point(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    for name in ("~nosuchuser/cats", "~/cats"):
        assert local_folder(f"./{name}") == tmp_path / name
        assert local_folder(local_folder(f"./{name}")) == tmp_path / name


@pytest.mark.parametrize("name", ["x" * 300, "nul\0"])
def test_what_no_folder_can_be_called_is_an_error(name: str) -> None:
    with pytest.raises(ArgumentError, match="no file or folder can have the name"):
        local_folder(name)


def test_only_files_that_a_run_calls_so_are_sample_grids(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    assert paths.sample_grids() == {}
    names = ["step-000004 2.png", "step-.png", "step-4x5.png", "step-٣.png", "damaged-step-000004.png"]
    paths.samples.mkdir()
    for name in [*names, "step-1000000.png", "step-000004.png", "real.png"]:
        (paths.samples / name).write_bytes(b"")
    assert paths.sample_grids() == {step: paths.sample_grid(step) for step in (4, 1_000_000)}
