"""Keep the best checkpoint while a run trains, by a distance that costs next to nothing."""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import tensorflow as tf

from dcgan_tf import data
from dcgan_tf.config import Config
from dcgan_tf.evaluation.training_progress import TrainingProgress
from dcgan_tf.images import evenly_spaced
from dcgan_tf.metrics import PyramidDistance
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

NUM_SAMPLES, NUM_REAL = 512, 2048
SMALLEST_SIDE = 14
"""The shorter side in pixels of the smallest images that have two scales."""
_log = logging.getLogger("dcgan_tf")


class KeepBest:
    """Keeps in best/ the checkpoint whose samples are nearest to the training images.

    The distance is the pyramid distance of 512 samples of the averaged generator, always of the same latents.
    It is measured whenever a checkpoint is due, and goes to distances.jsonl and events/evaluation. The best
    one before the learning rates fall stays too, because a longer run goes back to that time. Images with a
    side of less than 14 pixels are not measured.

    Args:
        config: settings of the run, to whose directory the results go.
    """

    def __init__(self, config: Config) -> None:
        self._config, self._paths = config, RunPaths.of(config)
        self._store = CheckpointStore(self._paths.best, keep_last=1)
        self._events = EventFile(self._paths.events / "evaluation")
        self._measurable = min(config.data.image_size) >= SMALLEST_SIDE

    def after_step(self, progress: TrainingProgress) -> None:
        """Measure the distance, if it is due; but not if the run was asked to stop."""
        due = progress.last or progress.step % self._config.run.checkpoint_every == 0
        if not self._measurable or progress.stopping or not due:
            return
        if progress.state.non_finite():  # nothing to look at; the next checkpoint says so and ends the run
            return
        progress.calibrate()
        distance = self._distance(self._draw(progress))
        earlier = {record["step"]: record["pyramid_distance"] for record in self._records()}
        best = keep_if_lowest(self._store, progress, distance, earlier)
        with self._events.at(progress.step):
            tf.summary.scalar("quality/pyramid_distance", distance)
        record = {"step": progress.step, "pyramid_distance": distance, "best": best}
        append_record(self._paths.distances, record)  # last: it says that all of this is done

    def catch_up(self, progress: TrainingProgress) -> None:
        """Measure, if that was due at the step that training resumes from and has not been done."""
        if not any(record["step"] == progress.step for record in self._records()):
            self.after_step(progress)

    def close(self) -> None:
        """Close the event file, if there is one."""
        self._events.close()

    @cached_property
    def _distance(self) -> PyramidDistance:
        """Made at the first use, because it reads images."""
        images = data.load_data(self._config.data).images
        real = np.asarray(images[evenly_spaced(len(images), NUM_REAL)])
        return PyramidDistance(real, num_samples=min(NUM_SAMPLES, len(real)))

    def _draw(self, progress: TrainingProgress) -> np.ndarray:
        state, root, config = progress.state, self._paths.root, self._config
        names = class_names_of(root, config)
        run = Run(root, config, progress.step, state.generator_ema, state.discriminator, names)
        return run.sample(self._distance.num_samples)

    def _records(self) -> list[Record]:
        found = read_records(self._paths.distances)
        return [record for record in found if isinstance(record.get("pyramid_distance"), float)]


def keep_if_lowest(
    store: CheckpointStore, progress: TrainingProgress, value: float, earlier: Mapping[int, float]
) -> bool:
    """Save the state of training as the best, if its value is the lowest so far; return whether it is.

    Args:
        store: the place of the best checkpoint.
        progress: where training stands.
        value: of this step.
        earlier: {step: value} of earlier steps; only those whose checkpoint is still in the store count.
    """
    kept = store.steps()
    best = value < min((earlier[step] for step in kept if step in earlier), default=math.inf)
    if best and progress.step in kept:  # saved before a crash, which left no record
        store.prune(keep_before=progress.anneal_after)
    elif best:
        store.save(progress.state.checkpoint(), progress.step, keep_before=progress.anneal_after)
    return best
