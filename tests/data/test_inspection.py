"""What `inspect-data` says of a set of images."""

from __future__ import annotations

import numpy as np

from dcgan_tf.data import inspection
from dcgan_tf.data.image_set import BadFile, ImageSet


def plain(count: int = 4, **known) -> ImageSet:
    """Return images of level 0, 1, 2, …"""
    levels = np.arange(count, dtype=np.uint8)[:, None, None, None]
    return ImageSet("things", np.tile(levels, (1, 2, 3, 1)), **known)


def test_a_set_of_which_nothing_is_known():
    assert inspection.data_summary(plain()).splitlines() == [
        "things: 4 images, 2x3 pixels, 1 channel",
        "levels 0 to 3, mean 1.5",
        "no labels",
        "no attributes",
    ]


def test_levels_are_those_of_all_images_also_of_the_last():
    images = np.zeros((2500, 2, 2, 1), np.uint8)
    images[0], images[1250:] = 7, 200
    facts = inspection.data_facts(ImageSet("sorted", images))
    assert facts["levels"] == {"least": 0, "largest": 200, "mean": images.mean()}


def test_labels_are_counted_by_name_and_empty_classes_are_named_too():
    labelled = plain(labels=np.array([2, 0, 2, 2]), label_names=("cat", "dog", "owl"))
    assert "3 labels: cat 1, dog 0, owl 3" in inspection.data_summary(labelled).splitlines()


def test_binary_attributes_are_shares_and_continuous_ones_ranges():
    attributes = {
        "crown": np.array([1, 0, 0, 0], np.uint8),
        "turn": np.array([-1, 0, 0.5, 0.5], np.float32),
    }
    lines = inspection.data_summary(plain(attributes=attributes)).splitlines()
    assert "attribute crown: 25.0% of the images" in lines
    assert "attribute turn: -1.00 to 0.50, mean 0.00" in lines
    assert "no attributes" not in lines


def test_one_of_each_is_singular():
    one = plain(1, labels=np.array([0]), label_names=("only",), bad_files=(BadFile("a.png", "empty file"),))
    lines = inspection.data_summary(one).splitlines()
    assert lines[0] == "things: 1 image, 2x3 pixels, 1 channel"
    assert "1 label: only 1" in lines
    assert "1 file could not be used:" in lines


def test_large_counts_can_be_read():
    assert inspection.data_summary(plain(12_345)).startswith("things: 12,345 images, ")


def test_bad_files_are_named_with_their_reason():
    bad = plain(bad_files=(BadFile("a/b.png", "empty file"), BadFile("c.jpg", "cut short")))
    assert inspection.data_summary(bad).splitlines()[-3:] == [
        "2 files could not be used:",
        "  a/b.png: empty file",
        "  c.jpg: cut short",
    ]


def test_many_bad_files_are_cut_short_but_counted():
    shown = inspection.SHOWN_BAD_FILES
    bad = plain(bad_files=tuple(BadFile(f"{i}.png", "empty file") for i in range(shown + 3)))
    lines = inspection.data_summary(bad).splitlines()
    assert f"{shown + 3} files could not be used:" in lines
    assert lines[-2] == f"  {shown - 1}.png: empty file"
    assert lines[-1].startswith("  … and 3 more")


def test_examples_are_spread_over_the_whole_set():
    shown = inspection.example_images(plain(101), 5)
    assert shown[:, 0, 0, 0].tolist() == [0, 25, 50, 75, 100]
    assert shown.shape == (5, 2, 3, 1)


def test_a_small_set_is_shown_whole_and_each_image_once():
    assert inspection.example_images(plain(3), 64)[:, 0, 0, 0].tolist() == [0, 1, 2]


def test_examples_of_a_mapped_array_are_in_memory(tmp_path):
    np.save(tmp_path / "images.npy", plain(10).images)
    mapped = ImageSet("things", np.load(tmp_path / "images.npy", mmap_mode="r"))
    shown = inspection.example_images(mapped, 2)
    assert type(shown) is np.ndarray
    assert shown[:, 0, 0, 0].tolist() == [0, 9]
