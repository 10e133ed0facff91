"""Check the arguments of a command before TensorFlow is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from dcgan_tf.cli.options import chosen_labels, one_label
from dcgan_tf.config import BUILT_IN_DATA, DATASETS

if TYPE_CHECKING:
    from dcgan_tf.runs import WantedCheckpoint


def check_run(
    run: Path, *, checkpoint: WantedCheckpoint = None, labels: str | None = None, one: bool = False
) -> None:
    """Check that a folder is a run, and has the wanted checkpoint and classes.

    Args:
        run: the run directory.
        checkpoint: the step of the wanted checkpoint, or "best"; None is the newest.
        labels: names or numbers of the classes to draw; None if none are named.
        one: whether `labels` must be a single class.

    Raises:
        ArgumentError: if it has no such class.
        RunError: if it is not a run, or has no such checkpoint.
    """
    from dcgan_tf.runs import RunPaths, check_checkpoint, class_names_of, read_config

    config = read_config(run)
    check_checkpoint(RunPaths(run), checkpoint)
    if labels is not None:
        (one_label if one else chosen_labels)(labels, class_names_of(run, config))


def check_export(folder: Path) -> None:
    """Check that a folder is an export whose record can be read.

    Raises:
        ExportError: if it is not.
    """
    from dcgan_tf.export import ExportPaths, read_record, refuse_interrupted

    refuse_interrupted(folder)
    read_record(ExportPaths(folder))


def check_data(spec: str) -> None:
    """Check that data exist, as far as that takes no download; their content is checked later.

    Raises:
        DataError: if they do not exist, or need a package that is not installed.
    """
    from dcgan_tf.data import check_hub_dataset, folder_of

    if spec.startswith("hf:"):
        check_hub_dataset(spec)
    elif spec not in BUILT_IN_DATA and not spec.startswith(DATASETS):
        folder_of(spec)
