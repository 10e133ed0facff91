"""List, change, compare and store settings by their flat names, which are those of the command line."""

from __future__ import annotations

import dataclasses
import difflib
import json
import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dcgan_tf.config.fields import without_none
from dcgan_tf.config.settings import EMA_DECAY, Config
from dcgan_tf.errors import ArgumentError

_RENAMED = {("training", "instance_stddev"): "instance_noise"}
"""{(section, field) in files of earlier versions: the setting's name today}."""


@dataclass(frozen=True)
class Setting:
    """One setting, for the command line and the documentation."""

    name: str
    section: str
    field: str
    type: type
    optional: bool
    default: Any
    help: str
    choices: tuple[str | int, ...]
    may_change: bool


def all_settings() -> Iterator[Setting]:
    """Yield every setting, in the order of the tree."""
    for section, section_type in typing.get_type_hints(Config).items():
        hints = typing.get_type_hints(section_type)
        for field in dataclasses.fields(section_type):
            value_type, optional = without_none(hints[field.name])
            yield Setting(
                name=field.metadata["name"] or field.name,
                section=section,
                field=field.name,
                type=value_type,
                optional=optional,
                default=field.default,
                help=field.metadata["help"],
                choices=field.metadata["choices"],
                may_change=field.metadata["may_change"],
            )


def flatten(config: Config) -> dict[str, Any]:
    """Return {setting name: value} of all settings."""
    return {s.name: getattr(getattr(config, s.section), s.field) for s in all_settings()}


def replace(config: Config, **changes: Any) -> Config:
    """Return `config` with settings changed by their flat names.

    Setting `steps` clears `epochs`, and the other way round; so do `ema_images` and `ema_decay`.

    Raises:
        ArgumentError: for an unknown name, or a value that its setting does not allow.
    """
    if changes.get("steps") is not None and changes.get("epochs") is None:
        changes["epochs"] = None
    elif changes.get("epochs") is not None and changes.get("steps") is None:
        changes["steps"] = None
    if changes.get("ema_images") is not None:
        changes.setdefault("ema_decay", EMA_DECAY)
    elif "ema_decay" in changes:
        changes.setdefault("ema_images", None)
    by_section: dict[str, dict[str, Any]] = {}
    known = {s.name: s for s in all_settings()}
    for name, value in changes.items():
        if name not in known:
            raise ArgumentError(f"unknown setting {name!r}{_did_you_mean(name, known)}")
        by_section.setdefault(known[name].section, {})[known[name].field] = value
    sections = {
        name: dataclasses.replace(getattr(config, name), **values) for name, values in by_section.items()
    }
    return dataclasses.replace(config, **sections)


def to_json(config: Config) -> str:
    """Return the settings as indented JSON, one object per section."""
    return json.dumps(dataclasses.asdict(config), indent=2) + "\n"


def from_json(text: str) -> Config:
    """Return the configuration that `to_json` wrote.

    Raises:
        ArgumentError: if the text is not JSON, names a setting that this version does not know, or holds a
            value that its setting does not allow.
    """
    tree = json.loads(text)
    if not isinstance(tree, dict):
        raise ArgumentError(f"expected an object of sections, received {type(tree).__name__}")
    names = _RENAMED | {(s.section, s.field): s.name for s in all_settings()}
    # Runs of versions without this setting were trained on all images.
    flat: dict[str, Any] = {"held_out_fraction": 0.0}
    for section, values in tree.items():
        if not isinstance(values, dict):
            raise ArgumentError(f"expected an object in section {section!r}, received {values!r}")
        for field, value in values.items():
            if (section, field) not in names:
                raise ArgumentError(f"unknown setting {section}.{field} (written by another version?)")
            flat[names[section, field]] = value
    return replace(Config(), **flat)


def difference(old: Config, new: Config) -> list[tuple[str, Any, Any]]:
    """Return (name, old, new) of each setting that differs, if the trained weights depend on it."""
    before, after = flatten(old), flatten(new)
    return [
        (s.name, before[s.name], after[s.name])
        for s in all_settings()
        if not s.may_change and before[s.name] != after[s.name]
    ]


def _did_you_mean(name: str, known: typing.Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
