"""`--preset auto`: settings as a function of what the data are, of a budget, and of the machine's speed."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config.presets import preset
from dcgan_tf.config.recipe import (
    ALL,
    DEFAULT_MINUTES,
    FEW_PICTURES,
    FEWEST_STEPS,
    FEWEST_STEPS_OF_FEW,
    LARGE_FROM_IMAGES,
    LARGE_FROM_MINUTES,
    LARGE_FROM_MINUTES_OF_FEW,
    LARGEST_SIDE,
    OF_CONVOLUTIONAL,
    RULES,
    SMALL_SIDE,
    Case,
    Rule,
)
from dcgan_tf.config.schema import flatten, replace
from dcgan_tf.config.settings import BUILT_IN_DATA, Config
from dcgan_tf.errors import ArgumentError

AUTO = "auto"
AS_ASKED = "as you asked"
"""The reason for a setting that the user has decided."""
MOST_MINUTES, MOST_IMAGES = 1e6, 1e12


@dataclass(frozen=True)
class Facts:
    """What the data are.

    Attributes:
        num_images: number of training images.
        channels: 1 if the pictures are grey, else 3.
        image_size: (height, width) nearest to the pictures' own that the networks can have.
        num_classes: number of classes that are known of them; 0 without labels.
        black_or_white: share of their pixels that are nearly black or nearly white, in all channels.
    """

    num_images: int
    channels: int
    image_size: tuple[int, int]
    num_classes: int = 0
    black_or_white: float = 0.0

    @property
    def few(self) -> bool:
        """Whether the pictures are so few that they are augmented, and the run searched for copies."""
        return self.num_images < FEW_PICTURES


@dataclass(frozen=True)
class Budget:
    """How long to train: for some minutes, or until some images were seen.

    Attributes:
        minutes: of training on this machine, or None.
        images: real images to see, each as often as it is seen; or None.

    Raises:
        ArgumentError: if both are set, or one is not a number above 0.
    """

    minutes: float | None = None
    images: float | None = None

    def __post_init__(self) -> None:
        if self.minutes is not None and self.images is not None:
            raise ArgumentError("--minutes and --images both say how long to train; give one of them")
        for name, value, most in (
            ("minutes", self.minutes, MOST_MINUTES),
            ("images", self.images, MOST_IMAGES),
        ):
            if value is None:
                continue
            number = isinstance(value, numbers.Real) and not isinstance(value, bool)
            if not (number and 0 < value <= most):
                raise ArgumentError(f"{name} must be above 0 and at most {most:g}, received {value!r}")
            # NumPy's numbers too, which choice.json cannot have. The way around "frozen", as for settings.
            object.__setattr__(self, name, value if type(value) in (int, float) else float(value))

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return self.minutes is not None or self.images is not None

    @property
    def words(self) -> str:
        """The budget as a user would say it."""
        if self.minutes is not None:
            return f"{self.minutes:g} minute{'s' * (self.minutes != 1)}"
        return f"{self.images or 0:,.0f} images"


@dataclass(frozen=True)
class Speed:
    """The time that training takes on this machine.

    Attributes:
        seconds_before: until the first step is done, which compiles it.
        seconds_per_step: of each further step, with its share of the calibrations between steps.
    """

    seconds_before: float
    seconds_per_step: float

    def seconds(self, steps: int) -> float:
        """Return the seconds that so many steps take."""
        return self.seconds_before + steps * self.seconds_per_step

    def steps(self, seconds: float) -> int:
        """Return the number of steps that fit into so many seconds, at least 1."""
        return max(1, math.floor((seconds - self.seconds_before) / self.seconds_per_step))


@dataclass(frozen=True)
class Chosen:
    """Settings with the reasons why they were chosen.

    Attributes:
        config: all settings; the length is that of `Config()` unless it was given.
        lines: (settings as text, the reason) of each rule of the table that holds.
    """

    config: Config
    lines: tuple[tuple[str, str], ...]


def check_request(preset_name: str, budget: Budget, given: Mapping[str, Any]) -> None:
    """Refuse what is wrong whatever the data are, before any image is loaded.

    Args:
        preset_name: "auto", or the name of another preset.
        budget: minutes, images, or neither.
        given: {setting: value} of what the user decides; None where nothing was said.

    Raises:
        ArgumentError: if there is a budget beside a number of epochs or steps, or if a setting is wrong or
            contradicts another; it says why.
    """
    preset(
        "default" if preset_name == AUTO else preset_name,
        **{name: value for name, value in given.items() if value is not None},
    )
    for name in ("epochs", "steps"):
        if budget.given and given.get(name) is not None:
            option = "--minutes" if budget.minutes is not None else "--images"
            raise ArgumentError(
                f"{option} becomes a number of steps, and --{name} is another one; give one of them"
            )


def with_default(budget: Budget, given: Mapping[str, Any]) -> Budget:
    """Return the budget, or the default one if neither a budget nor a number of epochs or steps is given."""
    lengths = any(given.get(name) is not None for name in ("epochs", "steps"))
    return budget if budget.given or lengths else Budget(minutes=DEFAULT_MINUTES)


def side_within(budget: Budget, *, few: bool) -> int:
    """Return the side in pixels at which pictures of any size become clear within a budget.

    Args:
        budget: minutes or images; without one, there is time enough.
        few: whether the pictures are few, so that they need many passes.
    """
    enough = LARGE_FROM_MINUTES_OF_FEW if few else LARGE_FROM_MINUTES
    short = budget.minutes is not None and budget.minutes < enough
    return SMALL_SIDE if short or (budget.images or LARGE_FROM_IMAGES) < LARGE_FROM_IMAGES else LARGEST_SIDE


def choose_settings(facts: Facts, given: Mapping[str, Any]) -> Chosen:
    """Return the settings for these data by the table in `recipe.py`.

    A rule that contradicts a given setting is left out.

    Args:
        facts: what the data are.
        given: {setting: value} of what the user decides; it wins over every rule.

    Raises:
        ArgumentError: if the given settings contradict each other, or are not allowed.
    """
    image_size = given.get("image_size") or facts.image_size
    channels = given.get("channels") or facts.channels
    photographs = given.get("data", Config().data.spec) not in BUILT_IN_DATA
    case = Case(facts.num_images, channels, photographs, min(image_size), facts.black_or_white)
    changes: dict[str, Any] = {"image_size": image_size, "channels": channels}
    rules, left_out = [], []
    effectless = OF_CONVOLUTIONAL if given.get("architecture") == "gan" else set()
    fitting = [rule for rule in RULES if rule.when.holds(case) and effectless.isdisjoint(rule.settings)]
    for rule in (*fitting, *_of_few_images(fitting, facts, given)):
        with_rule = {**changes, **rule.settings}
        contradiction = _made_wrong({**changes, **given}, {**with_rule, **given})
        if not contradiction and "ema_images" in rule.settings and "ema_decay" in given:
            contradiction = "ema_images takes the place of ema_decay, which you gave"
        if contradiction:
            left_out.append((_named(rule.settings), f"left out: {contradiction}"))
            continue
        changes = with_rule
        rules.append(rule)
    config = replace(Config(), **{**changes, **given})
    return Chosen(config, (*_lines(rules, flatten(config), given), *left_out))


def _of_few_images(fitting: Sequence[Rule], facts: Facts, given: Mapping[str, Any]) -> Iterator[Rule]:
    """Yield the rule of a smaller batch, if there are fewer images than a step takes by the fitting rules."""
    replicas = given.get("replicas") or 1
    largest = max(2, facts.num_images // given.get("discriminator_steps", 1) // replicas * replicas)
    sizes = [rule.settings["batch_size"] for rule in fitting if "batch_size" in rule.settings]
    if sizes and sizes[-1] > largest:
        yield Rule({"batch_size": largest}, ALL, "a batch cannot be larger than the data")


def steps_of(
    budget: Budget, *, images_per_step: int, speed: Speed | None, few: bool = False
) -> tuple[int, str]:
    """Return (number of steps, a remark on it or "") for a budget.

    Few pictures get a least number of steps, whatever the budget in images; a budget in minutes is kept, and
    the remark says what is lacking.

    Args:
        budget: minutes or images.
        images_per_step: real images that a step sees.
        speed: of this machine; needed for minutes.
        few: whether the pictures are few, and the settings those for few pictures.
    """
    if budget.minutes is None or speed is None:
        steps = max(1, round((budget.images or 0.0) / images_per_step))
        if few and steps < FEWEST_STEPS_OF_FEW:
            return FEWEST_STEPS_OF_FEW, (
                f"{budget.words} would be {steps:,} steps, and so few pictures need {FEWEST_STEPS_OF_FEW:,}"
            )
        return steps, _too_few(steps, f"--images {FEWEST_STEPS * images_per_step}")
    steps = speed.steps(60 * budget.minutes)
    if few and steps < FEWEST_STEPS_OF_FEW:
        enough = math.ceil(speed.seconds(FEWEST_STEPS_OF_FEW) / 60)
        return steps, (
            f"so few pictures need {FEWEST_STEPS_OF_FEW:,} steps to be recognised, which take about "
            f"{enough} minutes here: --minutes {enough}"
        )
    return steps, _too_few(steps, f"--minutes {math.ceil(speed.seconds(FEWEST_STEPS) / 60)}")


def _too_few(steps: int, enough: str) -> str:
    """Return what to say of a number of steps; "" if it is enough to see anything."""
    if steps >= FEWEST_STEPS:
        return ""
    return f"with fewer than {FEWEST_STEPS:,} steps there is rarely anything to see; {enough} makes enough"


def _made_wrong(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return why settings contradict each other that did not before; "" if they do not."""
    try:
        replace(Config(), **after)
    except ArgumentError as error:
        try:
            replace(Config(), **before)
        except ArgumentError:
            return ""  # a later rule may put it right
        return str(error)
    return ""


def _lines(
    rules: Sequence[Rule], values: Mapping[str, Any], given: Mapping[str, Any]
) -> Iterator[tuple[str, str]]:
    """Yield (settings, reason) of each rule, with those settings alone that no later rule has changed."""
    last = {name: rule for rule in rules for name in rule.settings}
    for rule in rules:
        own = [name for name in rule.settings if last[name] is rule]
        if chosen := [name for name in own if name not in given]:
            yield _named({name: values[name] for name in chosen}), rule.why
        if asked := [name for name in own if name in given]:
            yield _named({name: values[name] for name in asked}), AS_ASKED


def _named(settings: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_shown(value)}" for name, value in settings.items())


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
