"""Gather the metrics of the steps without making the device wait: one record per logging step."""

from __future__ import annotations

import math
import time

import numpy as np

from dcgan_tf.errors import CollapseError
from dcgan_tf.runs import Record
from dcgan_tf.training.steps.several import StepResults

_LOSSES = ("discriminator_loss", "generator_loss")


class NotFiniteError(CollapseError):
    """A loss or a weight is no longer finite, so training cannot go on.

    Attributes:
        seen: what was seen, as the beginning of a sentence.
        step: the step after which it was seen.

    Args:
        seen: as above.
        step: as above.
        advice: what to try, as a sentence, for the message.
    """

    def __init__(self, seen: str, step: int, advice: str = "") -> None:
        kept = "The weights are lost from that step on, but earlier checkpoints are intact."
        super().__init__(f"{seen} at step {step}. {kept} {advice}".rstrip())
        self.seen, self.step = seen, step


class Statistics:
    """The metrics of the steps since the last record.

    They stay tensors until `record` or `check_finite` reads them, because reading waits for the device.

    Args:
        images_per_step: real images of a step, over all replicas.
        steps_per_epoch: steps in an epoch, from which the epoch is computed.
    """

    def __init__(self, *, images_per_step: int, steps_per_epoch: int) -> None:
        self._images_per_step = images_per_step
        self._steps_per_epoch = steps_per_epoch
        self._pending: list[tuple[int, StepResults]] = []
        self._read: list[dict[str, float]] = []
        self._seconds = self._seconds_waiting = 0.0
        self._noted: dict[str, list[float]] = {}
        self._step = 0

    def note(self, values: dict[str, float]) -> None:
        """Let the next record have these numbers too: their means, if they are noted several times."""
        for name, value in values.items():
            self._noted.setdefault(name, []).append(value)

    def add(self, step: int, results: StepResults, *, seconds: float) -> None:
        """Add what one call has returned.

        Args:
            step: number of finished steps.
            results: the metrics of the steps of the call, and how long they waited.
            seconds: how long the call took.
        """
        self._pending.append((step, results))
        self._seconds += seconds
        self._step = step

    def check_finite(self) -> None:
        """Read the pending metrics.

        Raises:
            NotFiniteError: at the first step whose loss is not finite.
        """
        started = time.perf_counter()
        for last_step, results in self._pending:
            waiting = np.asarray(results.waiting)
            self._seconds_waiting += float(waiting.sum())
            columns = {name: np.asarray(values) for name, values in results.metrics.items()}
            for row, step in enumerate(range(last_step + 1 - len(waiting), last_step + 1)):
                values = {name: float(column[row]) for name, column in columns.items()}
                for name in _LOSSES:
                    if not math.isfinite(values[name]):
                        raise NotFiniteError(f"the {name.replace('_', ' ')} became {values[name]}", step)
                self._read.append(values)
        self._pending.clear()
        self._seconds += time.perf_counter() - started

    def record(self) -> Record:
        """Return the means since the last record, and start a new one.

        Returns:
            step, epoch (fraction), the metrics of `make_train_step`, what was noted, images_per_second, and
            seconds_waiting_for_data of the steps together.
        """
        self.check_finite()
        means = {name: float(np.mean([values[name] for values in self._read])) for name in self._read[0]}
        record: Record = {
            "step": self._step,
            "epoch": round(self._step / self._steps_per_epoch, 4),
            **means,
            **{name: float(np.mean(values)) for name, values in self._noted.items()},
            "images_per_second": len(self._read) * self._images_per_step / max(self._seconds, 1e-9),
            "seconds_waiting_for_data": self._seconds_waiting,
        }
        self._read.clear()
        self._noted.clear()
        self._seconds = self._seconds_waiting = 0.0
        return record
