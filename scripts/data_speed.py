"""How fast pictures are prepared, and what share of its time a training step waits for its images.

    python scripts/data_speed.py

The pictures are JPEGs of 178x218 pixels, the size of CelebA's, made of drawn portraits with noise. Those who
wait are steps of the preset `quick`.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

from dcgan_tf.cli import import_tensorflow

SIZE = (178, 218)
STEPS, ROUNDS = 20, 5


@click.command()
@click.option("--pictures", default=4000, show_default=True, help="Make this many JPEGs.")
@click.option("--data", "others", multiple=True, help="Wait for these data too, such as tfds:mnist.")
def main(pictures: int, others: tuple[str, ...]) -> None:
    """Prepare JPEGs of 178x218 pixels at 64x64, and train a few steps on every source."""
    import_tensorflow()
    from dcgan_tf.config import preset
    from dcgan_tf.data import load_data

    with tempfile.TemporaryDirectory() as place:
        folder, cache = Path(place) / "pictures", Path(place) / "cache"
        write_pictures(folder, pictures)
        started = time.perf_counter()
        load_data(preset(data=str(folder), image_size=(64, 64), cache_dir=str(cache)).data)
        seconds = time.perf_counter() - started
        click.echo(f"{pictures:,} JPEGs of {SIZE[0]}x{SIZE[1]}: {pictures / seconds:,.0f} images/s at 64x64")
        click.echo(f"{'data':<24}{'a step':>10}{'waits':>10}")
        for name, spec in {"digits": "digits", "portraits": "portraits", "a folder": str(folder)}.items():
            show_waiting(name, spec, cache)
        for spec in others:
            show_waiting(spec, spec, None)


def write_pictures(folder: Path, number: int) -> None:
    """Write JPEGs of drawn portraits, with the noise of a camera."""
    from dcgan_tf.config import preset
    from dcgan_tf.data import load_data

    folder.mkdir()
    drawn = load_data(preset("quick", data="portraits").data).images
    rng = np.random.default_rng(0)
    for i in range(number):
        picture = np.asarray(Image.fromarray(drawn[i % len(drawn)]).resize(SIZE, Image.Resampling.BICUBIC))
        noisy = np.clip(picture + rng.normal(0, 6, picture.shape), 0, 255).astype(np.uint8)
        Image.fromarray(noisy).save(folder / f"{i:06}.jpg", quality=90)


def show_waiting(name: str, spec: str, cache: Path | None) -> None:
    """Print the time of a step of `quick` on some data, and the share of it that it waits."""
    from dcgan_tf.config import preset
    from dcgan_tf.training.plan import batches, make_plan
    from dcgan_tf.training.state import create_train_state
    from dcgan_tf.training.steps.several import make_several
    from dcgan_tf.training.steps.step import make_train_step

    with tempfile.TemporaryDirectory() as run:
        config = preset("quick", data=spec, run_dir=run, cache_dir=str(cache) if cache else None)
        plan = make_plan(config)
        with plan.strategy.scope():
            state = create_train_state(plan.config, precision=plan.config.training.precision)
        step = make_train_step(plan.config, state, plan.strategy)
        take = make_several(step, iter(batches(plan, finished_steps=0)), longest=math.inf)
        take(STEPS).waiting.numpy()  # compiles
        started = time.perf_counter()
        waiting = sum(float(take(STEPS).waiting.numpy().sum()) for _ in range(ROUNDS))
        seconds = time.perf_counter() - started
    click.echo(f"{name:<24}{1e3 * seconds / STEPS / ROUNDS:>7.1f} ms{waiting / seconds:>10.2%}")


if __name__ == "__main__":
    main()
