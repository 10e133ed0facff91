"""The hook that watches a run and reports what goes wrong: once for each condition, as a warning."""

from __future__ import annotations

import logging
from functools import cached_property
from typing import NoReturn

import numpy as np

from dcgan_tf.errors import CollapseError
from dcgan_tf.runs import Record, append_record, read_records
from dcgan_tf.training.diagnosis import remedies
from dcgan_tf.training.diagnosis.conditions import Condition, diagnosis
from dcgan_tf.training.diagnosis.course import Course
from dcgan_tf.training.diagnosis.looks import EVERY, Looks
from dcgan_tf.training.monitoring.hooks import TrainingProgress, next_multiple
from dcgan_tf.training.monitoring.statistics import NotFiniteError, Statistics
from dcgan_tf.training.monitoring.writers import TensorBoard
from dcgan_tf.training.rollback import NeedsRollbackError, read_rollbacks
from dcgan_tf.training.start import Start

_log = logging.getLogger("dcgan_tf")


class Watch:
    """Looks at the networks every 50 steps, and compares each record with the table of conditions.

    It is a hook, which takes the looks, and a writer, which gets the records with what the looks found. A
    condition is reported in the log, in TensorBoard and in diagnosis.jsonl.

    Args:
        start: the run that has begun, whose earlier records are read.
        statistics: takes what a look has found.
        tensorboard: shows the reports.
    """

    def __init__(self, start: Start, statistics: Statistics, tensorboard: TensorBoard) -> None:
        self._start, self._statistics, self._tensorboard = start, statistics, tensorboard
        self._config, self._paths = start.plan.config, start.plan.paths
        lowered = start.plan.schedule.lowered
        since = lowered[-1][0] if lowered else 0  # the last one forgot all steps after it, so not the latest
        self._course = Course(read_records(self._paths.stats), since=since)
        for back in read_rollbacks(self._paths):
            if back.to_step == start.finished_steps:  # what TensorBoard had of later steps is void
                text = (
                    f"**{back.title}:** training went back from step {back.from_step:,} to {back.to_step:,}."
                )
                tensorboard.write_text(back.to_step + 1, "diagnosis", text)
        self._reported = {str(record.get("condition")) for record in read_records(self._paths.diagnosis)}

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next look."""
        return next_multiple(EVERY, progress)

    def after_step(self, progress: TrainingProgress) -> None:
        """Take a look, if it is due."""
        if progress.step % EVERY == 0:
            self._statistics.note(self._looks())

    def catch_up(self, progress: TrainingProgress) -> None:
        """Look at the step that training resumes from, so that the next look knows how far samples moved."""
        if progress.step % EVERY == 0 and progress.step < progress.total_steps:
            self._looks()

    def write_record(self, record: Record) -> None:
        """Compare the course of the run with the table."""
        self._course.add(record)
        if not self._course.has_look:
            return
        self._course.measured(read_records(self._paths.distances))
        condition = diagnosis(self._course, self._config)
        if condition is None:
            return
        told = condition.seen(self._course), condition.advice(self._config)
        if condition.name not in self._reported:
            self._report(condition, record["step"], *told)
        wanted = self._config.run.on_collapse
        if wanted == "rollback" and condition.slower:
            raise NeedsRollbackError(
                condition.name,
                condition.title,
                record["step"],
                condition.slower,
                seen=told[0],
                advice=told[1],
            )
        if wanted != "warn":
            raise CollapseError(
                f"training was stopped at step {record['step']:,}, as --on-collapse asks: {condition.title}. "
                f"For other settings take another --run-dir. The checkpoints of {self._paths.root} stay; "
                "with --on-collapse warn, training goes on from the newest"
            )

    def report_not_finite(self, error: NotFiniteError) -> NoReturn:
        """Report what ends the training.

        Raises:
            NeedsRollbackError: if training is to go back then.
            NotFiniteError: the same error with what to try, if not.
        """
        name, title = "not_finite", "not finite"
        advice = remedies.advice(remedies.AFTER_NOT_FINITE, self._config)
        seen = f"{error.seen[:1].upper()}{error.seen[1:]}."
        self._write(name, title, seen, advice, error.step)
        if self._config.run.on_collapse == "rollback":
            _log.warning("step %s: %s. %s %s", f"{error.step:,}", title, seen, advice)
            raise NeedsRollbackError(name, title, error.step, seen=seen, advice=advice)
        raise NotFiniteError(error.seen, error.step, advice) from None

    def write_samples(self, step: int, grid: np.ndarray) -> None:
        """Do nothing: it takes looks of its own."""

    def close(self) -> None:
        """Do nothing."""

    def _report(self, condition: Condition, step: int, seen: str, advice: str) -> None:
        self._write(condition.name, condition.title, seen, advice, step)
        _log.warning("step %s: %s. %s %s", f"{step:,}", condition.title, seen, advice)

    def _write(self, name: str, title: str, seen: str, advice: str, step: int) -> None:
        record = {"step": step, "condition": name, "title": title, "seen": seen, "advice": advice}
        append_record(self._paths.diagnosis, record)
        self._reported.add(name)
        self._tensorboard.write_text(step, "diagnosis", f"**{title}:** {seen} {advice}")

    @cached_property
    def _looks(self) -> Looks:
        """Made at the first look, because it loads images that are not trained on."""
        return Looks(self._start.plan, self._start.state)
