"""The command `dcgan-tf train`: trains a run, or continues it."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dcgan_tf.cli.beforehand import check_data
from dcgan_tf.cli.frame import import_tensorflow, said_when_stopped, say
from dcgan_tf.cli.options import configured, setting_options
from dcgan_tf.config import PRESETS, Config

if TYPE_CHECKING:
    from dcgan_tf.training import Hook


@click.command(short_help="Train a run, or continue it.", context_settings={"allow_extra_args": True})
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
    "--evaluate-every-epoch",
    "every_epoch",
    is_flag=True,
    help="Evaluate after every epoch (metrics.jsonl, TensorBoard), and keep the best checkpoint too.",
)
@click.pass_context
def train(ctx: click.Context, /, preset_name: str, every_epoch: bool, **changes: Any) -> None:
    """Train a run, or continue it.

    The same command again resumes a run that was stopped. With a larger --epochs it trains a finished run for
    longer.
    """
    if ctx.args:
        place = shlex.quote(ctx.args[0])
        ctx.fail(f"Got unexpected argument {place}. Did you mean --run-dir {place}, or --data {place}?")
    with said_when_stopped("stopped without saving; the same command starts from the newest checkpoint"):
        config = configured(preset_name, changes)
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


def _evaluation(config: Config) -> Hook:
    from dcgan_tf.evaluation import EveryEpoch

    hook = EveryEpoch(config)
    hook.check_images()
    return hook


def _logdir(run_dir: Path) -> Path:
    """Return the folder of all runs, where TensorBoard shows each by name; else the run alone."""
    return run_dir.parent if run_dir.parent.name == "runs" else run_dir


def _say_where(run_dir: Path) -> None:
    from dcgan_tf.runs import RunPaths

    paths = RunPaths(run_dir)
    say(f"run         {run_dir}")
    if paths.progress.exists():
        say(f"samples     {paths.samples}/, {paths.progress}")
    say(f"TensorBoard tensorboard --logdir {shlex.quote(str(_logdir(paths.root)))}")
    say(f"more images dcgan-tf sample {shlex.quote(str(run_dir))} --num-images 64 --out samples.png")
