"""Output that nobody takes is no reason to stop."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest

from dcgan_tf.config import Config
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.training.loop import train
from dcgan_tf.training.monitoring.console import LastingOutput, PlainProgress, TerminalProgress, make_console
from dcgan_tf.training.monitoring.hooks import TrainingProgress

RECORD = {"step": 4, "epoch": 0.5, "discriminator_loss": 1.0, "generator_loss": 2.0, "images_per_second": 9.0}


def broken_pipe() -> TextIO:
    ours, theirs = os.pipe()
    os.close(ours)
    return os.fdopen(theirs, "w")


def full_device() -> TextIO:
    return Path("/dev/full").open("w")


def closed() -> TextIO:
    with Path(os.devnull).open("w") as stream:
        return stream


@pytest.fixture(params=[broken_pipe, full_device, closed])
def gone(request: pytest.FixtureRequest) -> Iterator[TextIO]:
    stream = request.param()
    yield stream
    for _ in range(2):  # the first attempt fails to flush what is left
        try:
            stream.close()
        except OSError:
            continue


@pytest.mark.parametrize("kind", [PlainProgress, TerminalProgress])
def test_progress_that_nobody_reads_is_said_once(
    gone: TextIO, kind: type, caplog: pytest.LogCaptureFixture
) -> None:
    console = kind(0, 4, LastingOutput(gone))
    for _ in range(3):
        console.after_step(TrainingProgress(4, 4, 2, None))
        console.write_record(RECORD)
    console.close()
    (said,) = [record.getMessage() for record in caplog.records]
    assert "standard output can no longer be written" in said


def test_training_goes_on_without_a_reader(
    tmp_path: Path, tiny_config: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        stream = broken_pipe()
        patch.setattr("sys.stdout", stream)
        run = train(tiny_config(run_dir=str(tmp_path / "run"), steps=3))
    with pytest.raises(BrokenPipeError):
        stream.close()
    assert CheckpointStore(RunPaths(run).checkpoints).steps() == [3]


def test_a_process_may_have_no_output_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout", None)
    console = make_console(0, 4)
    console.after_step(TrainingProgress(4, 4, 2, None))
    console.write_record(RECORD)
    console.close()
