"""The names of a run directory and of its files. This module needs the standard library only."""

from __future__ import annotations

import hashlib
import os
import re
import unicodedata
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from dcgan_tf.config import DATASETS, Config
from dcgan_tf.errors import ArgumentError, RunError

BEST = "best"
WantedCheckpoint = int | str | None
"""The step of a checkpoint; BEST for the one with the lowest distance, None for the newest."""


@dataclass(frozen=True)
class RunPaths:
    """The paths of all files of a run."""

    root: Path

    @staticmethod
    def of(config: Config) -> RunPaths:
        """Return the paths of the run that these settings make.

        Raises:
            ArgumentError: if the run directory cannot be a folder on this computer.
        """
        return RunPaths(local_folder(config.run.run_dir or default_run_dir(config)))

    @property
    def config(self) -> Path:
        """Every setting, written before the first step."""
        return self.root / "config.json"

    @property
    def data(self) -> Path:
        """The record of the training images: name, count, labels, attributes, fingerprint."""
        return self.root / "data.json"

    @property
    def choice(self) -> Path:
        """The record of what was chosen and why, of a run begun with `--preset auto` or a budget."""
        return self.root / "choice.json"

    @property
    def origin(self) -> Path:
        """The run and the step with whose networks this run began, if not with random weights."""
        return self.root / "origin.json"

    @property
    def origin_checkpoint(self) -> Path:
        """The folder of that checkpoint, copied, because the other run may be trained on or removed."""
        return self.root / "origin"

    @property
    def environment(self) -> Path:
        """One entry per start: versions, devices, git commit, command line."""
        return self.root / "environment.json"

    @property
    def stats(self) -> Path:
        """One JSON line per logging step."""
        return self.root / "stats.jsonl"

    @property
    def diagnosis(self) -> Path:
        """One JSON line per condition that training has reported."""
        return self.root / "diagnosis.jsonl"

    @property
    def rollbacks(self) -> Path:
        """Each time that training went back to a better checkpoint, and its learning rates from there on."""
        return self.root / "rollbacks.json"

    @property
    def distances(self) -> Path:
        """One JSON line about every 500 steps: the distance of the samples to the training images."""
        return self.root / "distances.jsonl"

    @property
    def metrics(self) -> Path:
        """One JSON line per evaluation, each with its protocol."""
        return self.root / "metrics.jsonl"

    def lines_of_steps(self) -> tuple[Path, ...]:
        """Return the files of JSON lines, whose lines of later steps are void when training resumes."""
        return self.stats, self.diagnosis, self.distances, self.metrics

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
        """The checkpoint with the lowest distance to real images."""
        return self.root / "best"

    @property
    def events(self) -> Path:
        """TensorBoard's event files."""
        return self.root / "events"

    @property
    def lock(self) -> Path:
        """The lock of the process that trains."""
        return self.root / "train.lock"

    @property
    def progress(self) -> Path:
        """The sample grids as an animation."""
        return self.samples / "progress.gif"

    def holding(self, wanted: WantedCheckpoint) -> Path:
        """Return the folder that has the wanted checkpoint."""
        return self.best if wanted == BEST else self.checkpoints

    def analysis(self, name: str) -> Path:
        """Return the folder of one analysis."""
        return self.root / "analysis" / name

    @property
    def directions(self) -> Path:
        """The directions that the analysis `turn` found, for the sliders of a page."""
        return self.analysis("turn") / "directions.json"

    @property
    def forgotten(self) -> Path:
        """The feature maps that the analysis `forget` found, for the switches of a page."""
        return self.analysis("forget") / "maps.json"

    @property
    def report(self) -> Path:
        """The report on the whole run, as one page."""
        return self.root / "report.html"

    def sample_grid(self, step: int) -> Path:
        """Return the file of the sample grid after `step` steps."""
        return self.samples / f"step-{step:06d}.png"

    def sample_grids(self) -> dict[int, Path]:
        """Return {step: file} of all sample grids, ordered by step; other files are left out."""
        found = ((re.fullmatch(r"step-([0-9]+)\.png", path.name), path) for path in _entries(self.samples))
        return dict(sorted((int(match[1]), path) for match, path in found if match))


def checkpoint_step(name: str) -> int | None:
    """Return the step of the checkpoint that a file belongs to by its name, or None."""
    match = re.fullmatch(r"ckpt-([0-9]+)\.(index|data-\d+-of-\d+)", name)
    return int(match[1]) if match else None


def checkpoint_steps(folder: Path) -> list[int]:
    """Return the steps of which a folder has checkpoints, damaged or not, newest first."""
    found = {step for path in _entries(folder) if (step := checkpoint_step(path.name)) is not None}
    return sorted(found, reverse=True)


def standing(paths: RunPaths, step: int) -> str:
    """Return which of a run's checkpoints is that of a step: "best", "last", "best and last", or ""."""
    folders = {BEST: paths.best, "last": paths.checkpoints}
    return " and ".join(name for name, folder in folders.items() if checkpoint_steps(folder)[:1] == [step])


def check_checkpoint(paths: RunPaths, wanted: WantedCheckpoint) -> None:
    """Check that the files of a checkpoint exist, but not whether they are intact.

    Args:
        paths: of the run.
        wanted: which one.

    Raises:
        ArgumentError: if it is neither a step nor "best".
        RunError: if it does not exist.
    """
    if not (wanted is None or wanted == BEST or hasattr(wanted, "__index__")):
        raise ArgumentError(f'checkpoint must be a step, "best" or None, received {wanted!r}')
    folder = paths.holding(wanted)
    steps = checkpoint_steps(folder)[::-1]
    step = None if wanted == BEST else wanted
    if wanted == BEST and not steps:
        raise RunError(
            f"{paths.root} has kept no best checkpoint. `dcgan-tf train` keeps one, if there are 200 images "
            "of 14 pixels a side or more; take a step, or leave --checkpoint out for the newest"
        )
    if step is None and not steps:
        raise RunError(f"{folder} has no checkpoint yet; train this run first")
    if step is not None and step not in steps:
        listed = ", ".join(map(str, steps)) or "none"
        raise RunError(f"{folder} has no checkpoint of step {step}; it has: {listed}")


def local_folder(text: str | os.PathLike[str]) -> Path:
    """Return the path of a folder on this computer, with `~` replaced by the home folder.

    Raises:
        ArgumentError: for an address such as gs://bucket/run, the home of an unknown user, a name that no
            folder can have, or what is no path at all.
    """
    name = os.fspath(text) if isinstance(text, str | os.PathLike) else text
    if not isinstance(name, str):
        raise ArgumentError(f"the path of a folder must be text or a Path, received {text!r}")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+:/", name):
        raise ArgumentError(
            f"runs, exports and results need a folder on this computer, received the address {name!r}; write "
            "to a folder and copy it there, or mount the bucket as a folder"
        )
    try:
        path = Path(name).expanduser() if name.startswith("~") else Path(name)
    except RuntimeError:
        user = name.split("/")[0].removeprefix("~")
        raise ArgumentError(
            f"there is no user {user!r}, so {name!r} is not a home folder; write the whole path, or ./{name} "
            "for a folder of that name"
        ) from None
    if str(path).startswith("~"):  # of ./~name: a Path forgets the ./, and would be a home the next time
        path = path.absolute()
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # what is wanted of it may be to make it, or fails with a sentence of its own
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ArgumentError(f"no file or folder can have the name {name[:80]!r}: {reason}") from None
    return path


def check_opened(run: object) -> None:
    """Refuse the path of a run where the opened run is needed.

    Raises:
        ArgumentError: if it is a path.
    """
    if isinstance(run, str | os.PathLike):
        raise ArgumentError(f"expected an opened run, as Run.open(PATH) returns, received {run!r}")


def default_run_dir(config: Config) -> str:
    """Return runs/DATA-ARCHITECTURE, such as "runs/portraits-dcgan".

    Letters and digits of every script are kept. A name without any gets a digest.
    """
    spec = config.data.spec
    if spec.startswith(DATASETS):
        name = spec.split(":", 1)[1]
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


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not made yet, or somebody else's
        return []
