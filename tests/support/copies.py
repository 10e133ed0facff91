"""A hook that copies a run as it stands in the middle of its training."""

from __future__ import annotations

import shutil
from pathlib import Path

from dcgan_tf.training.monitoring.hooks import TrainingProgress


class Copies:
    """Copies a run as it stands after a step, when its checkpoint has been saved."""

    def __init__(self, run: Path, copy: Path, *, step: int) -> None:
        self.run, self.copy, self.step = run, copy, step

    def after_step(self, progress: TrainingProgress) -> None:
        if progress.step == self.step:
            shutil.copytree(self.run, self.copy)

    def close(self) -> None:
        pass
