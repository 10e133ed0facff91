"""The package as its users see it: what it exports, and what is in the installed copy."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import dcgan_tf

ROOT = Path(dcgan_tf.__file__).parent
CHECKOUT = ROOT.parent


def test_importing_the_package_imports_nothing_heavy():
    code = (
        "import sys, dcgan_tf; print(dcgan_tf.__version__); "
        "print({'tensorflow', 'keras', 'numpy', 'sklearn', 'click'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[:2] == [dcgan_tf.__version__, "set()"]


@pytest.mark.parametrize("name", dcgan_tf.__all__)
def test_every_public_name_is_there_and_explained(name):
    found = getattr(dcgan_tf, name)
    assert found.__doc__
    assert name in dir(dcgan_tf)


def test_what_is_public_is_told_to_whoever_asks():
    told: dict[str, object] = {}
    exec("from dcgan_tf import *", told)
    assert {"Run", "export_run", "load_data", "train", "verify_export"} <= {*told} & {*dcgan_tf.__all__}


def test_public_names_are_the_objects_themselves():
    from dcgan_tf.config import Config
    from dcgan_tf.data.load import load_data
    from dcgan_tf.runs.run import Run
    from dcgan_tf.training.loop import train

    assert dcgan_tf.Config is Config
    assert dcgan_tf.load_data is load_data
    assert dcgan_tf.Run is Run
    assert dcgan_tf.train is train


def test_public_names_are_sorted_and_unique():
    assert dcgan_tf.__all__ == sorted(set(dcgan_tf.__all__))


def test_a_public_name_of_an_earlier_version_warns_and_works():
    with pytest.warns(DeprecationWarning, match=r"dcgan_tf\.Moment is called dcgan_tf\.TrainingProgress now"):
        assert dcgan_tf.Moment is dcgan_tf.TrainingProgress
    assert "Moment" not in dcgan_tf.__all__


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'dcgan_tf' has no attribute 'Trainer'"):
        dcgan_tf.Trainer  # noqa: B018 (reading it is the test)


# What is installed


def test_keras_is_newer_than_the_published_ways_around_its_safe_mode():
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    (bound,) = re.findall(r"^keras >=([\d.]+)", setup["options"]["install_requires"], re.MULTILINE)
    assert tuple(map(int, bound.split("."))) >= (3, 13, 2)


def test_the_marker_for_type_checkers_is_packaged():
    assert (ROOT / "py.typed").is_file()
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    assert setup["options.package_data"]["dcgan_tf"].split() == ["py.typed"]


def test_the_files_of_the_web_page_are_packaged():
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    patterns = setup["options.package_data"]["dcgan_tf.export.web"].split()
    page = ROOT / "export" / "web" / "assets"
    packaged = {path for pattern in patterns for path in (ROOT / "export" / "web").glob(pattern)}
    assert {path for path in page.iterdir() if path.is_file()} == packaged
    assert page / "kernel.wasm" in packaged


def test_the_template_of_the_report_is_packaged():
    setup = configparser.ConfigParser()
    setup.read(CHECKOUT / "setup.cfg")
    patterns = setup["options.package_data"]["dcgan_tf.report"].split()
    folder = ROOT / "report"
    packaged = {path for pattern in patterns for path in folder.glob(pattern)}
    assert packaged == {
        path for path in folder.iterdir() if path.is_file() and path.suffix not in (".py", ".pyi")
    }
    assert folder / "template.html" in packaged


def test_every_folder_of_modules_is_a_package():
    """`packages = find:` leaves out the others, and only the installed copy would miss them."""
    folders = {path.parent for path in ROOT.rglob("*.py")}
    assert [folder for folder in folders if not (folder / "__init__.py").exists()] == []


def test_no_module_is_kept_out_of_version_control():
    """A line such as `runs/` in .gitignore, meant for results, also hides dcgan_tf/runs."""
    if not (CHECKOUT / ".git").exists() or not shutil.which("git"):
        pytest.skip("not a git checkout")
    sources = [str(path) for folder in (ROOT, CHECKOUT / "tests") for path in folder.rglob("*.py")]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", "--stdin"],
        cwd=CHECKOUT,
        input="\n".join(sources),
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
