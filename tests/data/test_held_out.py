"""The share of a folder that is kept aside: which images, of which folders, and who gets them."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.config import Config, DataConfig, from_json, preset, to_json
from dcgan_tf.data import load_data
from dcgan_tf.data.folder import remarks
from dcgan_tf.data.held_out import held_out_images, num_unseen
from dcgan_tf.data.image_set import cached
from dcgan_tf.data.preparation import is_kept_aside
from dcgan_tf.runs.records import with_own_held_out

NUM = 240


def draw(folder, numbers=range(NUM), *, name="{}.png"):
    """Write pictures, each of which has its number in its corner."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        pixels = np.random.default_rng(number).integers(0, 256, (8, 8), np.uint8)
        pixels[0, :2] = divmod(number, 256)
        Image.fromarray(pixels).save(folder / name.format(number))
    return folder


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Return a folder in which even numbers and odd ones are two classes, with the number as an attribute."""
    folder = tmp_path_factory.mktemp("held out") / "pictures"
    draw(folder / "even", range(0, NUM, 2))
    draw(folder / "odd", range(1, NUM, 2))
    rows = [f"{('even', 'odd')[i % 2]}/{i}.png,{i / NUM}" for i in range(NUM)]
    (folder / "attributes.csv").write_text("\n".join(["file,number", *rows]))
    return folder


def config_of(folder, **changes):
    return DataConfig(**{"spec": str(folder), "image_size": (8, 8), "channels": 1, **changes})


def numbers(images):
    return (images[:, 0, 0, 0].astype(int) * 256 + images[:, 0, 1, 0]).tolist()


def test_a_share_of_a_folder_is_kept_aside_with_all_that_is_told_of_it(pictures):
    train = load_data(config_of(pictures))
    split, held_out = held_out_images(config_of(pictures), train)
    assert split == "held_out"
    assert 4 <= len(held_out) <= 25  # 12 are expected
    assert sorted(numbers(train.images) + numbers(held_out.images)) == list(range(NUM))
    for part in (train, held_out):
        assert part.label_names == ("even", "odd")
        assert part.labels.tolist() == [number % 2 for number in numbers(part.images)]
        expected = np.array(numbers(part.images), np.float32) / NUM
        np.testing.assert_allclose(part.attributes["number"], expected, rtol=1e-6)
    assert isinstance(train.images, np.memmap)
    assert train.fingerprint != held_out.fingerprint
    again = load_data(config_of(pictures))
    assert numbers(again.held_out.images) == numbers(held_out.images)


def test_a_folder_too_small_to_keep_any_aside_says_so_before_the_training(tmp_path, caplog):
    caplog.set_level("INFO", "dcgan_tf")
    few = draw(tmp_path / "few", range(30))
    assert load_data(config_of(few)).held_out is None
    words = f"all 30 images in {few} are trained on, because a share of 0.05 would be too small"
    assert words in caplog.messages[-1]
    load_data(config_of(draw(tmp_path / "one", range(1))))
    assert f"the one image in {tmp_path / 'one'} is trained on" in caplog.messages[-1]
    caplog.clear()
    assert load_data(config_of(few, held_out_fraction=0.0)).held_out is None
    assert not [message for message in caplog.messages if "held out" in message or "hold out" in message]


def test_what_is_kept_aside_is_said_of_what_is_in_the_cache_too(pictures, caplog, monkeypatch):
    caplog.set_level("INFO", "dcgan_tf")
    load_data(config_of(pictures))
    for _ in range(2):  # a process each
        caplog.clear()
        monkeypatch.setattr(remarks, "_said", set())
        aside = len(load_data(config_of(pictures)).held_out)
        load_data(config_of(pictures))  # a command loads images several times
        words = f"{aside} of the {NUM} images in {pictures} are held out: training never sees them"
        assert [words in message for message in caplog.messages] == [True]


def test_the_same_pictures_are_kept_aside_whatever_they_are_called(pictures, tmp_path):
    """Others come, some go, all get new names: none changes its side, and a copy is on its side too."""
    aside = set(numbers(load_data(config_of(pictures)).held_out.images))
    folder = draw(tmp_path / "others", range(20, NUM + 60), name="{}-renamed.png")
    for number in (min(aside), max(aside), 30):
        shutil.copy(
            folder / f"{number}-renamed.png", folder / f"a copy of {number}.png"
        ) if number >= 20 else None
    found = load_data(config_of(folder))
    there = set(range(20, NUM))
    assert set(numbers(found.held_out.images)) & there == aside & there
    assert set(numbers(found.images)) & there == there - aside
    assert set(numbers(found.images)).isdisjoint(numbers(found.held_out.images))


def test_the_share_is_about_what_is_asked_for():
    images = np.random.default_rng(0).integers(0, 256, (2000, 4, 4, 1), np.uint8)
    for share in (0.0, 0.05, 0.5):
        kept = np.mean([is_kept_aside(image, share) for image in images])
        assert kept == pytest.approx(share, abs=3 * np.sqrt(share * (1 - share) / 2000))


def test_a_smaller_folder_is_trained_on_as_a_whole(tmp_path):
    assert load_data(config_of(draw(tmp_path / "few", range(199)))).held_out is None
    assert (
        load_data(config_of(draw(tmp_path / "few", range(199)), held_out_fraction=0.1)).held_out is not None
    )


@pytest.mark.parametrize(
    ("changes", "words"), [({"held_out_fraction": 0.0}, "none"), ({"image_size": (16, 16)}, "some")]
)
def test_without_a_share_nothing_is_kept_aside(pictures, changes, words):
    found = load_data(config_of(pictures, **changes))
    assert (found.held_out is None) == (words == "none")
    if found.held_out is None:
        assert len(found) == NUM
        assert held_out_images(config_of(pictures, **changes), found) is None


def test_a_test_folder_is_held_out_and_nothing_else(tmp_path):
    draw(tmp_path / "train", range(210))
    draw(tmp_path / "test", range(300, 320))
    train = load_data(config_of(tmp_path))
    assert len(train) == 210
    split, held_out = held_out_images(config_of(tmp_path), train)
    assert (split, len(held_out)) == ("test", 20)


def test_images_that_training_never_sees_are_counted_without_preparing_them(tmp_path, pictures):
    def count(folder, **changes):
        config = config_of(folder, cache_dir=str(tmp_path / "cache"), **changes)
        return num_unseen(config, load_data(config))

    assert count(pictures) == len(load_data(config_of(pictures)).held_out)
    assert count(draw(tmp_path / "few", range(30))) == 0
    draw(tmp_path / "split" / "Train", range(5))
    draw(tmp_path / "split" / "val", range(7))
    assert count(tmp_path / "split") == 7
    assert count(tmp_path / "split", split="val") == 5
    assert not list((tmp_path / "cache").glob("split-test*"))
    draw(tmp_path / "split" / "valid", range(3))  # which of the two, nobody can tell
    assert count(tmp_path / "split") is None
    assert count("digits") == len(load_data(config_of("digits", split="test"))) == 296
    assert count("digits", split="all") == 0


def test_copies_of_one_picture_are_trained_on_wherever_they_belong(tmp_path):
    aside = next(i for i in range(1000) if is_kept_aside(np.full((8, 8, 1), i % 256, np.uint8), 0.5))
    tmp_path.mkdir(exist_ok=True)
    for copy in range(20):
        Image.fromarray(np.full((8, 8), aside, np.uint8)).save(tmp_path / f"{copy}.png")
    found = load_data(config_of(tmp_path, held_out_fraction=0.5))
    assert len(found) == 20
    assert found.held_out is None


def test_built_in_data_is_as_it_was():
    digits = load_data(DataConfig(spec="digits", image_size=(8, 8), channels=1))
    assert len(digits) == 1501
    assert digits.held_out is None


def test_pictures_to_be_evaluated_are_all_there(pictures):
    from dcgan_tf.evaluation.image_files import ImageFiles

    assert len(ImageFiles.open(pictures).images) == NUM


def test_a_damaged_share_is_made_again(pictures, tmp_path):
    config = config_of(pictures, cache_dir=str(tmp_path))
    before = load_data(config)
    (labels,) = tmp_path.glob("*/held_out/labels.npy")
    np.save(labels, np.array([5]))
    after = load_data(config)
    assert after.held_out.labels.tolist() == before.held_out.labels.tolist()
    assert after.held_out.fingerprint == before.held_out.fingerprint


# Runs that were begun before


def test_a_run_of_before_goes_on_with_all_images(tmp_path):
    config = preset(data=str(tmp_path), run_dir=str(tmp_path / "run"))
    assert with_own_held_out(config) == config
    tree = json.loads(to_json(config))
    del tree["data"]["held_out_fraction"]
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(json.dumps(tree))
    assert from_json(json.dumps(tree)).data.held_out_fraction == 0
    assert with_own_held_out(config).data.held_out_fraction == 0
    asked = replace(config, data=replace(config.data, held_out_fraction=0.1))
    assert with_own_held_out(asked) == asked  # and is then refused, for a setting has changed


def test_a_run_with_a_share_keeps_it(tmp_path):
    config = preset(data=str(tmp_path), run_dir=str(tmp_path / "run"))
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.json").write_text(to_json(config))
    assert with_own_held_out(config) == config
    assert Config().data.held_out_fraction == 0.05


def test_a_set_without_a_share_in_its_manifest_is_read(tmp_path):
    """As the caches of versions before this are."""
    digits = load_data(DataConfig(spec="digits", image_size=(8, 8), channels=1))
    cached(tmp_path, "key", lambda scratch: digits)
    manifest = json.loads((tmp_path / "key" / "manifest.json").read_text())
    del manifest["held_out"]
    (tmp_path / "key" / "manifest.json").write_text(json.dumps(manifest))
    assert len(cached(tmp_path, "key", lambda scratch: None)) == 1501
