"""A run that begins with the networks of another one: what it takes, what is recorded, what is refused."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf.cli import main
from dcgan_tf.config import Config
from dcgan_tf.errors import RunError
from dcgan_tf.runs import checkpoints
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config
from dcgan_tf.runs.run import Run
from dcgan_tf.training.loop import train
from dcgan_tf.training.origin import Origin
from dcgan_tf.training.plan import make_plan
from dcgan_tf.training.start import begin
from going_back import different


class Dies:
    """Ends the process' training after a step, before anything is saved."""

    def __init__(self, step: int) -> None:
        self._step = step

    def after_step(self, progress: Any) -> None:
        if progress.step == self._step:
            raise KeyboardInterrupt

    def close(self) -> None:
        pass


@pytest.fixture
def new(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a run on other images than those of `trained`, with the same networks."""
    return lambda name="new", **changes: tiny_config(
        **{"split": "train", "seed": 7, "steps": 12, "run_dir": str(tmp_path / name), **changes}
    )


@pytest.mark.parametrize(("checkpoint", "step"), [(None, 50), (20, 20)])
@pytest.mark.parametrize("replicas", [1, 2])
def test_networks_and_average_are_taken_and_the_optimizers_begin_anew(
    checkpoint, step, replicas, trained, new
):
    start = begin(make_plan(new(replicas=replicas)), init_from=Origin(str(trained), checkpoint))
    raw, averaged = (Run.open(trained, checkpoint=step, ema=ema) for ema in (False, True))
    for mine, theirs in (
        (start.state.generator, raw.generator),
        (start.state.generator_ema, averaged.generator),
        (start.state.discriminator, raw.discriminator),
    ):
        for own, other in zip(mine.get_weights(), theirs.get_weights(), strict=True):
            np.testing.assert_array_equal(own, other)
    for optimizer in (start.state.generator_optimizer, start.state.discriminator_optimizer):
        moments = [variable.numpy() for variable in optimizer.variables if variable.shape.rank]
        assert len(moments) >= 10
        assert not any(np.any(moment) for moment in moments)
    assert start.finished_steps == 0
    record = json.loads(start.plan.paths.origin.read_text())
    assert record == {"run": str(trained), "checkpoint": step}


def test_the_average_that_was_taken_is_not_forgotten(trained, new):
    """Of random weights, the average would keep 10 % after one step, and 18 % of that after two."""
    root = train(new(steps=3, learning_rate=1e-3), init_from=str(trained))
    taken, raw, now = (
        np.concatenate([weights.ravel() for weights in run.generator.get_weights()])
        for run in (Run.open(trained), Run.open(root, ema=False), Run.open(root))
    )
    assert np.linalg.norm(raw - taken) > 0.05
    assert np.linalg.norm(now - taken) < 0.05 * np.linalg.norm(raw - taken)


def test_a_new_start_before_the_first_checkpoint_begins_with_the_same_weights(
    trained, new, read_checkpoint, tmp_path
):
    source = tmp_path / "source"
    shutil.copytree(trained, source)
    whole = train(new("whole"), init_from=Origin(str(source)))
    with pytest.raises(KeyboardInterrupt):
        train(new("killed"), init_from=Origin(str(source)), hooks=[Dies(5)])
    shutil.rmtree(source)  # the other run is needed no more
    again = train(new("killed"))
    assert different(read_checkpoint(again, 12), read_checkpoint(whole, 12)) == []
    plain = train(new("plain"))
    assert different(read_checkpoint(plain, 12), read_checkpoint(whole, 12)) != []
    longer = train(new("killed", steps=15), init_from=Origin(str(source)))  # the same command, for longer
    assert read_config(longer).training.steps == 15


def test_a_run_that_goes_back_to_its_beginning_has_these_networks_again(trained, new, read_checkpoint):
    def going_back(root: Path) -> None:
        entry = {"from_step": 12, "to_step": 0, "condition": "oscillation", "title": "oscillation"}
        shares = {"generator_share": 0.5, "discriminator_share": 0.5, "done": False}
        RunPaths(root).rollbacks.write_text(json.dumps([entry | shares]))

    first = new(on_collapse="rollback")
    root = train(first, init_from=str(trained))
    going_back(root)
    start = begin(make_plan(first))
    assert start.finished_steps == 0
    for own, other in zip(
        start.state.generator_ema.get_weights(), Run.open(trained).generator.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(own, other)


def test_a_record_of_a_start_that_was_killed_is_not_used(trained, new, read_checkpoint):
    config = new()
    paths = RunPaths(Path(config.run.run_dir))
    plain = train(new("plain"))
    begin(make_plan(config), init_from=Origin(str(trained)))
    paths.config.unlink()  # as if the kill had come before the settings were written
    for path in (paths.data, paths.environment):
        path.unlink()
    shutil.rmtree(paths.samples)
    assert different(read_checkpoint(train(config), 12), read_checkpoint(plain, 12)) == []
    assert not paths.origin.exists()


def test_a_kill_while_the_checkpoint_is_copied_changes_nothing(trained, new, read_checkpoint, monkeypatch):
    def kill(source: Path, target: Path) -> Path:
        copied = copyfile(source, target)
        if target.suffix == ".index":
            raise KeyboardInterrupt
        return copied

    copyfile = shutil.copyfile
    whole = train(new("whole"), init_from=str(trained))
    with monkeypatch.context() as patch:
        patch.setattr(checkpoints.shutil, "copyfile", kill)
        with pytest.raises(KeyboardInterrupt):
            train(new("killed"), init_from=str(trained))
    copied = RunPaths(whole.parent / "killed").origin_checkpoint
    assert [path.name for path in (copied / "ckpt-50_temp").iterdir()] == ["ckpt-50.index"]
    again = train(new("killed"), init_from=str(trained))
    assert sorted(path.name for path in copied.iterdir()) == sorted(
        path.name for path in RunPaths(whole).origin_checkpoint.iterdir()
    )
    assert different(read_checkpoint(again, 12), read_checkpoint(whole, 12)) == []


def test_a_checkpoint_that_there_is_not_leaves_nothing_in_the_way(trained, new):
    with pytest.raises(RunError, match=r"has no checkpoint of step 41 that can be read"):
        train(new(), init_from=Origin(str(trained), 41))
    assert RunPaths(train(new(), init_from=Origin(str(trained), 40))).origin.exists()
    with pytest.raises(RunError, match=r"at step 40, and not of .* at step 20; name that run"):
        train(new(), init_from=Origin(str(trained), 20))


def test_a_run_that_began_otherwise_is_refused(trained, new, tmp_path):
    train(new())
    with pytest.raises(RunError, match="began with random weights, and not with the networks of"):
        train(new(), init_from=Origin(str(trained)))
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    train(new("second"), init_from=Origin(str(trained)))
    train(new("second", steps=14), init_from=Origin(str(trained)))  # the same command, for longer
    with pytest.raises(RunError, match=r"the networks of .*trained.* at step 50, and not of .*other"):
        train(new("second", steps=16), init_from=Origin(str(other)))


def test_its_own_networks_are_refused(new, tmp_path):
    (tmp_path / "new").mkdir()
    with pytest.raises(RunError, match="cannot begin with its own networks"):
        train(new(), init_from=Origin(str(tmp_path / "new")))


def test_networks_of_another_form_are_refused(trained, new, tmp_path):
    with pytest.raises(RunError, match=r"latent_dim  4 there, 5 here\nLeave these options out") as error:
        train(new(latent_dim=5, filters=3), init_from=Origin(str(trained)))
    assert "filters  2 there, 3 here" in str(error.value)
    assert not RunPaths(tmp_path / "new").config.exists()
    train(new())  # nothing is left of it that would be in the way


def test_other_classes_are_refused(new, tmp_path, tiny_config):
    source = train(new("source", conditional=True))
    again = train(new("again", conditional=True), init_from=Origin(str(source)))
    assert RunPaths(again).origin.exists()
    data = RunPaths(source).data
    data.write_text(data.read_text().replace('"3"', '"three"'))
    with pytest.raises(RunError, match=r"draws the classes .*three.* and these images have .*3"):
        train(new("third", conditional=True), init_from=Origin(str(source)))


def test_a_damaged_copy_is_said_and_not_passed_over(trained, new):
    with pytest.raises(KeyboardInterrupt):
        train(new(), init_from=str(trained), hooks=[Dies(5)])
    for file in RunPaths(Path(new().run.run_dir)).origin_checkpoint.glob("*.data-*"):
        file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(RunError, match=r"the networks with which .* began cannot be read"):
        train(new())


@pytest.mark.parametrize("text", ["[]", "{", '{"run": 1, "checkpoint": 2}', '{"run": "a"}'])
def test_a_damaged_record_is_said_and_not_passed_over(trained, new, text):
    root = train(new(), init_from=Origin(str(trained)))
    RunPaths(root).origin.write_text(text)
    with pytest.raises(RunError, match=r"origin.json cannot be read: put it back"):
        train(new(steps=14))


def test_the_command_takes_the_settings_of_the_networks(trained, tmp_path):
    run_dir = tmp_path / "run"
    options = ["--data", "digits", "--batch-size", "32", "--steps", "3", "--run-dir", str(run_dir)]
    done = CliRunner().invoke(main, ["train", *options, "--init-from", f"{trained}@40"])
    assert done.exit_code == 0, done.output
    config = read_config(run_dir)
    assert (config.model, config.data.image_size) == (read_config(trained).model, (16, 16))
    assert json.loads((run_dir / "origin.json").read_text()) == {"run": str(trained), "checkpoint": 40}
    chosen = ["--preset", "auto", *options[:-1], str(tmp_path / "chosen")]
    done = CliRunner().invoke(main, ["train", *chosen, "--init-from", str(trained)])
    assert done.exit_code == 0, done.output
    assert re.search("filters 2 +of the run that it begins with", done.output)
    assert re.search("image_size 16x16, channels 1 +of the run that it begins with", done.output)
    assert re.search("batch_size 32 +as you asked", done.output)
    for place, told in (("run", "began with the networks of"), ("else", "nothing does not exist")):
        there = [*options[:-1], str(tmp_path / place), "--init-from", str(tmp_path / "nothing")]
        wrong = CliRunner().invoke(main, ["train", *there])
        assert (wrong.exit_code, told in wrong.output) == (1, True)


def test_the_same_command_goes_on_when_the_other_run_is_gone(trained, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(trained, source)
    options = ["--data", "digits", "--batch-size", "32", "--run-dir", str(tmp_path / "run")]
    command = ["train", *options, "--init-from", f"{source}@40", "--steps"]
    assert CliRunner().invoke(main, [*command, "3"]).exit_code == 0
    shutil.rmtree(source)
    done = CliRunner().invoke(main, [*command, "5"])
    assert done.exit_code == 0, done.output
    assert read_config(tmp_path / "run").training.steps == 5


@pytest.mark.parametrize("architecture", ["dcgan", "gan"])
def test_it_goes_on_in_its_default_place_when_the_other_run_is_gone(
    architecture, tmp_path, monkeypatch, tiny_config
):
    """The name of that place has the architecture, which the command takes from the other run."""
    monkeypatch.chdir(tmp_path)
    of_convolutions = {"filters": 64} if architecture == "gan" else {}  # the default: a gan has none
    train(tiny_config(architecture=architecture, run_dir="runs/k", steps=2, **of_convolutions))
    command = ["train", "--data", "digits", "--batch-size", "32", "--init-from", "runs/k", "--steps"]
    assert CliRunner().invoke(main, [*command, "3"]).exit_code == 0
    shutil.move("runs/k", "elsewhere")
    done = CliRunner().invoke(main, [*command, "5"])
    assert done.exit_code == 0, done.output
    assert read_config(Path(f"runs/digits-{architecture}")).training.steps == 5
    other = CliRunner().invoke(main, [*command[:-2], "runs/l", "--steps", "5"])
    assert (other.exit_code, "runs/l does not exist" in other.output) == (1, True)
