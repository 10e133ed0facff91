"""What can be known of a command before TensorFlow is imported, which takes seconds."""

from __future__ import annotations

from pathlib import Path

from dcgan_tf.cli.options import chosen_labels, one_label


def check_run(
    run: Path, *, checkpoint: int | None = None, labels: str | None = None, one: bool = False
) -> None:
    """Find out whether this is a run, and has what is asked of it.

    Args:
        run: the run directory.
        checkpoint: the step of the checkpoint that is wanted; None is the newest.
        labels: names or numbers of classes that it is to draw; None if none are named.
        one: `labels` may be a single class only.

    Raises:
        ArgumentError: if it has no such class.
        RunError: if it is no run, or has no such checkpoint.
    """
    from dcgan_tf.runs import RunPaths, check_checkpoint, class_names_of, read_config

    config = read_config(run)
    check_checkpoint(RunPaths(run).checkpoints, checkpoint)
    if labels is not None:
        (one_label if one else chosen_labels)(labels, class_names_of(run, config))


def check_export(folder: Path) -> None:
    """Find out whether this is an export, with a record that can be read.

    Raises:
        ExportError: if it is not.
    """
    from dcgan_tf.export import ExportPaths, read_record, refuse_interrupted

    refuse_interrupted(folder)
    read_record(ExportPaths(folder))


def check_data(spec: str) -> None:
    """Find out whether there is such data; what it holds is seen later.

    Raises:
        DataError: if there is none.
    """
    from dcgan_tf.data import BUILT_IN, folder_of

    if spec not in BUILT_IN and not spec.startswith("tfds:"):
        folder_of(spec)
