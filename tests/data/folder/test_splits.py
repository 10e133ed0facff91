"""What is for training and what for testing, told by the names of sub-folders."""

from __future__ import annotations

from pathlib import Path

import pytest

from dcgan_tf.data.folder.splits import find_splits, split_of
from dcgan_tf.errors import DataError

ROOT = Path("/pets")


def chosen(*folders, split="train"):
    """Return the folder of a split where each of these folders holds an image."""
    files = [f"{folder}/1.png" if folder else "preview.png" for folder in folders]
    return find_splits(files, root=ROOT).folder_of(split, root=ROOT)


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train", "test"),
        ("Train", "Test"),
        ("training", "testing"),
        ("TRAIN", "val"),
        ("train", "dev"),
        ("training", "evaluation"),
        ("Train", "holdout"),
    ],
)
def test_the_usual_names_are_splits_in_any_letters(train, test):
    assert chosen(f"{train}/cats", f"{test}/cats") == train
    assert chosen(f"{train}/cats", f"{test}/cats", split=split_of(test)) == test


@pytest.mark.parametrize("name", ["validation", "val", "valid", "Valid", "dev"])
def test_a_split_is_found_under_each_of_its_names(name):
    assert chosen("train", "val", split=name) == "val"


@pytest.mark.parametrize("beside", ["unlabeled", "cats", "", "submission"])
def test_what_lies_beside_train_and_test_turns_no_test_image_into_one_to_train_on(beside):
    splits = find_splits([f"{beside}/1.png" if beside else "preview.png", "train/1", "Test/1"], root=ROOT)
    assert splits.folder_of("train", root=ROOT) == "train"
    assert splits.beside == [beside or "preview.png"]


@pytest.mark.parametrize("beside", [(), ("unlabeled",), ("extra", "Unlabeled")])
def test_train_alone_is_a_split(beside):
    assert chosen("train/cats", *beside) == "train"


@pytest.mark.parametrize(
    "folders",
    [
        ("train", "bus", "car"),
        ("valid", "invalid"),
        ("cats", "dogs"),
        ("train", ""),
        ("",),
        ("all",),
        ("train_and_test", "new"),
    ],
)
def test_other_names_are_no_splits(folders):
    assert chosen(*folders) == ""
    with pytest.raises(DataError, match="/pets has the split train only, received 'test'"):
        chosen(*folders, split="test")


@pytest.mark.parametrize(
    ("folders", "told"),
    [
        (("test/cats",), "images in test, but no sub-folder called train"),
        (("Test", "cats", "dogs"), "images in Test, but no sub-folder called train"),
        (("test", ""), "put the images to train on into /pets/train; or rename test"),
        (("test", "val"), "images in test and val, but no"),
        (("train", "Train", "test"), "Train and train in /pets may both be the split train; rename one"),
        (("train", "training", "test"), "train and training in /pets may both be"),
        (("train2017", "val2017"), "train2017 and val2017 in /pets look like images to train on"),
        (("trainA", "trainB", "testA", "testB"), "testA and trainA in /pets look like"),
        (("trainset", "testset"), "testset and trainset in /pets look like"),
        (("TrainData", "ValImages"), "TrainData and ValImages in /pets look like"),
        (("train", "test_images"), "test_images and train in /pets look like"),
        (("images/train", "images/test"), "give /pets/images$"),
        (("a/b/Train/1", "a/b/Validation/2"), "give /pets/a/b$"),
        (
            ("cats/train", "cats/test", "dogs/train", "dogs/test"),
            "each of cats, dogs in /pets .* train/cats$",
        ),
    ],
)
def test_images_that_may_be_for_testing_are_not_trained_on_in_silence(folders, told):
    with pytest.raises(DataError, match=told):
        chosen(*folders)


def test_two_names_for_validation_are_no_obstacle_to_training():
    assert chosen("train", "val", "valid") == "train"
    with pytest.raises(DataError, match="val and valid in /pets may both be the split validation"):
        chosen("train", "val", "valid", split="validation")
