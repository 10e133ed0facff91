"""Read and check paths: a command may not write over foreign files, or among a run's images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from dcgan_tf.config import BUILT_IN_DATA, DATASETS

if TYPE_CHECKING:
    from dcgan_tf.runs import WantedCheckpoint


def complete_path(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Let the shell complete a word to a file or a folder; for options that take other words, too."""
    return [CompletionItem(incomplete, type="file")]


class _LocalPath(click.ParamType):  # type: ignore[type-arg]  # it takes none before click 8.4
    """A path on this computer; `~` is a home also where no shell replaces it, as in --out=~/x."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Path:
        """Return the path.

        Raises:
            ArgumentError: for an address, the home of an unknown user, or an impossible name.
        """
        from dcgan_tf.runs import local_folder

        if value == "":  # of a variable that is not set
            self.fail("expected a path, received ''; the current folder is called .", param, ctx)
        return local_folder(value)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete it to a file or a folder."""
        return complete_path(ctx, param, incomplete)


LOCAL_PATH = _LocalPath()


def run_at(name: str, checkpoint: WantedCheckpoint = None) -> tuple[Path, WantedCheckpoint]:
    """Return the folder and the checkpoint's step of RUN, RUN@STEP or RUN@best.

    Args:
        name: the text; the name of an existing folder is taken as it is.
        checkpoint: the checkpoint if none is named; None is the newest.

    Raises:
        ArgumentError: if it is not a path on this computer.
    """
    path = LOCAL_PATH.convert(name, None, None)
    folder, at, step = name.rpartition("@")
    if at and folder and (step.isdecimal() or step == "best") and not path.exists():
        return LOCAL_PATH.convert(folder, None, None), int(step) if step.isdecimal() else step
    return path, checkpoint


def default_file(name: str) -> Path:
    """Return the file that a command writes by default.

    Args:
        name: name of a PNG in the current folder.

    Raises:
        ArgumentError: if there is such a file that this library did not write.
    """
    from dcgan_tf.errors import ArgumentError
    from dcgan_tf.images import is_own

    path = Path(name)
    if path.exists() and not is_own(path):
        raise ArgumentError(
            f"there is a {name} here that dcgan-tf did not write; name another file with --out"
        )
    return path


def check_folder(folder: Path, others: Sequence[str] = ()) -> None:
    """Check before the work that a finding can be written to a folder.

    Args:
        folder: the folder, which may not exist yet.
        others: names of files that are written beside figure.png and result.json.

    Raises:
        RunError: if it cannot.
        ArgumentError: if it has a figure, a result or another such file that is not from a finding.
    """
    from dcgan_tf.errors import ArgumentError
    from dcgan_tf.images import is_own
    from dcgan_tf.runs import read_json

    refuse_no_folder(folder)
    # The figure is written first and the result last, so a process that was killed leaves a figure without.
    figure, result = folder / "figure.png", folder / "result.json"
    found = read_json(result, default={})
    own = found.get("files", []) if isinstance(found.get("files"), list) else []
    was_killed = figure.exists() and not result.exists() and is_own(figure)
    kept = [] if was_killed else [name for name in others if name not in own]
    foreign = [folder / name for name in kept if (folder / name).exists()]
    if figure.exists() and not result.exists() and not was_killed:
        foreign.insert(0, figure)
    if result.exists() and "analysis" not in found:
        foreign.insert(0, result)
    if foreign:
        raise ArgumentError(
            f"{foreign[0]} is there, and dcgan-tf did not write it; name another folder with --out"
        )


def refuse_no_folder(folder: Path) -> None:
    """Check before the work that a folder can be written, or made.

    Raises:
        RunError: if it cannot.
    """
    from dcgan_tf.errors import RunError
    from dcgan_tf.files import writable

    if (folder.exists() and not folder.is_dir()) or not writable(folder):
        raise RunError(f"{folder} cannot be written, or is not a folder; choose another --out")


def refuse_unwritable(target: Path, *, option: str = "--out") -> None:
    """Check before the work that a file or folder can be written.

    Args:
        target: the file or folder.
        option: the option that names another.

    Raises:
        StorageError: if it cannot.
    """
    from dcgan_tf.errors import StorageError
    from dcgan_tf.files import writable

    if not writable(target):
        raise StorageError(f"{target} cannot be written; choose another place with {option}")


def refuse_among_images(target: Path, runs: Sequence[Path], *, data: str | None = None) -> None:
    """Refuse to write into a folder of training images, where the output would become an image.

    The run's own directory never counts as part of its data.

    Args:
        target: the file or folder to write.
        runs: run directories; other paths are ignored.
        data: the place of their images now, as for --data, if they were moved.

    Raises:
        ArgumentError: if the target lies in the data of one of them.
    """
    from dcgan_tf.errors import ArgumentError

    place = target.absolute().resolve()
    if any(place.is_relative_to(run.resolve()) for run in runs):
        return
    if data is not None and lies_in_data(target, data):
        raise ArgumentError(
            f"{target} lies in {data}, and would be one of these images the next time; choose another place "
            "with --out"
        )
    for run in runs:
        folder = _data_folder(run)
        if folder and place.is_relative_to(folder):
            raise ArgumentError(
                f"{target} lies in {folder}, the images that {run} was trained on, and would be one of them "
                "the next time; choose another place with --out"
            )


def lies_in_data(target: Path, spec: str) -> bool:
    """Return whether a file would be one of the images of a --data SPEC.

    Raises:
        DataError: if there are none.
    """
    from dcgan_tf.data import folder_of

    if spec in BUILT_IN_DATA or spec.startswith(DATASETS):
        return False
    return target.absolute().resolve().is_relative_to(folder_of(spec))


def _data_folder(run: Path) -> Path | None:
    """Return the folder that a run was trained on, if it still exists.

    A relative path may lead elsewhere now, so the folder's name is compared with data.json.
    """
    from dcgan_tf.errors import RunError
    from dcgan_tf.runs import RunPaths, read_config, read_json

    try:
        spec = read_config(run).data.spec
    except RunError:
        return None
    try:
        folder = Path(spec).expanduser().resolve()
        found = spec not in BUILT_IN_DATA and not spec.startswith(DATASETS) and folder.is_dir()
    except (OSError, RuntimeError, ValueError):  # no home of that user, or a circle of links
        return None
    facts = read_json(RunPaths(run).data, default=None)
    same = isinstance(facts, dict) and facts.get("name") == folder.name
    return folder if found and same else None
