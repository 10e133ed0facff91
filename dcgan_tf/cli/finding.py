"""What the commands share that show what a run has learnt: their options, and how they end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, say
from dcgan_tf.cli.labels import one_label
from dcgan_tf.cli.outputs import LOCAL_PATH, check_folder, refuse_among_images
from dcgan_tf.options import SEED, STEP
from dcgan_tf.options import num_images as counted

if TYPE_CHECKING:
    from dcgan_tf.analysis.finding import Finding

Options = Callable[[Callable[..., None]], Callable[..., None]]


def analysis_options(num_images: int, *, of: str = "Samples that the numbers are computed on.") -> Options:
    """Add what every analysis takes: RUN, --num-images, --seed, --label, --checkpoint, --data and --out.

    Args:
        num_images: the default.
        of: what the images are, for the help.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        for add in (
            click.option("--out", type=LOCAL_PATH, help="The folder. [default: RUN/analysis/NAME]"),
            click.option(
                "--data", metavar="SPEC", help="Where the run's images are now, if they were moved since."
            ),
            click.option("--checkpoint", type=STEP, help="Of this step. [default: the newest]"),
            click.option(
                "--label",
                metavar="CLASS",
                help="Of a conditional run: its samples of this class, by name or number.",
            ),
            click.option("--seed", type=SEED, default=0, show_default=True, help="Of every choice."),
            click.option(
                "--num-images", "-n", type=counted(), default=num_images, show_default=True, help=of
            ),
            click.argument("run", type=LOCAL_PATH),
        ):
            command = add(command)
        return command

    return decorate


def report_finding(
    name: str,
    run: Path,
    *,
    checkpoint: int | None,
    out: Path | None,
    label: str | None = None,
    data: str | None = None,
    **arguments: Any,
) -> Finding:
    """Make one analysis of a run, say what came out, save the finding, say where it is, and return it.

    Args:
        name: of the function in `dcgan_tf.analysis`.
        run: the run directory.
        checkpoint: the step; None is the newest.
        out: the folder; None is RUN/analysis/NAME.
        label: the class that a conditional run is fixed to, by name or number.
        data: where the run's images are now; None is where they were.
        arguments: what the function takes besides the run.
    """
    check_run(run, checkpoint=checkpoint, labels=label, one=True)
    if data is not None:
        check_data(data)
    check_folder(out or run)
    refuse_among_images(out or run, [run], data=data)
    import_tensorflow()
    from dcgan_tf import analysis
    from dcgan_tf.analysis.finding import RESULT
    from dcgan_tf.runs.load import Run
    from dcgan_tf.runs.paths import RunPaths
    from dcgan_tf.runs.records import read_json

    opened = Run.open(run, checkpoint=checkpoint, data=data)
    if label is not None:
        opened = opened.of_class(one_label(label, opened.class_names))
    with _moved_images_named(opened.config.data.spec):
        finding: Finding = getattr(analysis, name)(opened, **arguments)
    folder = out or RunPaths(run).analysis(finding.name)
    replaced = read_json(folder / RESULT, default={}).get("summary", finding.summary)
    save_finding(finding, folder)
    if replaced != finding.summary:
        say(f"note: this replaces an earlier result (--out keeps both): {replaced}", err=True)
    return finding


@contextmanager
def _moved_images_named(spec: str) -> Iterator[None]:
    """Say of images that are not found where they were how to tell where they are."""
    from dcgan_tf.errors import DataError

    try:
        yield
    except DataError as error:
        if ":" in spec or Path(spec).expanduser().exists():
            raise
        raise DataError(f"{error}. If the images were moved, --data says where they are now") from error


def save_finding(finding: Finding, folder: Path) -> None:
    """Print what came out, which is not lost then on a full disk; save it, and say where its figure is."""
    from dcgan_tf.analysis.finding import FIGURE

    say(finding.summary)
    say_warnings(finding)
    finding.save(folder)
    say(f"figure  {folder / FIGURE}")


def say_warnings(finding: Finding) -> None:
    """Print what a reader must know before trusting the numbers."""
    for warning in finding.warnings:
        say(f"note: {warning}", err=True)
