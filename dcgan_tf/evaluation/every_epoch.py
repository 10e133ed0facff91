"""Evaluate a run while it trains, and keep the best checkpoint beside the last."""

from __future__ import annotations

import logging
from functools import cached_property

import tensorflow as tf

from dcgan_tf import data
from dcgan_tf.config import Config
from dcgan_tf.data import held_out_images
from dcgan_tf.evaluation.evaluator import Evaluator, as_trained
from dcgan_tf.evaluation.keep_best import keep_if_lowest
from dcgan_tf.evaluation.real_images import RealImages
from dcgan_tf.evaluation.result import Evaluation
from dcgan_tf.evaluation.training_progress import EVERY_EPOCH, TrainingProgress
from dcgan_tf.progress import no_bar
from dcgan_tf.runs import (
    CheckpointStore,
    EventFile,
    Record,
    Run,
    RunPaths,
    append_record,
    class_names_of,
    read_records,
)

NUM_IMAGES = 2000
_log = logging.getLogger("dcgan_tf")


class EveryEpoch:
    """Evaluates the averaged generator after every epoch and after the last step.

    It compares 2,000 samples with as many real images in the classifier's features, or in pixels for data
    without attributes and labels. The scores go to metrics.jsonl and events/evaluation. Whenever the first
    score, a distance, is the lowest so far, the state is saved in best/. The best one before the learning
    rates fall stays there too, because a longer run goes back to that time. If a stop or a crash
    prevented an evaluation, it is done when training continues from that step.

    Args:
        config: settings of the run, to whose directory the results go.
    """

    def __init__(self, config: Config) -> None:
        self._config, self._paths = config, RunPaths.of(config)
        self._store = CheckpointStore(self._paths.best, keep_last=1)
        # In a folder of its own: TensorBoard follows only the newest file of a folder.
        self._events = EventFile(self._paths.events / "evaluation")
        self._shown = 0  # the last step in the event file

    def check_images(self) -> None:
        """Check before the first step that there are enough images, without training a network.

        Raises:
            DataError: if there are too few.
        """
        config = self._config.data
        train = data.load_data(config)
        RealImages.of(config, train, held_out_images(config, train), most=NUM_IMAGES)

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the last step of the epoch."""
        return (progress.step // progress.steps_per_epoch + 1) * progress.steps_per_epoch

    def after_step(self, progress: TrainingProgress) -> None:
        """Evaluate, if it is due; but not if the run was asked to stop."""
        due = progress.last or progress.step % progress.steps_per_epoch == 0
        if progress.stopping or not due:
            return
        if progress.state.non_finite():  # nothing to look at; the next checkpoint says so and ends the run
            return
        progress.calibrate()
        evaluation = self._evaluate(progress)
        score = evaluation.rows[0].score
        best = keep_if_lowest(self._store, progress, score.value, self._earlier(score.key))
        self._show(progress.step, evaluation)
        append_record(self._paths.metrics, evaluation.record())  # last: it says that all of this is done
        so_far = " The best so far." if best else ""
        _log.info("step %s: %s%s", f"{progress.step:,}", evaluation.summary, so_far)

    def catch_up(self, progress: TrainingProgress) -> None:
        """Evaluate, if that was due at the step that training resumes from and has not been done."""
        if not any(record["step"] == progress.step for record in self._records()):
            self.after_step(progress)

    def close(self) -> None:
        """Close the event file, if there is one."""
        self._events.close()

    @cached_property
    def _evaluator(self) -> Evaluator:
        """Return the evaluator; it is made at the first use, because it may have to train a classifier."""
        return Evaluator.briefly(
            self._config.data, num_images=NUM_IMAGES, bar=no_bar, model=self._config.model
        )

    def _evaluate(self, progress: TrainingProgress) -> Evaluation:
        state = progress.state
        root, config = self._paths.root, self._config
        names = class_names_of(root, config)
        run = Run(root, config, progress.step, state.generator_ema, state.discriminator, names)
        draw = as_trained(run.sample, run.class_names, self._evaluator.real)
        about = {**about_run(run), "own_images": True}  # also once they have been moved
        return self._evaluator.evaluate(draw, **about, evaluated=EVERY_EPOCH)

    def _earlier(self, key: str) -> dict[int, float]:
        """Return {step: score} of the records of earlier evaluations."""
        values = {
            record["step"]: record[key].get("value")
            for record in self._records()
            if isinstance(record.get(key), dict)
        }
        return {step: value for step, value in values.items() if value is not None}

    def _records(self) -> list[Record]:
        """Return the records of evaluations during training; `evaluate` adds others."""
        return [
            record
            for record in read_records(self._paths.metrics)
            if isinstance(record.get("protocol"), dict) and record["protocol"].get("evaluated") == EVERY_EPOCH
        ]

    def _show(self, step: int, evaluation: Evaluation) -> None:
        if step <= self._shown:  # steps come again after a rollback, also one to the beginning
            self._events.close()
        self._shown = step
        with self._events.at(step):
            for row in evaluation.rows:
                tf.summary.scalar(f"quality/{row.score.key}", row.score.value)


def about_run(run: Run) -> dict[str, object]:
    """Return the facts about a run's pictures for a protocol: source, step, and generator weights."""
    return {"source": str(run.path), "step": run.step, "generator": run.weights}
