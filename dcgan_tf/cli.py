"""The command line: each subcommand makes a configuration, calls one function and says where the result is.

Nothing heavy is imported until a subcommand runs, so that `--help` answers at once.
"""

from __future__ import annotations

import logging
import os
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from dcgan_tf import __version__
from dcgan_tf.config import PRESETS, Config, preset
from dcgan_tf.export.paths import FORMATS, PRECISIONS, ExportError
from dcgan_tf.options import names_option, setting_options
from dcgan_tf.quiet import STDERR, held_back

EXIT_USER_ERROR = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="dcgan-tf")
def main() -> None:
    """Train, understand and ship DCGANs in TensorFlow and Keras."""
    logging.basicConfig(format="%(message)s", stream=sys.stderr)
    logging.getLogger("dcgan_tf").setLevel(logging.INFO)


@main.command(short_help="Train a run, or go on with it.")
@click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Start from these settings; every other option changes one of them.",
)
@setting_options("data", "model", "training", "run")
def train(preset_name: str, **changes: Any) -> None:
    """Train a run, or go on with it: the same command again resumes, a longer --epochs extends."""
    with _user_errors(stopped="stopped without saving; the same command starts from the newest checkpoint"):
        config = _configure(preset_name, changes)
        import_tensorflow()
        from dcgan_tf.training.loop import train as train_run

        run_dir = train_run(config)
    _say_where(run_dir)


@main.command(short_help="Draw images from a run or an export.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--num-images", "-n", type=click.IntRange(1), default=64, show_default=True, help="How many.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the latents.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("samples.png"),
    show_default=True,
    help="FILE.png: a grid. FILE.npy: uint8 [N, H, W, C]. A folder: one PNG each.",
)
@click.option("--checkpoint", type=click.IntRange(0), help="Of this step. [default: the newest]")
@click.option(
    "--ema/--no-ema", default=True, show_default=True, help="The averaged generator, or the raw one."
)
def sample(run: Path, num_images: int, seed: int, out: Path, checkpoint: int | None, ema: bool) -> None:
    """Draw images from RUN, or from an exported folder or .tflite file.

    Image i of a seed is the same however many are drawn.
    """
    with _user_errors():
        import_tensorflow()
        from dcgan_tf import images
        from dcgan_tf.export.exported import Exported, is_export
        from dcgan_tf.runs.load import Run

        trained: Run | Exported
        if is_export(run):
            if checkpoint is not None or not ema:
                raise click.UsageError("an export has neither checkpoints nor another generator than its own")
            trained = Exported.open(run)
        else:
            trained = Run.open(run, checkpoint=checkpoint, ema=ema)
        images.save(out, trained.sample(num_images, seed=seed))
    click.echo(f"{num_images} images of step {trained.step:,} -> {out}")


@main.command(short_help="Write a run's generator as files that run elsewhere.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option(
    "--to", type=click.Path(path_type=Path), help="The folder. [default: saved_models/NAME of the run]"
)
@names_option(
    "--formats",
    FORMATS,
    default=("saved_model", "tflite", "web"),
    help=f"Of {', '.join(FORMATS)}, separated by commas.",
)
@names_option(
    "--precision",
    PRECISIONS,
    default=PRECISIONS,
    help="Of the .tflite files, separated by commas. fp32: float32. fp16: float16 weights. dynamic: 8-bit "
    "weights. int8: all in 8 bits.",
)
@click.option("--float-output", is_flag=True, help=".tflite files give float32 in [-1, 1] instead of uint8.")
@click.option("--checkpoint", type=click.IntRange(0), help="Of this step. [default: the newest]")
@click.option("--force", is_flag=True, help="Replace the whole of an earlier export in that folder.")
def export(
    run: Path,
    to: Path | None,
    formats: tuple[str, ...],
    precision: tuple[str, ...],
    float_output: bool,
    checkpoint: int | None,
    force: bool,
) -> None:
    """Write the generator of RUN for TensorFlow, LiteRT and the browser, and verify what was written."""
    if "tflite" not in formats:
        _refuse_options_of_tflite(formats)
    with _user_errors(stopped="stopped; nothing was written"), _terminated_like_interrupted():
        import_tensorflow()
        from dcgan_tf.export.exporting import export_run
        from dcgan_tf.runs.load import Run

        folder = export_run(
            Run.open(run, checkpoint=checkpoint),
            to=to,
            formats=formats,
            precisions=precision,
            float_output=float_output,
            force=force,
        )
    click.echo(f"export      {folder}")
    if "web" in formats:
        click.echo(f"in browser  {folder / 'web' / 'index.html'}")
    click.echo(f"figures     {folder / 'MODEL_CARD.md'}")
    quoted = shlex.quote(str(folder))
    click.echo(f"verify      dcgan-tf verify {quoted}")
    click.echo(f"images      dcgan-tf sample {quoted} --num-images 64 --out samples.png")


def _refuse_options_of_tflite(formats: tuple[str, ...]) -> None:
    """Refuse what was given for .tflite files where none are to be written."""
    source = click.get_current_context().get_parameter_source
    default = click.core.ParameterSource.DEFAULT
    options = {"precision": "--precision", "float_output": "--float-output"}
    if given := [flag for name, flag in options.items() if source(name) is not default]:
        raise click.UsageError(
            f"{' and '.join(given)} can only be given where .tflite files are written: expected tflite in "
            f"--formats, received {','.join(formats)}; add tflite, or leave out {' and '.join(given)}"
        )


@main.command(short_help="Check an export from its files alone.")
@click.argument("folder", type=click.Path(path_type=Path))
def verify(folder: Path) -> None:
    """Check an exported FOLDER from its files alone: that they are intact and draw what was trained."""
    with _user_errors():
        import_tensorflow()
        from dcgan_tf.export.card import line
        from dcgan_tf.export.verification import verify_export

        for name, record in verify_export(folder).items():
            click.echo(line(name, record))
    click.echo(f"{folder} is intact and draws what was trained")


@main.command("inspect-data", short_help="Count and show what is in a dataset.")
@click.argument("spec")
@click.option("--out", type=click.Path(path_type=Path), help="The grid. [default: NAME.png]")
@setting_options("data", exclude=("data", "flip", "max_bad_fraction"))
def inspect_data(spec: str, out: Path | None, **changes: Any) -> None:
    """Print what is in SPEC (as for --data) and save a grid of its images."""
    with _user_errors():
        # Looking is for finding bad files, so they are no reason to refuse.
        config = _configure("default", {**changes, "data": spec, "max_bad_fraction": 1.0})
        if spec.startswith("tfds:"):
            import_tensorflow()
        from dcgan_tf import data, images
        from dcgan_tf.data import inspection

        image_set = data.load(config.data)
        click.echo(inspection.summary(image_set))
        out = out or Path(f"{image_set.name}.png")
        images.save(out, inspection.examples(image_set))
    click.echo(f"grid -> {out}")


def import_tensorflow() -> None:
    """Import TensorFlow without the lines it prints about its own set-up.

    The environment variable that is meant for this comes too late for some of them: they are written before
    its log is set up. So what is written meanwhile is held back, and shown after all if the import fails.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    with held_back(STDERR):
        import tensorflow as tf

        tf.config.list_physical_devices()


def _configure(preset_name: str, changes: dict[str, Any]) -> Config:
    """Return the preset with the given options; a value out of bounds is a usage error like any other."""
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return preset(preset_name, **given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _say_where(run_dir: Path) -> None:
    from dcgan_tf.runs.paths import RunPaths

    paths = RunPaths(run_dir)
    click.echo(f"run         {run_dir}")
    if paths.progress.exists():
        click.echo(f"samples     {paths.samples}/, {paths.progress}")
    click.echo(f"TensorBoard tensorboard --logdir {paths.events}")
    click.echo(f"more images dcgan-tf sample {run_dir} --num-images 64 --out samples.png")


@contextmanager
def _user_errors(*, stopped: str = "stopped") -> Iterator[None]:
    """Turn what a user can mend into one message, and a stop signal into the exit code that shells expect.

    Args:
        stopped: what is said of a stop that did not say itself what it saved.
    """
    from dcgan_tf.runs.paths import RunError

    try:
        yield
    except (ValueError, RunError, ExportError, OSError) as error:
        click.echo(f"dcgan-tf: {error}", err=True)
        sys.exit(EXIT_USER_ERROR)
    except KeyboardInterrupt as stop:
        number = getattr(stop, "signal", signal.SIGINT)
        if hasattr(stop, "step"):
            click.echo(f"{stop}; everything is saved. The same command again goes on from there.", err=True)
        else:
            click.echo(stopped, err=True)
        sys.exit(128 + number)


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that what is half-written is removed."""

    def stop(number: int, frame: object) -> None:
        interrupt = KeyboardInterrupt()
        interrupt.signal = number  # type: ignore[attr-defined]  # for the exit code
        raise interrupt

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
