"""Single pictures are prepared as a folder's images are."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from dcgan_tf import data
from dcgan_tf.config import DataConfig
from dcgan_tf.errors import DataError


@pytest.mark.parametrize("fit", ["crop", "pad"])
def test_a_picture_is_what_a_folder_makes_of_it(tmp_path, fit):
    levels = np.random.default_rng(0).integers(0, 256, (30, 50, 3), np.uint8)
    Image.fromarray(levels).save(tmp_path / "a.png")
    config = DataConfig(str(tmp_path), image_size=(8, 8), fit=fit, cache_dir=str(tmp_path / "cache"))
    (loaded,) = data.load_pictures([tmp_path / "a.png"], config)
    np.testing.assert_array_equal(loaded, data.load_data(config).images[0])
    assert data.load_pictures([], config).shape == (0, 8, 8, 3)


def test_the_file_that_cannot_be_read_is_named(tmp_path):
    config = DataConfig("portraits", image_size=(8, 8))
    with pytest.raises(DataError, match=r"b\.png cannot be read as a picture: missing"):
        data.load_pictures([tmp_path / "b.png"], config)
