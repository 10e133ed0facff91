"""The command `dcgan-tf sample`: draws images from a run or an export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcgan_tf.cli.beforehand import check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option, say, say_json
from dcgan_tf.cli.options import SEED, checkpoint_option, chosen_labels
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH, default_file, refuse_among_images, refuse_unwritable

if TYPE_CHECKING:
    import numpy as np

    from dcgan_tf.export import Exported
    from dcgan_tf.runs import Run, WantedCheckpoint


@click.command(short_help="Draw images from a run or an export.")
@click.argument("run", type=LOCAL_PATH)
@click.option(
    "--num-images",
    "-n",
    type=counted(),
    help="Draw this many images.  [default: 64; of a conditional run, whole rows of about as many]",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed the latents with this number.")
@click.option(
    "--label",
    "--labels",
    "labels",
    metavar="CLASSES",
    help="Draw these classes of a conditional run, by name or number, separated by commas.  "
    "[default: all in turn]",
)
@click.option(
    "--out",
    type=LOCAL_PATH,
    help="Write a grid to FILE.png, an array of uint8 [N, H, W, C] to FILE.npy, or one PNG each to a folder, "
    "in place of earlier ones.  [default: samples.png]",
)
@checkpoint_option("Read the checkpoint of this step, or the best one")
@click.option(
    "--ema/--no-ema", default=True, show_default=True, help="Use the averaged generator, or the raw one."
)
@click.option(
    "--truncation",
    type=click.FloatRange(0, 1, min_open=True),
    default=1.0,
    show_default=True,
    help="Draw from latents multiplied by this number: with 0.8, pictures are more ordinary and more alike.",
)
@click.option("--numbers", is_flag=True, help="Write the number of each image below it (FILE.png only).")
@json_option
def sample(
    run: Path,
    num_images: int | None,
    seed: int,
    labels: str | None,
    out: Path | None,
    checkpoint: WantedCheckpoint,
    ema: bool,
    truncation: float,
    numbers: bool,
) -> None:
    """Draw images from RUN, or from an exported folder, .tflite or .onnx file.

    RUN can also be portraits, mnist or cifar10: trained generators that come with dcgan-tf. A folder of
    that name in the current one comes first.

    Image i of a seed is the same, however many images you draw. If you do not know who made an export, take
    its .tflite or .onnx file: they can only compute. A SavedModel or model.keras is a program. It is run only
    if it contains nothing that an export of dcgan-tf would not contain.
    """
    if numbers and out and out.suffix.lower() != ".png":
        raise click.UsageError(f"--numbers writes a grid: --out must be FILE.png, received {str(out)!r}")
    from dcgan_tf import images
    from dcgan_tf.export import WITHOUT_TENSORFLOW
    from dcgan_tf.runs import RunPaths

    name, run = run, _bundled(run)
    if RunPaths(run).config.is_file() or (not run.exists() and run.suffix not in WITHOUT_TENSORFLOW):
        check_run(run, checkpoint=checkpoint, labels=labels)
    target = out or default_file("samples.png")
    images.check_target(target)
    refuse_among_images(target, [run])
    refuse_unwritable(target)
    _refuse_file_of_export(target)
    if run.suffix not in WITHOUT_TENSORFLOW or run.is_dir():
        import_tensorflow()
    from dcgan_tf.export import Exported, is_export
    from dcgan_tf.latents import sample_labels, whole_rows

    trained: Run | Exported
    if is_export(run):
        if checkpoint is not None or not ema:
            raise click.UsageError("an export has neither checkpoints nor a raw generator")
        trained = Exported.open(run)
        standing = f"generator {name} that comes with dcgan-tf" if run != name else ""
    else:
        from dcgan_tf.runs import Run

        trained = Run.open(run, checkpoint=checkpoint, ema=ema)
        standing = trained.standing
    chosen = chosen_labels(labels, trained.class_names)
    num = num_images or whole_rows(64, len(chosen))
    drawn = trained.sample(num, seed=seed, labels=chosen or None, truncation=truncation)
    rows = sample_labels(num, len(chosen)) if len(chosen) > 1 else None
    _write(target, drawn, rows, numbers=numbers)
    names = [trained.class_names[i] for i in chosen[:num]]
    shown = f" ({', '.join(names)})" if names else ""
    say_json({"images": num, "step": trained.step, "labels": names, "out": str(target)})
    which = f", the {standing}" if standing else ""
    say(f"{num} image{'s' if num > 1 else ''} of step {trained.step:,}{which}{shown} -> {target}")


def _refuse_file_of_export(target: Path) -> None:
    """Refuse to write over a file of an export: `verify` compares with its samples.

    Raises:
        ArgumentError: if the file is one.
    """
    from dcgan_tf.errors import ArgumentError, ExportError
    from dcgan_tf.export import ExportPaths, read_record

    place = target.resolve()
    if not ExportPaths(place.parent).record.is_file():
        return
    try:
        files = read_record(ExportPaths(place.parent))["files"]
    except ExportError:  # another program's export.json
        return
    if place.name in files:
        raise ArgumentError(
            f"{target} is a file of the export in {place.parent}, which would not be intact without it; name "
            "another file with --out"
        )


def _write(target: Path, drawn: np.ndarray, rows: np.ndarray | None, *, numbers: bool) -> None:
    """Write the images as the name of the file asks for; in a grid, each class of `rows` has its row."""
    from dcgan_tf import images

    if numbers:
        images.save_png(target, images.numbered_sheet(drawn, rows))
    elif rows is not None and target.suffix.lower() == ".png":
        images.save_png(target, images.class_sheet(drawn, rows))
    else:
        images.save(target, drawn)


def _bundled(run: Path) -> Path:
    """Return the .tflite file that a name of a bundled generator means, or the path itself.

    Raises:
        RunError: if it is a mere name, and neither here nor that of a bundled generator.
        ExportError: if an export of that name was here, and its replacement was interrupted.
    """
    from dcgan_tf.errors import RunError
    from dcgan_tf.export import BUNDLED, WITHOUT_TENSORFLOW, bundled_generator, refuse_interrupted

    name = str(run)
    if run.exists():
        if name in BUNDLED:
            say(f"{name} is taken from this folder; dcgan-tf has a generator of that name, too", err=True)
        return run
    if name in BUNDLED:
        refuse_interrupted(run)
        return bundled_generator(name)
    if len(run.parts) == 1 and run.suffix not in WITHOUT_TENSORFLOW:
        raise RunError(
            f"{name} does not exist; expected a run, an export, or a generator that comes with dcgan-tf: "
            + ", ".join(BUNDLED)
        )
    return run
