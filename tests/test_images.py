"""Pixels: the range inside and outside the networks, grids by hand, and files read back."""

from __future__ import annotations

import resource
from contextlib import contextmanager

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, ImageSequence

from dcgan_tf import images
from dcgan_tf.errors import ArgumentError, StorageError

ALL_LEVELS = np.arange(256, dtype=np.uint8)


def numbered(count: int, height: int, width: int, channels: int) -> np.ndarray:
    """Return images of one level each: 10, 20, 30, …"""
    levels = 10 * np.arange(1, count + 1, dtype=np.uint8)
    return np.tile(levels[:, None, None, None], (1, height, width, channels))


# The range of pixels


@pytest.mark.parametrize(
    ("level", "value"), [(0, -1.0), (255, 1.0), (51, -0.6), (204, 0.6), (127, -1 / 255), (128, 1 / 255)]
)
def test_levels_become_floats_from_minus_one_to_one(level, value):
    assert images.to_float(np.array([level], np.uint8))[0] == pytest.approx(value, abs=1e-7)


def test_every_level_comes_back():
    np.testing.assert_array_equal(images.to_uint8(images.to_float(ALL_LEVELS)), ALL_LEVELS)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors_become_what_arrays_become(dtype):
    tensor = images.to_float(tf.constant(ALL_LEVELS), dtype)
    assert tensor.dtype == dtype
    np.testing.assert_array_equal(tensor.numpy(), images.to_float(ALL_LEVELS, np.dtype(dtype)))
    np.testing.assert_array_equal(images.to_uint8(tensor), ALL_LEVELS)


def test_floats_are_float32_unless_asked_for_otherwise():
    assert images.to_float(ALL_LEVELS).dtype == np.float32
    assert images.to_float(ALL_LEVELS, np.float64).dtype == np.float64


def test_values_between_levels_go_to_the_nearest_and_those_outside_to_the_end():
    # (x + 1) * 127.5: 0.6 of a level above 0 is 1, 0.4 is 0.
    between = np.array([-1 + 0.6 / 127.5, -1 + 0.4 / 127.5, -1.2, 1.2, -50, 50], np.float32)
    assert images.to_uint8(between).tolist() == [1, 0, 0, 255, 0, 255]
    assert images.to_uint8(between).dtype == np.uint8


# Grids


def test_a_grid_by_hand():
    two = np.array([[[[1], [2]]], [[[3], [4]]]], np.uint8)  # two images of 1x2 pixels
    expected = [
        [9, 9, 9, 9, 9, 9, 9],
        [9, 1, 2, 9, 3, 4, 9],
        [9, 9, 9, 9, 9, 9, 9],
    ]
    assert images.grid(two, gap=1, background=9)[..., 0].tolist() == expected


def test_the_last_row_of_a_grid_is_filled_with_background():
    sheet = images.grid(numbered(3, 2, 2, 3), columns=2, gap=1, background=0)
    assert sheet.shape == (2 * 3 + 1, 2 * 3 + 1, 3)
    assert sheet[1, 1].tolist() == [10, 10, 10]
    assert sheet[1, 4].tolist() == [20, 20, 20]
    assert sheet[4, 1].tolist() == [30, 30, 30]
    assert not sheet[4:, 4:].any()


@pytest.mark.parametrize(
    ("count", "columns", "rows", "expected_columns"),
    [(64, None, 8, 8), (10, None, 3, 4), (1, None, 1, 1), (5, 5, 1, 5), (3, 10, 1, 3), (7, 2, 4, 2)],
)
def test_a_grid_is_as_square_as_can_be_unless_told_otherwise(count, columns, rows, expected_columns):
    sheet = images.grid(np.zeros((count, 4, 6, 1), np.uint8), columns=columns, gap=2)
    assert sheet.shape == (rows * 6 + 2, expected_columns * 8 + 2, 1)


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (4, 4, 3), (4, 4)])
def test_a_grid_needs_images(shape):
    with pytest.raises(ValueError, match=r"images of shape \[N, H, W, C\] with N > 0, received \("):
        images.grid(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_grid_can_be_cut_into_its_images_again(channels):
    original = np.random.default_rng(0).integers(0, 256, (6, 4, 5, channels), np.uint8)
    np.testing.assert_array_equal(images.cut(images.grid(original, columns=3), (4, 5, channels)), original)


def test_empty_places_of_a_grid_are_cut_out_too():
    cells = images.cut(images.grid(np.zeros((3, 4, 5, 1), np.uint8), columns=2), (4, 5, 1))
    assert cells.shape == (4, 4, 5, 1)
    assert (cells[3] == 255).all()


@pytest.mark.parametrize("shape", [(3, 5, 1), (4, 6, 1), (4, 5, 3), (40, 50, 1)])
def test_what_is_no_grid_of_such_images_is_not_cut(shape):
    with pytest.raises(ValueError, match="expected a grid of"):
        images.cut(images.grid(np.zeros((6, 4, 5, 1), np.uint8)), shape)


def test_enlarging_repeats_pixels():
    small = np.array([[[1], [2]]], np.uint8)
    assert images.enlarge(small, 4)[..., 0].tolist() == [[1, 1, 2, 2], [1, 1, 2, 2]]


@pytest.mark.parametrize(("minimum", "factor"), [(1, 1), (8, 1), (9, 2), (16, 2), (17, 3)])
def test_enlarging_takes_the_smallest_whole_factor_that_reaches_the_size(minimum, factor):
    assert images.enlarge(np.zeros((4, 8, 3), np.uint8), minimum).shape == (4 * factor, 8 * factor, 3)


# Files


def test_a_sheet_is_a_grid_enlarged_by_a_whole_factor_to_be_looked_at():
    small = numbered(4, 30, 30, 1)
    side = 2 * 32 + 2  # two images, three gaps of two pixels
    factor = 8  # 7 * 66 = 462 is short of 512
    sheet = images.sheet(small)
    assert sheet.shape == (factor * side, factor * side, 1)
    np.testing.assert_array_equal(sheet[::factor, ::factor], images.grid(small))


def test_the_ending_may_be_in_capitals(tmp_path):
    images.save(tmp_path / "A.PNG", numbered(1, 5, 5, 3))
    images.save(tmp_path / "B.NPY", numbered(1, 5, 5, 3))
    assert all(path.is_file() for path in tmp_path.iterdir())


def test_a_png_path_gets_a_sheet(tmp_path):
    images.save(tmp_path / "new" / "grid.png", numbered(4, 5, 5, 3))
    with Image.open(tmp_path / "new" / "grid.png") as picture:
        assert picture.mode == "RGB"
        np.testing.assert_array_equal(np.asarray(picture), images.sheet(numbered(4, 5, 5, 3)))


def test_an_npy_path_gets_the_array(tmp_path):
    images.save(tmp_path / "new" / "all.npy", numbered(4, 5, 6, 1))
    stored = np.load(tmp_path / "new" / "all.npy")
    assert stored.dtype == np.uint8
    np.testing.assert_array_equal(stored, numbered(4, 5, 6, 1))


def test_any_other_path_is_a_folder_and_gets_one_png_each(tmp_path):
    images.save(tmp_path / "v1.5", numbered(3, 5, 6, 3))
    assert sorted(path.name for path in (tmp_path / "v1.5").iterdir()) == ["0000.png", "0001.png", "0002.png"]
    with Image.open(tmp_path / "v1.5" / "0002.png") as picture:
        assert picture.size == (6, 5)  # PIL's order: width, height
        assert picture.getpixel((0, 0)) == (30, 30, 30)


def test_names_in_a_folder_sort_like_numbers(tmp_path, monkeypatch):
    names = []
    monkeypatch.setattr(images, "save_png", lambda path, image: names.append(path.name))
    images.save(tmp_path / "many", np.zeros((10_001, 1, 1, 1), np.uint8))
    assert (names[0], names[-1]) == ("00000.png", "10000.png")
    assert names == sorted(names)


def test_fewer_images_in_the_same_folder_leave_none_of_the_earlier_ones_beside_them(tmp_path):
    images.save(tmp_path / "out", numbered(5, 5, 6, 3))
    (tmp_path / "out" / ".DS_Store").write_text("of the system")
    images.save(tmp_path / "out", numbered(2, 5, 6, 3))
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [".DS_Store", "0000.png", "0001.png"]


def of_another_name(folder):
    (folder / "notes.txt").write_text("mine")


def of_the_same_name(folder):
    Image.new("RGB", (4, 4)).save(folder / "0001.png")


def of_the_same_name_and_no_picture(folder):
    (folder / "0001.png").write_text("mine")


def of_another_command(folder):
    images.save_png(folder / "step-000500.png", numbered(1, 4, 4, 3)[0])


@pytest.mark.parametrize(
    "put", [of_another_name, of_the_same_name, of_the_same_name_and_no_picture, of_another_command]
)
def test_a_folder_with_what_was_not_written_there_is_refused_by_name_and_stays_as_it_is(put, tmp_path):
    images.save(tmp_path / "out", numbered(3, 5, 6, 3))
    (tmp_path / "out" / "0001.png").unlink()
    put(tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    name = next(path.name for path in before if path.name not in ("0000.png", "0002.png"))
    with pytest.raises(ArgumentError, match=f"holds '{name}', which is no image that this library wrote"):
        images.save(tmp_path / "out", numbered(1, 5, 6, 3))
    assert before == {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}


@pytest.mark.parametrize("name", ["a.png", "b.npy"])
def test_a_folder_that_is_called_like_a_file_is_refused(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(ArgumentError, match=f"{name} is a folder; choose the name of a"):
        images.save(tmp_path / name, numbered(1, 4, 4, 3))


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(ArgumentError, match=r"notes is a file; choose FILE\.png"):
        images.save(tmp_path / "notes", numbered(1, 4, 4, 3))
    assert (tmp_path / "notes").read_text() == "mine"


@contextmanager
def no_file_larger_than(size):
    """Limit the size of files, as a full disk would; the system's error is another one."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("name", ["old.npy", "old.png", "old"])
def test_without_room_the_old_file_stays_and_nothing_lies_beside_it(name, tmp_path):
    images.save(tmp_path / name, numbered(1, 8, 8, 3))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    grain = np.random.default_rng(0).integers(0, 256, (4, 64, 64, 3), np.uint8)
    with (
        no_file_larger_than(4096),
        pytest.raises(StorageError, match=r"the disk is full: could not write .*old"),
    ):
        images.save(tmp_path / name, grain)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_own_pictures_are_known_by_their_head(tmp_path):
    images.save_png(tmp_path / "own.png", numbered(1, 4, 4, 3)[0])
    Image.new("RGB", (4, 4)).save(tmp_path / "other.png")
    (tmp_path / "cut.png").write_bytes((tmp_path / "own.png").read_bytes()[:20])
    names = ("own.png", "other.png", "cut.png", "none.png")
    assert [images.is_own(tmp_path / name) for name in names] == [True, False, False, False]


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.gif", "a.webp", "a.npz", "a.tiff"])
def test_other_kinds_of_file_are_refused_before_anything_is_written(name, tmp_path):
    with pytest.raises(ValueError, match=rf"FILE\.png, FILE\.npy or into a folder, received '.*{name}'"):
        images.save(tmp_path / name, numbered(1, 4, 4, 3))
    assert not list(tmp_path.iterdir())


def test_a_grey_image_becomes_a_grey_png(tmp_path):
    images.save_png(tmp_path / "grey.png", ALL_LEVELS.reshape(16, 16, 1))
    with Image.open(tmp_path / "grey.png") as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), ALL_LEVELS.reshape(16, 16))


def test_a_file_that_is_replaced_leaves_nothing_beside_it(tmp_path):
    for level in (0, 255):
        images.save_png(tmp_path / "one.png", np.full((4, 4, 3), level, np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["one.png"]
    with Image.open(tmp_path / "one.png") as picture:
        assert picture.getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_gif_has_every_frame_and_holds_the_last(channels, tmp_path):
    path = tmp_path / "progress.gif"
    images.save_gif(path, list(numbered(3, 8, 6, channels)), milliseconds=200, hold_last=2000)
    with Image.open(path) as animation:
        assert animation.size == (6, 8)
        assert animation.info["loop"] == 0  # for ever
        frames = [
            (frame.info["duration"], frame.convert("L").getpixel((0, 0)))
            for frame in ImageSequence.Iterator(animation)
        ]
    assert frames == [(200, 10), (200, 20), (2000, 30)]
    assert [found.name for found in tmp_path.iterdir()] == ["progress.gif"]


def test_a_gif_of_a_single_frame_is_a_gif(tmp_path):
    images.save_gif(tmp_path / "one.gif", list(numbered(1, 8, 6, 3)))
    with Image.open(tmp_path / "one.gif") as picture:
        assert picture.size == (6, 8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_caption_is_added_below_and_leaves_the_image_alone(channels):
    image = np.full((10, 120, channels), 77, np.uint8)
    captioned = images.caption(image, "step 500", height=20)
    assert captioned.shape == (30, 120, channels)
    assert captioned.dtype == np.uint8
    np.testing.assert_array_equal(captioned[:10], image)
    strip = captioned[10:]
    assert strip.min() < 100  # dark letters
    assert (strip == 255).mean() > 0.5  # on white


def test_another_caption_looks_different():
    image = np.zeros((4, 80, 3), np.uint8)
    assert (images.caption(image, "step 1") != images.caption(image, "step 2")).any()


@pytest.mark.parametrize(
    ("total", "count", "expected"),
    [(5, 3, [0, 2, 4]), (3, 5, [0, 1, 2]), (3_999, 2, [0, 3_998]), (10, 4, [0, 3, 6, 9]), (1, 1, [0])],
)
def test_indices_are_spread_from_the_first_to_the_last(total, count, expected):
    assert images.evenly_spaced(total, count).tolist() == expected


def test_luminance_weighs_red_green_and_blue():
    colours = np.array([[255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    grey = images.luminance(colours.reshape(4, 1, 1, 3))
    assert grey.shape == (4, 1, 1, 1)
    assert grey.ravel().tolist() == [255, 76, 150, 29]  # 255 times 0.299, 0.587 and 0.114
