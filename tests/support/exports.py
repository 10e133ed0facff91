"""An export.json as `dcgan-tf export` writes it, as far as the report reads it."""

from __future__ import annotations

from typing import Any


def export_record(run: str = "mine", **model: object) -> dict[str, Any]:
    """Return the record of an export of a run with this name, with changed facts about its model."""
    facts = {
        "run": run,
        "data": "portraits",
        "image_shape": [32, 32, 3],
        "architecture": "dcgan",
        "latent_dim": 100,
        "seed": 0,
        "step": 30,
    }
    artefact = {
        "bytes": 1_500_000,
        "max_abs": 0.012,
        "psnr_mean_db": None,
        "psnr_worst_db": 41.26,
        "milliseconds": {"1": 0.5},
        "naive_milliseconds": {"1": 2.0},
    }
    return {
        "model": {**facts, **model},
        "measured_on": {"cores": 2},
        "artefacts": {"generator-fp32.tflite": artefact},
    }
