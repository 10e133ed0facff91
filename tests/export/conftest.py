"""Briefly trained runs: batch norm has seen images, and no weight is where it was initialised."""

from __future__ import annotations

import functools
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import keras
import numpy as np
import pytest

from dcgan_tf.config import Config
from dcgan_tf.export.folder import FORMATS
from dcgan_tf.runs.run import Run


@pytest.fixture(scope="session")
def trained_run(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]):
    """Return a function from changed settings to a run of 40 steps; the same settings train once."""
    from dcgan_tf.training.loop import train

    @functools.cache
    def make(**changes: object) -> Run:
        config = tiny_config(
            run_dir=str(tmp_path_factory.mktemp("run") / "digits"),
            **{
                "filters": 8,
                "latent_dim": 16,
                "steps": 40,
                "batch_size": 16,
                "learning_rate": 1e-2,
                "ema_decay": 0.5,
                "log_every": 40,
                **changes,
            },
        )
        logging.getLogger("dcgan_tf").setLevel(logging.WARNING)
        return Run.open(train(config))

    return make


@pytest.fixture(scope="session")
def unlike_at_first(tiny_config: Callable[..., Config]):
    """Return a function from settings to a generator that was not trained, but is nowhere as initialised.

    For what training cannot change: every scale, bias and statistic of batch norm counts in what it draws.
    """
    from dcgan_tf.models import build_generator

    drawn_from = {
        "gamma": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
        "moving_variance": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
    }

    def make(**changes: object) -> keras.Model:
        generator = build_generator(tiny_config(**{"filters": 8, "latent_dim": 16, **changes}))
        rng = np.random.default_rng(0)
        for variable in generator.variables:
            draw = drawn_from.get(variable.name, lambda rng, shape: rng.normal(0, 0.2, shape))
            variable.assign(draw(rng, variable.shape))
        return generator

    return make


@pytest.fixture(scope="session")
def run(trained_run) -> Run:
    """Return a small run, for tests that any run serves."""
    return trained_run()


@pytest.fixture(scope="session")
def folder(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an export of everything, not to be changed."""
    from dcgan_tf.export.exporting import export_run

    return export_run(run, to=tmp_path_factory.mktemp("exports") / "tiny", formats=FORMATS)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """Return a copy of it that may be changed."""
    shutil.copytree(folder, tmp_path / "tiny")
    return tmp_path / "tiny"
