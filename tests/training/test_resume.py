"""A run that was stopped and continued is the run that was not: every byte of its checkpoints."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from copies import Copies
from dcgan_tf import data
from dcgan_tf.config import Config, all_settings, replace, to_json
from dcgan_tf.errors import RunError
from dcgan_tf.runs.checkpoints import CheckpointStore
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_json, read_records
from dcgan_tf.training.environment import write_environment
from dcgan_tf.training.loop import train
from dcgan_tf.training.plan import with_precision
from dcgan_tf.training.start import compare, write_settings
from dcgan_tf.training.state import create_train_state
from dcgan_tf.training.strategy import make_strategy, split_cpu
from mortal import Mortals

Read = Callable[[Path, int], dict[str, np.ndarray]]

# Nine steps are an epoch: the runs stop in the first, end in the second, and flips are on.
STOP, END = 5, 12


def go_on(*runs: Path) -> None:
    """Continue runs to the end."""
    split_cpu(2)
    for run in runs:
        train(replace(read_config(run), run_dir=str(run), steps=END))


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config], mortals: Mortals
) -> dict[str, Path]:
    """Return runs of twelve steps, on one and on two replicas: whole, and continued in a fresh process.

    On one replica a run of fewer steps is continued, on two what is there of the whole one after as many.
    """
    root = tmp_path_factory.mktemp("runs")
    whole, continued = (
        [root / f"{name}-{replicas}" for replicas in (1, 2)] for name in ("whole", "continued")
    )
    config = tiny_config(run_dir=str(whole[0]), image_size=(8, 8), sample_every=4, steps=END)
    train(config)
    train(replace(config, steps=STOP, run_dir=str(continued[0])))
    on_two = replace(config, replicas=2, run_dir=str(whole[1]), checkpoint_every=STOP)
    train(on_two, hooks=[Copies(whole[1], continued[1], step=STOP)])
    assert CheckpointStore(RunPaths(continued[1]).checkpoints).steps() == [STOP]
    finished = mortals.run(go_on, *continued)
    assert finished.code == 0, finished.output
    return {path.name: path for path in root.iterdir()}


@pytest.mark.parametrize("replicas", [1, 2])
def test_a_run_continued_in_a_fresh_process_equals_one_that_was_not_stopped_bit_for_bit(
    runs: dict[str, Path], read_checkpoint: Read, replicas: int
) -> None:
    expected = read_checkpoint(runs[f"whole-{replicas}"], END)
    found = read_checkpoint(runs[f"continued-{replicas}"], END)
    assert found.keys() == expected.keys()
    different = [name for name in expected if found[name].tobytes() != expected[name].tobytes()]
    assert different == []


def test_checkpoints_hold_the_whole_state_and_training_changes_all_of_it(
    runs: dict[str, Path], read_checkpoint: Read
) -> None:
    state = create_train_state(read_config(runs["continued-1"]))
    networks = {
        "generator": state.generator,
        "discriminator": state.discriminator,
        "generator_ema": state.generator_ema,
    }
    optimizers = {
        "generator_optimizer": state.generator_optimizer,
        "discriminator_optimizer": state.discriminator_optimizer,
    }
    whole = tf.train.Checkpoint(**networks, **optimizers, step=state.step)
    whole.read(str(runs["continued-1"] / "checkpoints" / f"ckpt-{END}")).assert_consumed()
    assert state.step.numpy() == END
    earlier, later = (read_checkpoint(runs["continued-1"], step) for step in (STOP, END))
    unchanged = {name for name in later if earlier[name].tobytes() == later[name].tobytes()}
    assert {name for name in unchanged if "learning_rate" not in name} <= {
        "save_counter/.ATTRIBUTES/VARIABLE_VALUE"
    }


@pytest.mark.parametrize("replicas", [1, 2])
def test_every_step_is_recorded_once(runs: dict[str, Path], replicas: int) -> None:
    records = read_records(RunPaths(runs[f"continued-{replicas}"]).stats)
    assert [record["step"] for record in records] == list(range(1, END + 1))


def test_numbers_of_a_continued_run_are_those_of_the_whole(runs: dict[str, Path]) -> None:
    whole, continued = (read_records(RunPaths(runs[name]).stats) for name in ("whole-1", "continued-1"))
    for expected, found in zip(whole, continued, strict=True):
        for name in expected.keys() - {"images_per_second", "seconds_waiting_for_data"}:
            assert found[name] == expected[name], (expected["step"], name)


def test_steps_that_a_crash_lost_are_made_again_and_recorded_once(
    runs: dict[str, Path], tmp_path: Path, read_checkpoint: Read
) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs["continued-1"], run)
    paths = RunPaths(run)
    for file in paths.checkpoints.glob(f"ckpt-{END}.*"):
        file.unlink()
    with paths.stats.open("a") as file:
        file.write('{"step": 13, "discriminator_lo')
    train(replace(read_config(run), run_dir=str(run), steps=END))
    assert [record["step"] for record in read_records(paths.stats)] == list(range(1, END + 1))
    assert len(paths.stats.read_text().splitlines()) == END
    expected, found = (read_checkpoint(path, END) for path in (runs["whole-1"], run))
    assert [name for name in expected if found[name].tobytes() != expected[name].tobytes()] == []


def test_more_epochs_extend_a_run_and_a_finished_run_is_left_alone(
    runs: dict[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    shutil.copytree(runs["whole-1"], run)
    config = replace(read_config(run), run_dir=str(run))
    train(replace(config, epochs=2))  # of nine steps
    paths = RunPaths(run)
    assert read_records(paths.stats)[-1]["step"] == 18
    checkpoints = sorted(paths.checkpoints.iterdir())
    with caplog.at_level("INFO", "dcgan_tf"):
        train(replace(config, epochs=1))
    assert sorted(paths.checkpoints.iterdir()) == checkpoints
    assert "already has its 18 steps; to train longer, ask for more epochs: --epochs 4" in caplog.text


# Another allowed value of every setting; a new setting makes the test below fail until it is entered here.
OTHER = {
    "data": "portraits",
    "data_dir": "/elsewhere",
    "split": "train",
    "image_size": (32, 32),
    "channels": 3,
    "fit": "pad",
    "flip": False,
    "max_bad_fraction": 0.5,
    "held_out_fraction": 0.25,
    "cache_dir": "/elsewhere",
    "architecture": "gan",
    "filters": 4,
    "discriminator_filters": 3,
    "discriminator_depth": 2,
    "discriminator_norm": "spectral",
    "discriminator_bias": True,
    "generator_norm": "none",
    "even_upsampling": True,
    "kernel_size": 5,
    "dense_units": 3,
    "hidden_units": 9,
    "latent_dim": 5,
    "latent_distribution": "uniform",
    "epochs": 100,
    "steps": 100,
    "batch_size": 16,
    "discriminator_steps": 2,
    "learning_rate": 2e-3,
    "discriminator_learning_rate": 2e-3,
    "anneal": 0.3,
    "beta_1": 0.6,
    "beta_2": 0.99,
    "loss": "minimax",
    "r1_gamma": 1.0,
    "r2_gamma": 1.0,
    "label_smoothing": 0.1,
    "instance_noise": 0.3,
    "diffaugment": 0.5,
    "ema_decay": 0.9,
    "ema_images": 5000,
    "ema_calibration": True,
    "precision": "bfloat16",
    "seed": 1,
    "conditional": True,
    "deterministic": True,
    "replicas": 2,
    "run_dir": "elsewhere",
    "checkpoint_every": 7,
    "keep_every": 7,
    "sample_every": 7,
    "log_every": 7,
    "histogram_every": 7,
    "on_collapse": "stop",
}
MAY_CHANGE = {
    *("data", "data_dir", "cache_dir", "epochs", "steps", "deterministic", "replicas", "run_dir"),
    *("checkpoint_every", "keep_every", "sample_every", "log_every", "histogram_every", "on_collapse"),
}


def settle(config: Config, paths: RunPaths, image_set: data.ImageSet) -> None:
    """Do what a start does before it reads a checkpoint."""
    compare(config, paths, image_set)
    write_settings(config, paths, image_set)


@pytest.fixture
def settled(tmp_path: Path, tiny_config: Callable[..., Config]) -> tuple[Config, RunPaths, data.ImageSet]:
    """Return a run that has begun, without a step."""
    config, paths = tiny_config(run_dir=str(tmp_path / "run")), RunPaths(tmp_path / "run")
    image_set = data.ImageSet("digits", np.zeros((50, 16, 16, 1), np.uint8), fingerprint="a1")
    settle(config, paths, image_set)
    return config, paths, image_set


def test_a_run_of_an_earlier_version_goes_on_with_todays_names(settled: tuple) -> None:
    config, paths, image_set = settled
    old = paths.config.read_text().replace('"instance_noise"', '"instance_stddev"')
    assert "instance_stddev" in old
    paths.config.write_text(old)
    settle(config, paths, image_set)
    with pytest.raises(RunError, match=r"instance_noise"):
        settle(replace(config, instance_noise=0.5), paths, image_set)


@pytest.mark.parametrize("name", [s.name for s in all_settings()])
def test_what_the_weights_depend_on_cannot_be_changed(settled: tuple, name: str) -> None:
    config, paths, image_set = settled
    if name in {"r1_gamma", "r2_gamma"}:  # refused beside batch norm
        config = replace(config, discriminator_norm="none")
        paths.config.write_text(to_json(config))
    before = paths.config.read_text()
    changed = replace(config, **{name: OTHER[name]})
    if name in MAY_CHANGE:
        settle(changed, paths, image_set)
        assert read_config(paths.root) == changed
        return
    with pytest.raises(RunError, match="was made with other settings") as error:
        settle(changed, paths, image_set)
    old = next(getattr(getattr(config, s.section), s.field) for s in all_settings() if s.name == name)
    (line,) = [line for line in str(error.value).splitlines() if "->" in line]
    assert line.split(maxsplit=1) == [name, f"{old!r} -> {OTHER[name]!r}"]
    assert paths.config.read_text() == before


def test_every_changed_setting_is_named(settled: tuple) -> None:
    config, paths, image_set = settled
    with pytest.raises(RunError) as error:
        settle(replace(config, seed=9, filters=3, log_every=3), paths, image_set)
    assert [line.split() for line in str(error.value).splitlines() if "->" in line] == [
        ["filters", "2", "->", "3"],
        ["seed", "0", "->", "9"],
    ]


def test_other_images_are_refused(settled: tuple) -> None:
    config, paths, image_set = settled
    other = dataclasses.replace(image_set, fingerprint="b2", images=image_set.images[:40])
    words = "50 of 'digits' then, 40 of 'digits' now, and their content, or their order, differs"
    with pytest.raises(RunError, match=words):
        settle(config, paths, other)


def test_the_same_images_in_another_order_are_refused_and_said_to_be_so(settled: tuple) -> None:
    """The batches would be others than those of the undisturbed run."""
    config, paths, image_set = settled
    told = dataclasses.replace(image_set, unordered_fingerprint="c3")
    settle(config, paths, told)
    with pytest.raises(
        RunError, match="trained on the same images in another order, and it would not continue"
    ):
        settle(config, paths, dataclasses.replace(told, fingerprint="b2"))


def test_where_the_images_lie_may_change_and_what_they_are_called(settled: tuple) -> None:
    config, paths, image_set = settled
    moved = replace(config, data="/elsewhere/cats/")
    settle(moved, paths, dataclasses.replace(image_set, name="cats"))
    assert read_config(paths.root) == moved
    assert read_json(paths.data, default={})["name"] == "cats"


def test_another_folder_of_the_same_name_is_told_which_directory_to_take(
    settled: tuple, tmp_path: Path
) -> None:
    config, paths, image_set = settled
    (tmp_path / "b" / "images").mkdir(parents=True)
    other = replace(config, data=str(tmp_path / "b" / "images"))
    with pytest.raises(RunError, match="with another --run-dir, such as runs/b-images-dcgan") as error:
        settle(other, paths, dataclasses.replace(image_set, fingerprint="b2"))
    assert f"begun with --data digits, and this is --data {tmp_path}/b/images" in str(error.value)


@pytest.mark.parametrize("content", [None, "", "5", '{"num_images": 5}', '{"fingerprint": 3}'])
def test_a_lost_record_of_the_images_is_written_again_and_said(
    settled: tuple, caplog: pytest.LogCaptureFixture, content: str | None
) -> None:
    config, paths, image_set = settled
    before = paths.data.read_text()
    paths.data.unlink() if content is None else paths.data.write_text(content)
    with pytest.raises(RunError, match="it is unknown whether elsewhere has the images of digits"):
        settle(replace(config, data="elsewhere"), paths, image_set)
    settle(config, paths, image_set)
    assert read_config(paths.root) == config
    assert paths.data.read_text() == before
    assert "written again from today's images" in caplog.text
    aside = paths.data.with_name("damaged-data.json")
    assert content is None or aside.read_text() == content


@pytest.mark.parametrize("content", ["5", "{", '{"first_step": 3}'])
def test_a_damaged_list_of_starts_is_set_aside(settled: tuple, content: str) -> None:
    config, paths, _ = settled
    paths.environment.write_text(content)
    write_environment(paths, make_strategy(1), config, 3)
    (start,) = read_json(paths.environment, default=[])
    assert start["first_step"] == 3
    assert paths.environment.with_name("damaged-environment.json").read_text() == content


def test_auto_keeps_the_precision_that_the_run_began_with(settled: tuple) -> None:
    config, paths, _ = settled
    tree = json.loads(paths.config.read_text())
    tree["training"]["precision"] = "bfloat16"
    paths.config.write_text(json.dumps(tree))
    resumed = with_precision(replace(config, precision="auto"), paths)
    assert resumed.training.precision == "bfloat16"


def test_checkpoints_without_settings_are_an_error_not_a_fresh_start(settled: tuple) -> None:
    config, paths, image_set = settled
    paths.config.unlink()
    paths.checkpoints.mkdir()
    (paths.checkpoints / "ckpt-3.index").write_bytes(b"")
    with pytest.raises(RunError, match=r"has checkpoints but no config\.json"):
        settle(config, paths, image_set)


CHANGES = [
    {
        "architecture": "gan",
        "loss": "relativistic",
        "r1_gamma": 1.0,
        "r2_gamma": 1.0,
        "diffaugment": 0.5,
        "discriminator_steps": 2,
    },
    {"precision": "bfloat16", "loss": "hinge", "beta_2": 0.9, "discriminator_norm": "spectral"},
    # Wide enough that kernels get their gradient from a matrix product (models/kernel_gradient.py).
    {"precision": "bfloat16", "image_size": (16, 16), "filters": 128},
    {
        "discriminator_bias": True,
        "even_upsampling": True,
        "anneal": 0.5,
        "ema_images": 40,
        "ema_calibration": True,
    },
]


@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_dropout_masks_penalties_and_half_precision_resume_bit_for_bit_too(
    tmp_path: Path, tiny_config: Callable[..., Config], changes: dict
) -> None:
    def tensors(run: Path) -> dict[str, bytes]:
        reader = tf.train.load_checkpoint(CheckpointStore(RunPaths(run).checkpoints).prefix(6))
        names = [name for name in reader.get_variable_to_shape_map() if "OBJECT_GRAPH" not in name]
        return {name: reader.get_tensor(name).tobytes() for name in names}

    quiet = {"sample_every": 0, "histogram_every": 0, **changes}
    config = tiny_config(run_dir=str(tmp_path / "straight"), steps=6, checkpoint_every=3, **quiet)
    straight = train(config, hooks=[Copies(tmp_path / "straight", tmp_path / "resumed", step=3)])
    resumed = train(replace(config, run_dir=str(tmp_path / "resumed")))
    assert tensors(straight) == tensors(resumed)
    assert len(tensors(straight)) > 20
