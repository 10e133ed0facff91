"""Runs that are made to go back: when a condition is found, and what is done at a step."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcgan_tf.config import Config
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.training import rollback
from dcgan_tf.training.diagnosis import watch
from dcgan_tf.training.diagnosis.conditions import OF_NETWORKS, Condition
from dcgan_tf.training.diagnosis.course import Course
from dcgan_tf.training.loop import train

SMALL = {
    "image_size": (8, 8),
    "steps": 130,
    "log_every": 10,
    "checkpoint_every": 30,
    "on_collapse": "rollback",
}
"""Settings of a run with a look at step 100."""
COLLAPSE = next(condition for condition in OF_NETWORKS if condition.name == "mode_collapse")


def going_wrong(
    monkeypatch: pytest.MonkeyPatch, *steps: int, condition: Condition = COLLAPSE, always: bool = False
) -> None:
    """Let the condition be found at these steps: of a run that has not gone back yet, or always."""

    def found(course: Course, config: Config) -> Condition | None:
        before = RunPaths(Path(config.run.run_dir)).rollbacks.exists()
        return condition if course.step in steps and (always or not before) else None

    monkeypatch.setattr(watch, "diagnosis", found)
    # In its first steps, a run would begin again.
    monkeypatch.setattr(rollback, "FEWEST_STEPS", 50)


class At:
    """Does something after a step, each time that training comes there."""

    def __init__(self, step: int, action: Callable[[Any], object]) -> None:
        self._step, self._action = step, action

    def after_step(self, progress: Any) -> None:
        if progress.step == self._step:
            self._action(progress)

    def close(self) -> None:
        pass


def best_at(root: Path, step: int = 40) -> At:
    """Return a hook that keeps the checkpoint of a step as the best."""
    store = CheckpointStore(RunPaths(root).best)
    return At(step, lambda progress: store.save(progress.state.checkpoint(), step))


def trained(config: Config, *hooks: At) -> Path:
    return train(config, hooks=[best_at(Path(config.run.run_dir)), *hooks])


def ctrl_c(progress: Any) -> None:
    signal.raise_signal(signal.SIGINT)


def different(found: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> list[str]:
    assert found.keys() == expected.keys()
    return [name for name in expected if found[name].tobytes() != expected[name].tobytes()]
