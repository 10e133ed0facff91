from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds_library

from dcgan_tf.config import DataConfig
from dcgan_tf.data import load_data, preparation, tfds
from dcgan_tf.data.load import sizes
from odd_images import encoded, solid
from places import ROOT, TFDS, missing

RED, GREEN, BLUE = (200, 40, 20), (20, 200, 40), (20, 40, 200)

needs_mnist = pytest.mark.skipif(
    bool(missing("mnist")),
    reason=missing("mnist"),
)


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    def refuse(*arguments, **_):
        raise AssertionError(f"tried to reach the network: {arguments}")

    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    monkeypatch.setattr(socket.socket, "connect", refuse)


def make(data_dir, features, splits, *, name="faces", config=None):
    """Prepare a dataset of {split: [examples]} in `data_dir`."""
    tfds_library.dataset_builders.store_as_tfds_dataset(
        name=name,
        config=config,
        version="1.2.0",
        data_dir=data_dir,
        features=tfds_library.features.FeaturesDict(features),
        split_datasets={split: list(enumerate(examples)) for split, examples in splits.items()},
        disable_shuffling=True,
    )


def pixels(colour, size=(16, 12)):
    return np.asarray(solid(colour, size=size))


@pytest.fixture(scope="module")
def faces(tmp_path_factory):
    """A dataset like CelebA: a dictionary of flags; beside it, what must be passed over."""
    data_dir = tmp_path_factory.mktemp("tfds")
    f = tfds_library.features
    features = {
        "a_mask": f.LabeledImage(labels=3, shape=(None, None, 1)),
        "attributes": {"Male": np.bool_, "Smiling": np.bool_},
        "boxes": f.Sequence({"box": f.BBoxFeature(), "hidden": np.bool_}),
        "blurred": np.bool_,
        "image": f.Image(),
        "kind": f.ClassLabel(names=["cat", "dog"]),
        "portrait": f.Image(),
    }

    box = f.BBox(0.0, 0.0, 1.0, 1.0)

    def example(colour, kind, male, smiling):
        return {
            "a_mask": np.zeros((4, 4, 1), np.uint8),
            "attributes": {"Male": male, "Smiling": smiling},
            "boxes": [{"box": box, "hidden": True}] * (1 + kind),
            "blurred": not male,
            "image": pixels(colour),
            "kind": kind,
            "portrait": pixels((0, 0, 0)),
        }

    train = [example(RED, 0, True, False), example(GREEN, 1, False, False), example(BLUE, 1, True, True)]
    make(data_dir, features, {"train": train, "test": [example(BLUE, 0, False, True)]})
    return data_dir


@pytest.fixture
def config(faces, tmp_path):
    def _config(name="faces", **changes):
        settings = {"spec": f"tfds:{name}", "data_dir": str(faces), "cache_dir": str(tmp_path / "cache")}
        return DataConfig(**(settings | {"image_size": (8, 8)} | changes))

    return _config


def test_images_labels_and_attributes(config):
    found = load_data(config(), split="train")
    assert found.name == "faces"
    assert found.images.shape == (3, 8, 8, 3)
    assert found.images.dtype == np.uint8
    assert found.images[:, 4, 4].tolist() == [list(RED), list(GREEN), list(BLUE)]
    assert found.label_names == ("cat", "dog")
    assert found.labels.tolist() == [0, 1, 1]
    assert found.labels.dtype == np.int64
    assert {name: flags.tolist() for name, flags in found.attributes.items()} == {
        "Male": [1, 0, 1],
        "Smiling": [0, 0, 1],
        "blurred": [0, 1, 0],
    }
    assert found.attributes["Male"].dtype == np.uint8


@pytest.mark.parametrize(
    ("split", "colours"),
    [("test", [BLUE]), ("train[1:]", [GREEN, BLUE]), ("train[:1]+test", [RED, BLUE]), ("train[:34%]", [RED])],
)
def test_split_expressions(config, split, colours):
    found = tfds.load(config(), split=split)
    assert found.images[:, 4, 4].tolist() == [list(colour) for colour in colours]


def test_the_sizes_of_those_splits_that_exist(config):
    splits = ("test", "validation", "train[1:]")
    assert sizes(config(), splits=splits) == {"test": 1, "train[1:]": 2}


def test_prepared_once(config, monkeypatch):
    first = tfds.load(config(), split="train")
    monkeypatch.setattr(preparation, "write_images", None)
    assert tfds.load(config(), split="train").fingerprint == first.fingerprint


def test_each_split_and_size_has_its_own_place_in_the_cache(config, tmp_path):
    for split in ("train", "test", "train[:1]", "train[:1%]+test"):
        tfds.load(config(), split=split)
    tfds.load(config(fit="pad"), split="train")
    tfds.load(config(channels=1), split="train")
    assert len(list((tmp_path / "cache").iterdir())) == 6


def test_a_dataset_made_anew_is_prepared_anew(config, tmp_path):
    features = {"image": tfds_library.features.Image()}
    place = tmp_path / "own"
    make(place, features, {"train": [{"image": pixels(RED)}]})
    before = tfds.load(config(data_dir=str(place)), split="train")
    (place / "faces").rename(tmp_path / "old")
    make(place, features, {"train": [{"image": pixels(BLUE, (32, 32))}]})
    after = tfds.load(config(data_dir=str(place)), split="train")
    assert before.images[0, 4, 4].tolist() == list(RED)
    assert after.images[0, 4, 4].tolist() == list(BLUE)


def test_a_dataset_with_corrected_labels_is_prepared_anew(config, tmp_path):
    """No file has another size then."""
    kinds = tfds_library.features.ClassLabel(names=["cat", "dog"])
    features = {"image": tfds_library.features.Image(), "label": kinds}
    place, found = tmp_path / "own", []
    for label in ("cat", "dog"):
        shutil.rmtree(place, ignore_errors=True)
        make(place, features, {"train": [{"image": pixels(RED), "label": label}]})
        found += tfds.load(config(data_dir=str(place)), split="train").labels.tolist()
    assert found == [0, 1]


def test_version_and_config_are_found(config, tmp_path):
    features = {"image": tfds_library.features.Image()}
    for name, colour in (("warm", RED), ("cold", BLUE)):
        make(tmp_path / "own", features, {"train": [{"image": pixels(colour)}]}, name="rooms", config=name)
    found = tfds.load(config("rooms/cold:1.2.0", data_dir=str(tmp_path / "own")), split="train")
    assert found.images[0, 4, 4].tolist() == list(BLUE)
    assert found.labels is None
    assert found.attributes == {}
    assert found.label_names == ()


def test_a_mask_is_not_the_image(config, tmp_path):
    f = tfds_library.features
    features = {
        "a_mask": f.LabeledImage(labels=3, shape=(None, None, 1)),
        "photo": f.Image(),
        "view": f.Image(),
    }
    example = {"a_mask": np.zeros((4, 4, 1), np.uint8), "photo": pixels(GREEN), "view": pixels(RED)}
    make(tmp_path / "own", features, {"train": [example]}, name="streets")
    found = tfds.load(config("streets", data_dir=str(tmp_path / "own")), split="train")
    assert found.images[0, 4, 4].tolist() == list(GREEN)


def test_secret_labels_are_none(config, tmp_path):
    f = tfds_library.features
    features = {"image": f.Image(), "label": f.ClassLabel(num_classes=2)}
    make(tmp_path / "own", features, {"test": [{"image": pixels(RED), "label": -1}]}, name="secret")
    found = tfds.load(config("secret", data_dir=str(tmp_path / "own")), split="test")
    assert found.labels is None
    assert found.label_names == ()


def test_bad_images_are_named_and_do_not_shift_labels(config, tmp_path):
    for index, content in enumerate(
        (encoded("PNG", solid(RED)), b"\x89PNG\r\n\x1a\n", encoded("PNG", solid(BLUE)))
    ):
        (tmp_path / f"{index}.png").write_bytes(content)
    f = tfds_library.features
    features = {"image": f.Image(), "label": f.ClassLabel(num_classes=3)}
    examples = [{"image": str(tmp_path / f"{index}.png"), "label": index} for index in range(3)]
    make(tmp_path / "own", features, {"train": examples}, name="partly")
    own = config("partly", data_dir=str(tmp_path / "own"), max_bad_fraction=0.5)
    found = tfds.load(own, split="train")
    assert found.labels.tolist() == [0, 2]
    assert [(bad.file, bad.reason) for bad in found.bad_files] == [("example 1", "not an image")]
    with pytest.raises(ValueError, match="1 of the 3 images in tfds:partly cannot be read"):
        tfds.load(config("partly", data_dir=own.data_dir), split="train")


# Errors: one line, with what to do


def error_of(config, split="train"):
    with pytest.raises(ValueError, match=r"\w") as error:
        tfds.load(config, split=split)
    assert "\n" not in str(error.value)
    assert error.value.__suppress_context__ or error.value.__context__ is None
    return str(error.value)


def test_not_prepared_says_where_and_how(config, tmp_path):
    message = error_of(config("mnist", data_dir=str(tmp_path)))
    assert message == (
        f"the dataset mnist is not prepared in {tmp_path}; prepare it with: "
        f"python -c \"import tensorflow_datasets as tfds; tfds.load('mnist', data_dir='{tmp_path}')\""
    )


def test_default_place_is_named(config, tmp_path, monkeypatch):
    monkeypatch.setattr("tensorflow_datasets.core.constants.DATA_DIR", str(tmp_path / "default"))
    assert f"is not prepared in {tmp_path / 'default'};" in error_of(config("mnist", data_dir=None))


def test_other_versions_there_are_named(config, tmp_path):
    (tmp_path / "mnist" / "9.0.0").mkdir(parents=True)
    assert "(only mnist/9.0.0)" in error_of(config("mnist:3.0.1", data_dir=str(tmp_path)))


def test_own_dataset_in_another_version(config, faces):
    assert error_of(config("faces:9.9.9")) == (
        f"the dataset faces:9.9.9 is not prepared in {faces} (only faces/1.2.0)"
    )


def test_unknown_name_suggests_close_ones(config):
    assert "knows no dataset 'cifar11'" in error_of(config("cifar11"))
    assert "cifar10 or " in error_of(config("cifar11"))
    assert "did you mean faces " in error_of(config("fases"))  # known only from the folder


def test_name_that_is_none(config):
    assert "cannot be opened" in error_of(config("two words"))


@pytest.mark.parametrize("split", ["valid", "train[", "train[:x]", "train[:1%", "all[:50%]"])
def test_unknown_split_names_those_there_are(config, split):
    assert f"must be made of train, test, such as train[:10%], received {split!r}" in error_of(
        config(), split
    )


@pytest.mark.parametrize("split", ["train[:0]", "train[1:1]"])
def test_empty_split(config, split):
    assert error_of(config(), split) == f"split {split!r} of faces/1.2.0 is empty; there are train, test"


def test_no_image_feature(config, tmp_path):
    features = {"text": tfds_library.features.Text(), "meta": {"length": np.int64}}
    make(tmp_path, features, {"train": [{"text": "no", "meta": {"length": 2}}]}, name="words")
    message = error_of(config("words", data_dir=str(tmp_path)))
    assert message == "words/1.2.0 has no image feature, it has meta/length, text"


def test_floating_point_images_are_refused(config, tmp_path):
    features = {"depth": tfds_library.features.Image(shape=(4, 4, 1), dtype=np.float32)}
    make(tmp_path, features, {"train": [{"depth": np.ones((4, 4, 1), np.float32)}]}, name="depths")
    assert "floating-point" in error_of(config("depths", data_dir=str(tmp_path)))


def shorten(file):
    file.write_bytes(file.read_bytes()[:-40])


def edit(file, **fields):
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A dataset of two images, whose copies are damaged."""
    data_dir = tmp_path_factory.mktemp("whole")
    f = tfds_library.features
    features = {"image": f.Image(), "label": f.ClassLabel(names=["a", "b"])}
    examples = [{"image": pixels(RED), "label": 0}, {"image": pixels(RED), "label": 1}]
    make(data_dir, features, {"train": examples}, name="broken")
    return data_dir


@pytest.mark.parametrize(
    ("pattern", "damage", "told"),
    [
        ("*.tfrecord*", shorten, "is damaged, delete it and prepare it again: truncated record"),
        ("*.tfrecord*", Path.unlink, "prepare it again: .*No such file"),
        (
            "label.labels.txt",
            lambda file: file.write_text("one"),
            "has a label 1, but only 1 names of labels",
        ),
        ("dataset_info.json", shorten, "cannot be opened: Failed to load JSON"),
        ("dataset_info.json", lambda file: file.write_text("5"), "cannot be opened: Failed to parse JSON"),
        (
            "dataset_info.json",
            lambda file: edit(file, name=""),
            "prepare it again: Could not format template",
        ),
        ("dataset_info.json", lambda file: edit(file, splits=[]), "has no splits; prepare it again"),
        ("features.json", lambda file: file.write_text("{}"), "cannot be opened: Python class name"),
        ("features.json", lambda file: file.write_bytes(b"\xff"), "cannot be opened: 'utf-8' codec"),
    ],
)
def test_damage_is_told_in_one_sentence(config, whole, tmp_path, pattern, damage, told):
    shutil.copytree(whole / "broken", tmp_path / "broken")
    (file,) = (tmp_path / "broken" / "1.2.0").glob(pattern)
    damage(file)
    message = error_of(config("broken", data_dir=str(tmp_path)))
    assert re.search(told, message), message
    assert "{{function_node" not in message
    assert "\n" not in message


@pytest.mark.parametrize(
    "name", ["", " ", "/etc", "../x", "faces:", "a b", "**", "[x", "猫", "x" * 300, "a=1"]
)
def test_an_odd_name_is_told_in_one_sentence(config, name):
    message = error_of(config(name))
    assert "\n" not in message


def test_nobody_s_home_is_told(config):
    assert "data_dir must be a folder, received '~nosuchuser/x'" in error_of(
        config("faces", data_dir="~nosuchuser/x")
    )


def test_a_mistake_of_this_library_is_not_called_the_user_s(config, monkeypatch):
    from tensorflow_datasets.core import read_only_builder

    monkeypatch.setattr(read_only_builder, "builder_from_files", lambda *, data_dir: None)
    with pytest.raises(TypeError):  # called in a way that it does not know
        tfds.load(config("faces"), split="train")


# Real data


@needs_mnist
def test_mnist_is_what_tfds_decodes(tmp_path):
    config = DataConfig(
        spec="tfds:mnist", data_dir=str(TFDS), image_size=(28, 28), channels=1, cache_dir=str(tmp_path)
    )
    found = tfds.load(config, split="test[:600]")
    builder = tfds_library.builder_from_directory(str(TFDS / "mnist" / "3.0.1"))
    expected = next(iter(builder.as_dataset(split="test[:600]", batch_size=600)))
    assert isinstance(expected["image"], tf.Tensor)
    np.testing.assert_array_equal(found.images, expected["image"].numpy())
    np.testing.assert_array_equal(found.labels, expected["label"].numpy())
    assert found.label_names == tuple("0123456789")


@needs_mnist
def test_nothing_is_said_on_stderr(tmp_path):
    code = (
        "import os; from dcgan_tf.config import DataConfig; from dcgan_tf.data import load_data\n"
        "import tensorflow as tf; os.dup2(os.open('said', os.O_WRONLY | os.O_CREAT), 2)\n"
        f"config = DataConfig(spec='tfds:mnist', data_dir={str(TFDS)!r}, channels=1, cache_dir='c')\n"
        "load_data(config, split='test[:9]')"
    )
    root = str(ROOT)
    environment = {"TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": root, "PATH": "", "CUDA_VISIBLE_DEVICES": "-1"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)
    said = (tmp_path / "said").read_text()
    assert said == ""
