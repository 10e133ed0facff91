"""The Hub's client, and its errors as sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf import __version__
from dcgan_tf.errors import ArgumentError, ExportError, first_line
from dcgan_tf.export.folder import ExportPaths
from dcgan_tf.export.record import LARGEST_JSON, Record, read_record
from dcgan_tf.progress import bars_on_terminals_only

if TYPE_CHECKING:
    from huggingface_hub import HfApi

README = "README.md"
"""The file that the Hub shows as a repository's page."""
PROGRAMS = frozenset({"saved_model", "model.keras"})
"""The artefacts that are programs; all others only compute."""
OLDEST_CLIENT = "2.4"
"""The oldest version of huggingface_hub that the tests have been run with; setup.cfg asks for it, too."""
LOG_IN = "log in with `hf auth login`, or put a token into the environment variable HF_TOKEN"


def hub_client() -> HfApi:
    """Return the Hub's client.

    Raises:
        ExportError: if the package huggingface_hub is not installed, or too old.
    """
    install = f'pip install "huggingface_hub>={OLDEST_CLIENT}"'
    try:
        import huggingface_hub
    except ModuleNotFoundError:
        raise ExportError(
            f"push and pull need the package huggingface_hub, which is not installed: {install}"
        ) from None
    version = huggingface_hub.__version__
    if _numbers(version) < _numbers(OLDEST_CLIENT):
        raise ExportError(
            f"push and pull need huggingface_hub {OLDEST_CLIENT} or newer, found {version}: {install}"
        )
    return huggingface_hub.HfApi(library_name="dcgan_tf", library_version=__version__)


def _numbers(version: str) -> list[int]:
    """Return the first two numbers of a version, such as [2, 4]."""
    return [int(number) for number in re.findall(r"\d+", version)[:2]]


def checked_name(repo: str) -> str:
    """Return the name of a repository, USER/NAME.

    Raises:
        ArgumentError: if it is not one.
    """
    word = r"[A-Za-z0-9](?:[\w.-]{0,94}[A-Za-z0-9_])?"
    if not re.fullmatch(f"{word}/{word}", repo, re.ASCII) or "--" in repo or ".." in repo:
        raise ArgumentError(
            f"a repository must be USER/NAME, of letters, digits, '-', '_' and '.', received {repo!r}"
        )
    return repo


def download_record(client: HfApi, repo: str, commit: str, sizes: Mapping[str, int], scratch: Path) -> Record:
    """Download export.json; return its content, after a check that an export can have written it.

    Args:
        client: the Hub's client.
        repo: USER/NAME.
        commit: the commit to read.
        sizes: {file: bytes} of that commit.
        scratch: the folder to download to.

    Raises:
        ExportError: if there is none, or another program wrote it.
    """
    paths = ExportPaths(scratch)
    name = paths.record.name
    if name not in sizes:
        raise ExportError(f"{client.endpoint}/{repo} is not an export of dcgan-tf: it has no {name}")
    if sizes[name] > LARGEST_JSON:
        raise ExportError(f"{client.endpoint}/{repo} is not an export: {name} has {sizes[name]:,} bytes")
    client.hf_hub_download(repo, name, revision=commit, local_dir=scratch)
    try:
        return read_record(paths)
    except ExportError as error:
        raise ExportError(str(error).replace(str(scratch), repo)) from None


@contextmanager
def hub_errors(client: HfApi, repo: str, *, nothing: str) -> Iterator[None]:
    """Turn the Hub's errors in the block into one sentence that says what to do.

    Args:
        client: for the Hub's address.
        repo: USER/NAME.
        nothing: what has not been done, such as "nothing was uploaded".

    Raises:
        ExportError: for any of them.
    """
    from huggingface_hub import errors, utils

    try:
        with bars_on_terminals_only(utils):
            yield
    except errors.HFValidationError as error:
        raise ArgumentError(f"{repo!r} cannot be the name of a repository: {first_line(error)}") from None
    except (
        errors.HTTPError,
        errors.LocalEntryNotFoundError,
        errors.XetDownloadError,
        ConnectionError,
    ) as error:
        found = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) else error
        raise ExportError(f"{_sentence(found or error, client, repo)}; {nothing}") from error
    except ValueError as error:
        if not str(error).startswith(
            "Invalid metadata"
        ):  # the client's words for what the Hub says of a card
            raise
        said = " ".join(str(error).split("\n")[1:])
        raise ExportError(
            f"the Hub does not take the front matter of the model card ({said}); {nothing}"
        ) from error
    except RuntimeError as error:
        if not isinstance(error.__cause__, errors.HTTPError):  # which happened in a thread of the client
            raise
        raise ExportError(f"{_sentence(error.__cause__, client, repo)}; {nothing}") from error
    except OSError as error:
        if "Consistency check failed" not in str(error):  # the client's words for a file that is too short
            raise
        raise ExportError(f"the connection to {client.endpoint} was cut; {nothing}, try again") from error


def _sentence(error: BaseException, client: HfApi, repo: str) -> str:
    from huggingface_hub import errors

    where = f"{client.endpoint}/{repo}"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE is set, which forbids the Hub's client to use the network; unset it"
    if isinstance(error, errors.GatedRepoError):
        return f"{repo} asks for a permission that you do not have; ask for it at {where}, and {LOG_IN}"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"there is no {where}, or you may not see it; check the name. If it is private, {LOG_IN}"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{where} has no such revision; name one of its branches, tags or commits"
    if isinstance(error, errors.EntryNotFoundError):
        return f"{where} has lost a file that its export.json names: {first_line(error)}"
    if not isinstance(error, errors.HfHubHTTPError):
        return f"{client.endpoint} cannot be reached ({first_line(error)}); check the network"
    code = error.response.status_code
    said = f"{code}{f': {error.server_message}' if error.server_message else ''}"
    if code == 401:
        return f"{client.endpoint} does not accept your token ({said}); {LOG_IN}"
    if code == 403:
        return f"your token has no right to do this at {where} ({said}); make one that may write there"
    if code in (409, 412):
        return f"{where} was changed by somebody else at the same time ({said}); try again"
    if code == 429:
        return f"{client.endpoint} has had too many requests from you ({said}); wait some minutes"
    if code >= 500:
        return f"{client.endpoint} has a fault ({said}); try again later"
    return f"{client.endpoint} refuses this ({said})"
