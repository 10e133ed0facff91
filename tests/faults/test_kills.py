"""Processes that are killed at random moments, and what stands afterwards: nothing is lost, nothing is half.

The moments are drawn from a seed: the n-th change of a file (which meets saves, renames, records, grids and
the animation), or a time after the start (which meets steps, and what TensorFlow writes by itself).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dcgan_tf.config import Config, replace
from dcgan_tf.runs.checkpoints import CheckpointStore, newest_intact
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_records
from mortal import SEED, Moment, Mortals, moments
from quick import quick_judges

Read = Callable[[Path, int], dict[str, np.ndarray]]

# Everything is due at the same steps, as with the default periods every 500 steps; 9 steps are an epoch.
PERIODS = {"checkpoint_every": 3, "sample_every": 3, "log_every": 3, "histogram_every": 6}
VARIES = {"images_per_second", "seconds_waiting_for_data", "seconds"}


def train(config: Config, every_epoch: bool) -> None:
    """Train as the command does; the classifier that evaluates trains for a few steps."""
    from dcgan_tf.evaluation.every_epoch import EveryEpoch
    from dcgan_tf.training.loop import train

    with quick_judges():
        train(config, hooks=[EveryEpoch(config)] if every_epoch else [])


@pytest.fixture(scope="module")
def config(tiny_config: Callable[..., Config], tmp_path_factory: pytest.TempPathFactory) -> Config:
    """Return the settings of the run that is killed, its periods as crowded as can be."""
    folder = tmp_path_factory.mktemp("killed")
    return tiny_config(steps=12, image_size=(8, 8), run_dir=str(folder / "whole"), **PERIODS)


@pytest.fixture(scope="module")
def whole(config: Config, mortals: Mortals) -> Path:
    """Return the run that nobody disturbed."""
    ended = mortals.run(train, config, True)
    assert ended.code == 0, ended.output
    return Path(str(config.run.run_dir))


def without_times(value: Any) -> Any:
    """Return a record without what differs from one time to the next."""
    if isinstance(value, dict):
        return {k: without_times(v) for k, v in value.items() if k not in VARIES and k != "source"}
    return value


def contents(run: Path, read_checkpoint: Read) -> dict[str, object]:
    """Return what a run holds, without its times: names, bytes, tensors and records."""
    store, paths = CheckpointStore(run / "checkpoints"), RunPaths(run)
    tensors = read_checkpoint(run, store.steps()[0])
    return {
        "checkpoints": store.steps(),
        "best": CheckpointStore(paths.best).steps(),
        "in checkpoints": sorted(path.name for path in store.directory.iterdir()),
        "in the run": sorted(path.name for path in run.iterdir()),
        "samples": {file.name: file.read_bytes() for file in sorted(paths.samples.iterdir())},
        "stats": [without_times(record) for record in read_records(paths.stats)],
        "metrics": [without_times(record) for record in read_records(paths.metrics)],
        "tensors": {name: v.tobytes() for name, v in tensors.items() if "save_counter" not in name},
    }


def train_in_spite_of_kills(mortals: Mortals, at: Iterable[Moment], config: Config, evaluated: bool) -> None:
    """Train a run to its end in processes that are killed at these moments, of which one at least is met."""
    met = 0
    for moment in at:
        ended = mortals.run(train, config, evaluated, at=moment)
        assert ended.killed or ended.code == 0, ended.output
        met += ended.killed
    ended = mortals.run(train, config, evaluated)
    assert ended.code == 0, ended.output
    assert met, "no moment was met: the test has shown nothing"


@pytest.mark.parametrize("chain", range(3))
def test_a_run_that_is_killed_again_and_again_ends_as_one_that_never_was(
    chain: int, config: Config, whole: Path, mortals: Mortals, read_checkpoint: Read
) -> None:
    run = whole.with_name(f"killed-{chain}")
    at = moments(SEED + chain, 5, changes=60, seconds=6.0, below=run)
    train_in_spite_of_kills(mortals, at, replace(config, run_dir=str(run)), True)
    found, expected = contents(run, read_checkpoint), contents(whole, read_checkpoint)
    assert [name for name in expected if found[name] != expected[name]] == []


# A run that is made longer, which goes back to where its learning rates fell

# Five of ten steps have constant rates, and seven of fourteen.
# A record for each step: going back into the middle of one would change its means.
ANNEALED, LONGER = {"anneal": 0.5, "steps": 10, "log_every": 1}, 14


def train_all(*configs: Config) -> None:
    """Train several runs in one process."""
    for config in configs:
        train(config, False)


@pytest.fixture(scope="module")
def annealed(config: Config, tmp_path_factory: pytest.TempPathFactory, mortals: Mortals) -> Path:
    """Return a folder with an annealed run, and one that was as long as it is to become from the start."""
    folder = tmp_path_factory.mktemp("annealed")
    short = replace(config, run_dir=str(folder / "short"), **ANNEALED)
    ended = mortals.run(train_all, short, replace(short, run_dir=str(folder / "whole"), steps=LONGER))
    assert ended.code == 0, ended.output
    # A best checkpoint from the anneal, as an evaluation leaves it; the whole run has none.
    shutil.copytree(folder / "short" / "checkpoints", folder / "short" / "best")
    CheckpointStore(folder / "short" / "best", keep_last=1).prune()
    return folder


def go_back_in(run: Path) -> None:
    """Do what a start does first where the run is to be longer."""
    from dcgan_tf.training.schedule import go_back

    stores = [CheckpointStore(run / "checkpoints"), CheckpointStore(run / "best")]
    go_back(RunPaths(run), replace(read_config(run), steps=LONGER).training, 9, stores)


def test_wherever_the_going_back_is_killed_every_checkpoint_is_whole_and_it_is_done_again(
    annealed: Path, mortals: Mortals
) -> None:
    settings = (annealed / "short" / "config.json").read_bytes()
    for change in range(1, 100):
        run = annealed / f"back-{change}"
        shutil.copytree(annealed / "short", run)
        ended = mortals.run(go_back_in, run, at=Moment(run, change=change))
        assert ended.killed or ended.code == 0, ended.output
        stores = [CheckpointStore(run / "checkpoints"), CheckpointStore(run / "best")]
        if ended.killed:
            for store in stores:
                store.remove_leftovers()
            _, step, damaged = newest_intact(stores)
            assert step >= 5
            assert damaged == []
        assert (run / "config.json").read_bytes() == settings  # which the checkpoints are of
        go_back_in(run)
        assert [store.steps() for store in stores] == [[5], []]
        assert [path.name for path in (run / "best").iterdir()] == []
        shutil.rmtree(run)
        if not ended.killed:
            break
    assert change > 10, "hardly a moment was met: the test has shown little"


def test_a_run_that_is_killed_while_it_is_made_longer_ends_as_one_that_always_was(
    config: Config, annealed: Path, mortals: Mortals, read_checkpoint: Read
) -> None:
    run = annealed / "killed"
    shutil.copytree(annealed / "short", run)
    longer = replace(config, run_dir=str(run), **{**ANNEALED, "steps": LONGER})
    at = moments(SEED, 2, changes=50, seconds=4.0, below=run)
    train_in_spite_of_kills(mortals, at, longer, False)
    (run / "best").rmdir()
    found, expected = contents(run, read_checkpoint), contents(annealed / "whole", read_checkpoint)
    assert [name for name in expected if found[name] != expected[name]] == []


# Exports and reports


def is_whole(export: Path) -> bool:
    """Tell whether every file that the export's record lists is there with its digest, and no other is."""
    record = json.loads((export / "export.json").read_text())
    digests = {name: sha256((export / name).read_bytes()).hexdigest() for name in record["files"]}
    present = {p.relative_to(export).as_posix() for p in export.rglob("*") if p.is_file()}
    return digests == record["files"] and present == {*record["files"], "export.json"}


def test_an_export_that_is_killed_leaves_the_old_one_or_the_new_one(whole: Path, mortals: Mortals) -> None:
    target = whole.with_name("exports") / "tiny"
    options = ("export", whole, "--out", target, "--formats", "tflite", "--precisions", "fp32")
    assert mortals.command(*options).code == 0
    met = 0
    for moment in moments(SEED, 4, changes=24, seconds=4.0, below=target.parent):
        ended = mortals.command(*options, "--force", at=moment)
        met += ended.killed
        # A kill between the two renames of a replacement leaves the old one aside; the next export says so.
        assert not target.exists() or is_whole(target), ended.output
    assert met, "no moment was met: the test has shown nothing"
    ended = mortals.command(*options, "--force")
    assert ended.code == 0, ended.output
    assert is_whole(target)
    assert [path.name for path in target.parent.iterdir()] == ["tiny"]


def test_a_report_that_is_killed_leaves_the_old_one_or_the_new_one(whole: Path, mortals: Mortals) -> None:
    page = whole / "report.html"
    met = 0
    for moment in moments(SEED, 3, changes=3, seconds=1.0, below=whole):
        met += mortals.command("report", whole, at=moment).killed
        assert not page.exists() or page.read_text().rstrip().endswith("</html>")
    assert met, "no moment was met: the test has shown nothing"
    assert mortals.command("report", whole).code == 0
    assert page.read_text().rstrip().endswith("</html>")
    assert [path.name for path in whole.iterdir() if path.suffix == ".part"] == []
