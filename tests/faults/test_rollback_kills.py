"""A run that goes back is killed, stopped and damaged: it ends as one that was not."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import Config, replace
from dcgan_tf.errors import RunError
from dcgan_tf.runs.folder import RunPaths, checkpoint_steps
from dcgan_tf.runs.records import read_json
from dcgan_tf.training import rollback as rollback_module
from dcgan_tf.training.interrupt import Interrupted
from dcgan_tf.training.loop import train
from going_back import SMALL, At, ctrl_c, different, going_wrong, trained

Read = Callable[[Path, int], dict[str, np.ndarray]]
RATE = "generator_optimizer/_learning_rate/.ATTRIBUTES/VARIABLE_VALUE"


@pytest.fixture
def small(tiny_config: Callable[..., Config], tmp_path: Path) -> Callable[..., Config]:
    """Return the settings of a small run, with changes."""
    return lambda name="run", **changes: tiny_config(**{**SMALL, "run_dir": str(tmp_path / name), **changes})


@pytest.fixture(scope="module")
def whole(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config], read_checkpoint: Read
) -> dict[str, np.ndarray]:
    """Return the last checkpoint of a run that went back and was not killed."""
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        going_wrong(patch, 100)
        config = tiny_config(**SMALL, anneal=0.3, run_dir=str(folder / "run"))
        return read_checkpoint(trained(config), 130)


@pytest.fixture
def differences(read_checkpoint: Read, whole: dict[str, np.ndarray]) -> Callable[[Config], list[str]]:
    """Return what trains a run on to its end, and names what differs from a run that was not disturbed."""
    return lambda config: different(read_checkpoint(trained(config), 130), whole)


@pytest.mark.parametrize("moment", range(10))
def test_a_run_killed_during_a_rollback_goes_on_bit_for_bit(
    moment: int,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    differences: Callable[[Config], list[str]],
) -> None:
    going_wrong(monkeypatch, 100)
    config, left = small(anneal=0.3), moment

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        """Let a kill come before or after the call of a function whose turn it is."""

        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
            result = function(*arguments, **named)
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
            return result

        return called

    with monkeypatch.context() as patch:
        patch.setattr(rollback_module, "write_json", mortal(rollback_module.write_json))
        store = rollback_module.CheckpointStore
        patch.setattr(store, "copy_from", mortal(store.copy_from))
        patch.setattr(store, "forget_after", mortal(store.forget_after))
        with pytest.raises(KeyboardInterrupt):
            trained(config)
    assert differences(config) == []
    rollbacks = read_json(RunPaths(Path(config.run.run_dir)).rollbacks, default=[])
    assert [(entry["from_step"], entry["to_step"]) for entry in rollbacks] == [(100, 40)]


@pytest.mark.parametrize("killed_at", [50, 70, 125])
def test_a_run_killed_after_a_rollback_goes_on_bit_for_bit(
    killed_at: int,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    differences: Callable[[Config], list[str]],
) -> None:
    going_wrong(monkeypatch, 100)
    config = small(anneal=0.3)

    def kill(progress: Any) -> None:
        if RunPaths(Path(config.run.run_dir)).rollbacks.exists():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        trained(config, At(killed_at, kill))
    assert differences(config) == []


def test_a_run_that_is_asked_to_stop_stops_and_goes_back_when_it_goes_on(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    differences: Callable[[Config], list[str]],
) -> None:
    going_wrong(monkeypatch, 100)

    config = small(anneal=0.3)
    with pytest.raises(Interrupted):
        trained(config, At(99, ctrl_c))
    assert differences(config) == []


def test_a_checkpoint_that_cannot_be_read_for_now_costs_nothing(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch
) -> None:
    going_wrong(monkeypatch, 100)
    store = rollback_module.CheckpointStore

    def busy(self: Any, step: int) -> None:
        raise RunError("too many open files")

    config = small()
    paths = RunPaths(Path(config.run.run_dir))
    with pytest.raises(RunError, match="too many open files"):
        trained(config, At(95, lambda progress: monkeypatch.setattr(store, "damage", busy)))
    assert not paths.rollbacks.exists()
    assert checkpoint_steps(paths.checkpoints) == [90, 60, 30]


@pytest.mark.parametrize("content", ["[{", '[{"from_step": 1}]', "7", '[{"from_step": 5, "to_step": "x"}]'])
def test_a_damaged_record_is_set_aside(
    content: str,
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    going_wrong(monkeypatch, 100)
    config = small()
    paths = RunPaths(trained(replace(config, steps=110)))
    paths.rollbacks.write_text(content)
    train(config)
    assert "rollbacks.json cannot be read, so the learning rates are those of the settings" in caplog.text
    assert not paths.rollbacks.exists()
    rate = tf.train.load_checkpoint(str(paths.checkpoints / "ckpt-130")).get_tensor(RATE)
    assert rate == pytest.approx(1e-3)


def test_a_run_that_lost_its_checkpoints_has_the_same_rates_again(
    small: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
    differences: Callable[[Config], list[str]],
) -> None:
    going_wrong(monkeypatch, 100)
    config = small(anneal=0.3)
    paths = RunPaths(trained(config))
    for folder in (paths.checkpoints, paths.best):
        for file in folder.glob("ckpt-*"):
            file.unlink()
    assert differences(config) == []


def files_of(root: Path) -> dict[str, bytes]:
    """Return {name: content} of what training reads when it begins again."""
    files = (path for path in sorted(root.rglob("*")) if path.is_file() and "events" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in files}


def test_a_kill_between_any_two_changes_of_a_rollback_leaves_what_no_kill_leaves(
    small: Callable[..., Config], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    going_wrong(monkeypatch, 100)
    config = small(sample_every=25)
    with pytest.raises(Interrupted):  # it has decided to go back, and nothing more
        trained(config, At(99, ctrl_c))
    pending = Path(config.run.run_dir)
    shutil.copytree(pending, tmp_path / "whole")
    rollback_module.finish_rollback(RunPaths(tmp_path / "whole"))
    expected, moment, killed = files_of(tmp_path / "whole"), 0, True
    while killed:
        root = tmp_path / f"killed-{moment}"
        shutil.copytree(pending, root)
        with monkeypatch.context() as patch:
            killed = killed_at(
                moment, patch, lambda root=root: rollback_module.finish_rollback(RunPaths(root))
            )
        rollback_module.finish_rollback(RunPaths(root))
        assert files_of(root) == expected, moment
        moment += 1
    assert moment > 20


def killed_at(moment: int, patch: pytest.MonkeyPatch, action: Callable[[], object]) -> bool:
    """Do something, and be killed before a file is changed for the so many-th time; return whether it was."""
    left = moment

    def mortal(function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any, **named: Any) -> Any:
            nonlocal left
            left -= 1
            if left == -1:
                raise KeyboardInterrupt
            return function(*arguments, **named)

        return called

    for name in ("unlink", "mkdir", "rmdir"):
        patch.setattr(Path, name, mortal(getattr(Path, name)))
    patch.setattr(os, "replace", mortal(os.replace))
    for name in ("copyfile", "rmtree"):
        patch.setattr(shutil, name, mortal(getattr(shutil, name)))
    try:
        action()
    except KeyboardInterrupt:
        return True
    return False
