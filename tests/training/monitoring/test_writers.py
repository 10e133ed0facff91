"""What TensorBoard shows is what stats.jsonl says."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader
from tensorboard.plugins.hparams import plugin_data_pb2

from dcgan_tf.config import flatten
from dcgan_tf.runs.folder import RunPaths
from dcgan_tf.runs.records import read_config, read_records

Values = dict[str, dict[int, np.ndarray]]


@pytest.fixture(scope="module")
def events(trained: Path) -> Values:
    """Return {tag: {step: value}} of all event files."""
    found: Values = {}
    for file in sorted(RunPaths(trained).events.iterdir()):
        for event in EventFileLoader(str(file)).Load():
            for value in event.summary.value:
                if value.tag.startswith("_hparams_"):
                    found[value.tag] = value.metadata.plugin_data.content
                else:
                    found.setdefault(value.tag, {})[event.step] = tf.make_ndarray(value.tensor)
    return found


SCALARS = {
    "losses/discriminator": "discriminator_loss",
    "losses/generator": "generator_loss",
    "probabilities/D(x)": "real_probability",
    "probabilities/D(G(z))": "fake_probability",
    "training/discriminator_accuracy": "discriminator_accuracy",
    "training/discriminator_gradient_norm": "discriminator_gradient_norm",
    "training/generator_gradient_norm": "generator_gradient_norm",
    "training/images_per_second": "images_per_second",
    "training/seconds_waiting_for_data": "seconds_waiting_for_data",
    "training/epoch": "epoch",
}
LOOKS = ["data_diversity", "data_structure", "memorisation", "sample_contrast", "sample_diversity"]
"""What a look at the networks finds, after every 50 steps."""


def test_every_number_is_in_both(events: Values, trained: Path) -> None:
    records = {record["step"]: record for record in read_records(RunPaths(trained).stats)}
    assert sorted(records) == [10, 20, 30, 40, 50]
    for step, record in records.items():
        assert record.keys() == {"step", *SCALARS.values(), *(LOOKS if step == 50 else [])}
    for tag, name in (SCALARS | {f"training/{name}": name for name in LOOKS}).items():
        having = {step: record for step, record in records.items() if name in record}
        assert sorted(events[tag]) == sorted(having), tag
        for step, record in having.items():
            assert events[tag][step] == np.float32(record[name]), tag


def test_what_one_looks_at_comes_first_in_the_order_of_the_alphabet(events: Values) -> None:
    headings = sorted({tag.split("/")[0] for tag in events if not tag.startswith("_hparams_")})
    assert headings == ["losses", "probabilities", "samples", "training", "weights"]
    assert all(tag.startswith("weights/") for tag in events if "kernel" in tag)


def test_epoch_counts_whole_batches(trained: Path) -> None:
    # 296 images are 9 batches of 32.
    records = read_records(RunPaths(trained).stats)
    assert [record["epoch"] for record in records] == pytest.approx(
        [10 / 9, 20 / 9, 30 / 9, 40 / 9, 50 / 9], abs=1e-4
    )


def test_numbers_are_plausible(trained: Path) -> None:
    for record in read_records(RunPaths(trained).stats):
        for name in ("real_probability", "fake_probability", "discriminator_accuracy"):
            assert 0 <= record[name] <= 1
        assert record["images_per_second"] > 0
        assert record["seconds_waiting_for_data"] >= 0


def test_sample_grids_are_shown(events: Values, trained: Path) -> None:
    steps = sorted(
        int(file.stem.removeprefix("step-")) for file in RunPaths(trained).samples.glob("step-*.png")
    )
    assert sorted(events["samples"]) == steps
    for step in steps:
        width, height, png = events["samples"][step]
        with Image.open(RunPaths(trained).sample_grid(step)) as picture:
            assert (int(width), int(height)) == picture.size
        assert struct.unpack(">2I", png[16:24]) == picture.size  # the header of the PNG itself


def test_weights_are_shown_as_histograms(events: Values) -> None:
    tags = [tag for tag in events if "kernel" in tag]
    # Three kernels in each network at 16x16.
    assert sum(tag.startswith("weights/generator/") for tag in tags) == 3
    assert sum(tag.startswith("weights/discriminator/") for tag in tags) == 3
    for tag in tags:
        assert sorted(events[tag]) == [25, 50]
        assert events[tag][25][:, 2].sum() > 0


def test_settings_are_hparams(events: Values, trained: Path) -> None:
    content = plugin_data_pb2.HParamsPluginData.FromString(
        events["_hparams_/session_start_info"]
    ).session_start_info.hparams
    shown = {name: getattr(value, value.WhichOneof("kind")) for name, value in content.items()}
    expected = flatten(read_config(trained))
    assert shown.keys() == expected.keys()
    assert shown["learning_rate"] == expected["learning_rate"] == 1e-3
    assert shown["flip"] is True
    assert shown["data"] == "digits"
    assert shown["image_size"] == "(16, 16)"


def test_losses_and_distances_are_columns_beside_them(events: Values) -> None:
    experiment = plugin_data_pb2.HParamsPluginData.FromString(events["_hparams_/experiment"]).experiment
    columns = {(info.name.group, info.name.tag) for info in experiment.metric_infos}
    assert {("", "losses/generator"), ("", "probabilities/D(x)")} <= columns
    shown = {("evaluation", "quality/frechet_distance"), ("evaluation", "quality/pyramid_distance")}
    assert shown <= set(columns)
    assert {tag for group, tag in columns if not group} <= set(events)
