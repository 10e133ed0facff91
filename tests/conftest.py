"""What every test may use: a cache that is thrown away, two logical CPUs, a run that trains in seconds."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dcgan_tf.config import Config, preset
from dcgan_tf.keras_settings import settle_onednn

if TYPE_CHECKING:
    from mortal import Mortals

TINY = {
    "data": "digits",
    "split": "test",  # 296 images: 9 steps of 32 make an epoch
    "image_size": (16, 16),
    "channels": 1,
    "flip": True,
    "filters": 2,
    "hidden_units": 8,
    "latent_dim": 4,
    "batch_size": 32,
    "steps": 10,
    "learning_rate": 1e-3,
    "precision": "float32",
    "log_every": 1,
    "checkpoint_every": 100,
    "sample_every": 0,
    "histogram_every": 0,
}


def pytest_configure() -> None:
    """Compute as the commands do, and take stops as usual.

    Stops are ignored under nohup, and in the background of a script.
    """
    settle_onednn()
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Split the CPU: two replicas need two devices, and after TensorFlow's first operation it is too late."""
    if "tensorflow" in sys.modules:
        from dcgan_tf.training.strategy import split_cpu

        split_cpu(2)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Make logged file names that are no UTF-8 fit for the way from a test process to the reporting one."""
    report = yield
    report.sections = [
        (name, text.encode(errors="backslashreplace").decode()) for name, text in report.sections
    ]
    return report


@pytest.fixture(scope="session", autouse=True)
def _throwaway_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep prepared images out of the user's home; subprocesses inherit the variable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DCGAN_TF_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def tiny_config() -> Callable[..., Config]:
    """Return a function from changed settings to a configuration whose steps take milliseconds."""

    def make(**changes: object) -> Config:
        if "epochs" in changes:
            changes.setdefault("steps", None)
        return preset("default", **{**TINY, **changes})

    return make


@pytest.fixture(scope="session")
def tiny_options() -> Callable[..., list[str]]:
    """Return the same as command-line options, for tests that need a process of their own."""

    def make(**changes: object) -> list[str]:
        options = []
        for name, value in {**TINY, **changes}.items():
            flag = "--" + name.replace("_", "-")
            if isinstance(value, bool):
                options.append(flag if value else "--no-" + flag[2:])
            elif value is not None:
                options += [flag, "x".join(map(str, value)) if isinstance(value, tuple) else str(value)]
        return options

    return make


@pytest.fixture(scope="session")
def read_checkpoint() -> Callable[[Path, int], dict[str, np.ndarray]]:
    """Return a function that reads every tensor of a run's checkpoint."""

    def read(run_dir: Path, step: int) -> dict[str, np.ndarray]:
        import tensorflow as tf

        reader = tf.train.load_checkpoint(os.fspath(run_dir / "checkpoints" / f"ckpt-{step}"))
        shapes = reader.get_variable_to_shape_map()
        return {name: reader.get_tensor(name) for name in shapes if name != "_CHECKPOINTABLE_OBJECT_GRAPH"}

    return read


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Path:
    """Return a run of 50 steps (5.5 epochs), for tests that only read it."""
    from dcgan_tf.training.loop import train

    config = tiny_config(
        run_dir=str(tmp_path_factory.mktemp("trained") / "run"),
        steps=50,
        checkpoint_every=5,
        keep_every=20,
        sample_every=20,
        log_every=10,
        histogram_every=25,
    )
    return train(config)


@pytest.fixture(name="quick_judges")
def _quick_judges() -> Iterator[None]:
    """Let what judges pictures train for a few steps: for tests whose claim is not how well it judges."""
    from quick import quick_judges

    with quick_judges():
        yield


@pytest.fixture(scope="session")
def mortals(tmp_path_factory: pytest.TempPathFactory) -> Mortals:
    """Return what starts fresh processes, which can be killed."""
    from mortal import Mortals

    return Mortals(tmp_path_factory.mktemp("logs"))


@pytest.fixture
def failing_train(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], None]:
    """Return a function that makes the training of a command raise."""

    def fail_with(error: BaseException) -> None:
        def stand_in(config: Config, **_: object) -> None:
            raise error

        monkeypatch.setattr("dcgan_tf.training.train", stand_in)

    return fail_with
