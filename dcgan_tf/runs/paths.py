"""The run directory: its file names, and how its records are written and read. Standard library only."""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path
from typing import Any

from dcgan_tf.config import Config, DataConfig, from_json, replace
from dcgan_tf.errors import ArgumentError, RunError
from dcgan_tf.files import read_bytes, storage_errors, write_bytes

Record = dict[str, Any]
_log = logging.getLogger("dcgan_tf")


@dataclass(frozen=True)
class RunPaths:
    """Where everything of a run stands."""

    root: Path

    @staticmethod
    def of(config: Config) -> RunPaths:
        """Return those of the run that these settings make.

        Raises:
            ArgumentError: if the run directory can be no folder of this computer.
        """
        return RunPaths(local_folder(config.run.run_dir or default_run_dir(config)))

    @property
    def config(self) -> Path:
        """Every setting, written before the first step."""
        return self.root / "config.json"

    @property
    def data(self) -> Path:
        """What the run trains on: name, count, labels, attributes, fingerprint."""
        return self.root / "data.json"

    @property
    def environment(self) -> Path:
        """One entry per start: versions, devices, git commit, command line."""
        return self.root / "environment.json"

    @property
    def stats(self) -> Path:
        """One JSON line per logging step."""
        return self.root / "stats.jsonl"

    @property
    def metrics(self) -> Path:
        """One JSON line per evaluation, each with its protocol."""
        return self.root / "metrics.jsonl"

    @property
    def samples(self) -> Path:
        """Sample grids."""
        return self.root / "samples"

    @property
    def real_images(self) -> Path:
        """A grid of the images that the run trains on."""
        return self.samples / "real.png"

    @property
    def checkpoints(self) -> Path:
        """Checkpoints of the whole TrainState."""
        return self.root / "checkpoints"

    @property
    def best(self) -> Path:
        """The checkpoint with the best score, if the run is evaluated while it trains."""
        return self.root / "best"

    @property
    def events(self) -> Path:
        """TensorBoard's event files."""
        return self.root / "events"

    @property
    def lock(self) -> Path:
        """Held by the process that trains."""
        return self.root / "train.lock"

    @property
    def progress(self) -> Path:
        """The sample grids as an animation."""
        return self.samples / "progress.gif"

    def analysis(self, name: str) -> Path:
        """Return the folder of one analysis."""
        return self.root / "analysis" / name

    @property
    def report(self) -> Path:
        """The report on the whole run, one page."""
        return self.root / "report.html"

    def sample_grid(self, step: int) -> Path:
        """Return the file of the sample grid after `step` steps."""
        return self.samples / f"step-{step:06d}.png"

    def sample_grids(self) -> dict[int, Path]:
        """Return {step: file} of the sample grids there are, by step; other files that lie there are not."""
        found = ((re.fullmatch(r"step-([0-9]+)\.png", path.name), path) for path in _entries(self.samples))
        return dict(sorted((int(match[1]), path) for match, path in found if match))


def local_folder(text: str | os.PathLike[str]) -> Path:
    """Return the path of a folder on this computer, `~` replaced by the home that it stands for.

    Raises:
        ArgumentError: for an address such as gs://bucket/run, the home of an unknown user, and what no folder
            can be called.
    """
    name = os.fspath(text)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", name):
        raise ArgumentError(
            "a run, an export and the place of any result must be a folder of this computer, received the "
            f"address {name!r}; write to a folder and copy it there, or mount the bucket as a folder"
        )
    try:
        path = Path(name).expanduser()
    except RuntimeError:
        user = name.split("/")[0].removeprefix("~")
        raise ArgumentError(
            f"there is no user {user!r} whose home {name!r} could lie in; write the whole path, or ./{name} "
            "for a folder of that name"
        ) from None
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # what is wanted of it may be to make it, or fails with a sentence of its own
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArgumentError(f"no file or folder can be called {name[:80]!r}: {reason}") from None
    return path


def default_run_dir(config: Config) -> str:
    """Return runs/DATA-ARCHITECTURE, such as "runs/portraits-dcgan".

    Letters and digits of every script are kept; a name without any is told apart by a digest.
    """
    spec = config.data.spec
    if spec.startswith("tfds:"):
        name = spec.removeprefix("tfds:")
    else:
        try:
            name = Path(spec).expanduser().resolve().name or "data"
        except RuntimeError:  # the home of an unknown user: an error of the data, which says more
            name = Path(spec).name
    name = unicodedata.normalize("NFC", name)  # macOS hands out letters and their accents apart
    kept = "".join("".join(part) if fits else "-" for fits, part in groupby(name, _stands_in_a_name))
    if not any(c.isalnum() for c in kept):
        digest = hashlib.blake2b(os.fsencode(name), digest_size=4).hexdigest()
        kept = f"data-{digest}"
    short = kept.encode()[:200].decode(
        errors="ignore"
    )  # 255 bytes are the most that a folder's name may have
    return f"runs/{short}-{config.model.architecture}"


def _stands_in_a_name(c: str) -> bool:
    return c.isalnum() or c in "._-" or unicodedata.category(c).startswith("M")


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
            raise RunError(f"{root} is not a run directory: it has no {path.name}")
        text = path.read_text(encoding="utf-8")
        if not isinstance(value := json.loads(text), dict):
            raise ArgumentError(f"expected an object, found {text.strip()[:40]}")
        if lacking := [field.name for field in fields(Config) if field.name not in value]:
            raise ArgumentError(f"it has no section {lacking[0]!r}, so it is not that of a run")
        return from_json(text)
    except (ValueError, TypeError, RecursionError, OSError) as error:
        raise RunError(f"cannot read {path}: {error}") from None


def with_own_held_out(config: Config) -> Config:
    """Return the settings with which a run goes on that was started when no images were kept aside.

    It was trained on all images, and is trained on these to its end, unless a share is asked for.

    Raises:
        RunError: if the run's settings cannot be read.
    """
    paths = RunPaths.of(config)
    if not paths.config.is_file() or config.data.held_out_fraction != DataConfig().held_out_fraction:
        return config
    kept_none = read_config(paths.root).data.held_out_fraction == 0
    return replace(config, held_out_fraction=0.0) if kept_none else config


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, as a whole.

    What is no character, as in names of files that are not UTF-8, becomes an escape that JSON reads back.
    """
    text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    write_bytes(path, text.encode(errors="backslashreplace"))


def read_json(path: Path, *, default: Any) -> Any:
    """Return the value in a JSON file; `default` if there is none that can be read, or of another type."""
    try:
        value = json.loads(read_bytes(path).decode(errors="surrogateescape"))
    except (OSError, ValueError, RecursionError):
        return default
    return value if default is None or isinstance(value, type(default)) else default


def read_data(paths: RunPaths) -> Record | None:
    """Return what data.json says; None if it is missing or damaged, in part or as a whole."""
    data: Record = read_json(paths.data, default={})
    single = {"name": str, "fingerprint": str, "num_images": int}
    lists = {"shape": int, "label_names": str, "attribute_names": str}
    whole = all(isinstance(data.get(key), kind) for key, kind in single.items()) and all(
        isinstance(data.get(key), list) and all(isinstance(item, kind) for item in data[key])
        for key, kind in lists.items()
    )
    return data if whole else None


def append_record(path: Path, record: Record) -> None:
    """Add one JSON line; what is not finite becomes null, because JSON has no word for it."""
    values = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    with storage_errors(path), path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(values, allow_nan=False) + "\n")


def read_records(path: Path) -> list[Record]:
    """Return the records of a JSON-lines file: the objects with a step.

    What is none is left out: a last line that a crash cut short, and what damage made of others.

    Raises:
        RunError: if there is such a file, but it cannot be read.
    """
    return [record for _, record in _lines(path) if record is not None]


def forget_records_after(path: Path, step: int) -> None:
    """Drop the records of steps beyond `step`: a crash lost those steps, and they will be recorded again.

    Lines that are damaged are taken out; a copy of the file as it was is kept beside it then.
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
    """Rename a damaged file that can be done without, and say so.

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


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not made yet, or somebody else's
        return []


def _lines(path: Path) -> Iterator[tuple[bytes, Record | None]]:
    """Yield each line with the record that it is; after the last newline comes an empty one."""
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
