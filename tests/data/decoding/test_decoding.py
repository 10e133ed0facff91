"""Every value here is worked out by hand from what was drawn."""

from __future__ import annotations

import io
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from dcgan_tf.data.decoding import decode as decoding
from dcgan_tf.data.decoding import depth
from dcgan_tf.data.decoding.crop_and_pad import fit_image
from dcgan_tf.data.decoding.decode import UnreadableImageError, decode
from dcgan_tf.data.decoding.memory import Room
from odd_images import (
    BAD,
    BAD_DEEP,
    DEEP,
    GOOD,
    GREY_OF_RED,
    encoded,
    noise,
    solid,
    write_deep_images,
    write_odd_images,
)

LOSSY = (".jpg", ".jpeg", ".JPG")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("odd")
    write_odd_images(folder)
    write_deep_images(folder)
    return folder


def rgb(path, image_size=(8, 8), fit="crop"):
    return decode(path, image_size=image_size, channels=3, fit=fit).pixels


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")  # silenced by whoever decodes many
@pytest.mark.parametrize("name", [*GOOD, *DEEP])
def test_good_file_has_its_colour(folder, name):
    image = rgb(folder / name)
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    tolerance = 3 if name.endswith(LOSSY) else 1
    np.testing.assert_allclose(image[2, 4].astype(int), (GOOD | DEEP)[name], atol=tolerance)


@pytest.mark.parametrize("name", [*BAD, *BAD_DEEP])
def test_bad_file_says_why(folder, name):
    with pytest.raises(UnreadableImageError) as error:
        rgb(folder / name)
    assert str(error.value).startswith((BAD | BAD_DEEP)[name])
    assert len(str(error.value)) < 80


def test_grey_is_luminance():
    grey = decode(encoded("PNG"), image_size=(8, 8), channels=1, fit="crop").pixels
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


# Large pictures


def wide(mode="L", size=(12000, 9000)):
    """Return a picture of 108 megapixels, as phones make them: dark, and bright on the right."""
    picture = Image.new(mode, size, 40)
    picture.paste(200, (size[0] * 3 // 4, 0, *size))
    return picture


def test_a_photograph_of_108_megapixels_is_read():
    image = decode(encoded("JPEG", wide()), image_size=(9, 12), channels=1, fit="crop").pixels[..., 0]
    np.testing.assert_allclose(image[:, :8], 40, atol=3)
    np.testing.assert_allclose(image[:, 10:], 200, atol=3)


@pytest.mark.parametrize(
    ("mode", "kind"), [("L", "PNG"), ("RGB", "PNG"), ("RGBA", "PNG"), ("P", "GIF"), ("I;16", "TIFF")]
)
def test_a_large_picture_is_reduced_while_it_is_converted(monkeypatch, mode, kind):
    y, x = np.mgrid[0:300, 0:401]
    waves = 127 + 60 * np.sin(x / 40) + 60 * np.sin(y / 25)
    picture = Image.fromarray(waves.astype(np.uint8)).convert(mode)
    if mode == "I;16":
        picture = Image.fromarray(waves.astype(np.uint16) << 8)
    exif = Image.Exif()
    exif[0x0112] = 6
    data = encoded(kind, picture, **({"exif": exif} if kind == "PNG" else {}))
    whole = decode(data, image_size=(24, 16), channels=1, fit="crop").pixels.astype(int)
    monkeypatch.setattr(decoding, "LARGE", 10_000)
    monkeypatch.setattr(depth, "_STRIP", 401 * 20)
    reduced = decode(data, image_size=(24, 16), channels=1, fit="crop").pixels.astype(int)
    assert np.abs(reduced - whole).max() <= 6
    assert np.abs(reduced - whole).mean() < 2


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "CMYK", "I;16", "I", "F", "1"])
def test_strips_give_what_the_whole_gives(monkeypatch, mode):
    rng = np.random.default_rng(0)
    picture = Image.fromarray(rng.integers(0, 256, (40, 30), np.uint8))
    if mode in ("I;16", "I"):
        picture = Image.fromarray((np.asarray(picture).astype(int) * 257).astype({"I": "i4"}.get(mode, "u2")))
    else:
        picture = picture.convert(mode)
    if mode in ("RGBA", "LA"):
        picture.putalpha(Image.fromarray(rng.integers(0, 256, (40, 30), np.uint8)))
    whole = fit_image(picture, image_size=(16, 16), channels=3, fit="crop")
    monkeypatch.setattr(depth, "_STRIP", 30 * 7)
    np.testing.assert_array_equal(fit_image(picture, image_size=(16, 16), channels=3, fit="crop"), whole)


def test_pillows_own_bound_is_no_obstacle_and_stays(monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    assert rgb(encoded("PNG", noise())).shape == (8, 8, 3)
    assert Image.MAX_IMAGE_PIXELS == 100


def test_what_would_take_more_than_the_bound_is_named(monkeypatch):
    monkeypatch.setattr(decoding, "ROOM", Room(64 * 64 * 3))
    with pytest.raises(UnreadableImageError, match=r"64x64 pixels, which take 0.0 GiB to decode, more than"):
        rgb(encoded("PNG", noise()))
    monkeypatch.setattr(decoding, "ROOM", Room(64 * 64 * 8))
    assert rgb(encoded("PNG", noise())).shape == (8, 8, 3)


def test_threads_wait_until_there_is_room():
    room, most, now, lock = Room(10), 0, 0, threading.Lock()

    def work(amount):
        nonlocal most, now
        with room.taken(amount):
            with lock:
                now += amount
                most = max(most, now)
            time.sleep(0.001)
            with lock:
                now -= amount

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, [6, 3, 2, 10, 1, 4, 5, 7] * 5))
    assert most == 10
    assert now == 0


@pytest.mark.parametrize(("bits", "told"), [(12, 4095), (16, 65535), (16, 70000)])
def test_white_may_be_zero(bits, told):
    """The values of scans with PhotometricInterpretation 0 count from white on."""
    values = np.tile(np.linspace(0, 2**bits - 1, 16), (16, 1)).astype(np.uint16)
    tags, file = ImageFileDirectory_v2(), io.BytesIO()
    tags.tagtype[281] = TiffTags.LONG
    tags[262], tags[281] = 0, told
    Image.fromarray(values).save(file, "TIFF", tiffinfo=tags)
    image = decode(file.getvalue(), image_size=(16, 16), channels=1, fit="crop").pixels[8, :, 0].astype(int)
    assert (np.diff(image) <= 0).all()
    if told < 2**16:  # otherwise white is what the file says, and no value comes near it
        assert image[0] >= 250
        assert image[-1] <= 5
        assert (np.diff(image) < 0).all()
