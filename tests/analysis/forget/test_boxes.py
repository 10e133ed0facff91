"""Where an attribute is: boxes that were drawn, known, or found."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dcgan_tf.analysis.forget.boxes import find_boxes, inside, known_place, read_boxes
from dcgan_tf.analysis.forget.occlusion import occlusion_boxes
from dcgan_tf.data.portraits import portraits
from dcgan_tf.errors import DataError

SIZE = (16, 16)


def written(tmp_path, content):
    path = tmp_path / "boxes.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_boxes_are_read(tmp_path):
    path = written(tmp_path, {"3": [[1, 2, 5, 6.5]], "0": [[0, 0, 4, 4], [8, 8, 16, 16]]})
    boxes = read_boxes(path, image_size=SIZE, num_images=4)
    assert boxes.count == 3
    np.testing.assert_array_equal(boxes.of[3], [[1, 2, 5, 6.5]])
    assert boxes.of[0].shape == (2, 4)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ([[0, 0, 1, 1]], "must be an object such as"),
        ({}, "must be an object such as"),
        ({"4": [[0, 0, 1, 1]]}, "'4' is not the number of a sample that is learnt from, 0 to 3"),
        ({"crown": [[0, 0, 1, 1]]}, "'crown' is not the number"),
        ({"2": []}, r"sample 2 must have a list of boxes, received \[\]"),
        ({"2": [0, 0, 1, 1]}, r"sample 2: a box is \[top, left, bottom, right\] in pixels, received 0"),
        ({"2": [[0, 0, 1]]}, r"sample 2: a box is .* received \[0, 0, 1\]"),
        ({"2": [[0, 0, "1", 1]]}, "sample 2: a box is"),
        ({"2": [[0, 0, True, 1]]}, "sample 2: a box is"),
        ('{"2": [[0, 0, NaN, 1]]}', "sample 2: a box is"),
        ({"2": [[0, 0, 10**400, 1]]}, "sample 2: a box is"),
        ({"9" * 5000: [[0, 0, 1, 1]]}, "is not the number of a sample"),
        ("[" * 100_000, "is not JSON"),
        ("5", "must be an object such as"),
        ({"1": [[0, 0, 1, 1]], "2": [[5, 0, 5, 1]]}, "sample 2: a box needs top < bottom"),
        ({"2": [[16, 0, 20, 1]]}, "must overlap the picture, 16x16 pixels"),
    ],
)
def test_a_malformed_entry_is_named(tmp_path, content, words):
    with pytest.raises(ValueError, match=words):
        read_boxes(written(tmp_path, content), image_size=SIZE, num_images=4)


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.json cannot be read: No such file"):
        read_boxes(tmp_path / "none.json", image_size=SIZE, num_images=4)
    (tmp_path / "latin.json").write_bytes(b'{"\xff": []}')
    with pytest.raises(DataError, match=r"latin\.json is not JSON"):
        read_boxes(tmp_path / "latin.json", image_size=SIZE, num_images=4)


def test_positions_are_inside_by_their_centres():
    """A map of 4x4 on 16x16 pixels has its centres at 2, 6, 10 and 14."""
    found = inside(np.array([[2, 6.1, 11, 16]]), image_size=SIZE, map_size=(4, 4))
    expected = np.zeros((4, 4), bool)
    expected[0:3, 2:4] = True
    np.testing.assert_array_equal(found, expected)


def test_a_box_between_the_centres_has_the_position_that_holds_its_middle():
    found = inside(np.array([[4.2, 12.5, 5, 13]]), image_size=SIZE, map_size=(4, 4))
    assert np.argwhere(found).tolist() == [[1, 3]]


def test_on_the_image_itself_these_are_its_pixels():
    found = inside(np.array([[2, 3, 5, 7]]), image_size=SIZE, map_size=SIZE)
    assert found.sum() == 3 * 4
    assert found[2:5, 3:7].all()


def test_the_portraits_crown_is_where_most_crowns_are():
    place = known_place("crown", spec="portraits", image_size=(32, 32))
    crowns = portraits.attribute_boxes(np.arange(2000, 2300), image_size=(32, 32))["crown"]
    assert np.mean(crowns[:, 0] >= place[0]) > 0.6
    assert np.mean(crowns[:, 2] <= place[2]) > 0.6
    assert place[2] < 16  # the upper half
    assert known_place("woman", spec="portraits", image_size=(32, 32)) is None
    assert known_place("crown", spec="digits", image_size=(32, 32)) is None


def spots(places):
    images = np.zeros((len(places), 16, 16, 1), np.uint8)
    for image, (row, column) in zip(images, places, strict=True):
        image[row : row + 2, column : column + 2] = 255
    return images


def brightness(images):
    """Above 0 if any pixel is bright."""
    return images.reshape(len(images), -1).max(axis=1).astype(np.float32) - 100


def test_occlusion_finds_the_smallest_window_that_hides_it():
    """Windows lie on a grid of two pixels, so a spot on it fits exactly, and one between needs four."""
    found = occlusion_boxes(spots([(4, 10), (5, 11), (0, 0)]), np.zeros((16, 16, 1)), brightness, wanted=2)
    assert list(found) == [0, 1]
    np.testing.assert_array_equal(found[0], [4, 10, 6, 12])
    np.testing.assert_array_equal(found[1], [4, 10, 8, 14])


def test_what_is_everywhere_has_no_place():
    images = np.full((1, 16, 16, 1), 255, np.uint8)
    assert occlusion_boxes(images, np.zeros((16, 16, 1)), brightness, wanted=1) == {}


def test_sources_are_named_and_tried_in_order(tmp_path):
    images = np.concatenate([spots([(4, 10)]), np.zeros((1, 16, 16, 1), np.uint8)])
    common = {"images": images, "shown": np.array([True, False]), "margin": brightness}
    by_occlusion = find_boxes("crown", "occlusion", spec="portraits", **common)
    np.testing.assert_array_equal(by_occlusion.of[0], [[4, 10, 6, 12]])
    assert by_occlusion.source.startswith("occlusion")
    assert find_boxes("spot", None, spec="other", **common).source == by_occlusion.source
    known = find_boxes("crown", None, spec="portraits", **common)
    assert list(known.of) == [0]
    assert "training images" in known.source
    drawn = find_boxes("crown", written(tmp_path, {"1": [[0, 0, 2, 2]]}), spec="portraits", **common)
    assert list(drawn.of) == [1]
    assert drawn.source == "drawn by hand (boxes.json)"
