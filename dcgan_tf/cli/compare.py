"""The command `dcgan-tf compare`: puts several runs side by side."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dcgan_tf.cli.analyses import save_finding
from dcgan_tf.cli.beforehand import check_data, check_run
from dcgan_tf.cli.frame import import_tensorflow, json_option
from dcgan_tf.cli.options import SEED, checkpoint_option
from dcgan_tf.cli.options import num_images as counted
from dcgan_tf.cli.outputs import LOCAL_PATH, check_folder, complete_path, refuse_among_images, run_at

if TYPE_CHECKING:
    from dcgan_tf.runs import WantedCheckpoint


@click.command(short_help="Compare runs: samples, losses, and scores over seeds.")
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True, shell_complete=complete_path)
@click.option(
    "--num-images",
    "-n",
    type=counted(least=2),
    default=2000,
    show_default=True,
    help="Compute the scores on this many samples of each run.",
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Seed the latents with this number.")
@checkpoint_option("Read the checkpoint of this step, or the best one, of all runs")
@click.option(
    "--data",
    shell_complete=complete_path,
    metavar="SPEC",
    help="Look for the runs' images here, if they were moved since.",
)
@click.option("--out", type=LOCAL_PATH, help="Write to this folder.  [default: comparison]")
@json_option
def compare(
    runs: tuple[str, ...],
    num_images: int,
    seed: int,
    checkpoint: WantedCheckpoint,
    data: str | None,
    out: Path | None,
) -> None:
    """Put several runs side by side, and average those that differ only in their seed.

    RUN@STEP is an earlier checkpoint of a run. `compare RUN@312 RUN@1560` compares one epoch with five, if
    these checkpoints were kept (--keep-every).
    """
    places = [run_at(name, checkpoint) for name in runs]
    for path, step in places:
        check_run(path, checkpoint=step)
    if data is not None:
        check_data(data)
    target = out or Path("comparison")
    check_folder(target)
    refuse_among_images(target, [path for path, _ in places], data=data)
    import_tensorflow()
    from dcgan_tf import analysis
    from dcgan_tf.runs import Run

    opened = [Run.open(path, checkpoint=step, data=data) for path, step in places]
    finding = analysis.compare(opened, num_images=num_images, seed=seed)
    save_finding(finding, target)
