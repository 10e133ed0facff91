"""Write the section on the run's pictures over time."""

from __future__ import annotations

from pathlib import Path

from dcgan_tf.report.markup import facts, fold
from dcgan_tf.report.reported_run import ReportedRun, Section

SHOWN_EPOCHS = (1, 5)
NUM_SAMPLES = 64
"""The number of samples in a grid, whose rows are whole if the run has classes."""


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
    count = _num_samples(run)
    protocol = facts(
        {
            "latents": f"the same {count} at every step, of seed {run.config.training.seed}",
            "generator": run.generator,
            "chosen": f"none: all {count} are shown",
        }
    )
    body = (
        "<p>Two networks taught each other: the generator turns "
        f"{run.config.model.latent_dim:,} random numbers into a picture, and the discriminator tries to "
        "tell such pictures from real ones. "
        f"Each grid shows the same {count} random latents, drawn by the generator at different times of its "
        "training. Look for shapes that emerge within the first epoch and get cleaner, for variety among the "
        f"{count}, and compare the last grid with the real pictures.</p>"
        f'<div class="grids">{"".join(shown)}</div><div class="grids">{"".join(beside)}</div>'
        + fold("How these pictures were made", protocol)
    )
    return Section("epochs", title, body)


def newest_grid(run: ReportedRun) -> str:
    """Return the newest grid of samples, or ""."""
    grids = _sample_grids(run)
    return _grid_figure(run, *grids[-1]) if grids else ""


def _num_samples(run: ReportedRun) -> int:
    """Return how many samples a grid has: those of a conditional run are as many of each class."""
    classes = len(run.data.get("label_names") or ()) if run.config.model.conditional else 0
    return classes * max(1, NUM_SAMPLES // classes) if classes else NUM_SAMPLES


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
    return run.figure(path, alt=f"{_num_samples(run)} samples {caption}", caption=caption)
