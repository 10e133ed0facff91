"""The command line's options, made from the settings in config.py, so that neither can lag behind the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from dcgan_tf.config import Setting, parse_image_size, settings

Command = Callable[..., None]


class ImageSize(click.ParamType):
    """SIDE or HEIGHTxWIDTH, in pixels."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return (height, width)."""
        if isinstance(value, tuple):
            return value
        try:
            return parse_image_size(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def setting_options(*sections: str, exclude: tuple[str, ...] = ()) -> Callable[[Command], Command]:
    """Add one option for each setting of these sections of the configuration."""

    def decorate(command: Command) -> Command:
        for item in reversed([s for s in settings() if s.section in sections and s.name not in exclude]):
            command = _option(item)(command)
        return command

    return decorate


def _option(item: Setting) -> Callable[[Command], Command]:
    """Return the click option of a setting; not given, it is None, and the preset's value stands."""
    flag = "--" + item.name.replace("_", "-")
    shown = False if item.default is None else _shown(item.default)
    if item.type is bool:
        return click.option(f"{flag}/--no-{flag[2:]}", item.name, default=None, help=item.help, show_default=shown)
    return click.option(flag, item.name, type=_click_type(item), default=None, help=item.help, show_default=shown)


def _click_type(item: Setting) -> Any:
    if item.name == "image_size":
        return ImageSize()
    if item.choices and item.type is str:
        return click.Choice(item.choices)
    return item.type


def _shown(default: Any) -> str:
    return "x".join(map(str, default)) if isinstance(default, tuple) else str(default)
