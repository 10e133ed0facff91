"""The one pass over the images: what is decided for all of them together."""

from __future__ import annotations

import logging
import struct
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.decoding.crop_and_pad import fit_image
from dcgan_tf.data.fingerprints import pixel_fingerprint
from dcgan_tf.errors import OutOfMemoryError
from odd_images import encoded, png


def prepare(folder, *arrays, **settings):
    """Prepare images of one channel, given as arrays."""
    config = DataConfig(spec="pictures", image_size=(16, 16), channels=1)
    kinds = ["TIFF" if array.dtype != np.uint8 else "PNG" for array in arrays]
    files = [encoded(kind, Image.fromarray(array)) for kind, array in zip(kinds, arrays, strict=True)]
    sources = ((str(i), file) for i, file in enumerate(files))
    return preparation.write_images(sources, folder=folder, config=config, total=len(arrays), **settings)


def flat(value, dtype):
    return np.full((16, 16), value, dtype)


def levels(prepared):
    return prepared.images[:, 0, 0, 0].tolist()


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([4000, 70], [250, 4]),  # 12 bits: the second one is a dark picture
        ([1000, 70], [250, 17]),  # 10 bits
        ([70, 65000, 4000], [0, 253, 15]),
        ([70, 200], [70, 200]),  # 8 of 16 bits, as they are
    ],
)
def test_one_value_is_white_in_all_pictures_of_a_set(tmp_path, caplog, values, expected):
    """Each brought to its own white would have a dark picture as bright as the others."""
    caplog.set_level(logging.INFO, logger="dcgan_tf")
    prepared = prepare(tmp_path, flat(123, np.uint8), *(flat(value, np.uint16) for value in values))
    assert levels(prepared) == [123, *expected]
    assert prepared.fingerprint == pixel_fingerprint(prepared.images)
    assert np.load(tmp_path / "images.npy")[:, 0, 0, 0].tolist() == [123, *expected]
    assert f"{len(values)} of the images hold integers of more than 8 bits" in caplog.text


def test_floating_point_pictures_share_their_white_too(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="dcgan_tf")
    values = [flat(value, np.float32) for value in (204, 1023, 0.8, 0.4)]
    prepared = prepare(tmp_path, *values, flat(4000, np.uint16))
    assert levels(prepared) == [51, 255, 204, 102, 250]
    assert (
        "2 of the images hold floating-point numbers of a level's size (up to 255 in 1, 1,023 in 1): 0 to "
        "1,023 were scaled to 0 to 255 in all of them" in caplog.text
    )
    assert "2 of the images hold floating-point numbers around 1 (up to 1 in 2)" in caplog.text
    assert "1 of the images hold integers of more than 8 bits (up to 4,095 in 1): 0 to 4,095" in caplog.text


def test_a_dark_file_of_a_bright_set_is_what_it_is_with_that_white(tmp_path):
    """As before there were several whites: the upper 8 of 16 bits, and only then the resizing."""
    rng = np.random.default_rng(0)
    dark, bright = rng.integers(0, 4000, (64, 64), np.uint16), rng.integers(0, 65536, (64, 64), np.uint16)
    for name, values in (("dark", dark), ("bright", bright)):
        Image.fromarray(values).save(tmp_path / f"{name}.png")
    sources = [(name, tmp_path / f"{name}.png") for name in ("dark", "bright")]
    config = DataConfig(spec="pictures", image_size=(16, 16), channels=1)
    prepared = preparation.write_images(sources, folder=tmp_path, config=config, total=2)
    expected = fit_image(
        Image.fromarray((dark >> 8).astype(np.uint8)), image_size=(16, 16), channels=1, fit="crop"
    )
    np.testing.assert_array_equal(prepared.images[0], expected)


def test_colour_of_16_bits_shares_its_white(tmp_path):
    def colour(value):
        row = b"\0" + struct.pack(">3H", value, value, value) * 16
        return png(16, 16, 16, 2, row * 16)

    config = DataConfig(spec="pictures", image_size=(16, 16))
    for values, expected in (([4000, 70], [250, 4]), ([4000, 65000], [15, 253])):
        sources = ((str(value), colour(value)) for value in values)
        prepared = preparation.write_images(sources, folder=tmp_path, config=config, total=2)
        assert prepared.images[:, 0, 0, 1].tolist() == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (
            [70, 65000, 200],
            "values up to 65,535 in 1 set the white of all images of integers of more than 8 bits, so "
            "that the other 2, whose values end at 255, are dark now, at most 1 of 255. Remove images that "
            "do not belong to the data, or save all with values of the same range",
        ),
        ([4000, 3000, 70], None),  # a dark picture among others
        ([65000, 4000], None),  # one against one tells nothing
        ([70, 65000] + 3 * [4000], "the other 4, whose values end at 4,095, are dark now, at most 16 of 255"),
    ],
)
def test_few_bright_files_that_make_most_others_dark_are_named(tmp_path, values, expected):
    told = prepare(tmp_path, *(flat(value, np.uint16) for value in values)).remarks
    assert len(told) == (expected is not None)
    assert expected is None or expected in told[0]


def test_many_bright_files_are_counted(tmp_path):
    values = 5 * [65000] + 6 * [70]
    (told,) = prepare(tmp_path, *(flat(value, np.uint16) for value in values)).remarks
    assert told.startswith("values up to 65,535 in 0, 1, 2 and 2 more set the white")


def test_pictures_of_8_bits_need_no_word(tmp_path, caplog):
    caplog.set_level(logging.INFO, logger="dcgan_tf")
    prepare(tmp_path, flat(1, np.uint8))
    assert caplog.text == ""


def test_too_little_memory_is_a_sentence(tmp_path, monkeypatch):
    def decode(*_, **__):
        raise MemoryError

    monkeypatch.setattr(preparation, "decode", decode)
    with pytest.raises(OutOfMemoryError, match="not enough memory to decode 0 in pictures"):
        prepare(tmp_path, flat(1, np.uint8))


MEASURED = r"""
import os, re, sys
from pathlib import Path
from dcgan_tf.config import DataConfig
from dcgan_tf.data import preparation
from dcgan_tf.data.decoding import decode
from dcgan_tf.data.decoding.memory import Room

folder = Path(sys.argv[1])
decode.ROOM = Room(130 * 2**20)
os.cpu_count = lambda: 8
def most():
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1])

before = most()
sources = ((str(i), folder / "large.png") for i in range(4))
preparation.write_images(sources, folder=folder, config=DataConfig(image_size=(64, 64)), total=4)
print((most() - before) // 1024)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only there is /proc")
def test_the_memory_of_all_threads_together_has_a_bound(tmp_path):
    """Four threads, pictures of 122 MiB, and room for 130: one after the other."""
    large = Image.new("RGBA", (4000, 4000), "red")
    large.save(tmp_path / "large.png", compress_level=1)
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, tmp_path], capture_output=True, text=True, check=True
    )
    assert 100 < int(done.stdout) < 200
