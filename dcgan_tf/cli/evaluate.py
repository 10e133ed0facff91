"""The command `evaluate`, which measures how good pictures are."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.analyses import moved_images_named
from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option, say, say_json
from dcgan_tf.cli.options import SEED, checkpoint_option, one_label
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH, complete_path
from dcgan_tf.config import BUILT_IN_DATA, DataConfig, ModelConfig
from dcgan_tf.errors import ArgumentError, StorageError
from dcgan_tf.files import writable

if TYPE_CHECKING:
    import numpy as np

    from dcgan_tf.evaluation import Evaluation, Evaluator, SampleFunction
    from dcgan_tf.runs import Run, WantedCheckpoint

SPACES = ("classifier", "inception", "swd")
"""The values of --space; repeated here because importing `evaluation.evaluator` is slow."""


@dataclass(frozen=True)
class Pictures:
    """The pictures to evaluate.

    Attributes:
        heading: heading of their column.
        draw: returns the pictures.
        about: facts about them for the protocol.
        config: their size, and the data that they are compared with by default; the spec is empty if it is
            unknown.
        class_names: class names of a conditional generator; else ().
        label: the name of the only class to draw, or None.
        available: number of pictures; None if there is no limit.
        model: settings of the generator; None if they are unknown.
        run: the run directory that draws them, or None.
    """

    heading: str
    draw: SampleFunction
    about: Mapping[str, Any]
    config: DataConfig
    class_names: tuple[str, ...] = ()
    label: str | None = None
    available: int | None = None
    model: ModelConfig | None = None
    run: Path | None = None


@click.command(short_help="Measure how good the pictures are, beside real images.")
@click.argument("source", type=LOCAL_PATH)
@click.option(
    "--data",
    shell_complete=complete_path,
    metavar="SPEC",
    help="Look for the run's own images here.  [default: where they were]",
)
@click.option(
    "--against",
    shell_complete=complete_path,
    metavar="SPEC",
    help="Compare with other real images, named as for train --data.  [default: the run's own]",
)
@click.option(
    "--split", help="Compare with this training split of the real images.  [default: the run's own, or train]"
)
@click.option(
    "--data-dir",
    shell_complete=complete_path,
    help="Look in this folder for prepared TensorFlow Datasets.  [default: the run's own]",
)
@click.option(
    "--space",
    type=click.Choice(SPACES),
    help="Measure distances in the features of the data's own classifier, or in those of Inception-v3 (FID "
    "and KID); swd compares pixels only.  [default: classifier, or swd without attributes and labels]",
)
@click.option(
    "--weights",
    type=LOCAL_PATH,
    help="Read Inception-v3's weights from this file.  [default: those in Keras' cache]",
)
@click.option(
    "--num-images",
    "-n",
    type=counted(least=50),
    help="Draw this many samples.  [default: as many as there are real images held out, at most 10,000]",
)
@click.option(
    "--seed", type=SEED, default=0, show_default=True, help="Seed every random choice with this number."
)
@click.option(
    "--label", metavar="CLASS", help="Evaluate images of this class alone, by name or number.  [default: all]"
)
@checkpoint_option("Read the checkpoint of this step, or the best one", default="the newest, and the best")
@click.option(
    "--ema/--no-ema", default=True, show_default=True, help="Use the averaged generator, or the raw one."
)
@click.option("--out", type=LOCAL_PATH, help="Write the numbers and their protocol to FILE.json.")
@json_option
def evaluate(
    source: Path,
    data: str | None,
    against: str | None,
    split: str | None,
    data_dir: str | None,
    space: str | None,
    weights: Path | None,
    num_images: int | None,
    seed: int,
    label: str | None,
    checkpoint: WantedCheckpoint,
    ema: bool,
    out: Path | None,
) -> None:
    """Evaluate the pictures of a run, an export, a folder or a FILE.npy.

    Each number is shown between two others: that of other real images, which a perfect generator would reach,
    and that of pixels without form. The numbers of a run are added to its metrics.jsonl. If you do not know
    who made an export, take its .tflite or .onnx file: they can only compute.
    """
    if data is not None and against is not None:
        raise click.UsageError("--data names the run's own images, --against others: give only one")
    if weights is not None and space != "inception":
        raise click.UsageError("--weights needs --space inception")
    _check_beforehand(source, checkpoint=checkpoint, ema=ema, label=label)
    for spec in filter(None, (data, against)):
        check_data(spec)
    if out is not None and (out.is_dir() or not writable(out)):
        raise StorageError(f"--out: {out} cannot be written; name a file in a folder that may be written")
    import_tensorflow()
    from dcgan_tf.evaluation import as_trained
    from dcgan_tf.runs import RunPaths

    sets = _open(source, checkpoint=checkpoint, ema=ema, label=label)
    first = sets[0]
    records = RunPaths(source).metrics if first.run else None
    if records is not None and not writable(records):
        say(f"note: {records} cannot be written; the numbers are shown, but not kept", err=True)
    own = first.run if against is None and split in (None, first.config.split) else None
    real = _data(first, data, against, {"split": split, "data_dir": data_dir})
    evaluator = _evaluator(first, real, num_images, space=space, weights=weights, seed=seed, trained_in=own)
    evaluations = {}
    for one in sets:
        names = one.class_names if one.label is None else ()
        draw = as_trained(one.draw, names, evaluator.real)
        facts = one.about if one.run is None else {**one.about, "own_images": own is not None}
        evaluations[one.heading] = evaluator.evaluate(draw, **facts)
    _say(evaluations)
    _keep([one.record() for one in evaluations.values()], records, out)


def _open(source: Path, *, checkpoint: WantedCheckpoint, ema: bool, label: str | None) -> list[Pictures]:
    """Return the pictures to evaluate; for a run with a best checkpoint, of that one and the last."""
    from dcgan_tf.export import is_export
    from dcgan_tf.runs import RunPaths

    if RunPaths(source).config.is_file():
        return _of_run(source, checkpoint=checkpoint, ema=ema, label=label)
    if is_export(source):
        return [_of_export(source, label=label)]
    if source.is_dir() or (source.suffix == ".npy" and source.is_file()):
        return [_of_files(source, label=label)]
    raise _cannot_be_evaluated(source)


def _of_run(path: Path, *, checkpoint: WantedCheckpoint, ema: bool, label: str | None) -> list[Pictures]:
    from dcgan_tf.runs import CheckpointStore, Run, RunPaths

    runs = [Run.open(path, checkpoint=checkpoint, ema=ema)]
    if checkpoint is None and CheckpointStore(RunPaths(path).best).steps():
        best = Run.open(path, ema=ema, checkpoint="best")
        if best.step != runs[0].step:
            runs.insert(0, best)
    return [_pictures(_heading(run), run, label=label) for run in runs]


def _heading(run: Run) -> str:
    """Return which checkpoint it is, such as "best, step 4,000"."""
    return f"{run.standing}, step {run.step:,}" if run.standing else f"step {run.step:,}"


def _pictures(heading: str, run: Run, *, label: str | None) -> Pictures:
    from dcgan_tf.evaluation import about_run

    draw, label = _of_class(run.sample, label, run.class_names)
    return Pictures(
        heading,
        draw,
        about_run(run),
        run.config.data,
        run.class_names,
        label,
        model=run.config.model,
        run=run.path,
    )


def _of_export(path: Path, *, label: str | None) -> Pictures:
    from dcgan_tf.export import Exported, images_from

    exported = Exported.open(path)
    height, width, channels = exported.facts["image_shape"]
    source = images_from(path)
    config = DataConfig(
        spec=source if source in BUILT_IN_DATA else "", image_size=(height, width), channels=channels
    )
    generator = exported.facts.get("generator", "as exported")
    about = {"source": str(exported.path), "step": exported.step, "generator": generator}
    draw, label = _of_class(exported.sample, label, exported.class_names)
    return Pictures(f"this export, step {exported.step:,}", draw, about, config, exported.class_names, label)


def _of_class(
    sample: Callable[..., np.ndarray], label: str | None, class_names: tuple[str, ...]
) -> tuple[SampleFunction, str | None]:
    """Return a function that draws only one class, and the name of that class."""
    if label is None:
        return sample, None
    number = one_label(label, class_names)
    return partial(sample, labels=[number]), class_names[number]


def _of_files(path: Path, *, label: str | None) -> Pictures:
    from dcgan_tf.evaluation import ImageFiles

    files = ImageFiles.open(path)
    config = DataConfig(spec="", image_size=files.image_size, channels=files.channels)
    about = {"source": str(path), "generator": "unknown: these are files"}
    return Pictures("these pictures", files.draw, about, config, label=label, available=len(files.images))


def _data(
    pictures: Pictures, data: str | None, against: str | None, chosen: Mapping[str, str | None]
) -> DataConfig:
    """Return the settings of the real images to compare with, in the pictures' own size.

    Args:
        pictures: the pictures, which have a size and perhaps data.
        data: the place of their own data, if it is named.
        against: other data, or None.
        chosen: settings of the data; None changes nothing.
    """
    changes: dict[str, Any] = {name: value for name, value in chosen.items() if value is not None}
    if against is not None:
        changes = {"split": "train", **changes, "spec": against}
    if data is not None:
        changes["spec"] = data
    config = replace(pictures.config, **changes)
    if not config.spec:
        raise ArgumentError(
            "the real images for these pictures are not known; name them with --against SPEC, as for "
            "--data of dcgan-tf train"
        )
    return config


def _evaluator(pictures: Pictures, real: DataConfig, num_images: int | None, **chosen: Any) -> Evaluator:
    """Return what compares the pictures with real images, with no more of them than there are.

    Args:
        pictures: the pictures.
        real: settings of the real images.
        num_images: the number of pictures that the user asks for, or None.
        chosen: further arguments of `Evaluator.of`.
    """
    from dcgan_tf.evaluation import UNKNOWN_MODEL, Evaluator

    with moved_images_named(real.spec) if pictures.run else nullcontext():
        evaluator = Evaluator.of(
            real, num_images=num_images, label=pictures.label, model=pictures.model or UNKNOWN_MODEL, **chosen
        )
    if num_images is None and pictures.available is not None:
        return replace(evaluator, num_images=min(evaluator.num_images, pictures.available))
    return evaluator


def _check_beforehand(source: Path, *, checkpoint: WantedCheckpoint, ema: bool, label: str | None) -> None:
    """Check before TensorFlow is imported that there is something to evaluate."""
    from dcgan_tf.export import WITHOUT_TENSORFLOW, Exported, is_export
    from dcgan_tf.runs import RunPaths

    if RunPaths(source).config.is_file():
        check_run(source, checkpoint=checkpoint, labels=label, one=True)
    elif checkpoint is not None or not ema:
        raise click.UsageError("only a run has checkpoints and a raw generator")
    elif not source.exists() or (not source.is_dir() and source.suffix not in (".npy", *WITHOUT_TENSORFLOW)):
        if source.exists() and is_export(source):
            Exported.open(source)  # which names the folder to give
        raise _cannot_be_evaluated(source)


def _cannot_be_evaluated(source: Path) -> ArgumentError:
    expected = "expected a run, an export, a folder of pictures or a FILE.npy"
    return ArgumentError(
        f"{expected}, received {source}" if source.exists() else f"{source} does not exist; {expected}"
    )


def _say(evaluations: Mapping[str, Evaluation]) -> None:
    """Print the conditions, the tables, and their summary."""
    from dcgan_tf.evaluation import TABLE_WIDTH, controls_table, evaluation_conditions, evaluation_table

    first, *_ = evaluations.values()
    summaries = [
        f"{heading}: {one.summary}" if len(evaluations) > 1 else one.summary
        for heading, one in evaluations.items()
    ]
    for sentence in evaluation_conditions(first):
        say(textwrap.fill(sentence, TABLE_WIDTH, break_long_words=False, break_on_hyphens=False))
    say("")
    for line in (*evaluation_table(evaluations), "", *controls_table(first), ""):
        say(line)
    for sentence in summaries:
        say(textwrap.fill(sentence, TABLE_WIDTH))
    for warning in dict.fromkeys(warning for one in evaluations.values() for warning in one.warnings):
        say(textwrap.fill(f"note: {warning}", TABLE_WIDTH, break_long_words=False), err=True)


def _keep(found: list[dict[str, Any]], records: Path | None, out: Path | None) -> None:
    """Write the numbers to --out and to the run's records, and print them for a program."""
    from dcgan_tf.runs import append_record, write_json

    say_json(found)
    if out is not None:
        write_json(out, found)
    if records is not None:
        for record in found:
            append_record(records, record)
