"""The training images in a page: those of the library alone, small, and as many as it says."""

from __future__ import annotations

import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import replace
from dcgan_tf.export.web import real_images as module
from dcgan_tf.export.web.real_images import real_images
from dcgan_tf.images import evenly_spaced


def test_they_are_evenly_spaced_training_images(run):
    found = real_images(run)
    images = data.load_data(run.config.data).images
    assert found["of"] == len(images) == 296
    assert found["count"] == len(images)
    assert (found["height"], found["width"]) == (16, 16)
    grid = np.asarray(Image.open(io.BytesIO(base64.b64decode(found["jpeg"]))), int)
    assert grid.shape == (16 * -(-found["count"] // found["columns"]), 16 * found["columns"])
    for place in (0, 1, 25, 295):
        row, column = divmod(place, found["columns"])
        shown = grid[16 * row : 16 * row + 16, 16 * column : 16 * column + 16]
        assert np.abs(shown - images[place, ..., 0]).mean() < 12, place


def test_they_are_few_and_small(run, monkeypatch):
    monkeypatch.setattr(module, "MOST", 10)
    monkeypatch.setattr(module, "LARGEST_SIDE", 8)
    found = real_images(run)
    assert (found["count"], found["height"], found["width"], found["of"]) == (10, 8, 8, 296)
    assert list(evenly_spaced(296, 10))[-1] == 295


@pytest.mark.parametrize("spec", ["tfds:mnist", "my/photographs"])
def test_nobody_elses_pictures_are_put_into_a_page(run, spec, monkeypatch):
    monkeypatch.setattr(data, "load_data", lambda config: pytest.fail("they were read"))
    assert real_images(dataclasses.replace(run, config=replace(run.config, data=spec))) is None


def test_images_that_are_not_those_of_the_run_are_not_shown(run, tmp_path):
    (tmp_path / "data.json").write_text(
        '{"name": "digits", "num_images": 1, "fingerprint": "other", "shape": [16, 16, 1], '
        '"label_names": [], "attribute_names": []}'
    )
    assert real_images(dataclasses.replace(run, path=tmp_path)) is None
