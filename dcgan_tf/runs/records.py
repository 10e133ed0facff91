"""Read and write the records of a run: JSON and JSON lines. This module needs the standard library only."""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

from dcgan_tf.config import Config, DataConfig, all_settings, flatten, from_json, replace
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.files import read_bytes, storage_errors, write_bytes
from dcgan_tf.runs.folder import RunPaths

Record = dict[str, Any]
RAW_WEIGHTS = "raw weights"
"""How protocols name the weights that training itself uses, beside their average."""
_log = logging.getLogger("dcgan_tf")


def read_config(root: Path) -> Config:
    """Return the settings of a run.

    Raises:
        RunError: if there is no readable run in that folder.
    """
    path = RunPaths(root).config
    try:
        if not root.exists():
            raise RunError(f"{root} does not exist")
        if not path.is_file():
            raise RunError(_why_no_run(root))
        text = path.read_text(encoding="utf-8")
        if not isinstance(value := json.loads(text), dict):
            raise ArgumentError(f"expected an object, found {text.strip()[:40]}")
        if lacking := [field.name for field in fields(Config) if field.name not in value]:
            raise ArgumentError(f"it has no section {lacking[0]!r}, so it is not that of a run")
        return from_json(text)
    except (ValueError, TypeError, RecursionError, OSError) as error:
        raise RunError(f"cannot read {path}: {error}") from None


def _why_no_run(root: Path) -> str:
    """Return what a file or a folder without the settings of a run is instead."""
    if not root.is_dir():
        return f"{root} is a file; expected a run directory"
    if (root / "export.json").is_file():
        return f"{root} is an export; this needs the run that it was made from"
    folders = [RunPaths(folder) for folder in root.iterdir()]
    runs = sorted(run.root.name for run in folders if run.config.is_file() and run.checkpoints.is_dir())
    more = f" and {len(runs) - 3:,} more" if len(runs) > 3 else ""
    inside = f"; it contains the run{'s' * (len(runs) > 1)} {', '.join(runs[:3])}{more}" if runs else ""
    return f"{root} is not a run directory: it has no config.json{inside}"


def with_own_held_out(config: Config) -> Config:
    """Return the settings of a run, also of one that was started before images were held out.

    Such a run was trained on all images, and continues so, unless a share is asked for.

    Raises:
        RunError: if the run's settings cannot be read.
    """
    paths = RunPaths.of(config)
    if not paths.config.is_file() or config.data.held_out_fraction != DataConfig().held_out_fraction:
        return config
    kept_none = read_config(paths.root).data.held_out_fraction == 0
    return replace(config, held_out_fraction=0.0) if kept_none else config


def network_settings(root: Path) -> dict[str, Any]:
    """Return {setting: value} of all that decides the form of a run's networks.

    Raises:
        RunError: if the run's settings cannot be read.
    """
    values = flatten(read_config(root))
    names = [item.name for item in all_settings() if item.section == "model"]
    return {name: values[name] for name in (*names, "image_size", "channels")}


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, as a whole.

    Bytes that are not UTF-8, as in some file names, become escapes that JSON reads back.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode(errors="backslashreplace"))


def read_json(path: Path, *, default: Any) -> Any:
    """Return the value in a JSON file; `default` if it cannot be read or has another type.

    NaN and Infinity, which JSON does not have, are None.
    """
    try:
        text = read_bytes(path).decode(errors="surrogateescape")
        value = json.loads(text, parse_constant=lambda _: None)
    except (OSError, ValueError, RecursionError):
        return default
    return value if default is None or isinstance(value, type(default)) else default


def append_record(path: Path, record: Record) -> None:
    """Add one JSON line; numbers that are not finite become null, because JSON cannot express them."""
    values = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    with storage_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values, allow_nan=False) + "\n")


def read_records(path: Path) -> list[Record]:
    """Return the records of a JSON-lines file: the objects with a step.

    Other lines are left out: a last line that a crash cut short, and damaged ones.

    Raises:
        RunError: if the file exists, but cannot be read.
    """
    return [record for _, record in _lines(path) if record is not None]


def forget_records_after(path: Path, step: int) -> None:
    """Remove the records of steps after `step`, which a crash lost and which will be recorded again.

    Damaged lines are removed too; a copy of the old file is then kept beside it.
    """
    lines = list(_lines(path))
    kept = [line for line, record in lines if record is not None and record["step"] <= step]
    # The last line may be one that a crash cut short, which is no damage.
    if damaged := sum(record is None and line.strip() != b"" for line, record in lines[:-1]):
        aside = _place_aside(path)
        write_bytes(aside, path.read_bytes())
        _log.warning(
            "%d line(s) of %s cannot be read and are left out; kept as %s", damaged, path, aside.name
        )
    content = b"".join(line + b"\n" for line in kept)
    if content != b"\n".join(line for line, _ in lines):
        write_bytes(path, content)


def set_aside(path: Path, *, why: str) -> None:
    """Rename a damaged file that is not needed, and log a warning.

    Raises:
        StorageError: if it cannot be renamed.
    """
    aside = _place_aside(path)
    with storage_errors(path):
        path.rename(aside)
    _log.warning("%s %s; set aside as %s", path, why, aside.name)


def _place_aside(path: Path) -> Path:
    names = (f"damaged-{path.name}", *(f"damaged-{number}-{path.name}" for number in range(2, 1000)))
    return next(place for name in names if not (place := path.with_name(name)).exists())


def _lines(path: Path) -> Iterator[tuple[bytes, Record | None]]:
    """Yield each line with its record, or with None."""
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise RunError(f"cannot read {path}: {error.strerror}") from None
    for line in content.split(b"\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        yield line, value if isinstance(value, dict) and type(value.get("step")) is int else None
