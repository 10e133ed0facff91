"""The tests stand where what they test stands."""

from __future__ import annotations

from pathlib import Path

import pytest

import dcgan_tf

TESTS = Path(__file__).parents[1]
PACKAGE = Path(dcgan_tf.__file__).parent
# Of the whole library: its properties, its behaviour when something breaks, and what test files share.
OF_THE_WHOLE = {"conformance", "faults", "support"}

FOLDERS = sorted({path.parent.relative_to(TESTS) for path in TESTS.rglob("test_*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=str)
def test_the_folders_of_the_tests_are_those_of_the_package(folder):
    assert folder.parts[:1] in {(name,) for name in OF_THE_WHOLE} or (PACKAGE / folder).is_dir()


def test_every_package_is_tested():
    packages = {path.parent.relative_to(PACKAGE) for path in PACKAGE.rglob("__init__.py")}
    assert {path for path in packages if not (TESTS / path).is_dir()} == set()


def test_names_of_test_files_are_unique():
    """Where folders of tests are no packages, pytest tells files apart by their names."""
    names = [path.name for path in TESTS.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
