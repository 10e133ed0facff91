"""Open a dataset of the Hugging Face Hub through the package `datasets`, or say in one sentence why not."""

from __future__ import annotations

import contextlib
import importlib.metadata
import logging
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from dcgan_tf.errors import DataError
from dcgan_tf.progress import bars_on_terminals_only

OLDEST = "5.2"  # of `datasets`; setup.cfg asks for the same
_INSTALL = 'pip install "datasets>=5.2,<6"'


def check_hub_dataset(spec: str) -> None:
    """Check what can be known of a dataset of the Hub without importing `datasets`.

    Args:
        spec: hf:USER/NAME[/CONFIG].

    Raises:
        DataError: if the spec has another form, or `datasets` is not installed or too old.
    """
    _parts(spec)
    try:
        installed = importlib.metadata.version("datasets")
    except importlib.metadata.PackageNotFoundError:
        raise DataError(f"{spec} needs the package datasets, which is not installed: {_INSTALL}") from None
    if _release(installed) < _release(OLDEST):
        raise DataError(
            f"{spec} needs the package datasets {OLDEST} or later, {installed} is installed: {_INSTALL}"
        )


def open_builder(spec: str) -> Any:
    """Return the reader of a dataset whose files are on this computer now.

    Raises:
        DataError: as `check_hub_dataset`, or if the dataset cannot be found or read.
    """
    check_hub_dataset(spec)
    repo, chosen = _parts(spec)
    import datasets
    from huggingface_hub import utils as hub_utils

    with (
        bars_on_terminals_only(datasets.utils),
        bars_on_terminals_only(hub_utils),
        _quiet_about_cards(),
        one_sentence(spec),
    ):
        # With this prefix, a folder USER/NAME here is not taken for the dataset.
        builder = datasets.load_dataset_builder(f"hf://datasets/{repo}", chosen)
        builder.download_and_prepare()
    return builder


@contextlib.contextmanager
def one_sentence(spec: str) -> Iterator[None]:
    """Turn the errors of `datasets` in the block into one sentence."""
    from datasets.exceptions import DatasetNotFoundError, DatasetsError
    from huggingface_hub.errors import HTTPError
    from yaml import YAMLError

    repo, _ = _parts(spec)
    try:
        yield
    except DatasetNotFoundError as error:
        raise DataError(
            f"the Hub has no dataset {repo} that you may see ({short(error)}); check the name. If it is "
            "private or asks for a permission, log in with `hf auth login`"
        ) from error
    except ConnectionError as error:
        raise DataError(
            f"{spec} is not on this computer yet, and the Hub cannot be reached ({short(error)}); check the "
            "network"
        ) from error
    except (TypeError, AttributeError, KeyError) as error:  # how `datasets` answers a card of another form
        raise DataError(
            f"{spec} cannot be read: its card or its files have a form that the package datasets does not "
            f"expect ({type(error).__name__}: {short(error)})"
        ) from error
    except (DatasetsError, HTTPError, YAMLError, ValueError, OSError, RuntimeError) as error:
        if configs := re.search(r"(?:available configs|Available): \[(.*?)\]", str(error)):
            names = configs[1].replace("'", "").split(", ")
            raise DataError(
                f"{spec} must name one of the configurations of {repo}: {', '.join(names)}; such as "
                f"hf:{repo}/{names[0]}"
            ) from error
        reason = error.__cause__ if type(error).__name__ == "DatasetGenerationError" else error
        raise DataError(f"{spec} cannot be read: {short(reason or error)}") from error


def short(error: BaseException) -> str:
    """Return the first paragraph of an error as one line, without a last line that announces another."""
    paragraph = str(error).strip().split("\n\n")[0].strip().splitlines()
    while len(paragraph) > 1 and paragraph[-1].rstrip().endswith(":"):
        paragraph.pop()
    text = textwrap.shorten(" ".join(paragraph), 300, placeholder=" …")
    return text.rstrip(".: ") or type(error).__name__


def _parts(spec: str) -> tuple[str, str | None]:
    """Return USER/NAME and the configuration; `datasets` knows which configurations there are."""
    matched = re.fullmatch(r"hf:(\w[\w.-]*/\w[\w.-]*)(?:/(.+))?", spec, re.ASCII)
    if matched is None:
        raise DataError(f"data must be hf:USER/NAME or hf:USER/NAME/CONFIG, received {spec!r}")
    return matched[1], matched[2]


def _release(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])


@contextlib.contextmanager
def _quiet_about_cards() -> Iterator[None]:
    """Stop the Hub's client from saying that a dataset's card has no front matter, which needs none."""
    logger = logging.getLogger("huggingface_hub.repocard")
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(before)
