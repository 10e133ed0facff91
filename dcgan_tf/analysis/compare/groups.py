"""The runs of a comparison: which of them differ only in their seed, and which are not complete."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config import all_settings, flatten
from dcgan_tf.runs import CheckpointStore, Record, Run, RunPaths, read_json, read_records

_LOSSES = ("discriminator_loss", "generator_loss")
_SAYS_ITSELF = ("architecture", "data", "loss", "precision")
"""Settings whose value is clear without their name."""


@dataclass(frozen=True)
class ComparedRun:
    """One run of a comparison.

    Attributes:
        run: opened.
        label: a name that differs from those of the others.
        length: its planned number of steps, or the step of an earlier checkpoint.
        stats: its records up to the step that was opened.
    """

    run: Run
    label: str
    length: int
    stats: tuple[Record, ...]

    @property
    def unfinished(self) -> list[str]:
        """The reasons why its training did not end as it should; none if it did."""
        reasons = []
        if self.run.step < self.length:
            reasons.append(f"stopped at step {self.run.step:,} of {self.length:,}")
        if self.stats and not all(_is_finite(self.stats[-1].get(name)) for name in _LOSSES):
            reasons.append("its losses are not finite")
        return reasons


@dataclass(frozen=True)
class Group:
    """Runs that differ only in their seed, or a single run.

    Attributes:
        label: its differences from the other groups.
        members: at least one.
    """

    label: str
    members: tuple[ComparedRun, ...]


def compared_runs(runs: Sequence[Run]) -> list[ComparedRun]:
    """Return the runs with names and records; equal names get the step or the whole path."""
    names = [run.path.resolve().name for run in runs]
    with_steps = [f"{name} @ {run.step:,}" for name, run in zip(names, runs, strict=True)]
    paths = [f"{run.path} @ {run.step:,}" for run in runs]
    entries = []
    for run, *labels in zip(runs, names, with_steps, paths, strict=True):
        every = (names, with_steps, paths)
        label = next(
            (one for one, all_ in zip(labels, every, strict=True) if all_.count(one) == 1), labels[-1]
        )
        records = read_records(RunPaths(run.path).stats)
        stats = tuple(record for record in records if record["step"] <= run.step)
        entries.append(ComparedRun(run, label, _length(run), stats))
    return entries


def groups_of(entries: Sequence[ComparedRun]) -> list[Group]:
    """Group runs whose settings and length are equal apart from the seed; keep the order."""
    members: dict[tuple[Any, ...], list[ComparedRun]] = {}
    for entry in entries:
        members.setdefault(tuple(_settings(entry).items()), []).append(entry)
    keys = [dict(key) for key in members]
    differing = differences(entries)
    groups = []
    for key, those in zip(keys, members.values(), strict=True):
        label = those[0].label
        if len(those) > 1:
            label = ", ".join(_setting_text(name, key[name]) for name in differing) or "all"
            label += f" ({len(those)} seeds)"
        groups.append(Group(label, tuple(those)))
    return groups


def differences(entries: Sequence[ComparedRun]) -> dict[str, list[Any]]:
    """Return {setting: its values} for all settings but the seed in which the runs differ."""
    every = [_settings(entry) for entry in entries]
    values = {name: list(dict.fromkeys(one[name] for one in every)) for name in every[0]}
    return {name: those for name, those in values.items() if len(those) > 1}


def _settings(entry: ComparedRun) -> dict[str, Any]:
    """Return what the trained weights depend on, without the seed: settings, and what the run began with."""
    values = flatten(entry.run.config)
    kept = {s.name: values[s.name] for s in all_settings() if not s.may_change and s.name != "seed"}
    return {**kept, "init_from": _beginning(entry.run), "steps": entry.length}


def _beginning(run: Run) -> str:
    """Return the checkpoint with whose networks a run began."""
    origin = read_json(RunPaths(run.path).origin, default={})
    return f"{origin.get('run')}@{origin.get('checkpoint')}" if origin else "random weights"


def _length(run: Run) -> int:
    """Return the planned number of steps of a run, or the step of a checkpoint that is not its newest."""
    paths, training = RunPaths(run.path), run.config.training
    if run.step < max(CheckpointStore(paths.checkpoints).steps(), default=0):
        return run.step
    images = int(read_json(paths.data, default={}).get("num_images") or 0)
    planned = training.steps or (training.epochs or 0) * (images // training.images_per_step)
    return max(run.step, planned)


def _setting_text(name: str, value: Any) -> str:
    if isinstance(value, tuple):
        value = "×".join(map(str, value))
    return str(value) if name in _SAYS_ITSELF else f"{name.replace('_', ' ')} {value}"


def _is_finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
