"""A run directory made by hand, without a network that was ever trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from dcgan_tf.config import preset, to_json
from dcgan_tf.images import save_gif, save_png


@pytest.fixture
def run_dir(tmp_path) -> Path:
    """Return a run of 20 images in batches of 4 (5 steps an epoch) that went 30 steps."""
    root = tmp_path / "runs" / "mine"
    config = preset("quick", data="portraits", batch_size=4, run_dir=str(root), label_smoothing=0.1)
    facts = {"name": "portraits", "num_images": 20, "attribute_names": ["woman", "crown", "turn"]}
    root.mkdir(parents=True)
    (root / "config.json").write_text(to_json(config))
    (root / "data.json").write_text(json.dumps(facts))
    start = {
        "time": "2026-01-01",
        "first_step": 0,
        "command": ["dcgan-tf", "train"],
        "versions": {"keras": "3"},
    }
    (root / "environment.json").write_text(json.dumps([start]))
    records = [
        {
            "step": step,
            "epoch": step / 5,
            "discriminator_loss": 1 / step,
            "generator_loss": 2.0,
            "real_probability": 0.8,
            "fake_probability": 0.1,
        }
        for step in range(1, 31)
    ]
    (root / "stats.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    for step in (5, 12, 25, 30):
        save_png(root / "samples" / f"step-{step:06d}.png", np.full((8, 8, 3), step, np.uint8))
    save_png(root / "samples" / "real.png", np.zeros((8, 8, 3), np.uint8))
    save_gif(root / "samples" / "progress.gif", [np.zeros((8, 8, 3), np.uint8)])
    return root


@pytest.fixture
def write_finding(run_dir) -> Callable[..., Path]:
    """Return a function that writes an analysis' folder; its arguments replace entries of result.json."""

    def write(name: str, **changes: object) -> Path:
        measure = {
            "name": "queens",
            "value": 0.825,
            "unit": "share",
            "controls": {"random latents": 0.25},
            "meaning": "more is better",
        }
        result = {
            "analysis": name,
            "summary": f"the outcome of {name}",
            "protocol": {"step": 30, "seed": 7, "num_images": 4096, "held_out_accuracy": {"crown": 0.99}},
            "measures": [measure],
            "details": {},
            "warnings": [],
            "files": ["figure.png"],
        }
        folder = run_dir / "analysis" / name
        save_png(folder / "figure.png", np.zeros((10, 40, 3), np.uint8))
        (folder / "result.json").write_text(json.dumps({**result, **changes}))
        return folder

    return write
