"""Nothing grows while a run trains: neither its memory nor the files that it holds open."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dcgan_tf.config import Config
from mortal import Mortals

FROM, TO = 500, 2500
MOST_GROWTH = 8_000_000
"""Bytes. One batch that is kept for each step would be 16 MB."""


class Measures:
    """Prints the bytes of memory and the number of open files after some steps."""

    def next_due(self, progress: Any) -> int:
        return (progress.step // FROM + 1) * FROM

    def after_step(self, progress: Any) -> None:
        if progress.step in (FROM, TO):
            memory = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            files = len(list(Path("/proc/self/fd").iterdir()))
            sys.stdout.write(f"held: {memory} {files}\n")

    def close(self) -> None:
        pass


def train_and_measure(config: Config) -> None:
    from dcgan_tf.evaluation import KeepBest
    from dcgan_tf.training.loop import train

    train(config, hooks=[KeepBest(config), Measures()])


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="Linux tells the memory of a process")
def test_two_thousand_steps_take_no_more_memory_and_no_more_files(
    mortals: Mortals, tmp_path: Path, tiny_config: Callable[..., Config]
) -> None:
    config = tiny_config(
        image_size=(32, 32),
        batch_size=8,
        steps=TO + 10,
        log_every=50,
        checkpoint_every=250,
        sample_every=250,
        run_dir=str(tmp_path / "run"),
    )
    ended = mortals.run(train_and_measure, config)
    assert ended.code == 0, ended.output
    early, late = (
        [int(n) for n in line.split()[1:]] for line in ended.output.splitlines() if "held:" in line
    )
    assert late[0] - early[0] < MOST_GROWTH
    assert late[1] <= early[1]
