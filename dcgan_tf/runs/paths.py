"""The run directory: its file names, and how its records are written and read. Standard library only."""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dcgan_tf.config import Config, from_json
from dcgan_tf.errors import RunError
from dcgan_tf.files import storage_errors, write_text

Record = dict[str, Any]


@dataclass(frozen=True)
class RunPaths:
    """Where everything of a run stands."""

    root: Path

    @staticmethod
    def of(config: Config) -> RunPaths:
        """Return those of the run that these settings make."""
        return RunPaths(Path(config.run.run_dir or default_run_dir(config)))

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


def default_run_dir(config: Config) -> str:
    """Return runs/DATA-ARCHITECTURE, such as "runs/portraits-dcgan"."""
    spec = config.data.spec
    if spec.startswith("tfds:"):
        name = spec.removeprefix("tfds:")
    else:
        name = Path(spec).expanduser().resolve().name or "data"
    return f"runs/{re.sub(r'[^A-Za-z0-9._-]+', '-', name)}-{config.model.architecture}"


def read_config(root: Path) -> Config:
    """Return the settings of a run.

    Raises:
        RunError: if there is no readable run in that folder.
    """
    path = RunPaths(root).config
    if not root.exists():
        raise RunError(f"{root} does not exist")
    if not path.is_file():
        raise RunError(f"{root} is not a run directory: it has no {path.name}")
    try:
        return from_json(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise RunError(f"cannot read {path}: {error}") from None


def write_json(path: Path, value: Any) -> None:
    """Write a value as indented JSON, as a whole."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: Path, *, default: Any) -> Any:
    """Return the value in a JSON file; `default` if there is none that can be read."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return default


def append_record(path: Path, record: Record) -> None:
    """Add one JSON line; what is not finite becomes null, because JSON has no word for it."""
    values = {k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in record.items()}
    with storage_errors(path), path.open("a") as file:
        file.write(json.dumps(values, allow_nan=False) + "\n")


def read_records(path: Path) -> list[Record]:
    """Return the records of a JSON-lines file; a last line that a crash cut short is left out."""
    if not path.exists():
        return []
    records = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            records.append(json.loads(line))
        except ValueError:
            continue
    return records


def forget_records_after(path: Path, step: int) -> None:
    """Drop the records of steps beyond `step`: a crash lost those steps, and they will be recorded again."""
    if path.exists():
        kept = [json.dumps(record) for record in read_records(path) if record["step"] <= step]
        write_text(path, "".join(f"{line}\n" for line in kept))
