"""The commands that show what a run has learnt, made from the descriptions of the analyses."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.analysis import Analysis, Option, analyses
from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option, say, say_json
from dcgan_tf.cli.options import SEED, checkpoint_option, one_label
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import (
    LOCAL_PATH,
    check_folder,
    complete_path,
    refuse_among_images,
    refuse_no_folder,
)
from dcgan_tf.config import BUILT_IN_DATA

if TYPE_CHECKING:
    from dcgan_tf.analysis import Finding
    from dcgan_tf.runs import WantedCheckpoint

Command = Callable[..., None]


def command_of(analysis: Analysis) -> click.Command:
    """Return the command of an analysis, with all its options."""

    def run_analysis(run: Path, **options: Any) -> None:
        _report_finding(analysis, run, **options)

    command: Command = run_analysis
    for option in reversed(analysis.options):
        command = _click_option(option)(command)
    return click.command(analysis.name, short_help=analysis.short_help, help=analysis.help)(
        _shared_options(analysis)(command)
    )


def _shared_options(analysis: Analysis) -> Callable[[Command], Command]:
    """Add the options that every analysis takes."""

    def decorate(command: Command) -> Command:
        for add in (
            click.option(
                "--out", type=LOCAL_PATH, help="Write to this folder.  [default: RUN/analysis/NAME]"
            ),
            click.option(
                "--data",
                metavar="SPEC",
                shell_complete=complete_path,
                help="Look for the run's images here, if they were moved since.",
            ),
            checkpoint_option("Read the checkpoint of this step, or the best one"),
            click.option(
                "--label",
                metavar="CLASS",
                help="Analyse only this class, by name or number (conditional runs only).",
            ),
            click.option(
                "--seed",
                type=SEED,
                default=0,
                show_default=True,
                help="Seed every random choice with this number.",
            ),
            click.option(
                "--num-images",
                "-n",
                type=counted(least=analysis.fewest),
                default=analysis.num_images,
                show_default=True,
                help=analysis.of,
            ),
            json_option,
        ):
            command = add(command)
        if analysis.files:
            command = _files(analysis.files)(command)
        return click.argument("run", type=LOCAL_PATH)(command)

    return decorate


def _files(option: Option) -> Callable[[Command], Command]:
    """Return files that a command takes, in any number, as a click argument."""
    return click.argument(option.name, metavar=f"[{option.metavar}]", nargs=-1, type=LOCAL_PATH)


def _click_option(option: Option) -> Callable[[Command], Command]:
    """Return an option of a description as a click option."""
    if option.type is bool:
        return click.option(option.spelling, option.name, is_flag=True, help=option.help)
    kind: Any = option.type
    if option.choices:
        kind = click.Choice(option.choices)
    elif option.type is Path:
        kind = LOCAL_PATH
    elif option.type is int:
        kind = click.IntRange(option.minimum, option.maximum)
    # A default of None counts as given for click 8.3 and later, so that nothing would be required any more.
    default = {} if option.default in (None, ()) else {"default": option.default, "show_default": True}
    return click.option(
        option.spelling,
        option.name,
        type=kind,
        **default,
        multiple=option.multiple,
        required=option.required,
        metavar=option.metavar,
        help=option.help,
    )


def _report_finding(
    analysis: Analysis,
    run: Path,
    *,
    checkpoint: WantedCheckpoint,
    out: Path | None,
    label: str | None,
    data: str | None,
    **arguments: Any,
) -> None:
    """Make one analysis of a run, print the outcome, save the finding, and print where it is."""
    if analysis.check is not None:
        try:
            analysis.check(**arguments)
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    check_run(run, checkpoint=checkpoint, labels=label, one=True)
    if data is not None:
        check_data(data)
    _check_place(analysis, run, out)
    refuse_among_images(out or run, [run], data=data)
    import_tensorflow()
    from dcgan_tf.runs import Run, RunPaths, read_json

    opened = Run.open(run, checkpoint=checkpoint, data=data)
    if label is not None:
        opened = opened.of_class(one_label(label, opened.class_names))
    with moved_images_named(opened.config.data.spec):
        finding = analysis.make(opened, **arguments)
    paths = RunPaths(run)
    folder = out or paths.analysis(finding.name)
    replaced = read_json(folder / "result.json", default={}).get("summary", finding.summary)
    save_finding(finding, folder)
    of_page = {paths.directions, paths.forgotten} & {paths.analysis(finding.name) / f for f in finding.files}
    only = f"a page takes only what lies in {run / 'analysis'}" if of_page else ""
    if replaced != finding.summary:
        keeps = "; ".join(filter(None, ["--out keeps both", only]))
        say(f"note: this replaces an earlier result ({keeps}): {replaced}", err=True)
    elif out and only:
        say(f"note: {only}", err=True)
    for kind in analysis.findings:
        if kind.further and kind.name == finding.name:
            say(f"look    {kind.further.format(folder=shlex.quote(str(folder)))}")


def _check_place(analysis: Analysis, run: Path, out: Path | None) -> None:
    """Check before the work that its finding can be written, in place of earlier ones of the run."""
    if out is not None:
        check_folder(out, analysis.writes)
        return
    from dcgan_tf.runs import RunPaths

    for kind in analysis.findings:
        for name in filter(None, (kind.name, kind.instead)):
            refuse_no_folder(RunPaths(run).analysis(name))


@contextmanager
def moved_images_named(spec: str) -> Iterator[None]:
    """Add advice about --data to an error about images that were moved."""
    from dcgan_tf.errors import DataError

    try:
        yield
    except DataError as error:
        if spec in BUILT_IN_DATA or ":" in spec or Path(spec).expanduser().exists():
            raise
        raise DataError(f"{error}. If the images were moved, name their new place with --data") from error


def save_finding(finding: Finding, folder: Path) -> None:
    """Print the outcome, so that a full disk does not lose it; save the finding, and print where it is."""
    say(finding.summary)
    say_json({**finding.result, "folder": str(folder)})
    say_warnings(finding)
    finding.save(folder)
    say(f"figure  {folder / 'figure.png'}")
    if finding.table:
        say(finding.table)


def say_warnings(finding: Finding) -> None:
    """Print the warnings of a finding."""
    for warning in finding.warnings:
        say(f"note: {warning}", err=True)


COMMANDS = tuple(command_of(analysis) for analysis in analyses())
