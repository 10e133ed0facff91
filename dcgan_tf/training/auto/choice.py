"""A choice: complete settings with the reasons for them, and its record in the run directory."""

from __future__ import annotations

import dataclasses
import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config import AS_ASKED, AUTO, Budget, Config, Speed
from dcgan_tf.errors import ArgumentError
from dcgan_tf.runs import RunPaths, read_json, write_json

_WIDEST, _LINE = 32, 76
"""Characters of the settings that have their reason beside them, and of a line of longer ones."""


@dataclass(frozen=True)
class Choice:
    """Settings that were chosen for some data and a budget; `train` takes it in place of a `Config`.

    Attributes:
        config: all settings, with a number of steps or epochs.
        preset: the preset that it began with.
        budget: minutes or images; neither if the number of epochs or steps was given.
        speed: of this machine with these settings; None before it is measured.
        num_images: number of training images; 0 if it was not needed.
        few: whether the pictures are few, and the settings those for few pictures.
        about: a sentence on the data; "" for a preset of fixed settings.
        lines: (settings as text, the reason) of each part of the choice.
        notes: sentences about what to expect.
        remark: a sentence on the budget, or "".
        resumed: whether it was read from a run that has begun; a run keeps its choice.
    """

    config: Config
    preset: str
    budget: Budget
    speed: Speed | None = None
    num_images: int = 0
    few: bool = False
    about: str = ""
    lines: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = ()
    remark: str = ""
    resumed: bool = False

    @property
    def summary(self) -> str:
        """The choice as lines of text: the data, the settings with their reasons, the time, the notes."""
        width = max((len(what) for what, _ in self.lines if len(what) <= _WIDEST), default=0)
        shown = [line for what, why in self.lines for line in _beside(what, why, width)]
        about = f"{self.about}; this was chosen when the run began" if self.resumed else self.about
        head = [about] if self.about else []
        return "\n".join([*head, *shown, *filter(None, [self._time, self.remark]), *self.notes])

    def with_reason(self, names: Collection[str], reason: str) -> Choice:
        """Return the choice with another reason for settings that were not asked for after all.

        Args:
            names: of the settings.
            reason: in a few words.
        """
        lines = tuple(
            (what, reason if what.split()[0] in names and why.endswith(AS_ASKED) else why)
            for what, why in self.lines
        )
        return dataclasses.replace(self, lines=lines)

    @property
    def minutes(self) -> float | None:
        """The minutes that all steps take here by the measurement; None if that is not known."""
        steps = self.config.training.steps or self._steps_of_epochs
        return self.speed.seconds(steps) / 60 if self.speed and steps else None

    @property
    def _steps_of_epochs(self) -> int:
        training = self.config.training
        return (training.epochs or 0) * (self.num_images // training.images_per_step)

    @property
    def _time(self) -> str:
        """Return how much is trained, and how long that takes."""
        if self.speed is None or (minutes := self.minutes) is None:
            return ""
        training = self.config.training
        steps = training.steps or self._steps_of_epochs
        seen = steps * training.images_per_step
        passes = f", each picture {_times(seen / self.num_images)}" if self.num_images else ""
        return (
            f"about {_duration(minutes)}: {steps:,} step{'s' * (steps != 1)} of "
            f"{training.images_per_step} images{passes} "
            f"({self.speed.seconds_per_step:.3g} s a step, measured "
            f"{'when the run began' if self.resumed else 'on this machine'})"
        )

    def write(self, paths: RunPaths) -> None:
        """Write the record, from which the same command later takes the same choice.

        Args:
            paths: the files of the run.
        """
        record = {
            "preset": self.preset,
            "budget": dataclasses.asdict(self.budget),
            "speed": dataclasses.asdict(self.speed) if self.speed else None,
            "num_images": self.num_images,
            "few": self.few,
            "about": self.about,
            "lines": [list(line) for line in self.lines],
            "notes": list(self.notes),
        }
        write_json(paths.choice, record)


def _beside(what: str, why: str, width: int) -> list[str]:
    """Return settings with their reason beside them; below them, if they take whole lines."""
    if len(what) <= width:
        return [f"  {what:<{width}}  {why}"]
    return [*(f"  {line}" for line in textwrap.wrap(what, _LINE)), f"  {'':<{width}}  {why}"]


def read_choice(paths: RunPaths, config: Config) -> Choice | None:
    """Return the choice that a run was begun with; None if there is none, or its record is damaged.

    Args:
        paths: the files of the run.
        config: the settings of the run.
    """
    record: dict[str, Any] = read_json(paths.choice, default={})
    try:
        return Choice(
            config,
            preset=str(record["preset"]),
            budget=Budget(**record["budget"]),
            speed=Speed(**record["speed"]) if record["speed"] else None,
            num_images=int(record["num_images"]),
            few=bool(record["few"]),
            about=str(record["about"]),
            lines=tuple((str(what), str(why)) for what, why in record["lines"]),
            notes=tuple(map(str, record["notes"])),
        )
    except (KeyError, TypeError, ValueError, ArgumentError):
        return None


def is_auto(choice: Choice) -> bool:
    """Return whether the settings were chosen by the table, and not by a preset of fixed settings."""
    return choice.preset == AUTO


def _duration(minutes: float) -> str:
    if minutes < 1:
        seconds = max(1, round(60 * minutes))
        return f"{seconds} second{'s' * (seconds != 1)}"
    if minutes < 1.5:
        return "1 minute"
    return f"{minutes:.0f} minutes" if minutes < 120 else f"{minutes / 60:.1f} hours"


def _times(number: float) -> str:
    """Return a number of times in words, such as "once", "0.33 times" or "1,200 times"."""
    if number < 0.001:
        return "less than 0.001 times"
    told = f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
    return "once" if told == "1" else f"{told} times"
