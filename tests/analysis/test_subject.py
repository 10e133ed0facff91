"""What belongs to a run: which images count as held out, and what is said where there are none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from dcgan_tf.analysis.embed.embed import _count, real
from dcgan_tf.analysis.neighbours.control import control_of
from dcgan_tf.analysis.neighbours.distances import Real
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.config import preset
from dcgan_tf.data.image_set import ImageSet, MissingSplitError
from dcgan_tf.errors import DataError, RunError


def subject(spec: str, split: str) -> Subject:
    config = preset("default", data=spec, split=split, image_size=(16, 16), channels=1)
    run = SimpleNamespace(config=config, takes_labels=False, shown_class=None, path=Path("no run"))
    return Subject(run)


def dataset(monkeypatch, images: dict[str, str]) -> None:
    """Put a source in place that has these splits: {split: fingerprint}."""

    def load(config):
        if config.split not in images:
            raise MissingSplitError(f"no split {config.split}")
        pixels = np.zeros((4, 16, 16, 1), np.uint8)
        return ImageSet(config.split, pixels, fingerprint=images[config.split])

    monkeypatch.setattr("dcgan_tf.data.load_data", load)
    monkeypatch.setattr("dcgan_tf.data.held_out.load_data", load)


def test_the_test_split_is_held_out():
    assert len(subject("digits", "train").held_out) == 296
    assert len(subject("digits", "test").held_out) == 1501


def test_beside_all_images_there_are_no_others():
    with pytest.raises(
        RunError, match=r"digits has no images besides those of split all; .*: train, if there"
    ):
        _ = subject("digits", "all").held_out


@pytest.mark.parametrize("split", ["all[:50%]", "train+all"])
def test_a_part_of_all_images_overlaps_every_split(monkeypatch, split):
    dataset(monkeypatch, {split: "a", "test": "b", "train": "c"})
    with pytest.raises(RunError, match="no images besides"):
        _ = subject("tfds:some", split).held_out


def test_the_rest_of_a_slice_is_held_out(monkeypatch):
    dataset(monkeypatch, {"train[:90%]": "a", "train": "b", "train[90%:]": "c"})
    assert subject("tfds:some", "train[:90%]").held_out.name == "train[90%:]"


def test_a_test_split_goes_before_the_rest_of_a_slice(monkeypatch):
    dataset(monkeypatch, {"train[:90%]": "a", "train": "b", "train[90%:]": "c", "test": "d"})
    assert subject("tfds:some", "train[:90%]").held_out.name == "test"


def test_without_a_test_split_another_split_is_the_way_out(monkeypatch):
    dataset(monkeypatch, {"train": "a"})
    with pytest.raises(
        RunError, match=r"\(test: no split test\); train on a split .*--split 'train\[:90%\]'"
    ):
        _ = subject("tfds:some", "train").held_out


def test_a_test_folder_that_cannot_be_read_is_not_replaced_by_training_images(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        for i in range(4):
            pixels = np.full((16, 16), 50 * i, np.uint8)
            Image.fromarray(pixels).save(tmp_path / part / f"{i}.png")
    for file in (tmp_path / "test").iterdir():
        file.write_bytes(b"no picture")
    of_folder = subject(str(tmp_path), "train")
    config = replace(of_folder.run.config.data, cache_dir=str(tmp_path / "cache"))
    of_folder.run.config = replace(of_folder.run.config, data=config)
    for images in ("held_out", "real_images"):
        with pytest.raises(DataError, match=r"none of the 4 images can be read"):
            getattr(of_folder, images)


def test_a_test_folder_with_too_many_bad_files_is_not_replaced_by_training_images(tmp_path):
    for part in ("train", "test"):
        (tmp_path / part).mkdir()
        for i in range(4):
            Image.fromarray(np.full((16, 16), 50 * i, np.uint8)).save(tmp_path / part / f"{i}.png")
    (tmp_path / "test" / "0.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"1 of the 4 images in .* cannot be read"):
        _ = subject(str(tmp_path), "train").real_images


def test_of_a_plain_folder_the_share_that_training_kept_aside_is_held_out(tmp_path):
    for number in range(240):
        pixels = np.random.default_rng(number).integers(0, 256, (16, 16), np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"{number}.png")
    run = subject(str(tmp_path), "train")
    assert run.held_out_or_none is run.train.held_out
    assert len(run.held_out) + len(run.train) == 240


def test_images_that_are_not_those_of_the_run_are_refused(tmp_path):
    of_digits = subject("digits", "train")
    of_digits.run.path = tmp_path
    (tmp_path / "data.json").write_text('{"name": "cats", "num_images": 3, "fingerprint": "another"}')
    with pytest.raises(RunError, match=r"3 of 'cats' then, 1501 of 'digits' now"):
        _ = of_digits.real_images


def test_a_run_of_one_class_is_compared_with_images_of_that_class():
    """Another set may number its classes in another way."""
    of_all = subject("digits", "train")
    of_seven = Subject(SimpleNamespace(**{**vars(of_all.run), "shown_class": "7"}))
    of_seven.__dict__["train"] = of_all.train
    names = of_all.train.label_names
    assert (of_all.train.labels[of_seven.rows_of_class(of_all.train)] == names.index("7")).all()
    swapped = replace(of_all.train, label_names=names[::-1])
    assert (of_all.train.labels[of_seven.rows_of_class(swapped)] == 2).all()
    assert len(of_all.rows_of_class(of_all.train)) == len(of_all.train)
    held_out = of_all.held_out
    sevens = np.flatnonzero(held_out.labels == names.index("7"))
    np.testing.assert_array_equal(of_seven.real_images, held_out.images[sevens])
    nearest_to = Real.of(of_seven, control_of("held_out"), 1000)
    np.testing.assert_array_equal(nearest_to.images, held_out.images[sevens])
    places = Real.of(of_seven, control_of("training"), 0).places
    assert set(of_all.train.labels[places]) == {names.index("7")}
    of_seven.__dict__["train"] = of_all.train.subset(of_all.train.labels != names.index("7"))
    with pytest.raises(RunError, match="at least 2 training and 2 held-out images of class 7"):
        _count(of_seven, 100)


def test_of_one_class_the_projector_shows_that_class_alone():
    of_all = subject("digits", "train")
    rows = np.flatnonzero(of_all.train.labels == 7)
    kind = real("training", of_all.train, rows, 20)
    assert set(kind.known["label"]) == {"7"}
    assert set(kind.numbers) <= set(rows)
