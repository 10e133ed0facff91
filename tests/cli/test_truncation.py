"""Samples of shorter latents, of a run and of an exported file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.runs.run import Run

TFLITE = Path(__file__).parents[2] / "saved_models" / "portraits" / "generator-dynamic.tflite"


def drawn(source: Path, out: Path, *options: str) -> np.ndarray:
    done = CliRunner().invoke(main, ["sample", str(source), "-n", "5", "--out", str(out), *options])
    assert done.exit_code == 0, done.output
    return np.load(out)


def test_a_run_draws_latents_that_are_multiplied(trained, tmp_path):
    run = Run.open(trained)
    shorter = drawn(trained, tmp_path / "shorter.npy", "--truncation", "0.5")
    np.testing.assert_array_equal(shorter, run.generate(run.latents(5) * np.float32(0.5)))
    assert not np.array_equal(shorter, run.sample(5))
    np.testing.assert_array_equal(drawn(trained, tmp_path / "whole.npy"), run.sample(5))


def test_so_does_a_file(tmp_path):
    whole, less = (drawn(TFLITE, tmp_path / f"{t}.npy", "--truncation", t) for t in ("1", "0.5"))
    deviations = [images.std(axis=0).mean() for images in (whole, less)]
    assert deviations[1] < 0.8 * deviations[0]  # they are more alike


@pytest.mark.parametrize("wrong", ["0", "1.5"])
def test_other_numbers_are_refused(trained, wrong):
    done = CliRunner().invoke(main, ["sample", str(trained), "--truncation", wrong])
    assert (done.exit_code, "0<x<=1" in done.output) == (2, True)
