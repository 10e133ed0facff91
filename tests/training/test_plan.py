"""What is decided before the first step: which workers train together, and what a run keeps of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from dcgan_tf.config import Config, to_json
from dcgan_tf.errors import RunError
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.training import plan


def check(each: Callable[[int], list[int]]) -> None:
    """Check the software of workers, of which `each` returns the numbers."""
    plan._refuse_different_software(SimpleNamespace(each=each, name=lambda index: f"worker {index}"))


def check_beside(patch: pytest.MonkeyPatch, *, version: str = "1.2", onednn: bool = True) -> None:
    """Check the software of version 1.2 with oneDNN beside another worker's."""
    of_other: list[int] = []
    for its_version, its_onednn in ((version, onednn), ("1.2", True)):
        patch.setattr(plan, "__version__", its_version)
        patch.setattr(plan, "uses_onednn", lambda on=its_onednn: on)
        if not of_other:
            check(lambda own: of_other.append(own) or [own])
    check(lambda own: [own, of_other.pop(0)])


def test_the_same_software_trains_together(monkeypatch: pytest.MonkeyPatch) -> None:
    check_beside(monkeypatch)


def test_another_version_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        RunError, match=r"the chief's versions: worker 1 differ.* dcgan_tf 1\.2 and TensorFlow"
    ):
        check_beside(monkeypatch, version="1.3")


def test_onednn_on_one_machine_alone_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(
        RunError, match=r"oneDNN is not the same .*worker 1 differ.* has it on; set TF_ENABLE"
    ):
        check_beside(monkeypatch, onednn=False)


@pytest.mark.parametrize(
    ("keep_every", "drop_kept", "expected"), [(0, False, 5), (0, True, 0), (20, False, 20), (20, True, 20)]
)
def test_what_a_run_is_to_keep_for_ever_is_not_dropped_by_a_default(
    keep_every: int, drop_kept: bool, expected: int, tiny_config: Callable[..., Config], tmp_path: Path
) -> None:
    config = tiny_config(run_dir=str(tmp_path / "run"), keep_every=keep_every)
    assert plan.make_plan(config, drop_kept=drop_kept).config.run.keep_every == keep_every
    (tmp_path / "run").mkdir()
    RunPaths(tmp_path / "run").config.write_text(
        to_json(tiny_config(run_dir=str(tmp_path / "run"), keep_every=5))
    )
    assert plan.make_plan(config, drop_kept=drop_kept).config.run.keep_every == expected
