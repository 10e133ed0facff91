"""Put an export in place: write it to a temporary folder, and replace only files of an export.

While an export is written, it lies in `.NAME.part-TOKEN` beside its target, and holds a lock on that folder.
An earlier export lies in `.NAME.old-TOKEN` while the new one takes its name. If a process was killed, the
next export of that name puts both right.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from dcgan_tf.errors import ExportError
from dcgan_tf.export.folder import BY_DEFAULT, EVERYTHING, ExportPaths
from dcgan_tf.export.record import changed_files, contents, is_empty, other_files, read_record
from dcgan_tf.files import storage_errors
from dcgan_tf.runs import local_folder

try:
    import fcntl
except ImportError:  # Windows: what a killed export left behind has to be removed by hand there
    fcntl = None  # type: ignore[assignment]

MOST_NAMED = 10
"""The most files that a message names; it gives the number of the others."""

_log = logging.getLogger("dcgan_tf")


def place_of(run: Path, *, to: str | os.PathLike[str] | None) -> Path:
    """Return the folder that an export is to be written to.

    Args:
        run: the run directory.
        to: the folder that was asked for; saved_models/NAME of the run by default.

    Raises:
        ArgumentError: if it cannot be a folder on this computer.
    """
    return local_folder(to) if to is not None else Path(BY_DEFAULT) / run.resolve().name


@contextmanager
def written_aside(target: Path, *, force: bool) -> Iterator[Path]:
    """Yield a new folder beside the target, and rename it to the target; if the block fails, remove it.

    If the target is a link, the folder that it leads to is replaced.

    Args:
        target: the final name of the folder.
        force: whether to replace an earlier export.

    Raises:
        ExportError: if the target exists and may not be replaced: without `force`, or if it has a file that
            is not as an export wrote it.
        StorageError: if the folder cannot be made or renamed.
    """
    target = Path(os.path.realpath(target))  # which a circle of links does not break
    with _folders_above(target):
        with storage_errors(target), _locked(target.parent):
            _put_right(target)
            refuse_existing(target, force=force)
            token = uuid.uuid4().hex[:8]
            aside = target.with_name(f".{target.name}.part-{token}")
            aside.mkdir()
            lock = _lock(aside, wait=True)
        try:
            yield aside
            refuse_existing(target, force=force)
            with storage_errors(target), _locked(target.parent):
                _put_in_place(aside, target, old=target.with_name(f".{target.name}.old-{token}"))
        finally:
            shutil.rmtree(aside, ignore_errors=True)
            _unlock(lock)


def refuse_existing(target: Path, *, force: bool) -> None:
    """Refuse a target that exists, unless all of it is an export that may be replaced.

    Raises:
        ExportError: if the target may not be replaced; it names what is in the way.
    """
    if not target.exists():
        return
    if _is_around_here(target):
        raise ExportError(
            f"{target} is the current folder, or holds it, and cannot be replaced from within; change to "
            "another folder first, or write elsewhere with --out"
        )
    if not ExportPaths(target).record.is_file():
        if target.is_dir() and is_empty(target):
            return
        raise ExportError(f"{target} exists and is not an export; remove it, or write elsewhere with --out")
    try:
        written = read_record(ExportPaths(target))["files"]
    except ExportError as error:
        raise ExportError(f"{error}; remove the folder yourself, or write elsewhere with --out") from None
    if others := other_files(target, written):
        raise ExportError(
            f"{target} is not replaced, because it holds files that no export wrote: {some(others)}; move "
            "them elsewhere, or write elsewhere with --out"
        )
    if changed := changed_files(target, written):
        raise ExportError(
            f"{target} is not replaced, because it has been changed since it was exported: "
            f"{some(changed)}; move or remove these files, or write elsewhere with --out"
        )
    if not force:
        raise ExportError(f"{target} exists; --force replaces all of it, --out writes elsewhere")


def _is_around_here(target: Path) -> bool:
    """Return whether a folder is the current one or holds it; whoever is in it would be left in none."""
    try:
        return Path.cwd().is_relative_to(os.path.realpath(target))
    except FileNotFoundError:  # the current folder was removed
        return False


def interrupted(target: Path) -> Path | None:
    """Return the place of an earlier export whose replacement was interrupted, or None."""
    return None if target.exists() else next(iter(_siblings(Path(os.path.realpath(target)), "old")), None)


def refuse_interrupted(target: Path) -> None:
    """Raise an error that names the place of an export whose replacement was interrupted.

    Raises:
        ExportError: if there is such an export.
    """
    if old := interrupted(target):
        raise ExportError(
            f"{target} is missing because its replacement was interrupted; the earlier export lies in "
            f"{old}. Rename that to {target.name}, or export again, which puts it back first"
        )


def _put_in_place(aside: Path, target: Path, *, old: Path) -> None:
    """Rename the new folder to the target; delete an earlier one only after that."""
    if target.exists():
        target.rename(old)
    try:
        aside.rename(target)
    except BaseException:
        if old.exists():
            old.rename(target)
        raise
    if old.exists():
        _remove(old)


def _put_right(target: Path) -> None:
    """Undo what killed exports of this name left behind; call this while the parent folder is locked."""
    for old in _siblings(target, "old"):
        if target.exists():
            _remove(old)
        else:
            old.rename(target)
            _log.warning("an export was stopped while it replaced %s; the earlier one was restored", target)
    for aside in _siblings(target, "part"):
        lock = _lock(aside, wait=False)
        if lock is not None and all(_of_an_export(path.name) for path in aside.iterdir()):
            shutil.rmtree(aside, ignore_errors=True)
        _unlock(lock)


def _siblings(target: Path, kind: str) -> list[Path]:
    """Return the folders `.NAME.KIND-TOKEN` beside the target."""
    if not target.parent.is_dir():
        return []
    pattern = re.compile(re.escape(f".{target.name}.{kind}-") + "[0-9a-f]{8}")
    found = (path for path in sorted(target.parent.iterdir()) if pattern.fullmatch(path.name))
    return [path for path in found if path.is_dir() and not path.is_symlink()]


def _remove(old: Path) -> None:
    """Remove an export that was replaced, but no file that was added to it at the last moment."""
    try:
        others = other_files(old, read_record(ExportPaths(old))["files"])
    except ExportError:  # its removal was cut short
        others = [name for name in contents(old) if not _of_an_export(name.split("/")[0])]
    if others:
        _log.warning("the earlier export is kept in %s, because of %s", old, some(others))
    else:
        shutil.rmtree(old, ignore_errors=True)


def _of_an_export(name: str) -> bool:
    """Return whether a name is one of an export's folder, finished or not."""
    return name in EVERYTHING or (name.startswith(".") and name.endswith(".part"))


@contextmanager
def _folders_above(target: Path) -> Iterator[None]:
    """Make the folders above the target; if the block fails, remove those that are new and empty."""
    with storage_errors(target):
        new = [folder for folder in target.parents if not folder.exists()]
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in new:
            with suppress(OSError):
                folder.rmdir()
        raise


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Lock the folder within the block, so that no other export begins or is put in place there."""
    lock = _lock(folder, wait=True)
    try:
        yield
    finally:
        _unlock(lock)


def _lock(folder: Path, *, wait: bool) -> int | None:
    """Lock a folder for as long as this process lives; None if another holds it, or it cannot be locked."""
    if fcntl is None:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # some network file systems have no locks
        os.close(descriptor)
        return None
    return descriptor


def _unlock(lock: int | None) -> None:
    if lock is not None:
        os.close(lock)


def some(names: list[str]) -> str:
    """Return the names of files, or of the first of many."""
    more = f" and {len(names) - MOST_NAMED:,} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
