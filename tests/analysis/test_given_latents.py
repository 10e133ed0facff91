"""Latents from a file: what is taken, what is refused, and what the commands do with them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main


@pytest.fixture
def given(trained, tmp_path):
    """Return a file of three latents, those of samples 4, 5 and 6, and a function that runs a command."""
    from dcgan_tf.runs.run import Run

    np.save(tmp_path / "z.npy", Run.open(trained).latents(7)[4:])

    def run(command, *options):
        words = [command, str(trained), "--latents", str(tmp_path / "z.npy"), *map(str, options)]
        done = CliRunner().invoke(main, [*words, "--out", str(tmp_path / "out")])
        path = tmp_path / "out" / "result.json"
        return done, json.loads(path.read_text()) if path.exists() else {}

    return run


def test_a_walk_visits_them(quick_judges, given, tmp_path, trained):
    from PIL import Image

    from dcgan_tf.runs.run import Run

    done, result = given("walk", "-n", 11)
    assert done.exit_code == 0, done.output
    assert result["protocol"]["shown"] == "given latents"
    with Image.open(tmp_path / "out" / "walk.gif") as animation:
        assert animation.n_frames == 3 * 12
        first = np.asarray(animation.convert("L"))
    np.testing.assert_allclose(first[::16, ::16], Run.open(trained).sample(5)[4, ..., 0], atol=2)


def test_a_turn_shows_them_and_measures_samples(quick_judges, given, tmp_path, trained, monkeypatch):
    from dcgan_tf.analysis.turn import turn as module

    monkeypatch.setattr(module, "POOL", 256)
    ends = np.zeros((2, 1), int), np.ones((2, 1), int)  # this run draws no digit well
    monkeypatch.setattr(module, "draw_ends", lambda *_, **__: ends)
    shown = []
    draw = module.turn_figure
    monkeypatch.setattr(module, "turn_figure", lambda *a, **k: (shown.append((a, k)), draw(*a, **k))[1])
    done, result = given("turn", "--attribute", "3", "--exemplars", 1, "--draws", 2, "-n", 8)
    assert done.exit_code == 0, done.output
    assert result["protocol"]["shown"] == "given latents"
    (((_, pictures, values, _), named),) = shown
    assert {len(some) for some in pictures.values()} == {3}
    assert {len(some) for some in values.values()} == {8}
    assert named["of"] == "given latent"


def test_arithmetic_numbers_them_from_0(quick_judges, given, tmp_path, trained):
    done, result = given("arithmetic", "--plus", "0,1", "-n", 64)
    assert done.exit_code == 0, done.output
    assert result["protocol"]["numbers_of"] == "given latents"
    same = ["arithmetic", str(trained), "--plus", "4,5", "-n", "64", "--out", str(tmp_path / "same")]
    assert CliRunner().invoke(main, same).exit_code == 0
    measured = json.loads((tmp_path / "same" / "result.json").read_text())["measures"]
    assert measured == result["measures"]
    done, _ = given("arithmetic", "--plus", "3", "-n", 64)
    assert "the number of a sample is from 0 to 2, received 3" in done.output
    for formula in (["--plus", "three"], ["--all"]):
        done, _ = given("arithmetic", *formula)
        assert "--latents needs a formula of numbers" in done.output


@pytest.mark.parametrize("command", [["walk"], ["turn", "--attribute", "0"], ["arithmetic", "--plus", "0"]])
def test_a_missing_file_is_a_message(trained, command):
    done = CliRunner().invoke(main, [command[0], str(trained), *command[1:], "--latents", "nowhere.npy"])
    assert done.exit_code == 2
    assert "there is no file nowhere.npy; dcgan-tf project RUN PHOTO writes one" in done.output
