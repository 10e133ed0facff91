"""How good a trained run is, as columns of the table of recipes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from residual_space import residual_space

from dcgan_tf import data
from dcgan_tf.evaluation import Evaluator
from dcgan_tf.evaluation.controls import blurred
from dcgan_tf.evaluation.result import Row
from dcgan_tf.evaluation.scores import OF_FEATURES, OF_PIXELS, form
from dcgan_tf.images import to_float
from dcgan_tf.runs import CheckpointStore, Run, RunPaths, read_json, read_records

FEWER = 2000
"""The number of samples by which checkpoints are compared with each other, and with blurred images."""
_METRICS = {
    "precision": "guarded_precision",
    "recall": "recall",
    "coverage": "coverage",
    "form": "real_form",
}
"""{column: metric}."""


def conditions(folder: Path) -> str:
    """Return what training reported to go wrong, such as "oscillation at 400", or "none".

    Args:
        folder: the run directory.
    """
    paths = RunPaths(folder)
    found = [
        f"{back['condition']} at {back['from_step']} (back to {back['to_step']})"
        for back in read_json(paths.rollbacks, default=[])
    ]
    found += [f"{record['condition']} at {record['step']}" for record in read_records(paths.diagnosis)]
    return "; ".join(found) or "none"


def measured(folder: Path, samples: int, *, residual: bool) -> dict[str, Any]:
    """Return the columns of a run that is complete.

    Args:
        folder: the run directory.
        samples: number of samples by which the last checkpoint is measured.
        residual: whether to measure it in the second feature space too.
    """
    run = Run.open(folder)
    seen = run.config.training.images_per_step
    whole = Evaluator.of(run.config.data, num_images=samples, model=run.config.model)
    whole = replace(whole, metrics=(*OF_FEATURES, form) if whole.space else OF_PIXELS)
    rows = _rows(whole, run)
    final = next(iter(rows.values()))
    best, at_best = _best_step(whole, folder), final.score.value
    if best != run.step:
        at_best = next(iter(_rows(whole, Run.open(folder, checkpoint=best)).values())).score.value
    return {
        "images_seen": run.step * seen,
        **_success(whole, run),
        "final_distance": round(final.score.value, 3),
        "best_distance": round(min(at_best, final.score.value), 3),
        "best_at_images": best * seen,
        "distance": f"{final.score.name} ({whole.space.name if whole.space else 'pixels'})",
        "other_real_images": round(final.real, 3),
        **_shares(rows, ""),
        "contrast": round(_contrast(run.sample(FEWER)) / _contrast(whole.real.reference), 3),
        **(_in_residual_space(run, whole, folder.parent) if residual else {}),
    }


def _rows(evaluator: Evaluator, run: Run) -> dict[str, Row]:
    return {row.score.key: row for row in evaluator.evaluate(run.sample).rows}


def _shares(rows: dict[str, Row], prefix: str) -> dict[str, float]:
    """Return precision, recall, coverage and form, as far as they are measured."""
    return {
        f"{prefix}{name}": round(rows[key].score.value, 3) for name, key in _METRICS.items() if key in rows
    }


def _contrast(images: np.ndarray) -> float:
    """Return the contrast of images, uint8 [N, H, W, C]: the root of the mean square of pixels in [-1, 1]."""
    return float(np.sqrt(np.mean(to_float(images) ** 2)))


def _best_step(whole: Evaluator, folder: Path) -> int:
    """Return the step of the best checkpoint that is kept, by few samples of each."""
    brief = replace(whole, num_images=min(whole.num_images, FEWER))
    course = {
        step: next(iter(_rows(brief, Run.open(folder, checkpoint=step)).values())).score.value
        for step in CheckpointStore(RunPaths(folder).checkpoints).steps()
    }
    return min(course, key=course.__getitem__)


def _success(whole: Evaluator, run: Run) -> dict[str, Any]:
    """Return whether samples are nearer to real images than as many blurred real images are."""
    few = whole.real.reference[: min(whole.num_images, FEWER)]
    equal = replace(whole, num_images=len(few))

    def draw_blurred(num: int, *, seed: int) -> np.ndarray:
        return blurred(few[:num])

    limit = equal.evaluate(draw_blurred).rows[0].score.value
    distance = next(iter(_rows(equal, run).values())).score.value
    return {"success": distance < limit, "blurred_real_images": round(limit, 3)}


def _in_residual_space(run: Run, evaluator: Evaluator, folder: Path) -> dict[str, float]:
    """Return the columns of the second feature space; none without labels and attributes."""
    train = data.load_data(run.config.data)
    held_out = data.held_out_images(run.config.data, train)
    space = residual_space(train, held_out[1], folder) if held_out else None
    if space is None:
        return {}
    rows = _rows(replace(evaluator, space=space, metrics=OF_FEATURES), run)
    first = next(iter(rows.values()))
    return {
        "residual_distance": round(first.score.value, 3),
        "residual_other_real_images": round(first.real, 3),
        **_shares(rows, "residual_"),
    }
