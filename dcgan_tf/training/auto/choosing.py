"""Choose the settings of a run: find out what the data are, ask the table, and measure the speed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace as changed
from typing import Any

import numpy as np

from dcgan_tf.config import (
    AUTO,
    LARGE_FROM_MINUTES,
    LARGE_FROM_MINUTES_OF_FEW,
    LARGEST_SIDE,
    SMALLEST_SIDE,
    Budget,
    Config,
    Facts,
    check_request,
    choose_settings,
    preset,
    replace,
    side_within,
    steps_of,
    with_default,
)
from dcgan_tf.data import NativeForm, load_data, native_form
from dcgan_tf.errors import ArgumentError
from dcgan_tf.images import evenly_spaced
from dcgan_tf.models import check_size, fitting_size
from dcgan_tf.runs import RunPaths, read_config, with_own_held_out
from dcgan_tf.training.auto.choice import Choice, is_auto, read_choice
from dcgan_tf.training.cluster.addresses import is_chief, read_cluster
from dcgan_tf.training.run_dir import check_place


def choose(
    preset_name: str = AUTO, *, minutes: float | None = None, images: float | None = None, **given: Any
) -> Choice:
    """Choose the settings of a run for its data and a budget; `train` takes what this returns.

    `auto` looks at the data; any other preset keeps its settings, and the budget replaces its length. A few
    steps are timed on this machine, which takes some seconds. A run that was begun with a choice keeps it: a
    larger budget makes it longer.

    Args:
        preset_name: "auto", or the name of another preset.
        minutes: train for so long on this machine.
        images: train until this many real images were seen.
        given: settings by their flat names, such as `data="my-pictures"`; they win over what is chosen.

    Returns:
        The choice. `print(choice.summary)` says what was chosen and why.

    Raises:
        ArgumentError: if both budgets, or a budget and a number of epochs or steps, or settings that
            contradict each other are given.
        DataError: if the data cannot be loaded.
        RunError: if the run directory holds a run with other settings, or something else.
    """
    return with_length(choose_without_length(preset_name, Budget(minutes, images), given))


def choose_without_length(preset_name: str, budget: Budget, given: Mapping[str, Any]) -> Choice:
    """Return the choice without the measurement of `with_length`; this does not import TensorFlow.

    Args:
        preset_name: "auto", or the name of another preset.
        budget: minutes, images, or neither.
        given: {setting: value} of what the user decides.

    Raises:
        ArgumentError, DataError, RunError: as `choose` does.
    """
    check_request(preset_name, budget, given)
    given = {name: value for name, value in given.items() if value is not None}
    found = _recorded(preset_name, given)
    if found is None:
        budget = with_default(budget, given) if preset_name == AUTO else budget
        found = (
            _of_data(budget, given)
            if preset_name == AUTO
            else Choice(preset(preset_name, **given), preset_name, budget)
        )
    else:
        base = found.config if preset_name == AUTO else preset(preset_name)
        lengths = any(name in given for name in ("epochs", "steps"))
        kept = Budget() if lengths else budget if budget.given else found.budget
        found = changed(found, config=replace(base, **given), budget=kept, resumed=True)
    check_size(found.config)
    check_place(found.config)
    return found


def with_length(choice: Choice) -> Choice:
    """Return a choice whose budget has become a number of steps; measure this machine if that is not known.

    Args:
        choice: what `choose_without_length` returned.
    """
    if choice.speed is None or read_cluster() is not None:
        from dcgan_tf.training.auto.measuring import agreed_speed

        choice = changed(choice, speed=agreed_speed(choice.config, choice.speed))
    if not choice.budget.given:
        return choice
    steps, remark = _steps_within(choice, choice.budget)
    return changed(choice, config=replace(choice.config, steps=steps), remark=remark)


def longer_budget(choice: Choice, finished_steps: int) -> Budget:
    """Return the budget of a choice times two, or a higher power of it, that makes more than so many steps.

    A run may have done more than its budget says: few pictures have a least number of steps, the start takes
    time, and the run may have had a larger budget before.
    """
    budget, steps = choice.budget, 0
    while steps <= finished_steps:
        try:
            budget = Budget(budget.minutes and 2 * budget.minutes, budget.images and 2 * budget.images)
        except ArgumentError:  # it is as large as can be
            break
        steps, _ = _steps_within(choice, budget)
    return budget


def _steps_within(choice: Choice, budget: Budget) -> tuple[int, str]:
    return steps_of(
        budget,
        images_per_step=choice.config.training.images_per_step,
        speed=choice.speed,
        few=choice.few and is_auto(choice),
    )


def _recorded(preset_name: str, given: Mapping[str, Any]) -> Choice | None:
    """Return the choice that the run was begun with, if it was begun with this preset."""
    place = {name: given[name] for name in ("run_dir", "data", "architecture") if name in given}
    paths = RunPaths.of(replace(Config(), **place))
    if not is_chief():
        return None  # the chief's settings count
    if not paths.config.exists() or not paths.choice.exists():
        return None
    found = read_choice(paths, read_config(paths.root))
    return found if found and found.preset == preset_name else None


def _of_data(budget: Budget, given: Mapping[str, Any]) -> Choice:
    """Return the choice of the table for the data that are given."""
    named = {s: given[s] for s in ("data", "data_dir", "split") if s in given}
    native = native_form(replace(Config(), **named).data)
    size = given.get("image_size") or _image_size(native, budget)
    channels = given.get("channels") or (1 if native.grey else 3)
    of_images = {name: given[name] for name in _OF_IMAGES if name in given}
    facts, name = _load(of_images, size, channels)
    if facts.few and "image_size" not in given:
        facts, name = _load(of_images, _image_size(native, budget, few=True), channels)
    chosen = choose_settings(facts, given)
    return Choice(
        chosen.config,
        AUTO,
        budget,
        num_images=facts.num_images,
        few=facts.few,
        about=_about(name, facts, native),
        lines=(_line_of_size(native, facts, given), *chosen.lines),
        notes=_notes(facts, given),
    )


_LOOKED_AT = 1000
_NEARLY = 32
"""Levels from black, or from white."""
MOST_ASPECT = 4
"""Pictures of a longer shape become square."""
_OF_IMAGES = (
    *("data", "data_dir", "split", "fit", "max_bad_fraction", "held_out_fraction", "cache_dir"),
    *("run_dir", "architecture"),
)
"""The settings that decide which images are loaded; an existing run keeps the share that it holds out."""


def _load(of_images: Mapping[str, Any], size: tuple[int, int], channels: int) -> tuple[Facts, str]:
    """Load the images at a size, and return what they are, and their name."""
    config = replace(Config(), **{**of_images, "image_size": size, "channels": channels})
    check_size(config)
    image_set = load_data(with_own_held_out(config).data)
    facts = Facts(
        len(image_set),
        channels,
        size,
        num_classes=len(image_set.label_names),
        black_or_white=_black_or_white(image_set.images),
    )
    return facts, image_set.name


def _black_or_white(images: np.ndarray) -> float:
    """Return the share of pixels that are nearly black, or nearly white, of some images, uint8."""
    some = images[evenly_spaced(len(images), _LOOKED_AT)]
    return float(np.mean((some < _NEARLY).all(axis=-1) | (some > 255 - _NEARLY).all(axis=-1)))


def _image_size(native: NativeForm, budget: Budget, *, few: bool = False) -> tuple[int, int]:
    """Return the size for pictures of this form: their own if that fits; square if they differ.

    A small budget makes drawn portraits small, and pictures that are few.
    """
    largest = side_within(budget, few=few) if few or native.size is None else LARGEST_SIDE
    if native.size is None:
        return largest, largest
    shorter = min(native.size)
    own = native.alike and shorter <= largest and max(native.size) <= MOST_ASPECT * shorter
    return fitting_size(native.size if own else (shorter, shorter), smallest=SMALLEST_SIDE, largest=largest)


def _about(name: str, facts: Facts, native: NativeForm) -> str:
    colour = "grey" if native.grey else "in colour"
    if native.size is None:
        size = "drawn at any size"
    else:
        height, width = native.size
        size = f"{'' if native.alike else 'about '}{height}x{width} pixels"
    return f"auto: {facts.num_images:,} images of {name} to train on, {colour}, {size}"


def _line_of_size(native: NativeForm, facts: Facts, given: Mapping[str, Any]) -> tuple[str, str]:
    height, width = facts.image_size
    what = f"image_size {height}x{width}, channels {facts.channels}"
    asked = [name for name in ("image_size", "channels") if name in given]
    if asked:
        return what, f"{' and '.join(asked)} as you asked"
    if facts.image_size != _image_size(native, Budget()):
        return what, f"in a short time small pictures become clearer; with {_longer(facts)} they are larger"
    if native.size is None:
        return (
            what,
            f"drawn at any size; {LARGEST_SIDE} is the largest, and is taken unless the budget is small",
        )
    return what, f"the size nearest to their own that fits, at most {LARGEST_SIDE}"


def _longer(facts: Facts) -> str:
    """Return the budget that is large enough for large pictures."""
    minutes = LARGE_FROM_MINUTES_OF_FEW if facts.few else LARGE_FROM_MINUTES
    return f"--minutes {minutes:g}"


def _notes(facts: Facts, given: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if facts.num_classes > 1 and not given.get("conditional"):
        notes.append(
            f"the data have {facts.num_classes} classes; with --conditional you can choose what is drawn"
        )
    if facts.few:
        notes.append(
            f"what to expect of {facts.num_images:,} pictures: variations of them, not new ones; at the end, "
            "a search for copies says how near the samples are to them"
        )
    return tuple(notes)
