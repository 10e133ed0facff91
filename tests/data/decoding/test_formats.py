"""Which files are pictures, by name and by what is in them."""

from __future__ import annotations

import os
import random
import sys
import types

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from dcgan_tf.data.decoding.decode import decode
from dcgan_tf.data.decoding.formats import are_images, ending, endings, formats, is_called_image
from odd_images import encoded, solid


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM", "QOI"]
)
def test_what_pillow_opens_is_an_image_whatever_it_is_called(tmp_path, kind):
    for name in ("IMG_0001", "picture.dat", "picture.txt"):
        (tmp_path / name).write_bytes(encoded(kind, solid(size=(64, 64))))
    files = sorted(tmp_path.iterdir())
    assert are_images(files) == [True, True, True]
    pixels = decode(files[0], image_size=(8, 8), channels=3, fit="crop").pixels
    assert abs(pixels[4, 4].astype(int) - (200, 40, 20)).max() <= 6


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("notes.txt", b"BMW, and other cars"),  # begins as a bitmap does
        ("notes", b"P5 is the fifth persona"),  # as a PGM
        ("empty", b""),
        ("text.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n"),
        ("camera.NEF", encoded("TIFF")),  # what Pillow finds in a raw file is its thumbnail
        ("half.jpg.crdownload", encoded("JPEG")),
        ("a.jpg~", encoded("JPEG")),
    ],
)
def test_what_is_no_image_is_told_apart(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert are_images([tmp_path / name]) == [False]


def test_heic_is_read_where_pillow_heif_is_installed(tmp_path, monkeypatch):
    assert not is_called_image("a.heic")

    def register_heif_opener():
        monkeypatch.setitem(Image.OPEN, "HEIF", (PngImageFile, lambda start: start[4:12] == b"ftypheic"))

    installed = types.ModuleType("pillow_heif")
    installed.register_heif_opener = register_heif_opener
    monkeypatch.setitem(sys.modules, "pillow_heif", installed)
    try:
        formats.cache_clear(), endings.cache_clear()
        assert is_called_image("a/b.HEIC")
        assert "HEIF" in formats()
    finally:
        formats.cache_clear(), endings.cache_clear()


def test_pipes_and_broken_links_are_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("nowhere")
    assert are_images([tmp_path / "pipe", tmp_path / "link"]) == [False, False]


def test_endings_in_any_letters():
    assert [is_called_image(name) for name in ("a/b.JFIF", "a.avif", "a.heic", "jpg")] == [
        True,
        True,
        False,
        False,
    ]
    assert [ending(name) for name in ("a/b.JPG", "a.tar.gz", "a.b/c")] == [".jpg", ".gz", ""]


def test_whatever_begins_like_an_image_is_looked_into_without_harm(tmp_path):
    """Beginnings of images, cut and followed by random bytes, the same in every run."""
    generator = random.Random(0)
    kinds = [
        "JPEG",
        "PNG",
        "WEBP",
        "GIF",
        "BMP",
        "TIFF",
        "AVIF",
        "JPEG2000",
        "PPM",
        "QOI",
        "PCX",
        "SGI",
        "ICO",
    ]
    for index in range(300):
        start = encoded(generator.choice(kinds), solid(size=(16, 16)))[: generator.randrange(60)]
        (tmp_path / f"{index}").write_bytes(start + generator.randbytes(generator.randrange(200)))
    assert len(are_images(sorted(tmp_path.iterdir()))) == 300
