"""What the library computes stays what it is: losses, samples and exports of fixed seeds, recorded once.

A change of layout or of names must not move any of these numbers. One that is meant to change them
records them anew, and says so:

    DCGAN_TF_RECORD_TRACES=1 python -m pytest tests/conformance/test_traces.py
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from unittest import mock

import keras
import numpy as np
import pytest
import tensorflow as tf

import dcgan_tf
from dcgan_tf.export import exporting

RECORDED = Path(__file__).with_name("traces.json")
VERSIONS = {"tensorflow": tf.__version__, "keras": keras.__version__}
KEPT = ("discriminator_loss", "generator_loss", "real_probability", "discriminator_gradient_norm")
SETTINGS = {
    "dcgan": {},
    "conditional": {
        "conditional": True,
        "loss": "minimax",
        "label_smoothing": 0.1,
        "instance_noise": 0.3,
        "dense_units": 8,
        "latent_distribution": "uniform",
        "discriminator_learning_rate": 2e-3,
    },
    "gan": {"architecture": "gan", "latent_dim": 8},
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory, tiny_config):
    """Return {name: run of four steps}, one for each kind of network."""
    folder = tmp_path_factory.mktemp("traces")
    return {
        name: dcgan_tf.Run.open(
            dcgan_tf.train(tiny_config(run_dir=str(folder / name), filters=4, steps=4, **settings))
        )
        for name, settings in SETTINGS.items()
    }


def recorded(part: str, found: object) -> object:
    """Return what was recorded of a part; record what is found, if asked to."""
    everything = json.loads(RECORDED.read_text()) if RECORDED.exists() else {}
    if os.environ.get("DCGAN_TF_RECORD_TRACES"):
        everything[part] = found
        RECORDED.write_text(json.dumps(everything, indent=1) + "\n")
    return everything[part]


@pytest.mark.parametrize("name", SETTINGS)
def test_losses_of_a_seed_stay_what_they_are(runs, name):
    lines = [json.loads(line) for line in (runs[name].path / "stats.jsonl").read_text().splitlines()]
    found = [{key: line[key] for key in KEPT} for line in lines]
    expected = recorded(f"losses of {name}", found)
    assert len(found) == len(expected) == 4
    for now, before in zip(found, expected, strict=True):
        assert now == pytest.approx(before, rel=1e-4)  # processors round differently


@pytest.mark.parametrize("name", SETTINGS)
def test_samples_of_a_seed_stay_what_they_are(runs, name):
    found = runs[name].sample(20, seed=3).astype(int)[..., 0]
    expected = np.array(recorded(f"samples of {name}", found.mean(axis=2).round(4).tolist()))
    np.testing.assert_allclose(found.mean(axis=2), expected, atol=1)  # means of rows of pixels, of 0 to 255


@pytest.fixture(scope="module")
def exports(runs, tmp_path_factory):
    """Return {name: .tflite files} of generators whose weights no training has rounded."""
    folder = tmp_path_factory.mktemp("exports")
    for name, run in runs.items():
        draw = np.random.default_rng(7)
        for weight in run.generator.weights:
            values = draw.normal(0, 0.2, weight.shape)
            weight.assign(1 + np.abs(values) if "variance" in weight.path else values)
        with mock.patch.object(
            exporting, "_add_latencies", return_value={}
        ):  # which is measured, never the same
            dcgan_tf.export_run(
                run, to=folder / name, formats=("tflite",), precisions=("fp32", "fp16", "dynamic")
            )
    return {name: folder / name for name in runs}


@pytest.mark.parametrize("name", SETTINGS)
def test_exports_of_given_weights_stay_what_they_are_to_the_byte(exports, name):
    files = sorted(exports[name].glob("*.tflite"))
    assert len(files) == 3
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    if recorded("versions", VERSIONS) != VERSIONS:
        pytest.skip(f"another converter than the one that these digests are of: {VERSIONS}")
    assert found == recorded(f"exports of {name}", found)
