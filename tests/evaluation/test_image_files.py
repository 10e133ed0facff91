"""Pictures from files: which are taken, in which size, and what is refused."""

from __future__ import annotations

import io
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import images
from dcgan_tf.errors import ArgumentError, DataError
from dcgan_tf.evaluation.image_files import ImageFiles


def numbered(count: int, channels: int = 1) -> np.ndarray:
    levels = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return np.broadcast_to(levels, (count, 8, 10, channels)).copy()


def levels_of(pictures: np.ndarray) -> list[int]:
    return [int(picture[0, 0, 0]) for picture in pictures]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["made.npy", "made"])
def test_what_sample_writes_is_read_as_it_was(tmp_path, name, channels):
    images.save(tmp_path / name, numbered(12, channels))
    files = ImageFiles.open(tmp_path / name, cache_dir=str(tmp_path / "cache"))
    assert (files.image_size, files.channels) == ((8, 10), channels)
    np.testing.assert_array_equal(files.images, numbered(12, channels))


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_grey_pictures_of_16_bits_are_grey_in_either_order_of_bytes(tmp_path, order):
    (tmp_path / "made").mkdir()
    for i in range(3):
        levels = np.full((8, 10), 20_000 * i + 5000, order)
        Image.fromarray(levels).save(tmp_path / "made" / f"{i}.tiff")
    assert opened(tmp_path / "made").channels == 1


def test_evenly_spaced_ones_are_drawn_each_once_in_an_order_of_the_seed(tmp_path):
    images.save(tmp_path / "made.npy", numbered(13))
    files = ImageFiles.open(tmp_path / "made.npy")
    drawn = levels_of(files.draw(5, seed=0))
    assert sorted(drawn) == [0, 3, 6, 9, 12]
    assert drawn == levels_of(files.draw(5, seed=0))
    assert sorted(levels_of(files.draw(13, seed=1))) == list(range(13))
    with pytest.raises(ValueError, match="at most 13, because there are no more, received 14"):
        files.draw(14, seed=0)


def test_pictures_of_several_sizes_are_refused_rather_than_resized(tmp_path):
    images.save_png(tmp_path / "a.png", np.zeros((8, 8, 1), np.uint8))
    images.save_png(tmp_path / "b.png", np.zeros((8, 9, 1), np.uint8))
    with pytest.raises(ValueError, match=r"must all be of one size, received 8x8 \(a.png\), 8x9 \(b.png\)"):
        ImageFiles.open(tmp_path)


@pytest.mark.parametrize(
    ("array", "received"),
    [
        (np.zeros((4, 8, 8, 3), np.float32), r"received float32 \[4, 8, 8, 3\]"),
        (np.zeros((4, 8, 8), np.uint8), r"received uint8 \[4, 8, 8\]"),
        (np.zeros((4, 8, 8, 4), np.uint8), r"received uint8 \[4, 8, 8, 4\]"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(tmp_path, array, received):
    np.save(tmp_path / "made.npy", array)
    with pytest.raises(ValueError, match=received):
        ImageFiles.open(tmp_path / "made.npy")


def test_what_cannot_be_read_is_refused(tmp_path):
    (tmp_path / "made.npy").write_bytes(b"no array")
    with pytest.raises(ValueError, match=r"must be an array as numpy\.save writes it"):
        ImageFiles.open(tmp_path / "made.npy")
    with pytest.raises(ValueError, match="no images in"):
        ImageFiles.open(tmp_path)


def picture(path, *, size=(10, 8), **options) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (200, 40, 20)).save(path, **options)


def opened(folder):
    return ImageFiles.open(folder, cache_dir=str(folder.parent / "cache"))


def test_the_folder_is_read_as_training_reads_it(tmp_path):
    """Hidden files and thumbnails do not count, links are followed, and names do not matter."""
    made = tmp_path / "made"
    picture(made / "1.png")
    picture(made / "2", format="JPEG")
    picture(made / ".hidden.png", size=(5, 5))
    picture(made / "@eaDir" / "1.png" / "thumb.jpg", size=(5, 5))
    picture(tmp_path / "elsewhere" / "3.png")
    (made / "more").symlink_to(tmp_path / "elsewhere")
    assert opened(made).images.shape == (3, 8, 10, 3)


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (("train", "test"), r"divided into test and train: give .*, such as .*made/test$"),
        (("Training", "val"), r"divided into Training and val: give"),
        (("train", "unlabeled"), r"divided into train, and there are others beside \(unlabeled\): give"),
        (("test", "validation"), r"divided into test and validation"),
        (("test", "extra"), r"divided into test, and there are others beside \(extra\)"),
    ],
)
def test_a_folder_that_is_divided_is_refused_and_its_parts_are_named(tmp_path, folders, told):
    for name in folders:
        picture(tmp_path / "made" / name / "1.png")
    with pytest.raises(DataError, match=told):
        opened(tmp_path / "made")
    assert len(opened(tmp_path / "made" / folders[0]).images) == 1


@pytest.mark.parametrize("folders", [("train",), ("test",), ("val",), ("bus", "car", "train")])
def test_all_of_a_folder_that_is_not_divided_is_taken(tmp_path, folders):
    for name in folders:
        picture(tmp_path / "made" / name / "1.png")
    assert len(opened(tmp_path / "made").images) == len(folders)


def test_photographs_that_lie_on_their_side_are_measured_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture(tmp_path / "made" / "1.jpg", size=(24, 16), exif=exif)
    files = opened(tmp_path / "made")
    assert files.image_size == (24, 16)  # nothing is scaled or cut off


def test_pipes_and_decompression_bombs_are_passed_over(tmp_path):
    made = tmp_path / "made"
    for index in range(40):
        picture(made / f"{index}.png")
    os.mkfifo(made / "pipe.png")
    Image.new("1", (20_000, 10_000)).save(made / "bomb.png")
    assert len(opened(made).images) == 40


def with_header(text: str) -> bytes:
    header = text.encode() + b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def saved(array: np.ndarray, **how: bool) -> bytes:
    file = io.BytesIO()
    np.save(file, array, **how)
    return file.getvalue()


class Harmful:
    def __reduce__(self) -> tuple:
        return (Path("harmed").touch, ())


def zipped() -> bytes:
    file = io.BytesIO()
    np.savez(file, images=np.zeros((60, 8, 8, 1), np.uint8))
    return file.getvalue()


SHAPE = "{{'descr': '|u1', 'fortran_order': False, 'shape': {}}}"
NO_ARRAYS = {
    "empty": b"",
    "text": b"hello",
    "zip": zipped(),
    "pickle": pickle.dumps(Harmful()),
    "objects": saved(np.array([Harmful()] * 60, object), allow_pickle=True),
    "cut short": saved(np.zeros((60, 8, 8, 1), np.uint8))[:-10],
    "more than there is": with_header(SHAPE.format("(1000000, 4096, 4096, 3)")),
    "beyond all bounds": with_header(SHAPE.format(f"({10**30}, 8, 8, 1)")),
    "less than none": with_header(SHAPE.format("(-60, 8, 8, 1)")),
    "no numbers": with_header(SHAPE.format("('a', 8, 8, 1)")),
    "no type": with_header("{'descr': 'what', 'fortran_order': False, 'shape': (60, 8, 8, 1)}"),
    "deep": with_header("(" * 5000),
    "deeper": with_header("-" * 9000 + "1"),
    "no dictionary": with_header("[1, 2]"),
    "a huge header": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + b" " * 100,
    "another version": b"\x93NUMPY\x09\x00" + b" " * 100,
    "floats": saved(np.full((60, 8, 8, 1), np.nan)),
    "words": saved(np.array(["a", "b"])),
    "records": saved(np.zeros(3, "u1,u1")),
    "flat": saved(np.zeros((60, 8, 8), np.uint8)),
    "four channels": saved(np.zeros((60, 8, 8, 4), np.uint8)),
}


@pytest.mark.parametrize("name", NO_ARRAYS)
def test_a_file_that_is_no_array_of_images_ends_in_a_sentence_and_nothing_in_it_is_run(
    tmp_path, monkeypatch, name
):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "made.npy"
    file.write_bytes(NO_ARRAYS[name])
    with pytest.raises(DataError) as caught:
        ImageFiles.open(file)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not Path("harmed").exists()


def test_the_place_may_be_text(tmp_path):
    images.save(tmp_path / "made.npy", numbered(3))
    images.save(tmp_path / "made", numbered(3))
    for name in ("made.npy", "made"):
        files = ImageFiles.open(str(tmp_path / name), cache_dir=str(tmp_path / "cache"))
        np.testing.assert_array_equal(files.images, numbered(3))
    with pytest.raises(ArgumentError, match="must be text or a Path, received 3"):
        ImageFiles.open(3)
