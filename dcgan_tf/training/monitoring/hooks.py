"""Hooks: what happens besides the steps. A hook is called after a step, and decides whether to act."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
from PIL import Image

from dcgan_tf import images
from dcgan_tf.config import Config
from dcgan_tf.latents import sample_labels, sample_latents, whole_rows
from dcgan_tf.models import compiled, with_labels
from dcgan_tf.runs import CheckpointStore, RunPaths, set_aside
from dcgan_tf.training.monitoring.statistics import NotFiniteError, Statistics
from dcgan_tf.training.monitoring.writers import TensorBoard, Writer
from dcgan_tf.training.state import TrainState

NUM_SAMPLES = 64
SHOWN_EPOCHS = (1, 5)
"""Sample grids are also made after these epochs, where the difference is best seen."""
MAX_FRAMES = 60


@dataclass(frozen=True)
class TrainingProgress:
    """The state of training after a step.

    Attributes:
        step: number of finished steps.
        total_steps: when training ends.
        steps_per_epoch: steps that see every image once.
        state: the networks and all else that training changes. Hooks read it and do not change it.
        stopping: whether training ends here early, because it was asked to.
        anneal_after: the last step before the learning rates fall; None if they never do.
        calibrate: makes the averaged generator ready to draw or to be saved.
    """

    step: int
    total_steps: int
    steps_per_epoch: int
    state: TrainState
    stopping: bool = False
    anneal_after: int | None = None
    calibrate: Callable[[], None] = lambda: None

    @property
    def last(self) -> bool:
        """Whether this is the last step."""
        return self.stopping or self.step >= self.total_steps


class Hook(Protocol):
    """An action that is called during training: after every step, unless it `Foresees` when it is due."""

    def after_step(self, progress: TrainingProgress) -> None:
        """Act after a step, if it is time."""

    def close(self) -> None:
        """Release everything. Training calls this once, also when it fails."""


@runtime_checkable
class Foresees(Protocol):
    """A hook that knows when it is due next, so that the steps before can be taken in one call.

    It may be called after other steps too, for which some other hook is due.
    """

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the number of the next step after which it must be called.

        A number beyond the last step is fine: every hook is called after the last step.
        """


@runtime_checkable
class CatchesUp(Protocol):
    """A hook whose work comes after the checkpoint, so that a crash may leave it undone."""

    def catch_up(self, progress: TrainingProgress) -> None:
        """Do the work of the step that training resumes from, if it is missing.

        Training calls this once, before its first step, with the state of the checkpoint, even if no steps
        are left; and again after each rollback, unless it goes back to the beginning.
        """


class StatisticsHook:
    """Gives a record to the writers every `log_every` steps, and at the end.

    It raises an error that names the step when a loss is no longer finite.
    """

    def __init__(self, statistics: Statistics, writers: Sequence[Writer], *, log_every: int) -> None:
        self._statistics, self._writers, self._every = statistics, writers, log_every

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next record."""
        return next_multiple(self._every, progress)

    def after_step(self, progress: TrainingProgress) -> None:
        """Write the record, if it is due."""
        if progress.last or progress.step % self._every == 0:
            record = self._statistics.record()
            for writer in self._writers:
                writer.write_record(record)

    def close(self) -> None:
        """Close the writers."""
        for writer in self._writers:
            writer.close()


class CheckpointHook:
    """Saves a checkpoint every `checkpoint_every` steps and at the end, if all weights are finite.

    The one before the learning rates fall is saved too, and kept: from there the run can be made longer.
    The losses do not show this: G's last update may have spoilt its weights, which only the next step's loss
    would show.
    """

    def __init__(
        self,
        store: CheckpointStore,
        state: TrainState,
        statistics: Statistics,
        *,
        every: int,
        keep_every: int,
    ) -> None:
        self._store, self._statistics = store, statistics
        self._state, self._checkpoint = state, state.checkpoint()
        self._every, self._keep_every = every, keep_every

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next checkpoint."""
        due = [next_multiple(every, progress) for every in (self._every, self._keep_every)]
        if progress.anneal_after is not None and progress.anneal_after > progress.step:
            due.append(progress.anneal_after)
        return min(due)

    def after_step(self, progress: TrainingProgress) -> None:
        """Save the checkpoint, if it is due."""
        kept = self._keep_every and progress.step % self._keep_every == 0
        kept = kept or progress.step == progress.anneal_after
        if progress.last or kept or progress.step % self._every == 0:
            self._statistics.check_finite()
            if spoilt := self._state.non_finite():
                raise NotFiniteError(f"{spoilt[0]} is no longer finite", progress.step)
            progress.calibrate()
            self._store.save(
                self._checkpoint,
                progress.step,
                keep_every=self._keep_every,
                keep_before=progress.anneal_after,
            )

    def close(self) -> None:
        """Do nothing."""


class SampleHook:
    """Draws the same latents every time, so that the pictures are comparable across steps.

    The averaged generator draws them in inference mode, as `dcgan-tf sample` does for the run's own seed.
    """

    def __init__(
        self, config: Config, state: TrainState, paths: RunPaths, writers: Sequence[Writer], *, every: int
    ) -> None:
        model = config.model
        classes = state.generator_ema.input_shape[-1] - model.latent_dim
        num = whole_rows(NUM_SAMPLES, classes)
        latents = sample_latents(
            num, model.latent_dim, seed=config.training.seed, distribution=model.latent_distribution
        )
        self._labels = sample_labels(num, classes) if classes else None
        self._inputs = with_labels(latents, self._labels, classes)
        self._generate = compiled(state.generator_ema)
        self._paths, self._writers, self._every = paths, writers, every

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next grid."""
        if not self._every:
            return progress.total_steps
        of_epochs = [epoch * progress.steps_per_epoch for epoch in SHOWN_EPOCHS]
        shown = [step for step in of_epochs if step > progress.step]
        return min(next_multiple(self._every, progress), *shown, progress.total_steps)

    def after_step(self, progress: TrainingProgress) -> None:
        """Save the grid, if it is due; after the last one, also save the animation of all grids."""
        if self._due(progress):
            self._draw(progress)
            if progress.last:
                save_progress(self._paths, progress.steps_per_epoch)

    def catch_up(self, progress: TrainingProgress) -> None:
        """Save the grid and the animation, if they are missing."""
        if not self._due(progress):
            return
        grid = self._paths.sample_grid(progress.step)
        if not _can_be_opened(grid):
            self._draw(progress)
        if progress.last and not _is_newest(self._paths.progress, self._paths.sample_grids().values()):
            save_progress(self._paths, progress.steps_per_epoch)

    def close(self) -> None:
        """Do nothing."""

    def _due(self, progress: TrainingProgress) -> bool:
        if not self._every:
            return False
        epoch, rest = divmod(progress.step, progress.steps_per_epoch)
        shown = rest == 0 and epoch in SHOWN_EPOCHS
        return progress.last or shown or progress.step % self._every == 0

    def _draw(self, progress: TrainingProgress) -> None:
        progress.calibrate()
        drawn = images.to_uint8(self._generate(self._inputs))
        grid = images.sheet(drawn) if self._labels is None else images.class_sheet(drawn, self._labels)
        for writer in self._writers:  # the file comes last: where it is, the writers have had theirs
            writer.write_samples(progress.step, grid)
        images.save_png(self._paths.sample_grid(progress.step), grid)


class HistogramHook:
    """Shows histograms of both networks' weights in TensorBoard; rarely, for it takes longer than a step."""

    def __init__(self, state: TrainState, tensorboard: TensorBoard, *, every: int) -> None:
        self._state, self._tensorboard, self._every = state, tensorboard, every

    def next_due(self, progress: TrainingProgress) -> int:
        """Return the step of the next histograms."""
        return next_multiple(self._every, progress)

    def after_step(self, progress: TrainingProgress) -> None:
        """Write the record, if it is due."""
        if self._every and progress.step % self._every == 0:
            models = (self._state.generator, self._state.discriminator)
            self._tensorboard.write_histograms(progress.step, models)

    def close(self) -> None:
        """Do nothing."""


def next_multiple(every: int, progress: TrainingProgress) -> int:
    """Return the first multiple of a period after the present step; the last step if the period is 0."""
    return (progress.step // every + 1) * every if every else progress.total_steps


def save_progress(paths: RunPaths, steps_per_epoch: int) -> None:
    """Make progress.gif from all sample grids, each with its step and epoch written below it.

    A grid that cannot be opened is renamed and left out.
    """
    files = paths.sample_grids()
    while True:
        steps = list(files)
        shown = sorted({round(i) for i in np.linspace(0, len(steps) - 1, min(len(steps), MAX_FRAMES))})
        damaged = [steps[i] for i in shown if not _can_be_opened(files[steps[i]])]
        if not damaged:
            break
        for step in damaged:
            set_aside(files.pop(step), why="is no picture")
    frames = []
    for step in (steps[i] for i in shown):
        with Image.open(files[step]) as picture:
            grid = np.asarray(picture.convert("RGB"))
        frames.append(images.caption(grid, f"step {step:,} · epoch {step / steps_per_epoch:.1f}"))
    if frames:
        images.save_gif(paths.progress, frames)


def _can_be_opened(picture: Path) -> bool:
    try:
        with Image.open(picture) as opened:
            opened.load()
    except (OSError, SyntaxError, ValueError, EOFError, struct.error):  # Pillow's words for damage
        return False
    return True


def _is_newest(file: Path, others: Iterable[Path]) -> bool:
    """Return whether a file exists and is no older than the others."""
    times = [path.stat().st_mtime_ns for path in others]
    return _can_be_opened(file) and file.stat().st_mtime_ns >= max(times, default=0)
