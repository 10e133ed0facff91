"""The run directory, before anything is written there: whose it is, where it lies, and who trains in it.

Without TensorFlow, so that a mistake is told before that is imported.
"""

from __future__ import annotations

import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from dcgan_tf.config import Config, difference, replace
from dcgan_tf.errors import RunError
from dcgan_tf.files import writable
from dcgan_tf.runs import RunPaths, read_config, read_data

_NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL)
"""What `flock` answers on file systems without locks, as some network disks are."""
_OF_NO_ACCOUNT = {"train.lock", "Thumbs.db", "desktop.ini", "Icon\r", "lost+found"}
_BUILT_IN = ("portraits", "digits")
_log = logging.getLogger("dcgan_tf")


@contextmanager
def lock(paths: RunPaths) -> Iterator[None]:
    """Hold the run directory; the system lets go of it when the process ends, however it ends.

    On a file system without locks it is not held, and a warning says so.

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
    """Refuse a run directory in which training would do harm, or a run of other settings. Nothing is written.

    Args:
        config: of the run that is to be trained.

    Raises:
        ArgumentError: if the run directory can be no folder of this computer.
        RunError: if it lies among the images, holds what is no run, or a run of other settings.
    """
    paths = RunPaths.of(config)
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
        refuse_changes(paths, read_config(paths.root), config)
    else:
        refuse_other_files(paths)


def refuse_changes(paths: RunPaths, before: Config, config: Config) -> None:
    """Refuse settings on which the weights depend, if they are not those that the run was made with.

    Where the images lie has no part in the weights; whether they are the same is seen when they are loaded.

    Raises:
        RunError: names each, with its old and its new value.
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
        "Go on with the old ones, or give this run another --run-dir"
    )


def refuse_other_files(paths: RunPaths) -> None:
    """Refuse a directory without settings that holds anything but what a start that was cut short leaves.

    Raises:
        RunError: names what is there.
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
    if there:
        more = f" and {len(there) - 3:,} more" if len(there) > 3 else ""
        raise RunError(
            f"{paths.root} is not empty and not a run: it holds {', '.join(there[:3])}{more}. "
            "Give this run another --run-dir, or an empty folder; nothing was written"
        )


def _refuse_place_among_images(paths: RunPaths, spec: str) -> None:
    """Refuse the folder of the images, and a new run inside of it: its samples would become images."""
    if spec in _BUILT_IN or spec.startswith("tfds:") or not spec.strip():
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
    _log.warning("%s cannot be locked (%s): take care that no other process trains there", paths.root, reason)
