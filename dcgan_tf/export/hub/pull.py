"""Download an export from the Hub, and put it in place as a whole or not at all."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf.errors import ArgumentError, ExportError
from dcgan_tf.export.card import size_of
from dcgan_tf.export.folder import BY_DEFAULT, ExportPaths
from dcgan_tf.export.hub.client import PROGRAMS, checked_name, download_record, hub_client, hub_errors
from dcgan_tf.export.placing import refuse_existing, written_aside
from dcgan_tf.export.record import Record, damaged_files, listed
from dcgan_tf.files import storage_errors
from dcgan_tf.runs import local_folder, write_json

if TYPE_CHECKING:
    from huggingface_hub import HfApi

_log = logging.getLogger("dcgan_tf")
_SCRATCH = ".download.part"
"""A folder in the new one, for the client and its notes about unfinished downloads."""


def place_of_pulled(repo: str, *, to: str | os.PathLike[str] | None) -> Path:
    """Return the folder that a pulled export is to be written to: saved_models/NAME by default.

    Raises:
        ArgumentError: if `repo` is not of the form USER/NAME, or the folder cannot be one on this computer.
    """
    name = checked_name(repo).split("/")[1]
    return local_folder(to) if to is not None else Path(BY_DEFAULT) / name


def pull_export(
    repo: str,
    *,
    to: str | os.PathLike[str] | None = None,
    revision: str | None = None,
    programs: bool = False,
    force: bool = False,
) -> Path:
    """Download an export from the Hugging Face Hub, and check every file's SHA-256.

    By default the SavedModel and model.keras are left on the Hub, because they are programs of whoever made
    them. export.json is then written without them, so that `verify_export` holds.

    Args:
        repo: USER/NAME.
        to: the folder; saved_models/NAME by default.
        revision: a branch, a tag or a commit; the newest commit of the main branch by default.
        programs: whether to download a SavedModel and model.keras too.
        force: whether to replace an earlier export in that folder.

    Returns:
        The folder. It appears when all files are there and checked, and not before.

    Raises:
        ArgumentError: if `repo` is not of the form USER/NAME, or the revision is empty.
        ExportError: if the folder exists, huggingface_hub is not installed, the repository cannot be read or
            is not an export, a file is missing or another than export.json says, or only programs are there.
        StorageError: if the folder cannot be written.
    """
    target = place_of_pulled(repo, to=to)
    if revision is not None and not revision.strip():
        raise ArgumentError(
            f"a revision must be the name of a branch, a tag or a commit, received {revision!r}; leave it "
            "out for the newest commit"
        )
    refuse_existing(target, force=force)
    client = hub_client()
    with (
        storage_errors(target),
        hub_errors(client, repo, nothing="nothing was written"),
        written_aside(target, force=force) as folder,
    ):
        scratch = folder / _SCRATCH
        commit, sizes = _look(client, repo, revision)
        record = download_record(client, repo, commit, sizes, scratch)
        wanted = _wanted(record, repo, programs=programs)
        _say(repo, commit, sizes, wanted)
        _download(client, repo, commit, list(wanted["files"]), sizes, scratch)
        if problems := damaged_files(scratch, wanted["files"]):
            raise ExportError(listed(f"{repo} is not as it was exported; nothing was written", problems))
        if wanted != record:
            write_json(ExportPaths(scratch).record, wanted)
        shutil.rmtree(scratch / ".cache", ignore_errors=True)
        for path in list(scratch.iterdir()):
            path.rename(folder / path.name)
        scratch.rmdir()
    return target


def _look(client: HfApi, repo: str, revision: str | None) -> tuple[str, dict[str, int]]:
    """Return the commit, and {file: bytes} of its files."""
    from huggingface_hub import RepoFile

    commit = str(client.model_info(repo, revision=revision).sha)
    tree = client.list_repo_tree(repo, recursive=True, revision=commit)
    return commit, {file.path: file.size for file in tree if isinstance(file, RepoFile)}


def _wanted(record: Record, repo: str, *, programs: bool) -> Record:
    """Return the record of what is to be downloaded: all of it, or all but the programs."""
    if programs:
        return record
    artefacts = {name: found for name, found in record["artefacts"].items() if name not in PROGRAMS}
    if not artefacts:
        there = " and ".join(record["artefacts"])
        raise ExportError(
            f"{repo} has only {there}, and that is a program; if you trust whoever made it, add --programs"
        )
    files = {name: digest for name, digest in record["files"].items() if name.split("/")[0] not in PROGRAMS}
    return {**record, "artefacts": artefacts, "files": files}


def _download(
    client: HfApi, repo: str, commit: str, names: Sequence[str], sizes: dict[str, int], scratch: Path
) -> None:
    """Download files to the scratch folder, each below its own name."""
    if missing := [name for name in names if name not in sizes]:
        raise ExportError(f"{repo} has lost files that its export.json names: {', '.join(missing)}")
    for name in names:
        client.hf_hub_download(repo, name, revision=commit, local_dir=scratch)


def _say(repo: str, commit: str, sizes: dict[str, int], wanted: Record) -> None:
    """Say what is going to be downloaded."""
    size = size_of(sum(sizes.get(name, 0) for name in wanted["files"]))
    _log.info("downloading %d files, %s, of %s at %s", len(wanted["files"]) + 1, size, repo, commit[:7])
