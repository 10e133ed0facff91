"""The script that compares the shares of attributes in samples and in data."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.config import preset
from dcgan_tf.runs import Run

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))

import attribute_shares  # noqa: E402


def test_a_folder_with_held_out_images_and_unequal_classes_can_be_counted(tmp_path, monkeypatch):
    """Its samples have the classes in the shares of the data: three cats for each dog."""
    rows, rng = ["file,bright"], np.random.default_rng(0)
    for kind, number in (("cat", 60), ("dog", 20)):
        (tmp_path / kind).mkdir()
        for i in range(number):
            Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8)).save(tmp_path / kind / f"{i}.png")
            rows.append(f"{kind}/{i}.png,{i % 2}")
    (tmp_path / "attributes.csv").write_text("\n".join(rows))
    drawn = []

    def sample(num: int, *, seed: int, labels: list[int] | None) -> np.ndarray:
        drawn.extend(labels or [])
        return np.zeros((num, 8, 8, 3), np.uint8)

    config = preset(
        data=str(tmp_path), image_size=(8, 8), held_out_fraction=0.25, cache_dir=str(tmp_path / ".cache")
    )
    names, place = ("cat", "dog"), tmp_path / "run"
    run = SimpleNamespace(
        config=config, step=1, path=place, takes_labels=True, class_names=names, sample=sample
    )
    monkeypatch.setattr(Run, "open", lambda *_, **__: run)
    monkeypatch.setattr(attribute_shares, "train_classifier", lambda *_: None)
    monkeypatch.setattr(attribute_shares, "logits", lambda _, images: np.ones((len(images), 1), np.float32))
    done = CliRunner().invoke(attribute_shares.main, [str(tmp_path), "-n", "100"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "bright" in done.output
    assert len(drawn) == 100
    assert 0.15 < np.mean(drawn) < 0.35
