"""The cache of prepared images: processes that are stopped, killed, or that want the same set at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals are different there")

# Each image takes a moment, so that a signal, or another process, meets the preparation half-way.
SLOWLY = """
import sys, time
from dcgan_tf.data import preparation
decode = preparation.decode
def slowly(*args, **kwargs):
    time.sleep(float(sys.argv[1]))
    return decode(*args, **kwargs)
preparation.decode = slowly
"""
INSPECT = f"{SLOWLY}\nfrom dcgan_tf.cli import main\nmain(['inspect-data', sys.argv[2], '--image-size', '8'])"
LOAD = f"""{SLOWLY}
from dcgan_tf.config import DataConfig
from dcgan_tf.data import load_data
found = load_data(DataConfig(spec=sys.argv[2], image_size=(8, 8)))
print(len(found), found.images.sum(), found.labels.sum(), found.fingerprint)
"""


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name in ("cats", "dogs"):
        (tmp_path / "pictures" / name).mkdir(parents=True)
        for i in range(10):
            pixels = rng.integers(0, 256, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "pictures" / name / f"{i}.png")
    return tmp_path / "pictures"


@pytest.fixture
def cache(tmp_path):
    (tmp_path / "cache").mkdir()
    return tmp_path / "cache"


@pytest.fixture
def start(folder, cache):
    """Return a function that starts a script on the folder."""
    started = []

    def _start(script, *, seconds):
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(seconds), str(folder)],
            env=os.environ | {"DCGAN_TF_CACHE": str(cache)},
            cwd=cache.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        started.append(process)
        return process

    yield _start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


def wait_for_scratch(cache):
    deadline = time.monotonic() + 60
    while not list(cache.glob(".*.part/images.npy")):
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_preparation_that_is_stopped_leaves_nothing(start, cache, number):
    process = start(INSPECT, seconds=0.2)
    wait_for_scratch(cache)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert process.returncode == 128 + number, said
    assert "Traceback" not in said
    assert list(cache.iterdir()) == []


def test_what_a_killed_preparation_leaves_is_removed_by_the_next(start, cache):
    process = start(INSPECT, seconds=0.2)
    wait_for_scratch(cache)
    process.kill()
    process.wait()
    (left,) = cache.iterdir()
    said, _ = start(LOAD, seconds=0).communicate(timeout=60)
    assert said.startswith("20 "), said
    assert not left.exists()
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize("damaged", [False, True])
def test_processes_that_prepare_one_set_at_once_all_get_the_whole_of_it(start, cache, damaged):
    if damaged:
        start(LOAD, seconds=0).communicate(timeout=60)
        (labels,) = cache.glob("*/labels.npy")
        labels.write_bytes(b"")
    together = [start(LOAD, seconds=0.02) for _ in range(3)]
    results = [process.communicate(timeout=60)[0].splitlines()[-1] for process in together]
    assert results[0].startswith("20 ")
    assert len(set(results)) == 1
    (there,) = cache.iterdir()
    assert not there.name.startswith(".")
