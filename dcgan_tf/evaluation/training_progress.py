"""What hooks of evaluation need to know of training, which is not imported here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import keras
import tensorflow as tf

EVERY_EPOCH = "at the end of an epoch, while the run was training"
"""What the protocol of an evaluation by `EveryEpoch` says."""


class TrainingState(Protocol):
    """The part of the state of training that the hooks use."""

    @property
    def generator_ema(self) -> keras.Sequential:
        """The averaged generator."""

    @property
    def discriminator(self) -> keras.Sequential:
        """The discriminator."""

    def checkpoint(self) -> tf.train.Checkpoint:
        """Return a checkpoint of the whole state."""

    def non_finite(self) -> list[str]:
        """Return the paths of the weights that are no longer finite."""


class TrainingProgress(Protocol):
    """What the hooks need to know of where training stands: training's own class has it."""

    @property
    def step(self) -> int:
        """The number of finished steps."""

    @property
    def steps_per_epoch(self) -> int:
        """The number of steps that see every image once."""

    @property
    def stopping(self) -> bool:
        """Whether training ends here because it was asked to."""

    @property
    def last(self) -> bool:
        """Whether this is the last step."""

    @property
    def anneal_after(self) -> int | None:
        """The last step before the learning rates fall; None if they never do."""

    @property
    def state(self) -> TrainingState:
        """The state of training."""

    @property
    def calibrate(self) -> Callable[[], None]:
        """Makes the averaged generator ready to draw or to be saved."""
