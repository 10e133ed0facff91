"""Devices and determinism: what a run takes of the process, and what it leaves to others."""

from __future__ import annotations

import shutil

import keras
import pytest
import tensorflow as tf

from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.training import strategy
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


# GPUs: fakes of what TensorFlow says and is told


class Gpus:
    """Stands for what TensorFlow knows of a machine's GPUs."""

    def __init__(self, monkeypatch, count):
        self.all = [f"gpu {i}" for i in range(count)]
        self.growing, self.visible, self.mirrored = [], list(self.all), None
        config = tf.config
        monkeypatch.setattr(config, "list_physical_devices", lambda kind: self.all if kind == "GPU" else [])
        monkeypatch.setattr(config, "set_visible_devices", lambda gpus, kind: self.show(gpus, kind))
        monkeypatch.setattr(
            config.experimental, "set_memory_growth", lambda gpu, grows: self.growing.append((gpu, grows))
        )
        monkeypatch.setattr(strategy, "_mirrored", lambda kind, devices: (kind, devices))

    def show(self, gpus, kind):
        assert kind == "GPU"
        self.visible = gpus


@pytest.mark.parametrize(("replicas", "used"), [(None, 3), (2, 2), (3, 3)])
def test_gpus_are_taken_as_they_are_asked_for_and_grow(replicas, used, monkeypatch):
    gpus = Gpus(monkeypatch, 3)
    assert make_strategy(replicas) == ("GPU", used)
    assert gpus.growing == [(gpu, True) for gpu in gpus.all]
    assert gpus.visible == gpus.all[:used]  # the others are left to other processes


def test_more_gpus_than_there_are_are_refused(monkeypatch):
    Gpus(monkeypatch, 2)
    with pytest.raises(ArgumentError, match=r"replicas is 3, but this machine has 2 GPU\(s\)"):
        make_strategy(3)


@pytest.mark.parametrize(("replicas", "used"), [(None, 3), (2, 2)])
def test_in_a_cluster_each_machine_gives_its_gpus(replicas, used, monkeypatch):
    gpus, joined = Gpus(monkeypatch, 3), []

    def join(cluster, connect_timeout, replicas):
        joined.append((cluster.addresses, connect_timeout, gpus.visible, replicas))
        return "over machines"

    monkeypatch.setenv(
        "TF_CONFIG", '{"cluster": {"worker": ["a:1", "b:1"]}, "task": {"type": "worker", "index": 1}}'
    )
    monkeypatch.setattr(strategy, "join", join)
    assert make_strategy(replicas, connect_timeout=7) == "over machines"
    assert joined == [(("a:1", "b:1"), 7, gpus.all[:used], used)]
    assert gpus.growing == [(gpu, True) for gpu in gpus.all]
    with pytest.raises(ArgumentError, match="replicas is 4 on each machine of TF_CONFIG"):
        make_strategy(4)
