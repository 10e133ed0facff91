"""data.json: what a run was trained on, held against what its data is now."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.data.fingerprints import pixel_fingerprint, unordered_fingerprint
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import RunError
from dcgan_tf.runs.data_record import check_same_images, describe, read_data
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import write_json

CATS = ImageSet(
    name="cats",
    images=np.zeros((3, 2, 2, 1), np.uint8),
    labels=np.array([0, 1, 1]),
    label_names=("black", "white"),
    attributes={"old": np.array([0, 1, 0], np.uint8)},
    fingerprint="0123",
)
OTHERS = [
    replace(CATS, labels=np.array([1, 0, 1])),
    replace(CATS, label_names=("white", "black")),
    replace(CATS, labels=None, label_names=()),
]


@pytest.fixture
def run(tmp_path):
    write_json(tmp_path / "data.json", describe(CATS, num_unseen=0))
    return RunPaths(tmp_path)


def test_binary_attributes_are_told_from_those_with_degrees():
    attributes = {"hat": np.zeros(1, np.uint8), "tilt": np.zeros(1, np.float32)}
    one = ImageSet(name="cats", images=np.zeros((1, 4, 4, 1), np.uint8), attributes=attributes)
    told = describe(one, num_unseen=7)
    assert told["attribute_names"] == ["hat", "tilt"]
    assert told["binary_attributes"] == ["hat"]
    assert told["num_unseen"] == 7


@pytest.mark.parametrize("conditional", [False, True])
def test_other_pixels_are_refused(run, conditional):
    with pytest.raises(RunError, match=r"trained on other images: 3 of 'cats' then, 3 of 'dogs' now"):
        check_same_images(run, replace(CATS, name="dogs", fingerprint="4567"), conditional=conditional)


@pytest.mark.parametrize("other", OTHERS)
def test_other_labels_are_refused_where_they_were_learnt(run, other):
    check_same_images(run, other, conditional=False)
    with pytest.raises(RunError, match="had other labels when it was trained"):
        check_same_images(run, other, conditional=True)


def test_the_same_images_by_another_name_and_with_other_attributes_are_welcome(run):
    check_same_images(run, replace(CATS, name="moved", attributes={}), conditional=True)


def test_runs_of_before_have_no_digest_of_their_labels(run):
    write_json(run.data, {k: v for k, v in describe(CATS, num_unseen=0).items() if k != "labels_fingerprint"})
    check_same_images(run, OTHERS[0], conditional=True)
    with pytest.raises(RunError, match="had other labels"):
        check_same_images(run, OTHERS[1], conditional=True)


IMAGES = np.arange(24, dtype=np.uint8).reshape(3, 2, 2, 2)[..., :1].copy()
MIXED = replace(
    CATS,
    images=IMAGES,
    fingerprint=pixel_fingerprint(IMAGES),
    unordered_fingerprint=unordered_fingerprint(IMAGES),
)
TURNED = replace(
    MIXED, images=IMAGES[::-1], fingerprint=pixel_fingerprint(IMAGES[::-1]), labels=np.array([1, 1, 0])
)


def test_the_order_of_the_images_counts_where_training_goes_on(run):
    """A file that is moved to another folder changes the order, and the batches with it."""
    write_json(run.data, describe(MIXED, num_unseen=0))
    check_same_images(run, TURNED, conditional=False)
    check_same_images(run, MIXED, conditional=True, in_order=True)
    words = "trained on the same images in another order, and it would not continue as it began: files were"
    with pytest.raises(RunError, match=words):
        check_same_images(run, TURNED, conditional=False, in_order=True)
    with pytest.raises(RunError, match="the same images in another order, and it learnt the class of each"):
        check_same_images(run, TURNED, conditional=True)


def test_sets_of_before_are_put_in_no_order_when_it_is_asked_for(run):
    write_json(run.data, describe(MIXED, num_unseen=0))
    check_same_images(run, replace(TURNED, unordered_fingerprint=""), conditional=False)
    other = replace(TURNED, images=IMAGES + 1, unordered_fingerprint="")
    with pytest.raises(RunError, match=r"trained on other images: .* and their content differs\."):
        check_same_images(run, other, conditional=False)


def test_runs_of_before_cannot_tell_an_order_from_a_content(run):
    write_json(run.data, describe(replace(MIXED, unordered_fingerprint=""), num_unseen=0))
    with pytest.raises(RunError, match="and their content, or their order, differs"):
        check_same_images(run, TURNED, conditional=False)


@pytest.mark.parametrize("content", ["", "5", "[]", "{}"])
def test_where_the_record_does_not_tell_nothing_is_held_against_it(run, content):
    run.data.write_text(content)
    check_same_images(run, CATS, conditional=True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"label_names": 5},
        {"fingerprint": None},
        {"shape": ["x"]},
        {"name": []},
        *({"binary_attributes": names} for names in (5, {"a": 1}, [3], None)),
    ],
)
def test_a_record_of_the_data_that_is_damaged_in_part_does_not_count(tmp_path: Path, wrong: dict) -> None:
    paths = RunPaths(tmp_path)
    assert read_data(paths) is None
    whole = describe(CATS, num_unseen=None)
    write_json(paths.data, whole)
    assert read_data(paths) == whole
    write_json(paths.data, whole | wrong)
    assert read_data(paths) is None


def test_a_record_of_before_has_no_binary_attributes(tmp_path: Path) -> None:
    paths, record = RunPaths(tmp_path), describe(CATS, num_unseen=None)
    del record["binary_attributes"]
    write_json(paths.data, record)
    assert read_data(paths) == record
