"""Check and lock a run directory before anything is written to it.

TensorFlow is not imported here, so that a mistake is reported at once.
"""

from __future__ import annotations

import errno
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from dcgan_tf.config import BUILT_IN_DATA, DATASETS, Config, difference, replace
from dcgan_tf.errors import RunError
from dcgan_tf.files import writable
from dcgan_tf.runs import RunPaths, read_config, read_data, read_json, with_own_held_out
from dcgan_tf.training.cluster.addresses import is_chief

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
"""Errors of `flock` on file systems that have no locks, such as some network disks."""
_OF_NO_ACCOUNT = {"train.lock", "Thumbs.db", "desktop.ini", "Icon\r", "lost+found"}
_log = logging.getLogger("dcgan_tf")


@contextmanager
def lock(paths: RunPaths) -> Iterator[None]:
    """Lock the run directory; the system releases the lock when the process ends, however it ends.

    A file system without locks cannot do this; a warning then says so.

    Raises:
        RunError: if another process trains there, or the directory cannot be written to.
    """
    held = filelock.FileLock(paths.lock, timeout=0)
    try:
        paths.root.mkdir(parents=True, exist_ok=True)
        held.acquire()
    except filelock.Timeout:
        raise RunError(
            f"another process is training in {paths.root}; wait for it, or give this run another --run-dir"
        ) from None
    except NotImplementedError as error:
        _say_unlocked(paths, str(error))
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise RunError(
                f"cannot write to the run directory {paths.root}: {error.strerror or error}"
            ) from None
        _say_unlocked(paths, error.strerror)
    try:
        yield
    finally:
        held.release()


def check_place(config: Config) -> None:
    """Refuse a run directory that training would damage, or that has other settings; write nothing.

    Of several machines, only the chief has one: the others check nothing.

    Args:
        config: settings of the run to train.

    Raises:
        ArgumentError: if the run directory cannot be a folder on this computer.
        RunError: if it lies among the images, or holds something that is not a run with these settings.
    """
    paths = RunPaths.of(config)
    if not is_chief():
        return
    try:
        _check(paths, config)
    except OSError as error:
        raise RunError(f"cannot read the run directory {paths.root}: {error.strerror}") from None


def _check(paths: RunPaths, config: Config) -> None:
    _refuse_place_among_images(paths, config.data.spec)
    if not writable(paths.root):
        raise RunError(f"cannot write to the run directory {paths.root}; choose another with --run-dir")
    if paths.lock.exists():
        with lock(paths):
            pass
    if paths.config.exists():
        refuse_changes(paths, read_config(paths.root), with_own_held_out(config))
    else:
        refuse_other_files(paths)


def refuse_changes(paths: RunPaths, before: Config, config: Config) -> None:
    """Refuse to resume with other settings, where the weights depend on them.

    The weights do not depend on where the images lie. Whether they are the same is checked when they load.

    Raises:
        RunError: if settings differ; it names each with its old and new value.
    """
    if config.training.precision == "auto":
        config = replace(config, precision=before.training.precision)
    changes = difference(before, config)
    if {name for name, _, _ in changes} <= {"data"}:
        return
    width = max(len(name) for name, _, _ in changes)
    lines = "".join(f"\n  {name:<{width}}  {old!r} -> {new!r}" for name, old, new in changes)
    raise RunError(
        f"{paths.root} was made with other settings:{lines}\n"
        "Use the old settings, or give this run another --run-dir"
    )


def refuse_other_files(paths: RunPaths) -> None:
    """Refuse a directory that has no settings but holds files other than those of an interrupted start.

    Raises:
        RunError: if there are such files; it names them.
    """
    if any(paths.checkpoints.glob("ckpt-*")):
        raise RunError(
            f"{paths.root} has checkpoints but no {paths.config.name}; put it back, or use another --run-dir"
        )
    found = [path.name for path in paths.root.iterdir()] if paths.root.is_dir() else []
    # Hidden files are those of the system, and scratch files of a start that was killed.
    there = sorted(name for name in found if name not in _OF_NO_ACCOUNT and not name.startswith("."))
    if there == [paths.data.name] and read_data(paths) is not None:
        return  # earlier versions wrote it before the settings
    if all(_is_written_first(paths, name) for name in there):
        return
    if there:
        more = f" and {len(there) - 3:,} more" if len(there) > 3 else ""
        raise RunError(
            f"{paths.root} is neither empty nor a run: it holds {', '.join(there[:3])}{more}. "
            "Give this run another --run-dir, or an empty folder; nothing was written"
        )


def _is_written_first(paths: RunPaths, name: str) -> bool:
    """Return whether a file or folder is one that a start writes before the settings."""
    path = paths.root / name
    if path == paths.origin_checkpoint:
        return path.is_dir() and all(
            re.match(r"ckpt-\d+|checkpoint$|\.", part.name) for part in path.iterdir()
        )
    key = {paths.choice: "budget", paths.origin: "checkpoint"}.get(path)
    return key is not None and key in read_json(path, default={})


def _refuse_place_among_images(paths: RunPaths, spec: str) -> None:
    """Refuse the folder of the images, and a new run inside it: its samples would become training images."""
    if spec in BUILT_IN_DATA or spec.startswith(DATASETS) or not spec.strip():
        return
    try:
        images, run = Path(spec).expanduser().resolve(), paths.root.resolve()
    except (OSError, RuntimeError):  # a circle of links, or the home of an unknown user: the data say so
        return
    inside = images in run.parents and not paths.config.exists()  # a run is passed over when images are read
    if images.is_dir() and (images == run or inside):
        elsewhere = os.path.relpath(images.parent / "runs" / (run.name if inside else f"{run.name}-dcgan"))
        raise RunError(
            f"the run directory {paths.root} {'lies in' if inside else 'is'} the folder of images {spec}, "
            f"where its samples would become images to train on; choose another: --run-dir {elsewhere}"
        )


def _say_unlocked(paths: RunPaths, reason: str | None) -> None:
    _log.warning("%s cannot be locked (%s): make sure that no other process trains there", paths.root, reason)
