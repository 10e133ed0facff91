"""What share of the training's time its watching takes: the looks, and the distance that finds the best.

    python scripts/watching_cost.py

Ten training steps in one call, a look and a measurement of the distance take turns, and their medians are
compared. A look comes after every 50 steps, a measurement after every 500. Every measurement saves a
checkpoint here, as if it were the best so far, which is the worst that can be.
"""

from __future__ import annotations

import itertools
import math
import tempfile
from collections.abc import Callable
from typing import Any

import click
from benchmark import interleaved_seconds

from dcgan_tf.cli import import_tensorflow

SIZES: tuple[dict[str, Any], ...] = (
    {"preset_name": "default", "image_size": (24, 24), "filters": 16},
    {"preset_name": "quick", "image_size": (32, 32)},
    {"preset_name": "default", "image_size": (64, 64)},
)

STEPS = 10


@click.command()
@click.option("--rounds", default=10, show_default=True, help="Take the median over this many rounds.")
def main(rounds: int) -> None:
    """Time a step, a look and a measurement of drawn portraits at three sizes."""
    import_tensorflow()
    from dcgan_tf.evaluation.keep_best import MEASURED_EVERY
    from dcgan_tf.training.diagnosis.looks import EVERY

    click.echo(f"{'':<36}{'step':>10}{'look':>10}{'distance':>10}{'share of the time':>20}")
    for settings in SIZES:
        with tempfile.TemporaryDirectory() as folder:
            seconds = interleaved_seconds(contestants(folder, **settings), rounds)
        seconds["step"] = seconds.pop("steps") / STEPS
        watching = seconds["look"] / EVERY + seconds["distance"] / MEASURED_EVERY
        height, _ = settings["image_size"]
        name = f"{settings['preset_name']}, {height}x{height}, {settings.get('filters', 'its own')} filters"
        times = "".join(f"{1e3 * seconds[part]:>7.0f} ms" for part in ("step", "look", "distance"))
        click.echo(f"{name:<36}{times}{watching / (seconds['step'] + watching):>19.2%}")


def contestants(folder: str, preset_name: str, **changes: Any) -> dict[str, Callable[[], Any]]:
    """Return calls that do some steps, one look, and one measurement whose checkpoint is saved."""
    from dcgan_tf.config import preset
    from dcgan_tf.evaluation.keep_best import MEASURED_EVERY, KeepBest
    from dcgan_tf.training.diagnosis.looks import Looks
    from dcgan_tf.training.monitoring.hooks import TrainingProgress
    from dcgan_tf.training.plan import batches, make_plan
    from dcgan_tf.training.state import create_train_state
    from dcgan_tf.training.steps.several import make_several
    from dcgan_tf.training.steps.step import make_train_step

    config = preset(preset_name, data="portraits", run_dir=folder, **changes)
    plan = make_plan(config)
    with plan.strategy.scope():
        state = create_train_state(plan.config, precision=plan.config.training.precision)
    step = make_train_step(plan.config, state, plan.strategy)
    take = make_several(step, iter(batches(plan, finished_steps=0)), longest=math.inf)
    looks, keep = Looks(plan, state), KeepBest(plan.config)
    steps = itertools.count(MEASURED_EVERY, MEASURED_EVERY)

    def measure() -> None:
        plan.paths.distances.unlink(missing_ok=True)  # nothing was nearer before
        keep.after_step(TrainingProgress(next(steps), 10**9, plan.steps_per_epoch, state))

    calls: dict[str, Callable[[], Any]] = {
        "steps": lambda: take(STEPS).waiting.numpy(),
        "look": looks,
        "distance": measure,
    }
    for call in calls.values():  # the first call compiles, and reads images
        call()
    return calls


if __name__ == "__main__":
    main()
