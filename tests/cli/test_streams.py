"""Output that nobody reads, that cannot be kept or cannot be had: no traceback, and the right exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import dcgan_tf

PROGRAM = (sys.executable, "-m", "dcgan_tf")
# Nothing is kept aside of so few, and without being asked to the command says nothing of it.
INSPECT = ("inspect-data", "pictures", "--image-size", "8", "--held-out-fraction", "0", "--out")
ENVIRONMENT = {
    **os.environ,
    "PYTHONPATH": str(Path(dcgan_tf.__file__).parents[1]),
    "DCGAN_TF_CACHE": "cache",  # in the test's own folder: the pictures are new each time
}
FULL = Path("/dev/full")


@pytest.fixture(autouse=True)
def _pictures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be in a folder with pictures, of which a command has something to say and to write."""
    (tmp_path / "pictures").mkdir()
    for level in range(3):
        Image.new("RGB", (8, 8), (80 * level, 0, 0)).save(tmp_path / "pictures" / f"{level}.png")
    monkeypatch.chdir(tmp_path)


def sh(line: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run a line in which $@ is the program."""
    return subprocess.run(
        ["sh", "-c", line, "sh", *PROGRAM],
        capture_output=True,
        check=False,
        env={**ENVIRONMENT, **environment},
    )


def test_a_reader_that_has_left_is_no_error_and_the_work_is_done(tmp_path):
    read, write = os.pipe()
    os.close(read)
    out = tmp_path / "grid.png"
    done = subprocess.run(
        [*PROGRAM, *INSPECT, out], stdout=write, stderr=subprocess.PIPE, env=ENVIRONMENT, check=False
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.exists()


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("words", ["--help", "train --help", "--version"])
def test_output_that_was_to_be_kept_and_could_not_be_is_one_sentence(words):
    done = sh(f'"$@" {words} > /dev/full')
    assert done.returncode == 1
    assert done.stderr == b"dcgan-tf: could not write to standard output: No space left on device\n"


@pytest.mark.skipif(not FULL.exists(), reason="this system has no device that is always full")
def test_a_full_disk_under_the_output_does_not_end_the_work(tmp_path):
    out = tmp_path / "grid.png"
    done = sh(f'"$@" {" ".join(INSPECT)} {out} > /dev/full')
    assert done.returncode == 1
    assert out.exists()


@pytest.mark.parametrize("closed", [">&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_error_and_no_file_gets_what_was_meant_for_them(closed, tmp_path):
    out = tmp_path / "grid.png"
    done = sh(f'"$@" {" ".join(INSPECT)} {out} {closed}')
    assert (done.returncode, done.stderr) == (0, b"")
    assert out.read_bytes()[:4] == b"\x89PNG"
    assert b"images" not in out.read_bytes()


def test_characters_that_the_terminal_does_not_have_are_escaped(tmp_path):
    done = sh(f'"$@" {" ".join(INSPECT)} {tmp_path}/grid-→.png', PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"grid-\\u2192.png" in done.stdout
