"""The whole way of a user's own folder: odd and bad files of every kind, prepared, named, trained on."""

from __future__ import annotations

import json
import logging

import pytest

from dcgan_tf.config import preset
from odd_images import BAD, GOOD, write_odd_images


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "holiday"
    path.mkdir()
    write_odd_images(path)
    return path


def settings(folder, tmp_path, **changes):
    small = {"image_size": (16, 16), "filters": 2, "batch_size": 4, "steps": 2, "latent_dim": 4}
    return preset(data=str(folder), run_dir=str(tmp_path / "run"), **(small | changes))


def test_training_names_each_bad_file_and_uses_every_good_one(folder, tmp_path, caplog):
    from dcgan_tf.training.loop import train

    with caplog.at_level(logging.WARNING, logger="dcgan_tf"):
        run = train(settings(folder, tmp_path, max_bad_fraction=0.5))
    said = " ".join(record.getMessage() for record in caplog.records)
    assert [name for name in BAD if name not in said] == []
    assert [name for name in GOOD if f"{name}:" in said] == []
    data = json.loads((run / "data.json").read_text())
    assert (data["num_images"], data["num_bad_files"]) == (len(GOOD), len(BAD))
    assert (run / "samples" / "step-000002.png").exists()


def test_too_many_bad_files_stop_before_anything_is_trained(folder, tmp_path):
    from dcgan_tf.training.loop import train

    with pytest.raises(ValueError, match=rf"{len(BAD)} of the {len(BAD) + len(GOOD)} images in .*holiday"):
        train(settings(folder, tmp_path))
    assert not (tmp_path / "run").exists()


def test_fewer_images_than_a_batch_name_the_folder_and_both_numbers(folder, tmp_path):
    from dcgan_tf.training.loop import train

    with pytest.raises(ValueError, match="batch") as raised:
        train(settings(folder, tmp_path, batch_size=64, max_bad_fraction=0.5))
    assert [word for word in (str(folder), str(len(GOOD)), "64") if word not in str(raised.value)] == []
