"""Upload an export to the Hub, in one commit."""

from __future__ import annotations

import hashlib
import logging
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

from dcgan_tf.errors import ExportError
from dcgan_tf.export.card import size_of
from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.export.hub.client import (
    LOG_IN,
    README,
    checked_name,
    download_record,
    hub_client,
    hub_errors,
)
from dcgan_tf.export.placing import some
from dcgan_tf.export.record import other_files, read_record
from dcgan_tf.runs import local_folder

if TYPE_CHECKING:
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi

_log = logging.getLogger("dcgan_tf")
_OF_ANY_REPOSITORY = frozenset({".gitattributes", README})
"""Files that a new repository may have."""


class _There(NamedTuple):
    """What a repository has.

    Attributes:
        commit: the newest commit.
        private: whether only its owners see it.
        blobs: {file: Git's name of its content}.
        sizes: {file: bytes}.
    """

    commit: str
    private: bool
    blobs: dict[str, str]
    sizes: dict[str, int]


def push_export(folder: str | os.PathLike[str], repo: str, *, private: bool = False) -> str:
    """Upload an export to the Hugging Face Hub, in one commit, after verifying it.

    The repository gets the files that export.json names, export.json itself, and the model card a second
    time as README.md, which the Hub shows. It is made if it does not exist. If it has an earlier export,
    the files that its export.json names are replaced or removed; other files stay. A README.md that was
    written or edited on the Hub stays too. The token is that of `hf auth login` or of the environment
    variable HF_TOKEN.

    Args:
        folder: the folder of the export.
        repo: USER/NAME.
        private: whether a new repository is to be seen by its owners only.

    Returns:
        The address of the repository.

    Raises:
        ArgumentError: if `repo` is not of the form USER/NAME, or the folder is an address.
        ExportError: if the export is not intact, huggingface_hub is not installed, nobody is logged in, the
            repository holds something else, or the Hub refuses. Then nothing has been uploaded; a new
            repository may be there, empty.
    """
    from dcgan_tf.export.checks.verification import verify_export

    folder = local_folder(folder)
    client = client_for_pushing(repo)
    _log.info("verifying %s", folder)
    verify_export(folder)
    with hub_errors(client, repo, nothing="nothing was uploaded"):
        there = _look(client, repo)
        if there:
            _refuse_repository(there, repo, private=private)
        earlier = _earlier_files(client, repo, there) if there else []
        operations = _operations(folder, there, earlier)
        _say(folder, client, repo, private=there.private if there else private)
        if not there:
            client.create_repo(repo, private=private, exist_ok=True)
        client.create_commit(
            repo,
            operations,
            commit_message="Export of dcgan-tf",
            parent_commit=there.commit if there else None,
        )
    return f"{client.endpoint}/{repo}"


def client_for_pushing(repo: str) -> HfApi:
    """Return the client, after a check of what can be known without the network.

    Raises:
        ArgumentError: if `repo` is not of the form USER/NAME.
        ExportError: if huggingface_hub is not installed, or nobody is logged in.
    """
    checked_name(repo)
    client = hub_client()
    from huggingface_hub import get_token

    if get_token() is None:
        raise ExportError(f"you are not logged in to {client.endpoint}: {LOG_IN}; nothing was uploaded")
    return client


def _look(client: HfApi, repo: str) -> _There | None:
    """Return what a repository has, or None if it does not exist."""
    from huggingface_hub import RepoFile
    from huggingface_hub.errors import RepositoryNotFoundError

    client.whoami()  # a wrong token would make every repository look as if it did not exist
    try:
        info = client.model_info(repo)
    except RepositoryNotFoundError:
        return None
    tree = client.list_repo_tree(repo, recursive=True, revision=info.sha)
    files = [file for file in tree if isinstance(file, RepoFile)]
    blobs, sizes = {file.path: file.blob_id for file in files}, {file.path: file.size for file in files}
    return _There(str(info.sha), bool(info.private), blobs, sizes)


def _refuse_repository(there: _There, repo: str, *, private: bool) -> None:
    """Refuse a repository of something else, and a public one if a private one is wanted."""
    if private and not there.private:
        raise ExportError(
            f"{repo} exists and is public, and --private is for new repositories; make it private in its "
            "settings on the Hub, or push to another name"
        )
    foreign = sorted(there.blobs.keys() - _OF_ANY_REPOSITORY)
    if foreign and ExportPaths(Path()).record.name not in there.blobs:
        raise ExportError(
            f"{repo} exists and is not an export: it holds {some(foreign)}; push to another name, or remove "
            "these files on the Hub"
        )


def _earlier_files(client: HfApi, repo: str, there: _There) -> list[str]:
    """Return the files of the export that a repository has, by its export.json; [] if it has none.

    Raises:
        ExportError: if another program wrote that export.json: its files are not to be touched.
    """
    if ExportPaths(Path()).record.name not in there.blobs:
        return []
    with TemporaryDirectory() as scratch:
        try:
            record = download_record(client, repo, there.commit, there.sizes, Path(scratch))
        except ExportError as error:
            raise ExportError(f"{error}; push to another name, or remove that file on the Hub") from None
    return [name for name in record["files"] if name in there.blobs]


def _operations(
    folder: Path, there: _There | None, earlier: list[str]
) -> list[CommitOperationAdd | CommitOperationDelete]:
    """Return what the commit does: add the files of the export, and remove those of an earlier one."""
    from huggingface_hub import CommitOperationAdd, CommitOperationDelete

    names = _files(folder)
    card = ExportPaths(folder).card
    operations: list[CommitOperationAdd | CommitOperationDelete] = [
        CommitOperationAdd(path_in_repo=name, path_or_fileobj=folder / name) for name in names
    ]
    if there and _has_own_readme(there, card):
        _log.warning(
            "README.md was written on the Hub and stays as it is; the new card is %s there. To show the "
            "card, remove README.md on the Hub and push again",
            card.name,
        )
    elif card.name in names:
        operations.append(CommitOperationAdd(path_in_repo=README, path_or_fileobj=card))
    removed = [name for name in earlier if name not in names]
    if removed:
        _log.info("removing from the Hub what an earlier export had, and this one has not: %s", some(removed))
    return operations + [CommitOperationDelete(path_in_repo=name) for name in removed]


def _has_own_readme(there: _There, card: Path) -> bool:
    """Return whether a repository has a README.md that is neither the card there nor the new one."""
    content = card.read_bytes() if card.is_file() else b""
    new = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
    return README in there.blobs and there.blobs[README] not in (there.blobs.get(card.name), new)


def _files(folder: Path) -> list[str]:
    """Return the files of an export, as its record names them, and the record."""
    paths = ExportPaths(folder)
    return [*read_record(paths)["files"], paths.record.name]


def _say(folder: Path, client: HfApi, repo: str, *, private: bool) -> None:
    """Say what is going to be uploaded, to whom it will be shown, and what is left out."""
    names = _files(folder)
    linked = {parent.as_posix() for name in names for parent in (Path(name), *Path(name).parents)}
    if others := [name for name in other_files(folder, names) if name not in linked]:
        _log.warning("left out, because no export wrote it: %s", some(others))
    size = size_of(sum((folder / name).stat().st_size for name in names))
    whom = "private" if private else "public"
    _log.info("uploading %d files, %s, to %s/%s (%s)", len(names), size, client.endpoint, repo, whom)
