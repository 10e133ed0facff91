"""Every value here is worked out by hand from what was drawn."""

from __future__ import annotations

import os

import numpy as np
import pytest
from odd_images import BAD, GOOD, GREY_OF_RED, encoded, noise, solid, write_odd_images
from PIL import Image

from dcgan_tf.data.decoding import UnreadableImageError, decode, fit_image

LOSSY = (".jpg", ".jpeg", ".JPG")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    write_odd_images(folder)
    return folder


def rgb(path, image_size=(8, 8), fit="crop"):
    return decode(path, image_size=image_size, channels=3, fit=fit)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # silenced by whoever decodes many
@pytest.mark.parametrize("name", GOOD)
def test_good_file_has_its_colour(folder, name):
    image = rgb(folder / name)
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    tolerance = 3 if name.endswith(LOSSY) else 1
    np.testing.assert_allclose(image[2, 4].astype(int), GOOD[name], atol=tolerance)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("name", BAD)
def test_bad_file_says_why(folder, name):
    with pytest.raises(UnreadableImageError) as error:
        rgb(folder / name)
    assert str(error.value).startswith(BAD[name])
    assert len(str(error.value)) < 80


def test_grey_is_luminance():
    grey = decode(encoded("PNG"), image_size=(8, 8), channels=1, fit="crop")
    assert grey.shape == (8, 8, 1)
    assert (grey == GREY_OF_RED).all()


def test_exif_orientation_is_applied(folder):
    upright = rgb(folder / "rotated-by-exif.jpg", image_size=(32, 16))
    # Stored columns 14..31 are red; turned left, they become rows 0..17 of 32.
    assert upright[:16, :, 0].min() > 190
    assert upright[:16, :, 2].max() < 40
    assert upright[20:, :, 2].min() > 190
    assert upright[20:, :, 0].max() < 40


def test_crop_takes_the_centre():
    striped = solid((255, 0, 0), size=(24, 8))
    striped.paste((0, 255, 0), (8, 0, 16, 8))
    image = rgb(encoded("PNG", striped))
    assert (image == (0, 255, 0)).all()  # the middle third exactly, at its own size


def test_crop_of_a_high_image_into_a_wide_frame():
    high = solid((255, 0, 0), size=(8, 12))
    high.paste((0, 255, 0), (0, 4, 8, 8))
    assert (rgb(encoded("PNG", high), image_size=(4, 8)) == (0, 255, 0)).all()


def test_pad_surrounds_with_black():
    image = rgb(encoded("PNG", solid((255, 255, 255), size=(16, 8))), fit="pad")
    # 16x8 becomes 8 wide and 4 high: rows 2..5.
    assert (image[2:6] == 255).all()
    assert (image[:2] == 0).all()
    assert (image[6:] == 0).all()


def test_pad_keeps_at_least_one_pixel_of_a_very_wide_image():
    image = rgb(encoded("PNG", solid((255, 255, 255), size=(2000, 8))), fit="pad")
    assert (image[3] == 255).all()
    assert image.sum() == 8 * 3 * 255


def test_image_of_the_right_size_is_untouched():
    original = noise(size=(16, 8))
    assert np.array_equal(rgb(encoded("PNG", original), image_size=(8, 16)), np.asarray(original))


def test_shrinking_does_not_alias():
    # One-pixel stripes, four times too fine: any filter that skips pixels gives pure black or white.
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    image = fit_image(Image.fromarray(stripes), image_size=(16, 16), channels=1, fit="crop")
    assert np.abs(image[:, 2:-2].astype(int) - 127.5).max() < 3


def test_enlarging_is_smooth():
    step = np.repeat([[0, 255]], 2, axis=0).astype(np.uint8)
    row = fit_image(Image.fromarray(step), image_size=(16, 16), channels=1, fit="crop")[8, :, 0].astype(int)
    assert row[0] < 5
    assert row[-1] > 250
    assert np.diff(row).max() < 40  # nearest neighbour would jump by 255


def test_reduced_jpeg_decoding_hardly_changes_the_picture():
    y, x = np.mgrid[0:800, 0:1000]
    waves = 127 + 60 * np.sin(x / 40) + 60 * np.sin(y / 25)
    picture = Image.fromarray(np.stack([waves, 0 * x + 90, 255 - waves], -1).astype(np.uint8))
    jpeg = rgb(encoded("JPEG", picture, quality=95), image_size=(64, 64)).astype(int)
    exact = rgb(encoded("PNG", picture), image_size=(64, 64)).astype(int)
    assert np.abs(jpeg - exact).mean() < 2


def test_a_pipe_is_refused_rather_than_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(UnreadableImageError, match="not an ordinary file"):
        rgb(tmp_path / "pipe.png")


def test_a_failing_disk_is_not_a_bad_file(tmp_path, monkeypatch):
    path = tmp_path / "fine.png"
    path.write_bytes(encoded("PNG"))
    monkeypatch.setattr(
        Image, "open", lambda *_, **__: (_ for _ in ()).throw(OSError(5, "Input/output error"))
    )
    with pytest.raises(OSError, match="Input/output error"):
        rgb(path)
