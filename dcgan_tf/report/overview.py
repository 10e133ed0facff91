"""Write the sections on what the run is and on its pictures over time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dcgan_tf.config import Config, flatten
from dcgan_tf.report.formats import STARTS
from dcgan_tf.report.markup import facts, fold, plain, text
from dcgan_tf.report.page import ReportedRun, Section

SHOWN_EPOCHS = (1, 5)

WORDS = {
    "generator": "the network that turns numbers into pictures",
    "latent": "the list of random numbers that one picture is made from",
    "discriminator": "the network that tells real pictures from generated ones: the generator's teacher",
    "D(x), D(G(z))": "how probable the discriminator finds it that a real, and a generated, picture is real",
    "step, epoch": "one update of both networks; the steps it takes to see every training picture once",
    "feature map, filter": "a small detector inside a network, and where in a picture it responds",
    "control": "the same measurement where nothing was learnt, or by a simpler method",
    "sample": "a picture that the generator has drawn",
}


def introduction(run: ReportedRun) -> str:
    """Return the head of the page: the run in a sentence."""
    config = run.config
    kind = {
        "dcgan": "deep convolutional generative adversarial network (DCGAN)",
        "gan": "generative adversarial network (GAN) of fully connected layers",
    }[config.model.architecture]
    count = f"{run.data['num_images']:,} " if run.data.get("num_images") else ""
    return (
        f'<h1>{text(run.name)}</h1><p class="lead">A {kind} that learnt to draw from {count}pictures of '
        f"<em>{text(run.data_name)}</em>. Each number is shown beside that of chance or of a simpler "
        "method.</p>"
    )


def settings_section(run: ReportedRun) -> Section:
    """Return the section with the run's settings and the words that the page uses."""
    body = (
        facts(_main_settings(run))
        + fold("All settings, versions and starts", _everything(run))
        + fold("Words used on this page", facts(WORDS))
    )
    return Section("settings", "Settings", body)


def newest_grid(run: ReportedRun) -> str:
    """Return the newest grid of samples, or ""."""
    grids = _sample_grids(run)
    return _grid_figure(run, *grids[-1]) if grids else ""


def epochs_section(run: ReportedRun) -> Section:
    """Return the section with the pictures after 1 epoch, after 5, at the end, and the real ones."""
    grids = _sample_grids(run)
    shown = [grid for step, path in grids if (grid := _grid_figure(run, step, path))]
    beside = [
        run.figure(path, alt=alt, caption=caption)
        for path, alt, caption in (
            (run.paths.progress, "animation of the samples", "the whole way"),
            (run.paths.real_images, "real pictures", "real pictures it learns from"),
        )
        if path.is_file()
    ]
    title = "What it learnt, epoch by epoch"
    if not shown and not beside:
        body = '<p class="missing">There are no sample grids yet; training writes them.</p>'
        return Section("epochs", title, body, present=False)
    protocol = facts(
        {
            "latents": f"the same 64 at every step, of seed {run.config.training.seed}",
            "generator": _generator(run.config),
            "chosen": "none: all 64 are shown",
        }
    )
    body = (
        "<p>Two networks taught each other: the generator turns "
        f"{run.config.model.latent_dim:,} random numbers into a picture, and the discriminator tries to "
        "tell such pictures from real ones. "
        "Each grid shows the same 64 random latents, drawn by the generator at different times of its "
        "training. Look for shapes that emerge within the first epoch and get cleaner, for variety among the "
        "64, and compare the last grid with the real pictures.</p>"
        f'<div class="grids">{"".join(shown)}</div><div class="grids">{"".join(beside)}</div>'
        + fold("How these pictures were made", protocol)
    )
    return Section("epochs", title, body)


def _main_settings(run: ReportedRun) -> dict[str, str]:
    config = run.config
    height, width = config.data.image_size
    model, training = config.model, config.training
    size = f"{model.filters} filters, kernels {model.kernel_size}×{model.kernel_size}"
    if model.dense_units:
        size += f", a dense layer of {model.dense_units:,} units"
    if model.architecture == "gan":
        size = f"two hidden layers of {model.hidden_units:,} units"
    smoothing = f", label smoothing {training.label_smoothing:g}" if training.label_smoothing else ""
    noise = f", instance noise {training.instance_noise:g}" if training.instance_noise else ""
    loss = training.loss.replace("_", "-")
    epochs = run.epochs(run.step)
    return {
        "data": run.data_name,
        "pictures": f"{width}×{height}, {'colour' if config.data.channels == 3 else 'grey'}",
        "trained": f"{run.step:,} steps of {training.batch_size}" + (f", {epochs}" if epochs else ""),
        "networks": f"{model.architecture.upper()}, {size}",
        "latent": f"{model.latent_dim} numbers, {model.latent_distribution}",
        "learning": f"Adam {training.learning_rate:g}, {loss} loss{smoothing}{noise}",
        "samples from": _generator(config),
        "seed": str(training.seed),
    }


def _everything(run: ReportedRun) -> str:
    changed = flatten(Config())
    settings = {
        name: _setting(value) + ("" if value == changed[name] else f"   (default: {_setting(changed[name])})")
        for name, value in flatten(run.config).items()
    }
    parts = [facts(settings)]
    for start in run.read(run.paths.environment, STARTS) or []:
        parts.append(f"<h3>Start at step {text(plain(start.get('first_step') or 0))}</h3>")
        entries = {**start, "command": " ".join(map(str, start.get("command") or []))}
        parts.append(facts({k: v for k, v in entries.items() if k != "first_step"}))
    return "".join(parts)


def _setting(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else plain(value)


def _generator(config: Config) -> str:
    decay = config.training.ema_decay
    return f"averaged generator (decay {decay:g})" if decay else "generator as trained, not averaged"


def _sample_grids(run: ReportedRun) -> list[tuple[int, Path]]:
    """Return (step, file) of the grids nearest to epochs 1 and 5, and of the last one."""
    files = run.paths.sample_grids()
    if not files:
        return []
    chosen = {max(files)}
    for epoch in SHOWN_EPOCHS if run.steps_per_epoch else ():
        wanted = epoch * run.steps_per_epoch
        nearest = min(files, key=lambda step: abs(step - wanted))
        if abs(nearest - wanted) <= run.steps_per_epoch / 2:
            chosen.add(nearest)
    return [(step, files[step]) for step in sorted(chosen)]


def _grid_figure(run: ReportedRun, step: int, path: Path) -> str:
    epochs = run.epochs(step)
    caption = f"after {epochs} (step {step:,})" if epochs else f"after step {step:,}"
    return run.figure(path, alt=f"64 samples {caption}", caption=caption)
