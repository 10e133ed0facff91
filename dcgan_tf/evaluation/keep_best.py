"""Keep the best checkpoint while a run trains, by a distance that costs next to nothing."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import tensorflow as tf

from dcgan_tf import data
from dcgan_tf.config import Config
from dcgan_tf.data import ImageSet
from dcgan_tf.evaluation.training_progress import EVERY_EPOCH, TrainingProgress
from dcgan_tf.images import evenly_spaced, to_uint8
from dcgan_tf.metrics import PyramidDistance
from dcgan_tf.models import compiled, with_labels
from dcgan_tf.runs import (
    CheckpointStore,
    EventFile,
    Run,
    RunPaths,
    append_record,
    class_names_of,
    in_batches,
    read_records,
)

MOST_SAMPLES, FEWEST_SAMPLES, NUM_REAL = 512, 128, 2048
MOST_PIXELS = MOST_SAMPLES * 64**2
"""Of all samples together. Of larger images fewer are drawn, so that the cost stays small."""
SMALLEST_SIDE = 14
"""The shorter side in pixels of the smallest images that have two scales."""
FEWEST_IMAGES = 200
"""Of fewer training images, the distance cannot tell new pictures from copies."""
MEASURED_EVERY = 500
"""The fewest steps between two measurements."""


class KeepBest:
    """Keeps in best/ the checkpoint whose samples are nearest to the training images.

    The distance is the pyramid distance of 512 samples of the averaged generator, always of the same latents.
    It is measured at the multiples of `checkpoint_every`, but not more often than every 500 steps, and after
    the last step. It goes to distances.jsonl and events/evaluation. The best one before the learning rates
    fall stays too, because a longer run goes back to that time. Fewer than 200 images, or images with a side
    of less than 14 pixels, are not measured. A best checkpoint that was chosen by another measure stays.

    Args:
        config: settings of the run, to whose directory the results go.
    """

    def __init__(self, config: Config) -> None:
        self._config, self._paths = config, RunPaths.of(config)
        self._store = CheckpointStore(self._paths.best, keep_last=1)
        self._events = EventFile(self._paths.events / "evaluation")
        self._shown = 0  # the last step in the event file
        period = config.run.checkpoint_every
        self._every = period * math.ceil(MEASURED_EVERY / period)

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next measurement."""
        return (progress.step // self._every + 1) * self._every

    def after_step(self, progress: TrainingProgress) -> None:
        """Measure the distance, if it is due; but not if the run was asked to stop."""
        due = progress.last or progress.step % self._every == 0
        if progress.stopping or not due or not self._measurable or self._is_chosen_otherwise(progress.step):
            return
        if progress.state.non_finite():  # nothing to look at; the next checkpoint says so and ends the run
            return
        progress.calibrate()
        distance = self._distance(self._draw(progress))
        best = keep_if_lowest(self._store, progress, distance, self._earlier())
        self._show(progress.step, distance)
        record = {"step": progress.step, "pyramid_distance": distance, "best": best}
        append_record(self._paths.distances, record)  # last: it says that all of this is done

    def catch_up(self, progress: TrainingProgress) -> None:
        """Measure, if that was due at the step that training resumes from and has not been done."""
        if progress.step not in self._earlier():
            self.after_step(progress)

    def close(self) -> None:
        """Close the event file, if there is one."""
        self._events.close()

    @cached_property
    def _images(self) -> ImageSet:
        """The training images; they are read at the first use."""
        return data.load_data(self._config.data)

    @property
    def _measurable(self) -> bool:
        return min(self._config.data.image_size) >= SMALLEST_SIDE and len(self._images) >= FEWEST_IMAGES

    @cached_property
    def _distance(self) -> PyramidDistance:
        real = np.asarray(self._images.images[evenly_spaced(len(self._images), NUM_REAL)])
        fitting = MOST_PIXELS // (real.shape[1] * real.shape[2])
        return PyramidDistance(real, num_samples=min(MOST_SAMPLES, max(FEWEST_SAMPLES, fitting)))

    def _draw(self, progress: TrainingProgress) -> np.ndarray:
        """Draw samples; those of a conditional run have each class as often as the training images do."""
        state, root, config = progress.state, self._paths.root, self._config
        names, num = class_names_of(root, config), self._distance.num_samples
        run = Run(root, config, progress.step, state.generator_ema, state.discriminator, names)
        latents, labels = run.latents(num), None
        if run.takes_labels:
            of_images = np.sort(np.asarray(self._images.labels))
            labels = of_images[(np.arange(num) * len(of_images)) // num]
        generate = compiled(state.generator_ema)
        inputs = np.asarray(with_labels(latents, labels, len(names)))
        return in_batches(lambda z: to_uint8(generate(z)), inputs)

    def _show(self, step: int, distance: float) -> None:
        if step <= self._shown:  # steps come again after a rollback, also one to the beginning
            self._events.close()
        self._shown = step
        with self._events.at(step):
            tf.summary.scalar("quality/pyramid_distance", distance)

    def _is_chosen_otherwise(self, step: int) -> bool:
        """Return whether best/ has a checkpoint that was not chosen by this distance."""
        kept = set(self._store.steps())
        if not kept or kept & self._earlier().keys():
            return False
        evaluated = {
            record["step"]
            for record in read_records(self._paths.metrics)
            if isinstance(record.get("protocol"), dict) and record["protocol"].get("evaluated") == EVERY_EPOCH
        }
        # Without a record, that of this step was saved before a crash.
        return kept != {step} or step in evaluated

    def _earlier(self) -> dict[int, float]:
        """Return {step: distance} of the records."""
        records = read_records(self._paths.distances)
        found = [(record["step"], record.get("pyramid_distance")) for record in records]
        return {step: value for step, value in found if isinstance(value, float) and math.isfinite(value)}


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
