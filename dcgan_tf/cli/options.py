"""The options of the command line: those made from the settings, and those that several commands have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dcgan_tf.cli.outputs import complete_path
from dcgan_tf.config import (
    LARGEST_SEED,
    MOST_AT_ONCE,
    Config,
    Setting,
    all_settings,
    parse_image_size,
    preset,
)
from dcgan_tf.errors import ArgumentError

Command = Callable[..., None]

_PATHS = ("data", "data_dir", "cache_dir", "run_dir")
"""Settings that can be a path, so that a shell completes them to files."""
SEED = click.IntRange(0, LARGEST_SEED)
"""The type of --seed for samples."""


class Checkpoint(click.ParamType):  # type: ignore[type-arg]  # it takes none before click 8.4
    """A checkpoint of a run: its step, or "best"."""

    name = "STEP|best"

    def get_metavar(self, *args: Any, **settings: Any) -> str:
        """Return what stands for the value in the help; click would write it in capitals."""
        return self.name

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int | str:
        """Return the step as a number, or "best"."""
        if value == "best":
            return "best"
        try:
            return int(click.IntRange(0, 10**9).convert(value, param, ctx))
        except click.BadParameter as error:
            self.fail(f"expected best or a step, received {value!r}: {error.message}", param, ctx)


def checkpoint_option(does: str, *, default: str = "the newest") -> Callable[[Command], Command]:
    """Return the option --checkpoint.

    Args:
        does: the help, as a sentence without its full stop.
        default: what is taken without it, in words.
    """
    return click.option("--checkpoint", type=Checkpoint(), help=f"{does}.  [default: {default}]")


def num_images(*, least: int = 1) -> click.IntRange:
    """Return the type of --num-images.

    Args:
        least: the smallest number that makes sense.
    """
    return click.IntRange(least, MOST_AT_ONCE)


class ImageSize(click.ParamType):  # type: ignore[type-arg]  # it takes none before click 8.4
    """An image size: SIDE or HEIGHTxWIDTH, in pixels."""

    name = "size"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return (height, width)."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_image_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class StepRange(click.ParamType):  # type: ignore[type-arg]  # as above
    """FIRST:LAST as (first, last), both counted from 1."""

    name = "FIRST:LAST"

    def convert(
        self, value: str | tuple[int, int], param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        """Return the two steps, or refuse the text."""
        if isinstance(value, tuple):
            return value
        parts = value.split(":")
        if len(parts) != 2 or not all(part.isascii() and part.isdigit() for part in parts):
            self.fail(f"expected two steps such as 100:109, received {value!r}", param, ctx)
        first, last = map(int, parts)
        if not 2 <= first <= last:
            self.fail(
                "expected a first step of at least 2 (step 1 compiles) and a last one that is not before it, "
                f"received {value!r}",
                param,
                ctx,
            )
        return first, last


class NameList(click.ParamType):  # type: ignore[type-arg]  # as above
    """A list of known names, separated by commas."""

    name = "names"

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the names in their known order, each once."""
        given = {name.strip() for name in value.split(",")} if isinstance(value, str) else set(value)
        if unknown := given - set(self.known):
            self.fail(
                f"expected some of {', '.join(self.known)}, received {', '.join(sorted(unknown))}", param, ctx
            )
        return tuple(name for name in self.known if name in given)


def names_option(
    flag: str, known: tuple[str, ...], *, default: tuple[str, ...], help: str
) -> Callable[[Command], Command]:
    """Add an option that takes names separated by commas; it can be given several times.

    Args:
        flag: such as "--formats".
        known: the known names.
        default: the names if it is not given.
        help: its help text.
    """
    names = NameList(known)

    def union(ctx: click.Context, param: click.Parameter, given: tuple[tuple[str, ...], ...]) -> Any:
        return names.convert([name for some in given for name in some], param, ctx)

    return click.option(
        flag,
        type=names,
        multiple=True,
        callback=union,
        default=[",".join(default)],
        show_default=True,
        help=help,
    )


def setting_options(*sections: str, exclude: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Add one option for each setting of these sections of the configuration."""

    def decorate(command: Command) -> Command:
        for item in reversed([s for s in all_settings() if s.section in sections and s.name not in exclude]):
            command = _option(item)(command)
        return command

    return decorate


def configured(preset_name: str, changes: dict[str, Any]) -> Config:
    """Return the preset with the given options; a value out of bounds is a usage error."""
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return preset(preset_name, **given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _option(item: Setting) -> Callable[[Command], Command]:
    """Return the click option of a setting; without it, the preset's value is used.

    The option's own default is None, so that of the preset is part of the help text.
    """
    flag = "--" + item.name.replace("_", "-")
    text = item.help if item.default is None else f"{item.help}  [default: {_shown(item)}]"
    if item.type is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", item.name, default=None, help=text)
    complete = complete_path if item.name in _PATHS else None
    return click.option(
        flag, item.name, type=_click_type(item), default=None, help=text, shell_complete=complete
    )


def _click_type(item: Setting) -> Any:
    if item.name == "image_size":
        return ImageSize()
    if item.choices and item.type is str:
        return click.Choice(item.choices)
    return item.type


def _shown(item: Setting) -> str:
    """Return the default as a user would type it."""
    if item.type is bool:
        return ("" if item.default else "no-") + item.name.replace("_", "-")
    return "x".join(map(str, item.default)) if isinstance(item.default, tuple) else str(item.default)


def chosen_labels(text: str | None, class_names: tuple[str, ...]) -> list[int]:
    """Return the numbers of the classes in a text such as "7" or "cat,dog"; all of them for None.

    Args:
        text: names of classes, or their numbers, separated by commas.
        class_names: class names of the run; () if it is not conditional.

    Returns:
        The numbers, in the order given; [] for a run that is not conditional.

    Raises:
        ArgumentError: if one is not a class, or is given twice, or the run is not conditional.
    """
    if text is None:
        return list(range(len(class_names)))
    if not class_names:
        raise ArgumentError(f"--label {text} chooses a class, which needs a run trained with --conditional")
    labels = [_class_number(part.strip(), class_names) for part in text.split(",")]
    if len(set(labels)) < len(labels):
        raise ArgumentError(f"each class can be given once, received {text}")
    return labels


def one_label(text: str, class_names: tuple[str, ...]) -> int:
    """Return the number of the one class in a text such as "7" or "cat".

    Raises:
        ArgumentError: if it is not exactly one class, or the run is not conditional.
    """
    label, *others = chosen_labels(text, class_names)
    if others:
        raise ArgumentError(f"--label takes one class here, received {text}")
    return label


def _class_number(part: str, class_names: tuple[str, ...]) -> int:
    """Return the class of a name or number; a name comes first, even if it looks like a number."""
    if part in class_names:
        return class_names.index(part)
    if part.isdecimal() and int(part) < len(class_names):
        return int(part)
    some = ", ".join(class_names[:12]) + (", …" if len(class_names) > 12 else "")
    raise ArgumentError(
        f"there is no class {part!r}: expected one of {some}, or a number from 0 to {len(class_names) - 1}"
    )
