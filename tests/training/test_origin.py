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


def test_a_new_start_before_the_first_checkpoint_begins_with_the_same_weights(
    trained, new, read_checkpoint, tmp_path, tiny_config
):
    source = tmp_path / "source"
    shutil.copytree(trained, source)
    whole = train(new("whole"), init_from=Origin(str(source)))
    with pytest.raises(KeyboardInterrupt):
        train(new("killed"), init_from=Origin(str(source)), hooks=[Dies(5)])
    # The other run goes on meanwhile, and keeps the checkpoint.
    going_on = {"steps": 60, "checkpoint_every": 5, "keep_every": 50}
    train(tiny_config(run_dir=str(source), sample_every=20, log_every=10, histogram_every=25, **going_on))
    again = train(new("killed"))
    assert different(read_checkpoint(again, 12), read_checkpoint(whole, 12)) == []
    # It does make a difference.
    plain = train(new("plain"))
    assert different(read_checkpoint(plain, 12), read_checkpoint(whole, 12)) != []
    # Going on needs the other run no more.
    shutil.rmtree(source)
    longer = train(new("killed", steps=15))
    assert RunPaths(longer).origin.exists()


def test_what_the_other_run_has_no_more_is_said(trained, new, tmp_path):
    source = tmp_path / "source"
    shutil.copytree(trained, source)
    with pytest.raises(KeyboardInterrupt):
        train(new(), init_from=Origin(str(source)), hooks=[Dies(5)])
    shutil.rmtree(source)
    with pytest.raises(RunError, match=r"the checkpoint of step 50 of .*source, .* is not there any more"):
        train(new())


def test_a_run_that_began_otherwise_is_refused(trained, new, tmp_path):
    train(new())
    with pytest.raises(RunError, match="began with random weights, and not with the networks of"):
        train(new(), init_from=Origin(str(trained)))
    other = tmp_path / "other"
    shutil.copytree(trained, other)
    train(new("second"), init_from=Origin(str(trained)))
    train(new("second", steps=14), init_from=Origin(str(trained)))  # the same command, for longer
    with pytest.raises(RunError, match=r"began with the networks of .*trained.*, and not of .*other"):
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
    wrong = CliRunner().invoke(main, ["train", *options, "--init-from", str(tmp_path / "nothing")])
    assert (wrong.exit_code, "nothing does not exist" in wrong.output) == (1, True)
