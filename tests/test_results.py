"""Minutes to quality: the rows that `results.py` makes, the table, and its figure."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.cli.train import train
from dcgan_tf.evaluation import scores

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import draw_results  # noqa: E402
import recipe_table  # noqa: E402
import results_table  # noqa: E402

import results  # noqa: E402

HERE = "a processor, 1 thread"


def row(data="mnist", preset="auto", seed=0, minutes=2, machine=HERE, **cells) -> dict[str, str]:
    known = {"data": data, "preset": preset, "seed": seed, "machine": machine, "minutes_asked": minutes}
    known |= {
        "images_seen": 1000,
        "minutes": 2.5,
        "distance": 4.0,
        "precision": 0.5,
        "recall": 0.25,
        "coverage": 0.75,
    }
    known |= {"protocol": "Fréchet distance", "other_real_images": 0.5, "blurred_real_images": 9.0}
    return {name: str(value) for name, value in (known | cells).items()}


def test_a_row_is_a_run_of_the_same_data_preset_seed_minutes_and_machine():
    training = results.Training("mnist", "auto", 0, 2.0, HERE)
    assert training.is_in(row())
    for change in ({"data": "cifar10"}, {"preset": "quick"}, {"seed": 1}, {"minutes": 5}, {"machine": "b"}):
        assert not training.is_in(row(**change)), change


@pytest.mark.parametrize("data", [*results.DATA, "pictures/my cats"])
def test_its_options_are_those_of_train(data):
    words = shlex.split(results.Training(data, "auto", 3, 0.5, HERE).options)
    given = train.make_context("train", words, obj=None).params
    assert (given["minutes"], given["seed"], given["preset_name"]) == (0.5, 3, "auto")
    if data not in results.DATA:
        assert given["data"] == data


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory):
    """Return the folder of a table with the row of a run, and of the run; training is left out."""
    root = tmp_path_factory.mktemp("results")
    calls = []

    def copy_the_run(command: list[str], **_: object) -> SimpleNamespace:
        calls.append(command)
        shutil.copytree(trained, command[command.index("--run-dir") + 1])
        return SimpleNamespace(returncode=0, stderr="")

    words = f"--data digits --presets quick --minutes 3 --runs {root} --out {root / 'table.csv'}"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "run", copy_the_run)
        patch.setattr(results, "SAMPLES", 100)
        patch.setattr(scores, "DESCRIPTORS", 4096)
        begun = root / results.Training("digits", "quick", 0, 3.0, results.machine()).name
        begun.mkdir()
        (begun / "begun").touch()  # by a process that was killed
        for _ in range(2):
            done = CliRunner().invoke(results.main, shlex.split(words), catch_exceptions=False)
    return SimpleNamespace(root=root, run=begun, calls=calls, output=done.output)


def test_a_run_is_trained_once_from_its_beginning_and_measured(made):
    (command,) = made.calls
    assert "--preset quick --seed 0 --minutes 3" in " ".join(command)
    assert not (made.run / "begun").exists()
    (found,) = recipe_table.read_table(made.root / "table.csv")
    assert int(found["images_seen"]) % 50 == 0
    assert "100 samples of the newest checkpoint" in found["protocol"]
    assert float(found["distance"]) > float(found["other_real_images"])
    assert 0 <= float(found["recall"]) <= 1
    assert "thread" in found["machine"]
    assert "quick" in made.output


def test_a_training_that_fails_is_no_row(tmp_path, monkeypatch):
    failed = SimpleNamespace(returncode=1, stderr="dcgan-tf: no such data")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    words = f"--data digits --presets quick --minutes 1 --runs {tmp_path} --out {tmp_path / 'table.csv'}"
    done = CliRunner().invoke(results.main, shlex.split(words))
    assert done.exit_code == 1
    assert "no such data" in done.output
    assert not (tmp_path / "table.csv").exists()


@pytest.mark.parametrize("words", ["--minutes soon", "--presets best", "--seeds one"])
def test_what_cannot_be_is_refused(words):
    done = CliRunner().invoke(results.main, shlex.split(words))
    assert done.exit_code == 2
    assert "expected" in done.output


def test_the_table_has_means_of_the_seeds_shortest_and_nearest_first():
    rows = [
        row(minutes=20, distance=1.0),
        row(preset="quick", distance=6.0),
        row(distance=4.0),
        row(distance=5.0, seed=1, recall=0.75),
        row(machine="another, 8 threads"),
    ]
    text = results_table.markdown(rows)
    assert text.index("### a processor, 1 thread") < text.index("### another, 8 threads")
    first, *_ = text.split("### another")
    lines = [line for line in first.splitlines() if line.startswith("|")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [line[:3] for line in cells] == [["2", "auto", "2"], ["2", "quick", "1"], ["20", "auto", "1"]]
    assert cells[0][3:] == ["2.5", "1,000", "4.50 ± 0.71", "0.50", "0.50", "0.75"]
    assert "Other real images have a distance of 0.50, blurred ones 9.0." in text


def test_what_is_not_measured_of_pictures_without_labels_is_left_out_of_the_table():
    some = row(data="pictures/my cats", precision="", recall="", coverage="")
    assert results_table.summary([some]).splitlines()[1].split()[-4:] == ["4.00", "-", "-", "-"]


def test_the_figure_shows_each_run_of_a_preset_beside_real_images(made):
    out = made.root / "figure.jpg"
    words = ["--preset", "quick", "--runs", str(made.root), "--table", str(made.root / "table.csv")]
    done = CliRunner().invoke(draw_results.main, [*words, "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    with Image.open(out) as picture:
        assert picture.width > picture.height
    (found,) = recipe_table.read_table(made.root / "table.csv")
    figure = draw_results.drawn([found], made.root)
    titles = [axes.get_title() for axes in figure.axes]
    assert titles == [f"3 minutes: distance {float(found['distance']):.1f}", "real images (digits)"]
    done = CliRunner().invoke(draw_results.main, [*words, "--seed", "7"])
    assert "has no runs of the preset quick with seed 7" in done.output
    done = CliRunner().invoke(draw_results.main, [*words, "--runs", str(made.root / "elsewhere")])
    assert "has none of the runs of" in done.output


def test_runs_of_other_folders_and_machines_have_other_places():
    training = results.Training("cats", "auto", 0, 2.0, HERE)
    for change in ({"data": "others/cats"}, {"machine": "b"}, {"minutes": 5.0}, {"seed": 1}):
        assert dataclasses.replace(training, **change).name != training.name, change
