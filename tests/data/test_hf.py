"""Datasets of the Hugging Face Hub, through the package `datasets`, from a Hub on the loopback."""

from __future__ import annotations

import dataclasses
import io
import json
import logging
import os
from pathlib import Path

import datasets
import numpy as np
import pytest

from dcgan_tf.data import data_summary, held_out_images, hf, load_data, native_form, preparation
from dcgan_tf.data.image_set import BadFile
from dcgan_tf.data.load import sizes
from dcgan_tf.data.native import NativeForm
from dcgan_tf.errors import DataError
from hub_pictures import BLUE, GREEN, RED, error_of, faces, parquet, png
from odd_images import encoded, solid

KINDS = datasets.ClassLabel(names=["cat", "dog"])


@pytest.fixture
def made(hub):
    """Return a repository with labels, flags and two splits."""
    flag = datasets.Value("bool")
    features = {"kind": KINDS, "smiling": flag, "hat": flag, "age": datasets.Value("int64")}

    def split(colours, kinds, smiling, hat):
        images = {"image": list(map(png, colours)), "age": [7] * len(kinds)}
        return parquet({**images, "kind": kinds, "smiling": smiling, "hat": hat}, **features)

    train = split([RED, GREEN, BLUE], [0, 1, 1], [True, False, True], [True, None, False])
    test = split([BLUE], [0], [False], [True])
    files = {"data/train-00000-of-00001.parquet": train, "data/test-00000-of-00001.parquet": test}
    return hub.add("ada/faces", files, kind="datasets")


def test_images_labels_and_attributes(made, config):
    found = load_data(config())
    assert found.name == "faces"
    assert found.images.shape == (3, 8, 8, 3)
    assert found.images.dtype == np.uint8
    assert found.images[:, 4, 4].tolist() == [list(RED), list(GREEN), list(BLUE)]
    assert found.label_names == ("cat", "dog")
    assert found.labels.tolist() == [0, 1, 1]
    assert found.labels.dtype == np.int64
    assert {name: flags.tolist() for name, flags in found.attributes.items()} == {"smiling": [1, 0, 1]}
    assert found.attributes["smiling"].dtype == np.uint8
    assert data_summary(found).splitlines()[0] == "faces: 3 images, 8x8 pixels, 3 channels"


@pytest.mark.parametrize(
    ("split", "colours"),
    [("test", [BLUE]), ("train[1:]", [GREEN, BLUE]), ("train[:1]+test", [RED, BLUE]), ("train[:34%]", [RED])],
)
def test_split_expressions(made, config, split, colours):
    found = hf.load(config(), split=split)
    assert found.images[:, 4, 4].tolist() == [list(colour) for colour in colours]


def test_what_is_beside_the_training_images(made, config):
    assert sizes(config(), splits=("test", "validation", "train[1:]")) == {"test": 1, "train[1:]": 2}
    split, others = held_out_images(config(), load_data(config()))
    assert (split, len(others)) == ("test", 1)


def test_the_form_at_the_source(made, config):
    assert native_form(config()) == NativeForm((12, 16), alike=True, grey=False)


def test_a_folder_of_files(hub, config):
    files = {"train/cat/a.png": png(RED), "train/dog/b.jpg": encoded("JPEG", solid(BLUE, size=(9, 9)))}
    hub.add("ada/faces", {**files, "test/cat/c.png": png(GREEN)}, kind="datasets")
    found = load_data(config())
    assert found.label_names == ("cat", "dog")
    assert found.images[0, 4, 4].tolist() == list(RED)
    assert len(found) == 2


def test_pixels_are_those_of_a_folder(hub, config, tmp_path):
    """Orientation, more than 8 bits and transparency are decoded by the same code."""
    turned = io.BytesIO()
    picture = solid(RED, size=(20, 10))
    picture.paste(BLUE, (0, 0, 10, 10))
    exif = picture.getexif()
    exif[0x0112] = 6
    picture.save(turned, "JPEG", exif=exif)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "a.jpg").write_bytes(turned.getvalue())
    hub.add("ada/faces", {"train.parquet": parquet({"image": [turned.getvalue()]})}, kind="datasets")
    folder = load_data(config(spec=str(tmp_path / "pictures"), fit="pad"))
    assert load_data(config(fit="pad")).images.tolist() == folder.images.tolist()


def test_prepared_once_and_read_without_a_network(made, config, hub, monkeypatch):
    first = load_data(config())
    hub.requests.clear()
    hub.fail(".", 503)
    monkeypatch.setattr(preparation, "write_images", None)
    assert load_data(config()).fingerprint == first.fingerprint


def test_another_commit_is_prepared_anew(made, config):
    before = load_data(config())
    made.commit({"train.parquet": faces(BLUE)})
    after = load_data(config())
    assert before.fingerprint != after.fingerprint
    assert after.images[0, 4, 4].tolist() == list(BLUE)


def test_each_split_and_size_has_its_own_place_in_the_cache(made, config, tmp_path):
    for split in ("train", "test", "train[:1]"):
        hf.load(config(), split=split)
    hf.load(config(fit="pad"), split="train")
    hf.load(config(channels=1), split="train")
    assert len(list((tmp_path / "cache").iterdir())) == 5


def test_several_columns_of_images(hub, config, caplog):
    content = parquet({"view": [png(RED)], "image": [png(BLUE)]}, view=datasets.Image())
    hub.add("ada/faces", {"train.parquet": content}, kind="datasets")
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        assert load_data(config()).images[0, 4, 4].tolist() == list(BLUE)
    assert "the images are those of the column image; there are others: view" in caplog.text


def test_secret_labels_are_none(hub, config):
    content = parquet({"image": [png(RED)], "kind": [-1]}, kind=KINDS)
    hub.add("ada/faces", {"train.parquet": content}, kind="datasets")
    assert load_data(config()).labels is None
    assert load_data(config()).label_names == ()


@pytest.mark.parametrize(
    ("labels", "feature", "reason"),
    [
        ([0, None, 1], KINDS, "the column label lacks 1 of 3"),
        ([-1, -1, 1], KINDS, "the column label lacks 2 of 3"),
        ([0, 1, 2], datasets.Value("int64"), "the column label holds int64, and not classes with names"),
        (
            ["a", "b", "a"],
            datasets.Value("string"),
            "the column label holds string, and not classes with names",
        ),
    ],
)
def test_why_there_are_no_labels_is_told(hub, config, caplog, labels, feature, reason):
    content = parquet({"image": [png(RED), png(GREEN), png(BLUE)], "label": labels}, label=feature)
    hub.add("ada/faces", {"train.parquet": content}, kind="datasets")
    with caplog.at_level(logging.INFO, "dcgan_tf"):
        found = load_data(config())
    assert (found.labels, found.label_names) == (None, ())
    assert f"there are no labels, because {reason}" in caplog.text


def test_a_mask_of_true_and_false_is_no_attribute(hub, config):
    mask = datasets.Array2D(shape=(2, 2), dtype="bool")
    content = parquet({"image": [png(RED)], "mask": [[[True, False], [True, True]]]}, mask=mask)
    hub.add("ada/faces", {"train.parquet": content}, kind="datasets")
    assert load_data(config()).attributes == {}


@pytest.fixture(params=["absolute", "relative", "linked", "above", "impossible"])
def path_outside(request, tmp_path, monkeypatch, hub):
    """Return the path of a private picture, as a dataset may name it."""
    from huggingface_hub import constants

    file = tmp_path / "private.png"
    file.write_bytes(png(BLUE))
    monkeypatch.chdir(tmp_path)
    cache = Path(constants.HF_HUB_CACHE)
    cache.mkdir(parents=True, exist_ok=True)
    (cache / "link.png").symlink_to(file)
    return {
        "absolute": str(file),
        "relative": "private.png",
        "linked": str(cache / "link.png"),
        "above": f"{cache}/{os.path.relpath(file, cache.resolve())}",
        "impossible": "private\0.png",
    }[request.param]


def test_a_dataset_reads_no_picture_of_this_computer(hub, config, path_outside):
    rows = [png(RED), {"bytes": None, "path": path_outside}]
    hub.add("ada/faces", {"train.parquet": parquet({"image": rows})}, kind="datasets")
    found = load_data(config(max_bad_fraction=0.5))
    assert found.images[:, 4, 4].tolist() == [list(RED)]
    assert found.bad_files == (BadFile("example 1", "not a file that was downloaded with the dataset"),)
    assert hf.first_images(config(), 2) == [png(RED), b""]


def test_a_table_of_text_reads_no_picture_of_this_computer(hub, config, path_outside):
    card = b"---\ndataset_info:\n  features:\n  - name: image\n    dtype: image\n---\n"
    lines = json.dumps({"image": path_outside}).encode() + b"\n"
    hub.add("ada/faces", {"README.md": card, "train.jsonl": lines}, kind="datasets")
    assert "none of the 1 images can be read: example 0 (not a file that" in error_of(config())


def test_bad_images_are_named_and_do_not_shift_labels(hub, config):
    images = [png(RED), b"\x89PNG\r\n\x1a\n", None, png(BLUE)]
    kinds = datasets.ClassLabel(names=["a", "b", "c", "d"])
    hub.add(
        "ada/faces",
        {"train.parquet": parquet({"image": images, "kind": [0, 1, 2, 3]}, kind=kinds)},
        kind="datasets",
    )
    found = load_data(config(max_bad_fraction=0.5))
    assert found.labels.tolist() == [0, 3]
    assert [bad.file for bad in found.bad_files] == ["example 1", "example 2"]
    assert found.bad_files[0].reason == "not an image"
    assert "2 of the 4 images in hf:ada/faces cannot be read" in error_of(config())


def test_a_commit_of_other_files_changes_no_fingerprint(made, config):
    before = load_data(config())
    made.commit({"README.md": b"only the card is new", **made.files})
    assert load_data(config()).fingerprint == before.fingerprint


# Errors: one line, with what to do


@pytest.mark.parametrize("split", ["valid", "train[", "train[:x]", "all[:50%]"])
def test_an_unknown_split_names_those_there_are(made, config, split):
    assert f"must be made of train, test, such as train[:10%], received {split!r}" in error_of(
        config(), split
    )


@pytest.mark.parametrize("split", ["", "train+", "a b"])
def test_an_expression_that_is_none_is_told_in_whole_sentences(made, config, split):
    assert error_of(config(), split).endswith(f"received {split!r}")


def test_an_empty_split(made, config):
    message = error_of(config(), "train[:0]")
    assert message == "split 'train[:0]' of hf:ada/faces is empty; there are train, test"


def test_no_column_of_images(hub, config):
    hub.add("ada/words", {"train.csv": b"text,length\nhello,5\n"}, kind="datasets")
    assert error_of(config("words")) == "hf:ada/words has no column of images, it has text, length"


def test_training_goes_on_only_with_the_same_images(made, config, tiny_config, tmp_path):
    from dcgan_tf.errors import RunError
    from dcgan_tf.training import train

    settings = {"data": "hf:ada/faces", "split": "train", "batch_size": 2, "channels": 3}
    tiny = tiny_config(run_dir=str(tmp_path / "run"), steps=1, **settings)
    train(tiny)
    made.commit({"train.parquet": faces(GREEN, GREEN, GREEN)})
    longer = dataclasses.replace(tiny, training=dataclasses.replace(tiny.training, steps=2))
    with pytest.raises((RunError, DataError), match="images"):
        train(longer)
