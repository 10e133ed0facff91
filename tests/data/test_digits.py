from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from dcgan_tf import data
from dcgan_tf.config import Config, DataConfig
from dcgan_tf.data import digits, load_data
from dcgan_tf.data import load as data_sources
from dcgan_tf.errors import ArgumentError


def config(**changes) -> DataConfig:
    return DataConfig(**({"spec": "digits", "image_size": (8, 8), "channels": 1} | changes))


def test_pixels_at_their_own_size_are_scikit_learns():
    original, labels = load_digits(return_X_y=True)
    found = digits.load(config(), split="all")
    assert found.images.shape == (1797, 8, 8, 1)
    assert found.images.dtype == np.uint8
    np.testing.assert_array_equal(found.labels, labels)
    assert found.label_names == ("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")
    # The first row of the first digit is 0 0 5 13 9 1 0 0: times 255 / 16.
    assert found.images[0, 0, :, 0].tolist() == [0, 0, 80, 207, 143, 16, 0, 0]
    np.testing.assert_allclose(found.images.reshape(1797, 64), original * 255 / 16, atol=0.5)


def test_splits_are_apart_complete_and_balanced():
    train, test, everything = (digits.load(config(), split=split) for split in digits.SPLITS)
    assert (len(train), len(test), len(everything)) == (1501, 296, 1797)
    counts = np.bincount(everything.labels)
    assert np.bincount(test.labels).tolist() == (counts // 6).tolist()
    together = sorted(image.tobytes() for part in (train, test) for image in part.images)
    assert together == sorted(image.tobytes() for image in everything.images)
    assert len({train.fingerprint, test.fingerprint, everything.fingerprint}) == 3


def test_sixth_zero_is_the_first_that_is_held_out():
    original, labels = load_digits(return_X_y=True)
    test = digits.load(config(), split="test")
    first = test.images[test.labels == 0][0].reshape(64)
    np.testing.assert_allclose(first, original[labels == 0][5] * 255 / 16, atol=0.5)


def test_enlarged_and_coloured():
    found = load_data(config(image_size=(32, 64), channels=3, fit="pad"), split="test")
    assert found.images.shape == (296, 32, 64, 3)
    assert (found.images[..., 0] == found.images[..., 2]).all()
    assert (found.images[:, :, :16] == 0).all()  # 32x32 in the middle of 64


def test_two_loads_are_equal():
    assert digits.load(config(), split="test").fingerprint == digits.load(config(), split="test").fingerprint


def test_unknown_split_names_those_there_are():
    with pytest.raises(ValueError, match="one of train, test, all, received 'validation'"):
        digits.load(config(), split="validation")


def test_a_folder_of_the_same_name_is_not_taken_in_silence(tmp_path, monkeypatch, caplog):
    monkeypatch.chdir(tmp_path)
    data_sources._say_which.cache_clear()
    data.load_data(config())
    assert caplog.messages == []
    (tmp_path / "digits").mkdir()
    data_sources._say_which.cache_clear()
    data.load_data(config()), data.load_data(config())
    [line] = caplog.messages
    assert line.startswith(f"digits is the built-in data, not the folder of that name in {tmp_path}; write")


@pytest.mark.parametrize("wrong", ["digits", None, Config()])
def test_what_is_not_the_settings_of_the_data_is_refused(wrong):
    with pytest.raises(ArgumentError, match="expected the settings of the data, such as"):
        load_data(wrong)
