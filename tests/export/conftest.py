"""Briefly trained runs: batch norm has seen images, and no weight is where it was initialised."""

from __future__ import annotations

import dataclasses
import functools
import logging
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from unittest import mock

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
    Like a trained one, it neither draws grey nor only black and white, however many layers it has.
    """
    from dcgan_tf.models import build_generator

    def as_wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
        # A pixel of a transposed convolution of stride 2 is the sum of a quarter of its taps.
        taps = shape[0] * shape[1] * shape[3] / 4 if len(shape) == 4 else shape[0]
        return rng.normal(0, 1.2 / np.sqrt(taps), shape)

    drawn_from = {
        "kernel": as_wide,
        "gamma": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
        "moving_variance": lambda rng, shape: rng.uniform(0.5, 1.5, shape),
    }

    def make(*, num_classes: int = 0, **changes: object) -> keras.Model:
        config = tiny_config(**{"filters": 8, "latent_dim": 16, **changes})
        generator = build_generator(config, num_classes=num_classes)
        rng = np.random.default_rng(config.training.seed)
        for variable in generator.variables:
            draw = drawn_from.get(variable.name, lambda rng, shape: rng.normal(0, 0.2, shape))
            variable.assign(draw(rng, variable.shape))
        return generator

    return make


@pytest.fixture(scope="session")
def run_unlike_at_first(run: Run, unlike_at_first, tiny_config: Callable[..., Config]):
    """Return a function from changed settings to a run with such a generator; the folder is another run's."""
    from dcgan_tf.models import build_discriminator

    def make(**changes: object) -> Run:
        config = tiny_config(**{"filters": 8, "latent_dim": 16, **changes})
        names = tuple(map(str, range(10))) if config.model.conditional else ()
        return dataclasses.replace(
            run,
            config=config,
            generator=unlike_at_first(num_classes=len(names), **changes),
            discriminator=build_discriminator(config, num_classes=len(names)),
            class_names=names,
        )

    return make


@pytest.fixture(scope="session")
def untimed() -> Callable[[], AbstractContextManager[object]]:
    """Return a context in which an export leaves the timing of its files out: a quarter of its own time.

    Keras' own conversion, beside which they are timed, takes as long as the four of the export.
    """
    from dcgan_tf.export import exporting

    return lambda: mock.patch.object(exporting, "_add_latencies", return_value={})


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
