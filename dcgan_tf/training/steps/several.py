"""Several steps of training in one call, where nothing else is to be done between them.

A call from Python takes some milliseconds, in which nothing is computed: as long as a whole step of a small
network. All calls run the same compiled loop, so that the weights do not depend on how the steps are shared
out among them.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from typing import NamedTuple

import tensorflow as tf

from dcgan_tf.training.steps.step import Batch, Metrics, TrainStep

LONGEST_CALL = 0.4
"""Seconds. A signal is answered after the call in which it comes."""


class Taken(NamedTuple):
    """What steps have returned.

    Attributes:
        metrics: those of a step, each float64 [n], one number for each of the n steps.
        waiting: seconds that each step waited for its batch, float64 [n].
    """

    metrics: Metrics
    waiting: tf.Tensor


def make_several(step: TrainStep, batches: Iterator[Batch]) -> Callable[[int], Taken]:
    """Return a function that takes the next n steps, at least 1, in one call.

    Args:
        step: the step, compiled or not.
        batches: an iterator of a dataset, from which each step takes its batch.
    """
    names: list[str] = []

    def take(done: tf.Tensor, rows: tf.TensorArray) -> tuple[tf.Tensor, tf.TensorArray]:
        asked = tf.timestamp()
        with tf.control_dependencies([asked]):
            batch = next(batches)
        with tf.control_dependencies(tf.nest.flatten(batch, expand_composites=True)):
            waiting = tf.timestamp() - asked
        # Without this, the parts of a step that need no images would run beside, and count as waiting.
        with tf.control_dependencies([waiting]):
            metrics = step(batch)
        names[:] = metrics
        row = tf.stack([waiting, *(tf.cast(metrics[name], tf.float64) for name in names)])
        return done + 1, rows.write(done, row)

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def several(number: tf.Tensor) -> Taken:
        rows = tf.TensorArray(tf.float64, size=number)
        more = functools.partial(tf.greater, number)
        _, rows = tf.while_loop(lambda done, _: more(done), take, (0, rows), parallel_iterations=1)
        waiting, *metrics = tf.unstack(tf.transpose(rows.stack()), num=1 + len(names))
        return Taken(dict(zip(names, metrics, strict=True)), waiting)

    return lambda number: several(tf.constant(number))


class Pace:
    """How many steps fit into one call, as the calls before show."""

    def __init__(self) -> None:
        self._calls, self._seconds_per_step = 0, LONGEST_CALL

    @property
    def most_steps(self) -> int:
        """The largest number of steps, at least 1, that takes at most `LONGEST_CALL`."""
        return max(1, int(LONGEST_CALL / self._seconds_per_step))

    def add(self, steps: int, seconds: float) -> None:
        """Take note of a call. The first one compiles, and says nothing about the others."""
        if self._calls:
            self._seconds_per_step = seconds / steps
        self._calls += 1
