"""The learning rates fall at the end of a run, as functions of the number of the step alone."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from copies import Copies
from dcgan_tf.config import Config, replace, to_json
from dcgan_tf.errors import RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_records, write_json
from dcgan_tf.training.loop import train
from dcgan_tf.training.rollback import read_rollbacks, without_those_of_the_anneal
from dcgan_tf.training.schedule import Schedule, go_back, set_learning_rates
from dcgan_tf.training.state import TrainState, create_train_state
from dcgan_tf.training.steps.averaging import averaging_decay


@pytest.mark.parametrize(
    ("total", "anneal", "after"),
    [(10, 0.3, 7), (10, 0.0, None), (10, 1.0, 0), (10, 0.04, None), (1000, 0.25, 750), (7, 0.5, 3)],
)
def test_the_anneal_is_the_last_share_of_the_steps(total: int, anneal: float, after: int | None) -> None:
    assert Schedule(total, anneal).anneal_after == after


def test_shares_of_the_rates_by_hand() -> None:
    schedule = Schedule(10, 0.3)
    shares = [float(schedule.share(tf.constant(finished, tf.int64))) for finished in range(10)]
    assert shares == [1, 1, 1, 1, 1, 1, 1, 3 / 4, 2 / 4, 1 / 4]


@pytest.fixture(scope="module")
def half(tiny_config: Callable[..., Config]) -> tuple[Config, TrainState]:
    """Return a state with float16's optimizers, which have another one inside."""
    config = tiny_config(image_size=(8, 8), anneal=0.5, learning_rate=1e-3, discriminator_learning_rate=4e-3)
    return config, create_train_state(config, precision="float16")


def test_both_optimizers_follow_whatever_rates_they_had(half: tuple[Config, TrainState]) -> None:
    config, state = half
    optimizers = state.generator_optimizer, state.discriminator_optimizer
    for finished, share in ((0, 1), (2, 1), (3, 2 / 3), (2, 1), (4, 1 / 3)):
        for optimizer in optimizers:
            optimizer.learning_rate = 7.0
        state.step.assign(finished)
        rates = set_learning_rates(state, config.training, Schedule(5, 0.5))
        expected = [np.float32(1e-3 * share), np.float32(4e-3 * share)]
        assert [float(optimizer.learning_rate) for optimizer in optimizers] == expected
        assert [float(rate) for rate in rates.values()] == expected
    assert list(rates) == ["learning_rate", "discriminator_learning_rate"]


def test_without_an_anneal_nothing_is_set(half: tuple[Config, TrainState]) -> None:
    config, state = half
    state.generator_optimizer.learning_rate = 7.0
    assert set_learning_rates(state, config.training, Schedule(4, 0.0)) == {}
    assert float(state.generator_optimizer.learning_rate) == 7


def test_the_decay_of_the_average_by_hand(tiny_config: Callable[..., Config]) -> None:
    assert averaging_decay(tiny_config(batch_size=32, ema_decay=0.9).training) == 0.9
    assert averaging_decay(tiny_config(batch_size=32, ema_images=32).training) == 0.5
    assert averaging_decay(tiny_config(batch_size=32, ema_images=64).training) == pytest.approx(0.5**0.5)
    after_thousand = averaging_decay(tiny_config(batch_size=50, ema_images=1000).training) ** 20
    assert after_thousand == pytest.approx(0.5)


# A run that is made longer

Read = Callable[[Path, int], dict[str, np.ndarray]]
# Five steps of ten have constant rates, and eight of sixteen: in the tests of runs, half is the anneal.
SHORT, LONG = 10, 16


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> dict[str, Path]:
    """Return runs of both lengths; the short one is also continued within its anneal, and made longer."""
    root = tmp_path_factory.mktemp("runs")
    settings = {"image_size": (8, 8), "anneal": 0.5, "checkpoint_every": 4, "sample_every": 4}
    short = tiny_config(run_dir=str(root / "short"), steps=SHORT, learning_rate=1e-2, **settings)
    train(short, hooks=[Copies(root / "short", root / "resumed", step=8)])
    shutil.copytree(root / "short", root / "extended")
    train(replace(short, run_dir=str(root / "resumed")))
    for name in ("whole", "extended"):
        train(replace(short, run_dir=str(root / name), steps=LONG))
    return {path.name: path for path in root.iterdir()}


def contents(run: Path, read_checkpoint: Read) -> dict[str, object]:
    """Return what a run holds, without its times."""
    store, paths = CheckpointStore(run / "checkpoints"), RunPaths(run)
    varies = {"images_per_second", "seconds_waiting_for_data"}
    tensors = read_checkpoint(run, store.steps()[0])
    return {
        "checkpoints": store.steps(),
        "tensors": {name: v.tobytes() for name, v in tensors.items() if "save_counter" not in name},
        "in checkpoints": sorted(path.name for path in store.directory.iterdir()),
        "samples": {path.name: path.read_bytes() for path in paths.samples.iterdir()},
        "stats": [{k: r[k] for k in r.keys() - varies} for r in read_records(paths.stats)],
        "settings": replace(read_config(run), run_dir=None),
    }


@pytest.mark.parametrize(("found", "expected"), [("resumed", "short"), ("extended", "whole")])
def test_a_run_that_goes_on_equals_one_that_was_never_stopped(
    runs: dict[str, Path], read_checkpoint: Read, found: str, expected: str
) -> None:
    one, other = contents(runs[found], read_checkpoint), contents(runs[expected], read_checkpoint)
    assert [name for name in other if one[name] != other[name]] == []
    assert len(other["tensors"]) > 20


def test_the_rates_of_a_run_and_the_checkpoint_that_is_kept(runs: dict[str, Path]) -> None:
    assert CheckpointStore(RunPaths(runs["short"]).checkpoints).steps() == [10, 8, 5]
    assert CheckpointStore(RunPaths(runs["whole"]).checkpoints).steps() == [16, 12, 8]
    found = [record["learning_rate"] for record in read_records(RunPaths(runs["short"]).stats)]
    np.testing.assert_allclose(found, 1e-2 * np.array([6, 6, 6, 6, 6, 5, 4, 3, 2, 1]) / 6, rtol=1e-6)


def entry(from_step: int, to_step: int, share: float) -> dict[str, object]:
    """Return the record of a rollback that is done."""
    named = {"condition": "oscillation", "title": "oscillation", "done": True}
    shares = {"generator_share": share, "discriminator_share": share}
    return {"from_step": from_step, "to_step": to_step, **named, **shares}


def test_a_longer_run_forgets_that_it_went_back_from_its_anneal(
    runs: dict[str, Path], read_checkpoint: Read, tmp_path: Path
) -> None:
    """In a run of that length, these steps have their whole rates."""
    root = tmp_path / "run"
    shutil.copytree(runs["short"], root)
    write_json(RunPaths(root).rollbacks, [entry(9, 5, 0.5)])
    train(replace(read_config(root), run_dir=str(root), steps=LONG))
    one, other = contents(root, read_checkpoint), contents(runs["whole"], read_checkpoint)
    assert [name for name in other if one[name] != other[name]] == []
    assert not RunPaths(root).rollbacks.exists()


# Going back, without training: checkpoints of one variable, and the settings that they were made with

EPOCH = 10


def checkpoint() -> tf.train.Checkpoint:
    return tf.train.Checkpoint(step=tf.Variable(0))


@dataclass(frozen=True)
class Planted:
    """A run whose steps are checkpoints without a network; an epoch has ten of them."""

    paths: RunPaths
    config: Config

    @property
    def stores(self) -> list[CheckpointStore]:
        return [CheckpointStore(self.paths.checkpoints), CheckpointStore(self.paths.best)]

    @property
    def steps(self) -> list[list[int]]:
        return [store.steps() for store in self.stores]

    def ask_for(self, **length: int) -> None:
        """Do what a start does about the length, up to the point where it records the settings."""
        go_back(self.paths, replace(self.config, **length).training, EPOCH, self.stores)


@pytest.fixture
def planted(tmp_path: Path, tiny_config: Callable[..., Config]) -> Callable[..., Planted]:
    """Return a function from steps with checkpoints, and settings, to a run with a best one at step 60."""

    def make(steps: tuple[int, ...] = (70, 80, 90, 100), **settings: object) -> Planted:
        length = {"steps": None if "epochs" in settings else 100}
        config = tiny_config(**{**length, "anneal": 0.3, **settings})
        run = Planted(RunPaths(tmp_path / "run"), config)
        for step in steps:
            run.stores[0].save(checkpoint(), step, keep_every=10)
        run.stores[1].save(checkpoint(), 60)
        run.paths.config.write_text(to_json(config))
        return run

    return make


def test_a_longer_run_goes_back_to_the_last_constant_step(
    planted: Callable[..., Planted], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    run = planted()
    run.stores[1].save(checkpoint(), 90)
    run.ask_for(steps=150)
    assert run.steps == [[70], [60]]
    expected = (
        "goes back to step 70, because its learning rates fell after step 70. In a run of 150 steps they "
        "fall after step 105. Steps 71 to 100 are forgotten"
    )
    assert expected in caplog.text


@pytest.mark.parametrize(
    ("steps", "length"),
    [
        ((60, 70), {"steps": 150}),  # the rates have not fallen yet
        ((60, 70), {"steps": 100}),
        ((70, 80), {"steps": 100}),  # the same run goes on in its anneal
        ((70, 80), {"epochs": 10}),
        ((20, 50), {"steps": 80}),  # a shorter run has as many constant steps
    ],
)
def test_what_is_common_to_both_lengths_stays(
    planted: Callable[..., Planted], steps: tuple[int, ...], length: dict[str, int]
) -> None:
    run = planted(steps)
    run.stores[1].forget_after(0)
    run.ask_for(**length)
    assert run.steps == [sorted(steps, reverse=True), []]


def test_without_an_anneal_a_length_means_nothing(planted: Callable[..., Planted]) -> None:
    run = planted(anneal=0.0)
    for length in (50, 150):
        run.ask_for(steps=length)
    assert run.steps[0] == [100, 90, 80, 70]


@pytest.mark.parametrize(
    ("settings", "steps", "length", "message"),
    [
        (
            {},
            (70, 80),
            {"steps": 90},
            "has done 80 steps, and its learning rates fell after step 70. In a run of 90 steps they fall "
            "after step 63. Use --steps 100 or more, or train in another --run-dir",
        ),
        (
            {},
            (60, 70),
            {"steps": 80},
            "has done 70 steps, and its learning rates have not fallen yet. In a run of 80 steps they fall "
            "after step 56. Use --steps 100 or more",
        ),
        ({}, (60, 65), {"epochs": 8}, "fall after step 56. Use --epochs 10 or more"),
        ({"epochs": 10}, (70, 80), {"epochs": 7}, "fall after step 49. Use --epochs 10 or more"),
        (
            {"anneal": 1.0},
            (70, 80),
            {"steps": 150},
            "cannot be trained for longer: with --anneal 1 its learning rates fell from the first step on. "
            "Use --steps 100, or",
        ),
    ],
)
def test_a_length_that_does_not_fit_is_refused(
    planted: Callable[..., Planted],
    settings: dict[str, object],
    steps: tuple[int, ...],
    length: dict[str, int],
    message: str,
) -> None:
    run = planted(steps, **settings)
    before = run.steps
    with pytest.raises(RunError, match=re.escape(message)):
        run.ask_for(**length)
    assert run.steps == before


def test_a_length_that_is_proposed_fits(planted: Callable[..., Planted]) -> None:
    for done in range(60, 71):
        with pytest.raises(RunError, match=r"Use --steps (\d+) or more") as error:
            planted((done,)).ask_for(steps=done + 1)
        length = int(re.findall(r"--steps (\d+)", str(error.value))[0])
        assert Schedule(length, 0.3).constant_steps >= done > Schedule(length - 2, 0.3).constant_steps


@pytest.mark.parametrize(
    ("length", "kept"),
    [
        ({"steps": 100}, [30, 60, 60, 50, 80]),  # the same run goes on in its anneal
        ({"epochs": 10}, [30, 60, 60, 50, 80]),
        ({"steps": 150}, [30, 60, 50]),
    ],
)
def test_rollbacks_of_steps_with_whole_rates_stay_and_those_that_the_checkpoint_was_made_with(
    planted: Callable[..., Planted], length: dict[str, int], kept: list[int]
) -> None:
    run = planted((80, 90))
    steps = [(40, 30), (70, 60), (80, 60), (90, 50), (90, 80)]
    write_json(run.paths.rollbacks, [entry(*some, 0.5) for some in steps])
    config = replace(run.config, **length)
    plan: Any = SimpleNamespace(paths=run.paths, config=config, steps_per_epoch=EPOCH)
    for _ in range(2):  # a kill may come before the settings are written
        run.ask_for(**length)
        left = without_those_of_the_anneal(read_rollbacks(run.paths), plan, run.stores)
        assert [back.to_step for back in left] == kept
        assert read_rollbacks(run.paths) == left


def test_where_the_checkpoint_to_go_back_to_is_damaged(planted: Callable[..., Planted]) -> None:
    run = planted()
    (run.paths.checkpoints / "ckpt-70.index").write_bytes(b"")
    run.ask_for(steps=150)  # there is an older one, of step 60
    assert run.steps == [[70], [60]]
    run = planted()
    for store, step in zip(run.stores, (70, 60), strict=True):
        (store.directory / f"ckpt-{step}.index").write_bytes(b"")
    message = "would go back to step 70, after which its learning rates fell, and no checkpoint of that step"
    with pytest.raises(RunError, match=message):
        run.ask_for(steps=150)
    assert run.steps == [[100, 90, 80, 70], [60]]
