"""Read and check the record of an export, and the digests of its files.

Everything that is read from an export is checked here, because it may be damaged or foreign.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from dcgan_tf.config import LATENT_DISTRIBUTIONS
from dcgan_tf.errors import ExportError
from dcgan_tf.export.folder import FORMATS, PRECISIONS, ExportPaths

Record = dict[str, Any]

LARGEST_JSON = 1 << 23
"""The most bytes of a JSON file; a thousand class names take a hundredth of this."""
LARGEST_LATENT, LARGEST_SIDE, LARGEST_STEP = 65536, 4096, 2**63 - 1
ARTEFACTS = frozenset(
    path.relative_to("/").as_posix() for path in ExportPaths(Path("/")).artefacts(FORMATS, PRECISIONS)
)
"""The names of artefacts in export.json."""
_FILES = (ARTEFACTS - {"saved_model"}) | {
    path.name for paths in [ExportPaths(Path())] for path in (paths.samples, paths.card, paths.record)
}
"""The names of files in export.json, but for those of a SavedModel."""
_PART = r"(?!\.)[A-Za-z0-9_.-]{1,100}"
_OF_SAVED_MODEL = re.compile(rf"saved_model(?:/{_PART}){{1,4}}")
"""Names within a SavedModel. They mean the same on every system, and lead nowhere else."""
BY_SYSTEMS = re.compile(r"\.DS_Store|\.localized|\._.*|Thumbs\.db|desktop\.ini")
"""Files that file managers put into every folder that is viewed."""


def read_record(paths: ExportPaths) -> Record:
    """Return the content of export.json, after a check that export can have written it.

    Raises:
        ExportError: if it is missing, cannot be read, or has other entries; it names the entry.
    """
    path = paths.record
    try:
        record = parsed(content_of(path), source=path)
        record["model"] = checked_facts(record.get("model"), source=f"model in {path}")
        _check_names(record, source=path)
    except ExportError as error:
        raise ExportError(f"{paths.root} is not an export: {error}") from None
    return record


def content_of(path: Path) -> bytes:
    """Read a small file, but never wait for a pipe or a device.

    Raises:
        ExportError: if it cannot be read, or has more than `LARGEST_JSON` bytes.
    """
    try:
        if not path.exists():
            raise ExportError(f"cannot read {path}: No such file or directory")
        if not path.is_file():
            raise ExportError(f"cannot read {path}: it is not a file")
        with path.open("rb") as file:
            content = file.read(LARGEST_JSON + 1)
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}") from None
    if len(content) > LARGEST_JSON:
        raise ExportError(f"cannot read {path}: it has more than {LARGEST_JSON:,} bytes")
    return content


def parsed(content: bytes, *, source: object) -> Record:
    """Return a JSON object.

    Args:
        content: content of a file.
        source: the file, for the message.

    Raises:
        ExportError: if the content is not a JSON object.
    """
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ExportError(f"cannot read {source}: it is not JSON ({error})") from None
    if not isinstance(value, dict):
        raise ExportError(f"cannot read {source}: expected an object, found {_shown(value)}")
    return value


def checked_facts(facts: object, *, source: object) -> dict[str, Any]:
    """Return the facts of a generator, after a check that `facts_of` can have written them.

    Args:
        facts: the facts in JSON.
        source: their file, for the message.

    Raises:
        ExportError: for the first that is missing or has another type or value; it names it.
    """
    if not isinstance(facts, dict):
        raise ExportError(f"cannot read {source}: expected an object, found {_shown(facts)}")
    if missing := [name for name in _REQUIRED if name not in facts]:
        raise ExportError(
            f"cannot read {source}: it was not written by dcgan-tf export, or part of it has been lost: "
            f"{', '.join(missing)} not found"
        )
    for name, value in facts.items():
        if name in _FACTS:
            expected, holds = _FACTS[name]
            if not holds(value):
                raise ExportError(f"cannot read {source}: {name} must be {expected}, found {_shown(value)}")
    return facts


def listed(summary: str, problems: list[str]) -> str:
    """Return a message with each problem on a line of its own."""
    return f"{summary}:" + "".join(f"\n  {problem}" for problem in problems)


def files_of(artefact: Path) -> list[Path]:
    """Return the files that an artefact consists of."""
    if artefact.is_file():
        return [artefact]
    return sorted(path for path in artefact.rglob("*") if path.is_file())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def damaged_files(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Return a sentence for each file of an export that is missing or changed."""
    changed = set(changed_files(folder, digests))
    missing = [f"{name} is missing" for name in digests if not (folder / name).is_file()]
    return missing + [
        f"{name} has been changed: its SHA-256 differs from the one in export.json"
        for name in digests
        if name in changed
    ]


def changed_files(folder: Path, digests: Mapping[str, str]) -> list[str]:
    """Return the names of files that exist, but have changed since the export."""
    there = [name for name in digests if (folder / name).is_file()]
    return [name for name in there if digest(folder / name) != digests[name]]


def contents(folder: Path) -> dict[str, bool]:
    """Return the files in a folder, at any depth, and whether each is a link.

    Files that file managers leave in every folder are skipped.
    """
    return {path.relative_to(folder).as_posix(): path.is_symlink() for path in sorted(_files_in(folder))}


def is_empty(folder: Path) -> bool:
    """Return whether `contents` would find nothing; the first file decides."""
    return next(_files_in(folder), None) is None


def _files_in(folder: Path) -> Iterator[Path]:
    found = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return (path for path in found if not BY_SYSTEMS.fullmatch(path.name))


def other_files(folder: Path, written: Iterable[str]) -> list[str]:
    """Return the files in an export's folder that export did not write; it writes no links.

    Args:
        folder: folder of an export.
        written: the files that its record lists.
    """
    known = {*written, ExportPaths(folder).record.name}
    return [name for name, link in contents(folder).items() if link or name not in known]


def _check_names(record: Record, *, source: Path) -> None:
    """Check that the names of artefacts and files are an export's; none may lead out of its folder."""
    artefacts, files = record.get("artefacts"), record.get("files")
    if not isinstance(artefacts, dict) or not artefacts or not artefacts.keys() <= ARTEFACTS:
        raise ExportError(
            f"cannot read {source}: artefacts must be of {', '.join(sorted(ARTEFACTS))}, "
            f"found {_shown(artefacts)}"
        )
    if not isinstance(files, dict) or not files or not all(map(_is_file, files, files.values())):
        raise ExportError(
            f"cannot read {source}: files must be an export's, each with its SHA-256, found {_shown(files)}"
        )
    if missing := [name for name in artefacts if not any(_belongs(file, name) for file in files)]:
        raise ExportError(f"cannot read {source}: files must name those of {', '.join(missing)}, found none")


def _is_file(name: str, value: object) -> bool:
    known = name in _FILES or _OF_SAVED_MODEL.fullmatch(name) is not None
    return known and isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value) is not None


def _belongs(file: str, artefact: str) -> bool:
    return file == artefact or file.startswith(f"{artefact}/")


def _shown(value: object) -> str:
    """Return a value as short JSON."""
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:60] + "…"


def _whole(least: int, most: int) -> tuple[str, Callable[[object], bool]]:
    return f"a whole number from {least:,} to {most:,}", lambda value: _is_whole(value, least, most)


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_shape(value: object) -> bool:
    if not isinstance(value, list) or len(value) != 3:
        return False
    return all(_is_whole(side, 1, LARGEST_SIDE) for side in value[:2]) and value[2] in (1, 3)


def _are_names(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_TEXT = "text", lambda value: isinstance(value, str)
_NAMES = "a list of names", _are_names
_FACTS: Mapping[str, tuple[str, Callable[[object], bool]]] = {
    "latent_dim": _whole(1, LARGEST_LATENT),
    "latent_distribution": (f"one of {', '.join(LATENT_DISTRIBUTIONS)}", LATENT_DISTRIBUTIONS.__contains__),
    "image_shape": (f"[height, width, 1 or 3] of at most {LARGEST_SIDE} pixels", _is_shape),
    "step": _whole(0, LARGEST_STEP),
    "seed": _whole(0, LARGEST_STEP),
    "image_dtype": ("uint8 or float32", ("uint8", "float32").__contains__),
    "image_range": ("[0, 255] or [-1, 1]", ([0, 255], [-1, 1]).__contains__),
    "num_images": ("a whole number or null", lambda v: v is None or _is_whole(v, 0, LARGEST_STEP)),
    "labels": _NAMES,
    "attributes": _NAMES,
    "class_names": ("a list of two names or more", lambda v: _are_names(v) and len(v) > 1),  # type: ignore[arg-type]
    **dict.fromkeys(
        ("name", "data", "architecture", "generator", "precision", "run", "dcgan_tf", "sha256"), _TEXT
    ),
}
"""For each fact, its form in words, and a function that checks a value."""
_REQUIRED = ("latent_dim", "latent_distribution", "image_shape", "step")
