"""What pictures are at their source: their size, whether they are alike, whether they have colours."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.config import DataConfig
from dcgan_tf.data import native
from dcgan_tf.data.decoding import decode as decoding
from dcgan_tf.data.decoding.memory import Room
from dcgan_tf.data.native import NativeForm, native_form
from dcgan_tf.errors import DataError


def save(folder, sizes, *, grey=False, ending="png"):
    """Save noise of (width, height) pixels as colour files."""
    folder.mkdir(exist_ok=True)
    for i, (width, height) in enumerate(sizes):
        noise = np.random.default_rng(i).integers(0, 256, (height, width, 1 if grey else 3), np.uint8)
        pixels = np.ascontiguousarray(np.broadcast_to(noise, (height, width, 3)))
        Image.fromarray(pixels).save(folder / f"{i:02d}.{ending}")
    return DataConfig(spec=str(folder))


def test_built_in_data_are_known():
    assert native_form(DataConfig(spec="portraits")) == NativeForm(None, alike=True, grey=False)
    assert native_form(DataConfig(spec="digits")) == NativeForm((8, 8), alike=True, grey=True)


def test_pictures_of_one_size_and_of_several(tmp_path):
    assert native_form(save(tmp_path / "one", [(40, 30)] * 3)) == NativeForm((30, 40), True, False)
    several = save(tmp_path / "several", [(40, 30), (60, 30), (80, 50)])
    assert native_form(several) == NativeForm((30, 60), False, False)


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_grey_pictures_in_colour_files_are_grey(tmp_path, ending):
    """JPEG stores them with small errors of the colours."""
    config = save(tmp_path / "scans", [(40, 30)] * 4, grey=True, ending=ending)
    assert native_form(config).grey


def test_one_picture_with_a_colour_makes_them_colour(tmp_path):
    config = save(tmp_path / "mixed", [(40, 30)] * 4, grey=True)
    Image.new("RGB", (40, 30), (200, 100, 90)).save(tmp_path / "mixed" / "0-colour.png")  # the first one
    assert not native_form(config).grey


def test_files_that_cannot_be_read_are_passed_over(tmp_path):
    config = save(tmp_path / "some", [(40, 30)] * 2)
    (tmp_path / "some" / "bad.png").write_bytes(b"no picture")
    assert native_form(config).size == (30, 40)
    for file in (tmp_path / "some").iterdir():
        file.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"none of the 3 images looked at in .*some can be read"):
        native_form(config)


def test_a_dataset_is_looked_at_in_its_encoded_form(tmp_path, monkeypatch):
    save(tmp_path / "files", [(28, 28)] * 3, grey=True)
    encoded = [file.read_bytes() for file in sorted((tmp_path / "files").iterdir())]
    monkeypatch.setattr("dcgan_tf.data.tfds.first_images", lambda config, num: encoded[:num])
    assert native_form(DataConfig(spec="tfds:mnist")) == NativeForm((28, 28), True, True)
    assert native.LOOKED_AT == 64


def test_a_picture_that_is_read_at_a_smaller_size_is_looked_at(tmp_path, monkeypatch):
    """A large JPEG takes much memory at its own size only, and nobody asks for that."""
    config = save(tmp_path / "large", [(2048, 1024)], ending="jpg")
    monkeypatch.setattr(decoding, "ROOM", Room(1024 * 512 * 8))
    assert native_form(config).size == (1024, 2048)
