"""A hook that records what a few steps spend their time on, for XProf and TensorBoard."""

from __future__ import annotations

import logging

import tensorflow as tf

from dcgan_tf.runs import RunPaths
from dcgan_tf.training.monitoring.hooks import TrainingProgress

_log = logging.getLogger("dcgan_tf")


class ProfileHook:
    """Profiles some steps of a run, once.

    The profile goes to events/plugins/profile. It is of the operations on the host and on the devices; what
    the hooks do between two steps is in it too. A run that ends, or begins, within the steps profiles those
    that it does.

    Args:
        paths: the files of the run.
        first: number of the first step, at least 2; the first step of a process compiles, and is left out.
        last: number of the last one.
    """

    def __init__(self, paths: RunPaths, *, first: int, last: int) -> None:
        self._paths, self._first, self._last = paths, first, last
        self._running = self._done = False

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step before the first of the steps, and then each of them: a profile shows calls."""
        if self._done or progress.step >= self._last:
            return progress.total_steps
        return max(self._first - 1, progress.step + 1)

    def after_step(self, progress: TrainingProgress) -> None:
        """Begin before the first of the steps, and end after the last."""
        if self._running and progress.step >= self._last:
            self._stop()
        due = self._first - 1 <= progress.step < self._last and not progress.last
        if due and not self._running and not self._done:
            tf.profiler.experimental.start(str(self._paths.events))
            self._running = True

    def close(self) -> None:
        """End a profile that is still running, and say if there was none."""
        if self._running:
            self._stop()
        elif not self._done:
            _log.warning("no profile: training did not come to the steps %d to %d", self._first, self._last)

    def _stop(self) -> None:
        tf.profiler.experimental.stop()
        self._running, self._done = False, True
        _log.info(
            "the profile is in %s/plugins: pip install xprof, xprof --logdir %s", *[self._paths.events] * 2
        )
