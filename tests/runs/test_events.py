"""TensorBoard shows each step once, also those that a crash has lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from dcgan_tf.runs.events import EventFile


def write(directory: Path, steps: range, *, first_step: int | None = None) -> None:
    events = EventFile(directory, first_step=first_step)
    for step in steps:
        with events.at(step):
            tf.summary.scalar("loss", float(step))
            tf.summary.histogram("weights", [0.0, 1.0])
    events.close()


def shown(directory: Path) -> list[list[int]]:
    """Return the steps of each tag that TensorBoard shows, in its order."""
    accumulator = EventAccumulator(str(directory))
    accumulator.Reload()
    return [[event.step for event in accumulator.Tensors(tag)] for tag in ("loss", "weights")]


@pytest.mark.parametrize("first_step", [4, None])
def test_steps_that_are_done_again_are_shown_once(first_step, tmp_path):
    write(tmp_path, range(1, 8), first_step=1)
    write(tmp_path, range(4, 7), first_step=first_step)
    write(tmp_path, range(6, 9), first_step=6)
    assert shown(tmp_path) == [list(range(1, 9))] * 2


def test_steps_of_a_run_that_an_earlier_version_began_are_shown_once_too(tmp_path):
    with tf.summary.create_file_writer(str(tmp_path)).as_default():
        for step in range(1, 8):
            tf.summary.scalar("loss", float(step), step=step)
            tf.summary.histogram("weights", [0.0, 1.0], step=step)
    write(tmp_path, range(4, 9), first_step=4)
    assert shown(tmp_path) == [list(range(1, 9))] * 2


def test_a_file_that_was_made_in_the_same_second_comes_first(tmp_path):
    """TensorFlow numbers the files of a process, and by name the tenth comes before the ninth."""
    now = int(time.time())
    earlier = tmp_path / f"events.out.tfevents.{now}.computer.1.9.v2"
    earlier.touch()
    write(tmp_path, range(1, 3))
    (made,) = set(tmp_path.iterdir()) - {earlier}
    assert int(made.name.split(".")[3]) > now


def test_nothing_is_made_where_nothing_is_written(tmp_path):
    EventFile(tmp_path / "events").close()
    assert list(tmp_path.iterdir()) == []
