"""The commands around training: inspect the data, train, draw samples."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, said_when_stopped, say
from dcgan_tf.cli.labels import chosen_labels
from dcgan_tf.cli.options import SEED, STEP, setting_options
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import (
    LOCAL_PATH,
    default_file,
    lies_in_data,
    refuse_among_images,
    refuse_unwritable,
)
from dcgan_tf.config import PRESETS, Config, preset
from dcgan_tf.errors import ArgumentError

if TYPE_CHECKING:
    from dcgan_tf.training import Hook


@click.command(short_help="Train a run, or continue it.")
@click.option(
    "--preset",
    "preset_name",
    type=click.Choice(list(PRESETS)),
    default="default",
    show_default=True,
    help="Start from these settings; every other option changes one of them.",
)
@setting_options("data", "model", "training", "run")
@click.option(
    "--every-epoch",
    is_flag=True,
    help="Evaluate after every epoch (metrics.jsonl, TensorBoard), and keep the best checkpoint too.",
)
def train(preset_name: str, every_epoch: bool, **changes: Any) -> None:
    """Train a run, or continue it.

    The same command again resumes a run that was stopped. With a larger --epochs it trains a finished run for
    longer.
    """
    with said_when_stopped("stopped without saving; the same command starts from the newest checkpoint"):
        config = _configure(preset_name, changes)
        from dcgan_tf.data import check_portrait_size
        from dcgan_tf.models import check_size
        from dcgan_tf.training import check_place

        # At once: TensorFlow takes seconds, and images may take minutes.
        check_size(config)
        check_place(config)
        check_data(config.data.spec)
        if config.data.spec == "portraits":
            check_portrait_size(config.data.image_size)
        import_tensorflow()
        from dcgan_tf.runs import with_own_held_out
        from dcgan_tf.training import train as train_run

        config = with_own_held_out(config)
        run_dir = train_run(config, hooks=[_evaluation(config)] if every_epoch else [])
    _say_where(run_dir)


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
@click.option("--checkpoint", type=STEP, help="Read the checkpoint of this step.  [default: the newest]")
@click.option(
    "--ema/--no-ema", default=True, show_default=True, help="Use the averaged generator, or the raw one."
)
@click.option("--numbers", is_flag=True, help="Write the number of each image below it (FILE.png only).")
def sample(
    run: Path,
    num_images: int | None,
    seed: int,
    labels: str | None,
    out: Path | None,
    checkpoint: int | None,
    ema: bool,
    numbers: bool,
) -> None:
    """Draw images from RUN, or from an exported folder or .tflite file.

    Image i of a seed is the same, however many images you draw. If you do not know who made an export, take
    its .tflite file: that can only compute. A SavedModel or model.keras is a program. It is run only if it
    contains nothing that an export of dcgan-tf would not contain.
    """
    if numbers and out and out.suffix.lower() != ".png":
        raise click.UsageError(f"--numbers writes a grid: --out must be FILE.png, received {str(out)!r}")
    from dcgan_tf import images
    from dcgan_tf.runs import RunPaths

    if RunPaths(run).config.is_file() or (not run.exists() and run.suffix != ".tflite"):
        check_run(run, checkpoint=checkpoint, labels=labels)
    target = out or default_file("samples.png")
    images.check_target(target)
    refuse_among_images(target, [run])
    refuse_unwritable(target)
    import_tensorflow()
    from dcgan_tf.export import Exported, is_export
    from dcgan_tf.latents import sample_labels, whole_rows
    from dcgan_tf.runs import Run

    trained: Run | Exported
    if is_export(run):
        if checkpoint is not None or not ema:
            raise click.UsageError("an export has neither checkpoints nor another generator than its own")
        trained = Exported.open(run)
    else:
        trained = Run.open(run, checkpoint=checkpoint, ema=ema)
    chosen = chosen_labels(labels, trained.class_names)
    num = num_images or whole_rows(64, len(chosen))
    drawn = trained.sample(num, seed=seed, labels=chosen or None)
    rows = sample_labels(num, len(chosen)) if len(chosen) > 1 else None
    if numbers:
        images.save_png(target, images.numbered_sheet(drawn, rows))
    elif rows is not None and target.suffix.lower() == ".png":
        images.save_png(target, images.class_sheet(drawn, rows))
    else:
        images.save(target, drawn)
    shown = f" ({', '.join(trained.class_names[i] for i in chosen[:num])})" if chosen else ""
    say(f"{num} image{'s' if num > 1 else ''} of step {trained.step:,}{shown} -> {target}")


@click.command("inspect-data", short_help="Count and show what is in a dataset.")
@click.argument("spec")
@click.option("--out", type=LOCAL_PATH, help="Write the grid to this file.  [default: NAME-images.png]")
@setting_options("data", exclude=("data", "flip", "max_bad_fraction"))
def inspect_data(spec: str, out: Path | None, **changes: Any) -> None:
    """Print what is in SPEC (as for --data) and save a grid of its images."""
    # Looking is for finding bad files, so they are no reason to refuse.
    config = _configure("default", {**changes, "data": spec, "max_bad_fraction": 1.0})
    if out and lies_in_data(out, spec):
        raise ArgumentError(f"{out} would be one of the images in {spec}; choose another place with --out")
    if spec.startswith("tfds:"):
        import_tensorflow()
    from dcgan_tf import cache, data, images

    image_set = data.load_data(config.data)
    say(data.summary(image_set))
    name = f"{cache.shortened(image_set.name)}-images.png"
    if not out and lies_in_data(Path(name), spec):
        say(f"no grid is saved, for it would be one of the images here; name a place: --out ../{name}")
        return
    target = out or default_file(name)
    images.save(target, data.examples(image_set))
    say(f"grid -> {target}")


def _evaluation(config: Config) -> Hook:
    from dcgan_tf.evaluation import EveryEpoch

    hook = EveryEpoch(config)
    hook.check_images()
    return hook


def _configure(preset_name: str, changes: dict[str, Any]) -> Config:
    """Return the preset with the given options; a value out of bounds is a usage error like any other."""
    given = {name: value for name, value in changes.items() if value is not None}
    try:
        return preset(preset_name, **given)
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _logdir(run_dir: Path) -> Path:
    """Return the folder of all runs, below which TensorBoard knows each by its name; else the run alone."""
    return run_dir.parent if run_dir.parent.name == "runs" else run_dir


def _say_where(run_dir: Path) -> None:
    from dcgan_tf.runs import RunPaths

    paths = RunPaths(run_dir)
    say(f"run         {run_dir}")
    if paths.progress.exists():
        say(f"samples     {paths.samples}/, {paths.progress}")
    say(f"TensorBoard tensorboard --logdir {shlex.quote(str(_logdir(paths.root)))}")
    say(f"more images dcgan-tf sample {shlex.quote(str(run_dir))} --num-images 64 --out samples.png")
