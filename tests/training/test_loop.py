"""What `train` does beside its steps: hooks, refusals, and how it fails."""

from __future__ import annotations

import errno
import re
import resource
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config, replace
from dcgan_tf.errors import ArgumentError, DcganError, RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_records
from dcgan_tf.training import loop
from dcgan_tf.training.monitoring.hooks import CheckpointHook, TrainingProgress
from dcgan_tf.training.monitoring.statistics import Statistics
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.steps import step as step_module
from dcgan_tf.training.steps.several import StepResults

Make = Callable[..., Config]


@pytest.fixture
def begun(trained: Path, tmp_path: Path) -> Config:
    """Return the settings of a run at step 50 that is to have 60, with checkpoints 20, 40, 45 and 50."""
    shutil.copytree(trained, tmp_path / "run")
    config = read_config(trained)
    return replace(config, run_dir=str(tmp_path / "run"), steps=60, sample_every=0, histogram_every=0)


def store_of(config: Config) -> CheckpointStore:
    return CheckpointStore(RunPaths(Path(config.run.run_dir)).checkpoints)


class Watching:
    """A hook that writes down what it is told."""

    def __init__(self, fail_at: int | None = None) -> None:
        self.moments: list[TrainingProgress] = []
        self.closed, self.fail_at = 0, fail_at

    def after_step(self, progress: TrainingProgress) -> None:
        self.moments.append(progress)
        if progress.step == self.fail_at:
            raise RuntimeError("the hook fails")

    def close(self) -> None:
        self.closed += 1


def test_hooks_are_told_of_every_step_and_closed(begun: Config) -> None:
    hook = Watching()
    loop.train(begun, hooks=[hook])
    assert [progress.step for progress in hook.moments] == list(range(51, 61))
    assert {(m.total_steps, m.steps_per_epoch, m.stopping) for m in hook.moments} == {(60, 9, False)}
    assert [progress.last for progress in hook.moments] == [False] * 9 + [True]
    assert hook.closed == 1


@pytest.mark.parametrize(
    "hooks",
    [[lambda progress: None], [Watching], Watching(), None, [SimpleNamespace(after_step=print)]],
)
def test_what_is_no_hook_is_refused_before_the_first_step(begun: Config, hooks: Any) -> None:
    """A hook that could not be closed failed after the last step."""
    with pytest.raises(ArgumentError, match=r"a hook is an object with the methods|expected a list of hooks"):
        loop.train(begun, hooks=hooks)
    assert max(store_of(begun).steps()) == 50


@pytest.mark.parametrize("config", ["quick", None, {"steps": 3}, Config().data])
def test_what_is_not_the_settings_of_a_run_is_refused(config: Any) -> None:
    with pytest.raises(ArgumentError, match=r"expected the settings of a run, as preset\(NAME\) returns"):
        loop.train(config)


def test_an_opened_run_is_no_path_to_begin_with(begun: Config) -> None:
    with pytest.raises(ArgumentError, match="must be text or a Path"):
        loop.train(begun, init_from=SimpleNamespace(path=Path("run")))


@pytest.mark.parametrize("replicas", [1, 2])
def test_the_step_is_traced_once_in_a_run(
    replicas: int, tiny_config: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = []

    def make_train_step(*arguments: object, **named: object) -> object:
        steps.append(step_module.make_train_step(*arguments, **named))
        return steps[-1]

    monkeypatch.setattr(loop, "make_train_step", make_train_step)
    settings = {"anneal": 0.5, "checkpoint_every": 2, "sample_every": 3, "conditional": True}
    loop.train(tiny_config(steps=9, replicas=replicas, run_dir=str(tmp_path / "run"), **settings))
    assert [step.experimental_get_tracing_count() for step in steps] == [1]


def test_hooks_are_closed_when_one_fails(begun: Config) -> None:
    hooks = [Watching(), Watching(fail_at=52), Watching()]
    with pytest.raises(RuntimeError, match="the hook fails"):
        loop.train(begun, hooks=hooks)
    assert [len(hook.moments) for hook in hooks] == [2, 2, 1]
    assert [hook.closed for hook in hooks] == [1, 1, 1]


class Poison(Watching):
    """Spoils a weight of D after a step, so that the losses of the next are not finite."""

    def __init__(self, after: int) -> None:
        super().__init__()
        self.after = after

    def after_step(self, progress: TrainingProgress) -> None:
        super().after_step(progress)
        if progress.step == self.after:
            kernel = progress.state.discriminator.trainable_variables[0]
            kernel.assign(kernel * float("nan"))


def test_a_loss_that_is_not_finite_stops_with_the_step_and_keeps_the_last_good_checkpoint(
    begun: Config,
) -> None:
    # Nothing is logged before step 60: the checkpoint due at step 55 must look for itself.
    poison = Poison(after=52)
    with pytest.raises(RunError, match="the discriminator loss became nan at step 53") as error:
        loop.train(replace(begun, log_every=1000), hooks=[poison])
    for advice in ("a --learning-rate of 0.0005", "--run-dir", "earlier checkpoints are intact"):
        assert advice in str(error.value)
    assert "--precision float32" not in str(error.value)  # it has that already
    assert poison.moments[-1].step == 54
    assert poison.closed == 1
    assert store_of(begun).newest_intact() == (50, {})
    reader = tf.train.load_checkpoint(store_of(begun).prefix(50))
    numbers = [
        reader.get_tensor(n) for n, kind in reader.get_variable_to_dtype_map().items() if kind.is_floating
    ]
    assert all(np.isfinite(number).all() for number in numbers)


def test_a_weight_that_is_not_finite_is_not_saved_although_the_losses_are(
    tmp_path: Path, tiny_config: Make
) -> None:
    # G's update comes last in a step: what it spoils is seen in no loss before the next step.
    state, store = create_train_state(tiny_config()), CheckpointStore(tmp_path)
    statistics = Statistics(images_per_step=8, steps_per_epoch=9)
    hook = CheckpointHook(store, state, statistics, every=2, keep_every=0)
    hook.after_step(TrainingProgress(2, 10, 9, state))
    gamma = state.generator.trainable_variables[1]
    gamma.assign(gamma / 0.0)
    with pytest.raises(RunError, match="gamma is no longer finite at step 4"):
        hook.after_step(TrainingProgress(4, 10, 9, state))
    assert store.steps() == [2]


@pytest.mark.parametrize("steps_per_call", [1, 2, 3, 6])
@pytest.mark.parametrize("step", [3, 4])
def test_statistics_name_the_first_step_that_is_not_finite(step: int, steps_per_call: int) -> None:
    statistics = Statistics(images_per_step=8, steps_per_epoch=9)
    for last in range(steps_per_call, 7, steps_per_call):
        steps = range(last - steps_per_call + 1, last + 1)
        generator = [float("inf") if number >= step else 1.0 for number in steps]
        losses = {"discriminator_loss": [1.0] * steps_per_call, "generator_loss": generator}
        statistics.add(last, StepResults(losses, [0.0] * steps_per_call), seconds=0.1)
    with pytest.raises(RunError, match=f"the generator loss became inf at step {step}"):
        statistics.check_finite()


def test_records_hold_the_means_since_the_last_record() -> None:
    statistics = Statistics(images_per_step=8, steps_per_epoch=3)
    for step, losses in ((2, [1.0, 2.0]), (3, [6.0])):
        metrics = {"discriminator_loss": losses, "generator_loss": [-loss for loss in losses]}
        statistics.add(step, StepResults(metrics, [0.5] * len(losses)), seconds=100.0 * len(losses))
    record = statistics.record()
    # 24 images in 300 seconds, and in what it took to read the metrics.
    assert record.pop("images_per_second") == pytest.approx(0.08, rel=1e-3)
    assert record == {
        "step": 3,
        "epoch": 1.0,
        "discriminator_loss": 3.0,
        "generator_loss": -3.0,
        "seconds_waiting_for_data": 1.5,
    }
    statistics.add(4, StepResults({"discriminator_loss": [7.0], "generator_loss": [0.0]}, [0.0]), seconds=1.0)
    assert statistics.record()["discriminator_loss"] == 7.0


@pytest.fixture
def limit_files() -> Iterator[Callable[[int], None]]:
    """Return a function that lets no file grow beyond a size: for whoever writes, what a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


class FillsTheDisk(Watching):
    """Limits the size of files after a step."""

    def __init__(self, limit: Callable[[int], None], after: int, size: int) -> None:
        super().__init__()
        self.limit, self.after, self.size = limit, after, size

    def after_step(self, progress: TrainingProgress) -> None:
        if progress.step == self.after:
            self.limit(self.size)


# Each of these settings has another file written while the disk is full.
FULL = {
    "could not save the checkpoint of step 55 in .*: the disk is full": {"log_every": 1000},
    "the disk is full: could not write .*stats": {"log_every": 1, "checkpoint_every": 1000},
    "the disk is full: could not write .*samples": {
        "log_every": 1000,
        "checkpoint_every": 1000,
        "sample_every": 2,
    },
}


def test_a_full_disk_is_a_clear_error_and_the_checkpoints_stay_and_it_goes_on_from_there(
    begun: Config, limit_files: Callable[[int], None]
) -> None:
    store = store_of(begun)
    for what, changes in FULL.items():
        with pytest.raises(RunError, match=what) as error:
            loop.train(replace(begun, **changes), hooks=[FillsTheDisk(limit_files, after=51, size=200)])
        assert "intact" in str(error.value)
        assert "run the same command again" in str(error.value)
        assert store.newest_intact() == (50, {})
        assert [path.name for path in store.directory.iterdir() if "temp" in path.name] == []
        limit_files(resource.getrlimit(resource.RLIMIT_FSIZE)[1])
    loop.train(begun)
    assert store.newest_intact() == (60, {})
    assert [record["step"] for record in read_records(RunPaths(Path(begun.run.run_dir)).stats)] == [
        10,
        20,
        30,
        40,
        50,
        60,
    ]


@pytest.mark.parametrize(
    ("error", "clear"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "stats.jsonl"), r"could not write stats\.jsonl"),
        (
            tf.errors.ResourceExhaustedError(None, None, "x; No space left on device"),
            r"could not write .*events",
        ),
        (OSError(errno.EIO, "Input/output error"), None),
        (
            tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor"),
            "out of memory: lower --b",
        ),
        (tf.errors.InternalError(None, None, "something else"), None),
        (tf.errors.NotFoundError(None, None, "No registered 'X' OpKernel"), None),
        (tf.errors.NotFoundError(None, None, "RUN/events/x.v2; No such file"), r"could not write .*events"),
    ],
)
def test_a_full_disk_and_a_full_memory_are_told_apart(
    tmp_path: Path, error: Exception, clear: str | None
) -> None:
    with (
        pytest.raises(DcganError if clear else type(error), match=clear),
        loop._resource_errors(RunPaths(tmp_path)),
    ):
        raise named(error, tmp_path)


def named(error: Exception, run: Path) -> Exception:
    """Return the error with the path of a run in its message."""
    if isinstance(error, tf.errors.OpError):
        return type(error)(None, None, error.message.replace("RUN", str(run)))
    return error


def test_fewer_images_than_a_batch_are_refused_by_name_before_anything_is_written(
    tmp_path: Path, tiny_config: Make
) -> None:
    with pytest.raises(ValueError, match=r"digits: found 296 images, fewer than one batch of 300"):
        loop.train(tiny_config(batch_size=300, run_dir=str(tmp_path / "run")))
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"batch_size": 33, "replicas": 2}, "batch_size must be a multiple of the 2 replicas, received 33"),
        ({"image_size": (50, 50)}, "image size 50x50 does not fit"),
    ],
)
def test_what_cannot_be_trained_is_refused_before_anything_is_prepared_or_written(
    tmp_path: Path, tiny_config: Make, monkeypatch: pytest.MonkeyPatch, changes: dict, message: str
) -> None:
    monkeypatch.setattr(
        "dcgan_tf.training.plan.load_data", lambda config: pytest.fail("the data were prepared")
    )
    with pytest.raises(ValueError, match=message):
        loop.train(tiny_config(run_dir=str(tmp_path / "run"), **changes))
    assert not (tmp_path / "run").exists()


def test_a_checkpoint_of_other_networks_is_an_error_that_says_so(begun: Config) -> None:
    path = RunPaths(Path(begun.run.run_dir)).config
    path.write_text(path.read_text().replace('"latent_dim": 4', '"latent_dim": 5'))
    with pytest.raises(RunError, match=r"step 50 .* does not fit the networks of config\.json"):
        loop.train(replace(begun, latent_dim=5))


def test_leftovers_and_damage_of_a_crash_are_cleared_when_training_goes_on(
    begun: Config, caplog: pytest.LogCaptureFixture
) -> None:
    store = store_of(begun)
    (store.directory / "ckpt-51_temp").mkdir()
    newest = Path(store.prefix(50) + ".data-00000-of-00001")
    newest.write_bytes(newest.read_bytes()[:100])
    loop.train(begun)
    message = r"step 50 is damaged \(.+\); it was renamed, and training continues from step 45"
    assert re.search(message, caplog.text)
    assert not (store.directory / "ckpt-51_temp").exists()
    assert store.steps()[0] == 60
    assert sorted(path.name for path in store.directory.glob("damaged-*"))[-1] == "damaged-ckpt-50.index"


def test_a_run_of_which_no_checkpoint_can_be_read_is_not_begun_anew(begun: Config) -> None:
    store = store_of(begun)
    for index in store.directory.glob("*.index"):
        index.write_bytes(index.read_bytes()[:10])
    before = sorted(store.directory.iterdir())
    with pytest.raises(RunError, match="none of the 4 checkpoints"):
        loop.train(begun)
    assert sorted(store.directory.iterdir()) == before
