"""The command `dcgan-tf report`: writes one page on a whole run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.analysis import finding_kinds
from dcgan_tf.cli.analyses import moved_images_named, say_warnings
from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option, say, say_json
from dcgan_tf.cli.options import SEED, NameList, checkpoint_option, one_label
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH, complete_path, refuse_unwritable

if TYPE_CHECKING:
    from dcgan_tf.analysis import KnownData
    from dcgan_tf.runs import Run, WantedCheckpoint

FINDINGS = finding_kinds()


@click.command(short_help="Write one page on a whole run, with everything in it.")
@click.argument("run", type=LOCAL_PATH)
@click.option(
    "--analyses",
    "wanted",
    type=NameList(("all", *FINDINGS)),
    default=(),
    help="Make these analyses first, separated by commas; 'all' makes those that are missing or were made of "
    f"another step, class or weights. There are {', '.join(FINDINGS)}.  [default: none]",
)
@click.option(
    "--num-images",
    "-n",
    type=counted(),
    help="Use this many images in each of the --analyses.  [default: its own number]",
)
@click.option(
    "--seed", type=SEED, help="Seed every random choice of --analyses with this number.  [default: 0]"
)
@click.option(
    "--label", metavar="CLASS", help="Analyse only this class of a conditional run with --analyses."
)
@checkpoint_option("Analyse the checkpoint of this step, or the best one, with --analyses")
@click.option(
    "--data",
    shell_complete=complete_path,
    metavar="SPEC",
    help="Look here for the run's images with --analyses, if they were moved.",
)
@click.option(
    "--export",
    "exports",
    type=LOCAL_PATH,
    multiple=True,
    help="Show this export of the run; the option can be given several times.  [default: those in "
    "saved_models/]",
)
@click.option("--out", type=LOCAL_PATH, help="Write the page to this file.  [default: RUN/report.html]")
@json_option
def report(
    run: Path,
    wanted: tuple[str, ...],
    label: str | None,
    checkpoint: WantedCheckpoint,
    data: str | None,
    exports: tuple[Path, ...],
    out: Path | None,
    **chosen: int | None,
) -> None:
    """Write one HTML page on RUN from the files in it: settings, samples, analyses, curves, exports.

    The page has all its pictures inside and needs no network. It names what is missing, with the command that
    makes it.
    """
    shared = {name: value for name, value in chosen.items() if value is not None}
    if not wanted and (shared or any(value is not None for value in (label, checkpoint, data))):
        raise click.UsageError(
            "--num-images, --seed, --label, --checkpoint and --data need --analyses, because they are for "
            "the analyses"
        )
    _check_exports(exports)
    if out is not None and out.is_dir():
        raise click.UsageError(
            f"--out must be a file, such as {out / 'report.html'}, received the folder {out}"
        )
    refuse_unwritable(out or run)
    opened = _open(run, checkpoint, label, data) if wanted else None
    skipped: dict[str, str] = {}
    try:
        if opened is not None:
            _make(opened, wanted, shared, skipped)
    finally:  # analyses take minutes: whatever ends them, the page shows what is there by then
        page = _write(run, out=out, exports=exports)
        say_json({"report": str(page), "analyses": _shown(run), "skipped": skipped})


def _open(run: Path, checkpoint: WantedCheckpoint, label: str | None, data: str | None) -> Run:
    check_run(run, checkpoint=checkpoint, labels=label, one=True)
    if data is not None:
        check_data(data)
    import_tensorflow()
    from dcgan_tf.runs import Run

    opened = Run.open(run, checkpoint=checkpoint, data=data)
    return opened if label is None else opened.of_class(one_label(label, opened.class_names))


def _make(run: Run, wanted: Sequence[str], shared: dict[str, int], skipped: dict[str, str]) -> None:
    """Run analyses one after the other; skip those that are impossible, and print the reason.

    Args:
        run: the run, opened at the step to show.
        wanted: names of analyses, or "all".
        shared: arguments for all of them.
        skipped: gets {name: why it was impossible}.
    """
    from dcgan_tf.errors import DcganError
    from dcgan_tf.runs import RunPaths

    for name, (kind, analysis) in FINDINGS.items():
        protocol = _protocol(run.path, name)
        made_of = protocol.get("step"), protocol.get("class")
        of_weights = protocol.get("generator_weights", run.digest) == run.digest
        is_of_run = made_of == (run.step, run.shown_class) and of_weights
        if name not in wanted and not ("all" in wanted and not is_of_run):
            continue
        if name not in wanted and protocol.get("photographs"):
            kept = f"kept: it shows photographs of yours, as drawn at step {protocol.get('step')}"
            say(f"{name:<12}{kept}; --analyses {name} replaces it", err=True)
            continue
        try:
            with moved_images_named(run.config.data.spec):
                suggested = kind.suggest(_known_data(run))
                finding = analysis.make(run, **{**analysis.defaults, **suggested, **shared})
            say(f"{name:<12}{finding.summary}")
            say_warnings(finding)
            finding.save(RunPaths(run.path).analysis(name))
        except DcganError as reason:
            skipped[name] = str(reason)
            say(f"{name:<12}skipped: {reason}", err=True)


def _result(run: Path, name: str) -> dict[str, Any]:
    """Return what an analysis of a run has found, or nothing if it has not been made."""
    from dcgan_tf.runs import RunPaths, read_json

    result: dict[str, Any] = read_json(RunPaths(run).analysis(name) / "result.json", default={})
    return result


def _shown(run: Path) -> dict[str, dict[str, Any]]:
    """Return the results of all analyses that a run has, by name: what the page shows of them."""
    from dcgan_tf.runs import RunPaths

    made = sorted(path.parent.name for path in RunPaths(run).analysis("any").parent.glob("*/result.json"))
    return {name: result for name in (*FINDINGS, *made) if (result := _result(run, name))}


def _protocol(run: Path, name: str) -> dict[str, Any]:
    """Return how an analysis was made, or what of it is recorded."""
    protocol = _result(run, name).get("protocol")
    return protocol if isinstance(protocol, dict) else {}


def _write(run: Path, *, out: Path | None, exports: Sequence[Path]) -> Path:
    from dcgan_tf.report import write_report

    page = write_report(run, out=out, exports=exports or None)
    say(f"report  {page} ({page.stat().st_size / 1e6:.1f} MB)")
    return page


def _check_exports(exports: Sequence[Path]) -> None:
    """Refuse folders that are not exports, so that the page does not silently lack them."""
    from dcgan_tf.errors import ExportError
    from dcgan_tf.export import ExportPaths

    for folder in exports:
        if not ExportPaths(folder).record.is_file():
            raise ExportError(f"{folder} is not an export: it has no export.json")


def _known_data(run: Run) -> KnownData:
    """Return what is known of the images that a run was trained on."""
    from dcgan_tf.analysis import KnownData, Subject

    train = Subject(run, of_all_classes=True).train
    binary = [name for name, values in train.attributes.items() if values.dtype == "uint8"]
    continuous = [name for name in train.attributes if name not in binary]
    return KnownData(binary, continuous, train.label_names)
