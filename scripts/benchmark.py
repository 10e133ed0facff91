"""How fast a training step is, and how fast exported files draw, beside others with the same network.

    python scripts/benchmark.py train
    python scripts/benchmark.py onednn
    python scripts/benchmark.py calls
    python scripts/benchmark.py memory
    python scripts/benchmark.py export

Every figure is a median over rounds in which all contestants take turns, so that a machine whose speed drifts
does not favour one of them. PyTorch takes part where it is installed (`pip install -e .[torch]`).
"""

from __future__ import annotations

import itertools
import math
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from torch_example import torch_step

from dcgan_tf.cli import import_tensorflow

# Otherwise the threads of the library that has just finished spin while the other one is being timed.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

SIZE, CHANNELS = 64, 3
MATRIX_SIDE = 2048
STEPS = 20
PASSES = 11
"""Forward passes of one network that a step costs, when G and D cost the same: D learns from real (3) and
from fake (3) images; for G, D forward (1) and back to its input (1), G forward (1) and back (2)."""


@click.group()
def main() -> None:
    """Time what dcgan_tf does."""


@main.command()
@click.option("--batch-size", default=64, show_default=True)
@click.option("--filters", default=64, show_default=True)
@click.option("--rounds", default=10, show_default=True, help="Take the median over this many rounds.")
def train(batch_size: int, filters: int, rounds: int) -> None:
    """Images per second of the training step at 64x64, in float32 and bfloat16."""
    import_tensorflow()
    contestants = _contestants(batch_size, filters)
    for run in contestants.values():  # the first call compiles
        run()
        run()
    seconds = interleaved_seconds(contestants, rounds)
    peak = {
        precision: 2 * MATRIX_SIDE**3 / seconds[f"matrix product {precision}"] / 1e9
        for precision in ("float32", "bfloat16")
    }
    per_image = step_gflop_per_image(filters)
    click.echo(f"64x64x3, {filters} filters, batch {batch_size}; a step costs {per_image:.2f} GFLOP an image")
    for precision, value in peak.items():
        click.echo(f"matrix product {MATRIX_SIDE}^3 {precision}: {value:.0f} GFLOP/s")
    click.echo(f"{'training step':<28}{'images/s':>10}{'of the matrix-product peak':>30}")
    for name, value in seconds.items():
        if not name.startswith("matrix"):
            rate = batch_size / value
            share = rate * per_image / peak[name.rsplit(" ", 1)[-1]]
            click.echo(f"{name:<28}{rate:>10.1f}{share:>29.0%}")


@main.command()
@click.option("--rounds", default=5, show_default=True, help="Take the median over this many rounds.")
def onednn(rounds: int) -> None:
    """Images per second of the training step with and without oneDNN, each in processes of its own."""
    click.echo(f"{'training step':<36}{'oneDNN off':>14}{'on':>14}{'times as fast':>16}")
    for size, filters, batch_size in ((32, 16, 16), (32, 32, 64), (64, 64, 64)):
        found: dict[str, list[float]] = {"0": [], "1": []}
        for _, (switch, rates) in itertools.product(range(rounds), found.items()):
            rates.append(_rate_in_a_process(size, filters, batch_size, switch))
        off, on = (statistics.median(rates) for rates in found.values())
        name = f"{size}x{size}x3, {filters} filters, batch {batch_size}"
        click.echo(f"{name:<36}{off:>10.0f} im/s{on:>9.0f} im/s{on / off:>16.2f}")


@main.command()
@click.option("--filters", default=64, show_default=True)
def memory(filters: int) -> None:
    """Megabytes that a process takes at most, to import a library and for some steps at 64x64."""
    click.echo(f"{'training step':<36}{'import':>10}{'at most':>10}{'between':>10}")
    for batch_size, (name, maker) in itertools.product(
        (64, 128), {"dcgan_tf": "our_step", "PyTorch": "torch_step"}.items()
    ):
        call = f"benchmark.megabytes(benchmark.{maker}, {batch_size}, {filters})"
        imported, most = map(int, _in_a_process(f"print(*{call})").split())
        cells = f"{imported:>7} MB{most:>7} MB{most - imported:>7} MB"
        click.echo(f"{name + ', batch ' + str(batch_size):<36}{cells}")


def megabytes(make_step: Callable[..., Callable[[], Any]], batch_size: int, filters: int) -> tuple[int, int]:
    """Return the most megabytes that this process took to import its library, and after five steps."""
    if make_step is our_step:
        import_tensorflow()
        import tensorflow  # noqa: F401
    else:
        import torch  # noqa: F401
    imported = _most_megabytes()
    step = make_step(batch_size, filters, "float32")
    for _ in range(5):
        step()
    return imported, _most_megabytes()


def _most_megabytes() -> int:
    import resource

    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3)


def _rate_in_a_process(size: int, filters: int, batch_size: int, switch: str) -> float:
    return float(
        _in_a_process(
            f"print(benchmark.images_per_second({size}, {filters}, {batch_size}))",
            TF_ENABLE_ONEDNN_OPTS=switch,
        )
    )


def _in_a_process(code: str, **variables: str) -> str:
    """Run code that knows this module in a process of its own; return what it prints."""
    paths = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    environment = {"TF_ENABLE_ONEDNN_OPTS": "1", **os.environ, **variables, "PYTHONPATH": paths}
    command = [sys.executable, "-c", f"import benchmark; {code}"]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return done.stdout


def images_per_second(size: int, filters: int, batch_size: int, steps: int = 10) -> float:
    """Return the images per second of the median of some steps, after two that compile."""
    import_tensorflow()
    step = our_step(batch_size, filters, "float32", size=size)
    step()
    step()
    return batch_size / interleaved_seconds({"step": step}, steps)["step"]


@main.command()
@click.option("--rounds", default=10, show_default=True, help="Take the median over this many rounds.")
def calls(rounds: int) -> None:
    """Images per second with one step and with twenty in a call from Python."""
    import_tensorflow()
    click.echo(f"{'training step':<36}{'1 in a call':>14}{'20':>14}{'times as fast':>16}")
    for size, filters, batch_size in ((24, 16, 16), (32, 16, 16), (32, 32, 64)):
        seconds = interleaved_seconds(_by_calls(size, filters, batch_size), rounds)
        one, twenty = (STEPS * batch_size / value for value in seconds.values())
        name = f"{size}x{size}x3, {filters} filters, batch {batch_size}"
        click.echo(f"{name:<36}{one:>10.0f} im/s{twenty:>9.0f} im/s{twenty / one:>16.2f}")


def _by_calls(size: int, filters: int, batch_size: int) -> dict[str, Callable[[], Any]]:
    """Return two calls that do twenty steps of one network on random images: one at a time, and at once."""
    import numpy as np

    from dcgan_tf.config import preset
    from dcgan_tf.data.batches import distributed_batches
    from dcgan_tf.training.state import create_train_state
    from dcgan_tf.training.steps.several import make_several
    from dcgan_tf.training.steps.step import make_train_step
    from dcgan_tf.training.strategy import make_strategy

    config = preset(filters=filters, batch_size=batch_size, image_size=(size, size))
    strategy = make_strategy(1)
    with strategy.scope():
        state = create_train_state(config)
    images = np.random.default_rng(0).integers(0, 256, (4096, size, size, CHANNELS), np.uint8)
    batches = iter(
        distributed_batches(strategy, images, batch_size=batch_size, seed=0, flip=False, finished_steps=0)
    )
    step = make_train_step(config, state, strategy)
    take = make_several(step, batches, longest=math.inf)

    def one_at_a_time() -> None:
        for _ in range(STEPS):
            metrics = step(next(batches))
        float(metrics["generator_loss"])

    found: dict[str, Callable[[], Any]] = {
        "one": one_at_a_time,
        "twenty": lambda: take(STEPS).waiting.numpy(),
    }
    for run in found.values():  # the first call compiles
        run()
    return found


@main.command()
@click.option("--filters", default=64, show_default=True)
@click.option("--kernel-size", default=4, show_default=True)
@click.option("--rounds", default=40, show_default=True, help="Take the median over this many rounds.")
def export(filters: int, kernel_size: int, rounds: int) -> None:
    """Milliseconds an image of exported files at 64x64, beside Keras' own two conversions."""
    import_tensorflow()
    from dcgan_tf.export.checks.latency import median_milliseconds
    from dcgan_tf.export.facts import describe_machine
    from dcgan_tf.export.folder import NAIVE_WAYS

    files = exported_files(filters, kernel_size)
    medians = median_milliseconds(files, rounds=rounds)
    click.echo(", ".join(f"{name} {value}" for name, value in describe_machine().items()))
    click.echo(f"64x64x3, {filters} filters, kernel {kernel_size}, batch 1, medians of {rounds} rounds")
    click.echo(
        f"{'':<40}{'MB':>6}{'1 thread':>12}{'times as fast':>15}{'2 threads':>12}{'times as fast':>15}"
    )
    fastest = {n: min(medians[way][n] for way in NAIVE_WAYS) for n in next(iter(medians.values()))}
    for name in files:
        cells = f"{name:<40}{len(files[name]) / 1e6:>6.1f}"
        for threads, milliseconds in medians[name].items():
            ratio = fastest[threads] / milliseconds
            cells += f"{milliseconds:>9.2f} ms{f'{ratio:.1f}' if ratio > 0.1 else f'{ratio:.3f}':>15}"
        click.echo(cells)


def exported_files(filters: int, kernel_size: int) -> dict[str, bytes]:
    """Convert one generator in every way; its weights are those it begins with, on which no time depends."""
    import numpy as np

    from dcgan_tf import models
    from dcgan_tf.config import preset
    from dcgan_tf.export.folder import PRECISIONS
    from dcgan_tf.export.formats import litert, onnx_graph
    from dcgan_tf.export.network.folding import fold
    from dcgan_tf.latents import sample_latents

    config = preset(filters=filters, kernel_size=kernel_size)
    generator = models.build_generator(config)
    naive_8_bit = litert.convert_naively(generator, dynamic=True)
    folded, z = fold(generator), np.asarray(sample_latents(128, config.model.latent_dim, seed=0))
    return {
        **litert.convert_naively(generator),
        **{f"{way}, 8-bit": content for way, content in naive_8_bit.items()},
        **{f"dcgan_tf {name}": litert.convert(folded, name, calibration=z) for name in PRECISIONS},
        "dcgan_tf onnx": onnx_graph.convert(folded, {}),
    }


def interleaved_seconds(contestants: dict[str, Callable[[], Any]], rounds: int) -> dict[str, float]:
    """Return the median seconds of one call of each, all taking turns."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            started = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - started)
    return {name: statistics.median(values) for name, values in times.items()}


def step_gflop_per_image(filters: int) -> float:
    """Return the arithmetic of one training step for one image: PASSES times D's forward pass (or G's)."""
    channels, side, multiply_adds = CHANNELS, SIZE, 0
    for width in (filters, 2 * filters, 4 * filters, 8 * filters):
        side //= 2
        multiply_adds += side * side * 4 * 4 * channels * width
        channels = width
    multiply_adds += side * side * channels
    return PASSES * 2 * multiply_adds / 1e9


def _contestants(batch_size: int, filters: int) -> dict[str, Callable[[], Any]]:
    contestants: dict[str, Callable[[], Any]] = {}
    for precision in ("float32", "bfloat16"):
        contestants[f"matrix product {precision}"] = matrix_product(precision)
        contestants[f"dcgan_tf {precision}"] = our_step(batch_size, filters, precision)
    try:
        import torch  # noqa: F401
    except ImportError:
        click.echo("PyTorch is not installed: pip install -e .[torch] adds its example to the comparison")
        return contestants
    for precision in ("float32", "bfloat16"):
        contestants[f"PyTorch example {precision}"] = torch_step(batch_size, filters, precision)
    return contestants


def matrix_product(precision: str) -> Callable[[], Any]:
    """Return a call that multiplies two square matrices."""
    import tensorflow as tf

    left = tf.cast(tf.random.stateless_normal((MATRIX_SIDE, MATRIX_SIDE), (0, 1)), precision)
    right = tf.cast(tf.random.stateless_normal((MATRIX_SIDE, MATRIX_SIDE), (0, 2)), precision)
    return lambda: tf.linalg.matmul(left, right)[0, 0].numpy()


def our_step(batch_size: int, filters: int, precision: str, *, size: int = SIZE) -> Callable[[], Any]:
    """Return a call that does one training step of this library on random images."""
    import tensorflow as tf

    from dcgan_tf.config import preset
    from dcgan_tf.training.state import create_train_state
    from dcgan_tf.training.steps.step import make_train_step
    from dcgan_tf.training.strategy import make_strategy

    config = preset(filters=filters, batch_size=batch_size, image_size=(size, size))
    strategy = make_strategy(1)
    with strategy.scope():
        state = create_train_state(config, precision=precision)
    step = make_train_step(config, state, strategy)
    images = tf.random.stateless_uniform((batch_size, size, size, CHANNELS), (0, 3), 0, 256, tf.int32)
    images = tf.cast(images, tf.uint8)
    return lambda: float(step(images)["generator_loss"])


if __name__ == "__main__":
    main()
