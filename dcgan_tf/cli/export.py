"""The commands that ship a generator: `export` writes files that run elsewhere; what is done with these."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.beforehand import check_export, check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option, said_when_stopped, say, say_json
from dcgan_tf.cli.options import checkpoint_option, names_option
from dcgan_tf.cli.outputs import LOCAL_PATH, refuse_unwritable
from dcgan_tf.export import FORMATS, PRECISIONS

if TYPE_CHECKING:
    from dcgan_tf.runs import WantedCheckpoint


@click.command(short_help="Write a run's generator as files that run elsewhere.")
@click.argument("run", type=LOCAL_PATH)
@click.option("--out", type=LOCAL_PATH, help="Write to this folder.  [default: saved_models/NAME of the run]")
@names_option(
    "--formats",
    FORMATS,
    default=("saved_model", "tflite", "web"),
    help=f"Write some of {', '.join(FORMATS)}, separated by commas. onnx needs the packages onnx and "
    "onnxruntime.",
)
@names_option(
    "--precisions",
    PRECISIONS,
    default=PRECISIONS,
    help="Write .tflite files of these precisions, separated by commas. fp32 is float32, fp16 has float16 "
    "weights, dynamic has 8-bit weights, int8 has 8-bit weights and feature maps.",
)
@click.option(
    "--float-output",
    is_flag=True,
    help="Let .tflite and .onnx files give float32 in [-1, 1] instead of uint8.",
)
@checkpoint_option("Read the checkpoint of this step, or the best one")
@click.option(
    "--force",
    is_flag=True,
    help="Replace an earlier export in that folder, but no file that another program wrote.",
)
@json_option
def export(
    run: Path,
    out: Path | None,
    formats: tuple[str, ...],
    precisions: tuple[str, ...],
    float_output: bool,
    checkpoint: WantedCheckpoint,
    force: bool,
) -> None:
    """Write the generator of RUN for TensorFlow, LiteRT and the browser, and verify what was written."""
    _refuse_options_of_files(formats)
    check_run(run, checkpoint=checkpoint)
    from dcgan_tf.export import place_of, refuse_existing, refuse_without_packages

    if "onnx" in formats:
        refuse_without_packages()
    target = place_of(run, to=out)
    refuse_existing(target, force=force)
    refuse_unwritable(target, option="--out")
    with said_when_stopped("stopped; nothing was written"):
        import_tensorflow()
        from dcgan_tf.export import export_run
        from dcgan_tf.runs import Run

        folder = export_run(
            Run.open(run, checkpoint=checkpoint),
            to=out,
            formats=formats,
            precisions=precisions,
            float_output=float_output,
            force=force,
        )
    _say_where(folder)


def _say_where(folder: Path) -> None:
    """Print what is in the folder of a new export, and what to do with it."""
    from dcgan_tf.export import ExportPaths, read_record

    paths = ExportPaths(folder)
    # What is downloaded may be a part of what was exported.
    there = {n: record for n, record in read_record(paths)["artefacts"].items() if (folder / n).exists()}
    say_json({"export": str(folder), "artefacts": there})
    say(f"export      {folder}")
    if paths.web.exists():
        say(f"in browser  {paths.web}")
    say(f"model card  {paths.card}")
    quoted = shlex.quote(str(folder))
    say(f"verify      dcgan-tf verify {quoted}")
    say(f"images      dcgan-tf sample {quoted} --num-images 64 --out samples.png")


def _refuse_options_of_files(formats: tuple[str, ...]) -> None:
    """Refuse options of files that are not written."""
    source = click.get_current_context().get_parameter_source
    default = click.core.ParameterSource.DEFAULT
    options = {"precisions": ("tflite",), "float_output": ("tflite", "onnx")}
    for name, of in options.items():
        if source(name) is not default and not set(of) & set(formats):
            flag = f"--{name.replace('_', '-')}"
            files = " or ".join(f".{end}" for end in of)
            raise click.UsageError(
                f"{flag} can only be given where {files} files are written: expected {' or '.join(of)} in "
                f"--formats, received {','.join(formats)}; add {' or '.join(of)} there, or leave out {flag}"
            )


@click.command(short_help="Check an export from its files alone.")
@click.argument("folder", type=LOCAL_PATH)
@json_option
def verify(folder: Path) -> None:
    """Check from the files alone that an exported FOLDER is intact and draws what was trained.

    The files are compared with export.json. This does not prove who made the two. A SavedModel or model.keras
    is a program. It is run only if it contains nothing that an export of dcgan-tf would not contain.
    """
    check_export(folder)
    import_tensorflow()
    from dcgan_tf.export import artefact_line, verify_export

    artefacts = verify_export(folder)
    say_json({"export": str(folder), "artefacts": artefacts})
    for name, record in artefacts.items():
        say(artefact_line(name, record))
    say(f"{folder} is intact and draws what was trained")


@click.command(short_help="Measure the files of an export on this machine.")
@click.argument("folder", type=LOCAL_PATH)
@json_option
def benchmark(folder: Path) -> None:
    """Measure size, difference and speed of every file of an exported FOLDER on this machine.

    Each file is verified first. The time is that of one image, the median of 50. A page is drawn by a
    browser, so it is not timed. A second table says how many operators of each .tflite file this machine's
    accelerators take, and TensorFlow Lite's GPU delegate on a phone. If the export has model.keras, what
    Keras itself makes of it is measured, too.
    """
    check_export(folder)
    import_tensorflow()
    from dcgan_tf.export import benchmark_export

    found = benchmark_export(folder)
    say_json(found)
    for line in table_of(found):
        say(line)


@click.command(short_help="Upload an export to the Hugging Face Hub.")
@click.argument("folder", type=LOCAL_PATH)
@click.argument("repo", metavar="USER/NAME")
@click.option("--private", is_flag=True, help="Show a new repository to its owners only.")
@json_option
def push(folder: Path, repo: str, private: bool) -> None:
    """Upload an exported FOLDER to the Hugging Face Hub, as the repository USER/NAME.

    The export is verified first, and uploaded in one commit. The Hub shows its model card. Log in once with
    `hf auth login`, or put a token into the environment variable HF_TOKEN.
    """
    check_export(folder)
    from dcgan_tf.export import client_for_pushing

    client_for_pushing(repo)
    import_tensorflow()
    from dcgan_tf.export import push_export

    with said_when_stopped("stopped; nothing was uploaded, or all of it"):
        address = push_export(folder, repo, private=private)
    say_json({"export": str(folder), "address": address})
    say(f"uploaded  {address}")
    say(f"download  dcgan-tf pull {repo}")


@click.command(short_help="Download an export from the Hugging Face Hub.")
@click.argument("repo", metavar="USER/NAME")
@click.option("--out", type=LOCAL_PATH, help="Write to this folder.  [default: saved_models/NAME]")
@click.option("--revision", metavar="TEXT", help="Read this branch, tag or commit instead of the newest one.")
@click.option(
    "--programs",
    is_flag=True,
    help="Download the SavedModel and model.keras too. They are programs: trust whoever made them first.",
)
@click.option(
    "--force",
    is_flag=True,
    help="Replace an earlier export in that folder, but no file that another program wrote.",
)
@json_option
def pull(repo: str, out: Path | None, revision: str | None, programs: bool, force: bool) -> None:
    """Download the export that was pushed as USER/NAME, and check the SHA-256 of every file.

    It downloads the .tflite and .onnx files, the page, the samples and the card. These can only compute and
    show.
    """
    from dcgan_tf.export import place_of_pulled, pull_export

    refuse_unwritable(place_of_pulled(repo, to=out))
    with said_when_stopped("stopped; nothing was written"):
        folder = pull_export(repo, to=out, revision=revision, programs=programs, force=force)
    _say_where(folder)


def table_of(found: dict[str, Any]) -> list[str]:
    """Return what `benchmark_export` has found as the lines of a table, at most 80 columns wide."""
    from dcgan_tf.export import decibels, size_of

    machine = found["machine"]
    columns = list(dict.fromkeys(["1", str(machine["cores"])]))
    headings = [f"{number} thread{'s' if number != '1' else ''}" for number in columns]
    lines = [f"{'':<26}{'size':>9}{''.join(f'{name:>12}' for name in headings)}{'PSNR, worst image':>20}"]
    keras = {way.split(".")[-1]: figures for way, figures in found["keras"].items()}
    for name, artefact in (found["artefacts"] | keras).items():
        times = artefact["milliseconds"]
        cells = "".join(f"{f'{times[n]:.2f} ms' if n in times else '–':>12}" for n in columns)
        psnr = decibels(artefact["psnr_worst_db"])
        lines.append(f"{name:<26}{size_of(artefact['bytes']):>9}{cells}{psnr:>20}")
    runtimes = ("tensorflow", "ai-edge-litert", "onnxruntime")
    versions = ", ".join(f"{name} {machine[name]}" for name in runtimes if name in machine)
    lines += [f"one image, median of {found['rounds']}, on {machine['processor']}", versions]
    lines += [f"{' and '.join(keras)}: Keras' own files, of model.keras"] if keras else []
    return lines + _accelerators(found["artefacts"])


def _accelerators(artefacts: dict[str, Any]) -> list[str]:
    """Return the lines on which accelerator takes how many operators, and which it leaves to the CPU."""
    asked = {name: artefact for name, artefact in artefacts.items() if "accelerators" in artefact}
    if not asked:
        return []
    headings = f"{'XNNPACK':>11}{'GPU here':>12}{'NPU here':>12}{'GPU delegate':>16}"
    lines = ["", f"{'operators taken by':<26}{headings}"]
    left: dict[str, list[str]] = {}
    for name, artefact in asked.items():
        answers = artefact["accelerators"]
        taken = {accelerator: of for accelerator, of in answers.items() if isinstance(of, dict)}
        shown = {accelerator: of or "none" for accelerator, of in answers.items()}
        shown |= {a: f"{of['nodes']} of {artefact['operators']}" for a, of in taken.items()}
        cells = f"{shown['XNNPACK']:>11}{shown['GPU']:>12}{shown['NPU']:>12}{shown['GPU delegate']:>16}"
        lines.append(f"{name:<26}{cells}")
        for accelerator, operator in ((a, operator) for a, of in taken.items() for operator in of["left"]):
            file = name.removeprefix("generator-").removesuffix(".tflite")
            left.setdefault(f"not by {accelerator}: {operator}, in", []).append(file)
    lines += [f"{reason} {', '.join(files)}" for reason, files in left.items()]
    return [*lines, *(["what is not taken, the CPU computes"] if left else []), *_legend(asked)]


def _legend(asked: dict[str, Any]) -> list[str]:
    """Return what the words mean that stand in the table of accelerators."""
    answers = [answer for artefact in asked.values() for answer in artefact["accelerators"].values()]
    return [
        *(["none: this machine has none, or no driver for it"] if None in answers else []),
        *(["unknown: it could not be asked, or its driver crashed"] if "unknown" in answers else []),
        "GPU delegate: that of TensorFlow Lite, on phones",
    ]
