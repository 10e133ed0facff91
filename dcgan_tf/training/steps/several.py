"""Several steps of training in one call, where nothing else is to be done between them.

A call from Python takes some milliseconds in which nothing is computed. For small networks that is much of a
step. All calls run the same compiled loop, so that the weights do not depend on how the steps are shared out
among them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import tensorflow as tf

from dcgan_tf.training.steps.step import Batch, Metrics, TrainStep

LONGEST_CALL = 0.4
"""Seconds after which a call begins no other step. A signal is answered after the call in which it comes."""


class StepResults(NamedTuple):
    """What the steps of a call have returned.

    Attributes:
        metrics: those of a step, each float64 [n], one number for each of the n steps.
        waiting: seconds that each step waited for its batch, float64 [n].
    """

    metrics: Metrics
    waiting: tf.Tensor

    @property
    def steps(self) -> int:
        """How many steps were taken."""
        return len(self.waiting)


def _as_it_is(condition: tf.Tensor) -> tf.Tensor:
    return condition


def make_several(
    step: TrainStep,
    batches: Iterator[Batch],
    *,
    longest: float = LONGEST_CALL,
    anywhere: Callable[[tf.Tensor], tf.Tensor] = _as_it_is,
) -> Callable[[int], StepResults]:
    """Return a function that takes the next n steps in one call, or fewer if they take long.

    Args:
        step: the step, compiled or not.
        batches: an iterator of a dataset, from which each step takes its batch.
        longest: seconds after which a call begins no other step; it takes at least one.
        anywhere: of several workers, returns whether a condition holds on any of them. They must end a call
            after the same step.
    """
    names: list[str] = []

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def several(number: tf.Tensor) -> StepResults:
        started = tf.timestamp()

        def one_step(
            done: tf.Tensor, goes_on: tf.Tensor, rows: tf.TensorArray
        ) -> tuple[tf.Tensor, tf.Tensor, tf.TensorArray]:
            asked = tf.timestamp()
            with tf.control_dependencies([asked]):
                batch = next(batches)
            with tf.control_dependencies(tf.nest.flatten(batch, expand_composites=True)):
                # The clock can be set while a run trains.
                waiting = tf.maximum(tf.timestamp() - asked, 0.0)
            # Without this, the parts of a step that need no images would run beside, and count as waiting.
            with tf.control_dependencies([waiting]):
                metrics = step(batch)
            names[:] = metrics
            row = tf.stack([waiting, *(tf.cast(metrics[name], tf.float64) for name in names)])
            with tf.control_dependencies([row]):
                late = tf.timestamp() - started >= longest
            return done + 1, (done + 1 < number) & ~anywhere(late), rows.write(done, row)

        rows = tf.TensorArray(tf.float64, size=0, dynamic_size=True)
        *_, rows = tf.while_loop(
            lambda done, goes_on, rows: goes_on, one_step, (0, True, rows), parallel_iterations=1
        )
        waiting, *metrics = tf.unstack(tf.transpose(rows.stack()), num=1 + len(names))
        return StepResults(dict(zip(names, metrics, strict=True)), waiting)

    return lambda number: several(tf.constant(number))
