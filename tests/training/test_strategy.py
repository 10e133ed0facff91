"""Devices and determinism: what a run takes of the process, and what it leaves to others."""

from __future__ import annotations

import shutil

import keras
import pytest
import tensorflow as tf

from dcgan_tf.errors import RunError
from dcgan_tf.training.loop import train
from dcgan_tf.training.strategy import make_deterministic, make_strategy


@pytest.mark.parametrize("deterministic", [False, True])
def test_random_operations_of_somebody_else_go_on_after_a_training_on_a_cpu(
    deterministic, trained, tiny_config, tmp_path
):
    shutil.copytree(trained, tmp_path / "run")  # training removes checkpoints, and others read those
    train(tiny_config(run_dir=str(tmp_path / "run"), steps=50, deterministic=deterministic))
    assert tf.random.normal([2]).shape == (2,)
    assert sorted(tf.data.Dataset.range(3).shuffle(3).as_numpy_iterator()) == [0, 1, 2]
    dropped = keras.layers.Dropout(0.5)(tf.ones([1, 4]), training=True)
    assert tf.image.random_flip_left_right(tf.reshape(dropped, (2, 2, 1))).shape == (2, 2, 1)


@pytest.mark.parametrize("devices", [[], ["GPU:0"]])
def test_a_gpu_alone_needs_to_be_told_to_be_deterministic(devices, monkeypatch):
    told = []
    monkeypatch.setattr(tf.config, "list_physical_devices", lambda kind: devices)
    monkeypatch.setattr(tf.config.experimental, "enable_op_determinism", lambda: told.append(True))
    make_deterministic()
    assert len(told) == len(devices)


def test_more_replicas_than_tensorflow_was_set_up_with_are_one_sentence():
    tf.constant(0) + 1  # from now on there are the two devices of conftest.py
    with pytest.raises(RunError, match=r"3 replicas need as many logical CPUs, .* restart the kernel"):
        make_strategy(3)
