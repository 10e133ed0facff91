"""What was seen in real images is remembered, and seen again where the memory is damaged or full."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf.evaluation.cached_features import remembered_view
from dcgan_tf.progress import progress
from planted_space import PixelSpace

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 4, 4, 1), np.uint8)


@pytest.fixture
def space():
    return PixelSpace.principal(IMAGES, 3)


def look(space, cache):
    return remembered_view(IMAGES, space, "images", bar=progress, cache_dir=cache).points


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(file.read_bytes()[:400]),
        lambda file: file.write_bytes(file.read_bytes()[:200] + bytes(200) + file.read_bytes()[400:]),
        lambda file: file.write_bytes(b"\x93NUMPY\1\0"),
        lambda file: np.savez(file, points=np.zeros((60, 3), np.float32)),
        lambda file: np.savez(file, points=np.zeros((9, 3)), probabilities=np.ones((9, 1))),
        lambda file: np.savez(file, points=np.float32(5), probabilities=np.ones((60, 1), np.float32)),
    ],
)
def test_damaged_features_are_made_again_with_a_line(space, tmp_path, caplog, damage):
    seen = look(space, tmp_path)
    (file,) = tmp_path.iterdir()
    damage(file)
    np.testing.assert_array_equal(look(space, tmp_path), seen)
    assert space.looked_at == 120
    assert str(file) in caplog.text
    look(space, tmp_path)
    assert space.looked_at == 120
    assert list(tmp_path.iterdir()) == [file]


def test_a_full_cache_does_not_lose_what_was_seen(space, tmp_path, caplog):
    (tmp_path / "cache").touch()
    assert look(space, tmp_path / "cache").shape == (60, 3)
    assert "computes the features of these images again" in caplog.text


def test_a_long_name_of_a_space_is_no_problem(space, tmp_path):
    space.key = "猫" * 100
    look(space, tmp_path)
    look(space, tmp_path)
    assert space.looked_at == 60
