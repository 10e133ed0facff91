"""The wheel: complete, fit for an index of packages, and of use far from the repository."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from dcgan_tf import __version__
from dcgan_tf.export import BUNDLED

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "dcgan_tf"
LARGEST_BYTES = 6e6
README = (ROOT / "README.md").read_text()


def start(*words: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, without the packages that this process was told of."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        list(map(str, words)), cwd=cwd, env={**environment, **variables}, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an sdist, and with the wheel that was made of it."""
    folder = tmp_path_factory.mktemp("wheel")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    for name in tracked.stdout.split("\0")[:-1]:  # as in a fresh clone: building leaves files behind
        if not name.startswith(("docs/", "results/", "tests/")) and (ROOT / name).exists():
            (folder / "clone" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / "clone" / name)
    # Without isolation, which would fetch setuptools.
    built = start(
        sys.executable, "-m", "build", "--no-isolation", "--outdir", folder / "dist", cwd=folder / "clone"
    )
    assert built.returncode == 0, built.stderr + built.stdout
    return folder / "dist"


@pytest.fixture(scope="module")
def wheel(dist: Path) -> Path:
    (file,) = dist.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the programs of a fresh environment: the wheel, and the other packages of this one."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python)
    done = start(*pip, "install", "--no-deps", "--no-index", "--quiet", wheel, cwd=folder)
    assert done.returncode == 0, done.stderr
    (packages,) = (folder / "lib").glob("python*/site-packages")
    (packages / "others.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python.parent


def test_both_are_fit_for_an_index(dist):
    files = sorted(dist.iterdir())
    assert [file.name for file in files] == [
        f"dcgan_tf-{__version__}-py3-none-any.whl",
        f"dcgan_tf-{__version__}.tar.gz",
    ]
    checked = start(sys.executable, "-m", "twine", "check", "--strict", *files, cwd=dist)
    assert checked.returncode == 0, checked.stdout


def test_the_wheel_has_every_file_of_the_package(wheel):
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "dcgan_tf"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    expected = {name for name in tracked.stdout.splitlines() if (ROOT / name).exists()}
    generators = {
        f"dcgan_tf/saved_models/{name}/{file}"
        for name in BUNDLED
        for file in ("export.json", "generator-dynamic.tflite")
    }
    assert names == expected | generators
    assert wheel.stat().st_size < LARGEST_BYTES


def test_the_sdist_has_what_the_wheel_is_made_of(dist):
    (archive,) = dist.glob("*.tar.gz")
    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
    assert {"setup.py", "setup.cfg", "pyproject.toml", "README.md", "LICENSE"} <= names
    assert {f"saved_models/{name}/generator-dynamic.tflite" for name in BUNDLED} <= names
    assert not [name for name in names if "saved_model/" in name or name.endswith("samples.png")]


def test_an_index_shows_the_readme_with_addresses_in_the_place_of_paths(wheel):
    archive = zipfile.ZipFile(wheel)
    metadata = archive.read(f"dcgan_tf-{__version__}.dist-info/METADATA").decode()
    head, _, page = metadata.partition("\n\n")
    assert {"License-Expression: MIT", "Requires-Python: >=3.11"} <= set(head.splitlines())
    (repository,) = re.findall("^Project-URL: Source, (.*)", head, re.MULTILINE)
    targets = re.findall(r'(?:\]\(|src=")([^)"]+)', page)
    assert f"{repository}/blob/main/docs/guides/train.md#draw-pictures" in targets
    assert f"{repository}/raw/main/docs/portraits-64.png" in targets
    assert [target for target in targets if not target.startswith("https://")] == []
    paths = [t.removeprefix(repository).split("/", 3)[3] for t in targets if t.startswith(repository)]
    assert [path for path in paths if not (ROOT / path.split("#")[0]).exists()] == []
    assert re.sub(rf"{re.escape(repository)}/(?:raw|blob)/main/", "", page).strip() == README.strip()


def test_portraits_are_drawn_at_once_from_another_folder(installed, tmp_path):
    done = start(installed / "dcgan-tf", "sample", "portraits", "--out", "x.png", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "64 images of step" in done.stdout
    with Image.open(tmp_path / "x.png") as picture:
        assert picture.size[0] == picture.size[1] > 8 * 64
    assert [path.name for path in tmp_path.iterdir()] == ["x.png"]


def test_they_come_from_the_installed_package(installed, tmp_path):
    code = "from dcgan_tf.export import *; print(*map(bundled_generator, BUNDLED), sep='\\n')"
    done = start(installed / "python", "-c", code, cwd=tmp_path)
    places = [Path(place) for place in done.stdout.splitlines()]
    assert all(place.is_relative_to(installed.parent) for place in places)
    for name, place in zip(BUNDLED, places, strict=True):
        assert place.read_bytes() == (ROOT / "saved_models" / name / place.name).read_bytes()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Usage: dcgan-tf [OPTIONS] COMMAND"),
        (["--help"], "Usage: dcgan-tf [OPTIONS] COMMAND"),
        (["--version"], f"dcgan-tf, version {__version__}"),
    ],
    ids=["nothing", "help", "version"],
)
def test_the_command_introduces_itself(words, said, installed, tmp_path):
    done = start(installed / "dcgan-tf", *words, cwd=tmp_path)
    assert said in done.stdout + done.stderr
    assert done.returncode == (0 if words else 2)
