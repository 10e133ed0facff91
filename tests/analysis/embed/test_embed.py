"""The Projector's folder, read back by TensorBoard's own plugin; and the two-sample test."""

from __future__ import annotations

import importlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

from dcgan_tf import analysis
from dcgan_tf.analysis.embed.embed import real, told_apart
from dcgan_tf.analysis.embed.figure import far_apart
from dcgan_tf.analysis.embed.projector_files import Points, sprite, thumbnails
from dcgan_tf.analysis.features import discriminator_features, max_pooled
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.data import ImageSet
from dcgan_tf.errors import RunError, StorageError
from dcgan_tf.runs.run import Run
from stand_ins import Draws, grey_images

NUM = 20


@pytest.fixture(scope="module")
def run(trained):
    return Run.open(trained)


@pytest.fixture(scope="module")
def finding(run):
    return analysis.embed(run, num_images=NUM)


@pytest.fixture(scope="module")
def folder(finding, tmp_path_factory):
    return finding.save(tmp_path_factory.mktemp("embed") / "embed")


def ask(folder, route, **query):
    """Return the answer of TensorBoard's plugin to a request of its page."""
    runs = MultiplexerDataProvider(EventMultiplexer().AddRunsFromDirectory(str(folder)), str(folder))
    plugin = ProjectorPlugin(base_plugin.TBContext(logdir=str(folder), data_provider=runs))
    answer = Client(plugin.get_plugin_apps()[route]).get(route, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.fixture(scope="module")
def information(folder):
    (embedding,) = ask(folder, "/info", run=".").json["embeddings"]
    return embedding


def test_tensorboard_finds_the_folder(folder):
    assert ask(folder, "/runs").json == ["."]


def test_the_vectors_that_tensorboard_reads_are_those_of_the_run(run, folder, information):
    assert information["tensorShape"] == [3 * NUM, 96]
    vectors = np.frombuffer(ask(folder, "/tensor", run=".", name=information["tensorName"]).data, np.float32)
    features = discriminator_features(run.discriminator, run.sample(NUM))
    np.testing.assert_allclose(vectors.reshape(3 * NUM, 96)[2 * NUM :], features, rtol=1e-4, atol=1e-6)


def test_of_long_vectors_principal_components_are_written(run, finding, monkeypatch, tmp_path):
    """As many as there are points keep all distances."""
    monkeypatch.setattr(importlib.import_module("dcgan_tf.analysis.embed.embed"), "DIMENSIONS", 90)
    reduced = analysis.embed(run, num_images=NUM)
    assert reduced.protocol["vectors_written"].startswith("60 principal components, with 100.0%")
    reduced.save(tmp_path)
    vectors = np.loadtxt(tmp_path / "tensors.tsv")[2 * NUM :]
    features = discriminator_features(run.discriminator, run.sample(NUM))
    for i in range(1, NUM):
        expected = np.linalg.norm(features[0] - features[i])
        assert np.linalg.norm(vectors[0] - vectors[i]) == pytest.approx(expected, rel=1e-3)
    assert reduced.measures == finding.measures  # taken in the whole of the features


def test_every_point_has_a_row(run, folder, information):
    rows = ask(folder, "/metadata", run=".", name=information["tensorName"]).text.splitlines()
    assert rows[0].split("\t") == ["kind", "number", "label", "D_logit"]
    cells = [row.split("\t") for row in rows[1:]]
    assert [row[0] for row in cells] == ["training"] * NUM + ["held-out"] * NUM + ["generated"] * NUM
    subject = Subject(run)
    labels = subject.train.labels[[int(row[1]) for row in cells[:NUM]]]
    assert [row[2] for row in cells[:NUM]] == [str(label) for label in labels]
    margins = subject.classifier.predict(run.sample(NUM)).margins
    for row in cells[2 * NUM :]:
        assert margins[row[2]][int(row[1])] >= 0


def test_every_point_has_its_thumbnail(run, folder, information):
    width, height = information["sprite"]["singleImageDim"]
    answer = ask(folder, "/sprite_image", run=".", name=information["tensorName"])
    assert answer.mimetype == "image/png"
    picture = np.asarray(Image.open(io.BytesIO(answer.data)))
    assert picture.shape == (8 * height, 8 * width)  # 60 points in rows of 8
    samples = run.sample(NUM)
    for i in (0, 7, 19):
        row, column = divmod(2 * NUM + i, 8)
        cell = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        np.testing.assert_array_equal(cell, samples[i, ..., 0])


def test_the_result_says_what_was_written(finding, folder):
    written = {path.name for path in folder.iterdir()}
    assert written == set(json.loads((folder / "result.json").read_text())["files"]) | {"result.json"}
    assert finding.protocol["vectors_written"] == "96 features"
    assert finding.protocol["num_images"] == NUM
    assert finding.measures[0].controls["not told apart"] == 0.5


def test_the_files_are_a_function_of_the_seed(run, folder, tmp_path):
    again = analysis.embed(run, num_images=NUM).save(tmp_path / "again")
    for name in ("tensors.tsv", "metadata.tsv", "sprite.png", "projector_config.pbtxt", "figure.png"):
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


# The two-sample test


def test_two_clouds_far_from_each_other_are_always_told_apart():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50, 3)).astype(np.float32)
    assert told_apart(a, b + 100) == 1


def test_one_cloud_is_not_told_apart():
    a, b = np.random.default_rng(0).normal(size=(2, 400, 3)).astype(np.float32)
    assert told_apart(a, b) == pytest.approx(0.5, abs=0.06)


def test_copies_fall_below_one_half():
    """The nearest neighbour of a copy is its original, which is of the other kind."""
    a = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert told_apart(a, a.copy()) == 0


def test_four_points_on_a_line():
    """0 and 1 are of one kind, 1.5 and 9 of the other: 1 and 1.5 have a stranger next to them."""
    a, b = np.array([[0.0], [1.0]], np.float32), np.array([[1.5], [9.0]], np.float32)
    assert told_apart(a, b) == 0.5  # 0 -> 1 right, 1 -> 1.5 wrong, 1.5 -> 1 wrong, 9 -> 1.5 right


def test_grey_samples_are_told_apart_and_the_control_does_not_care(run):
    grey = replace(run, generator=Draws(grey_images))
    told = analysis.embed(grey, num_images=60).measures[0]
    assert told.value > 0.95
    assert told.controls["training against held-out"] == pytest.approx(0.5, abs=0.15)


def test_unequal_numbers_cannot_be_compared():
    with pytest.raises(ValueError, match="the same number of points, at least 2, received 3, 2"):
        told_apart(np.zeros((3, 1)), np.zeros((2, 1)))


# D's features


def test_features_are_those_of_both_convolutions(run):
    features = discriminator_features(run.discriminator, run.sample(3))
    assert features.shape == (3, 16 * (2 + 4))  # two layers of 2 and 4 channels, 4x4 each


def test_pooling_takes_the_maximum_of_each_window():
    maps = np.arange(64, dtype=np.float32).reshape(1, 8, 8, 1)
    assert max_pooled(maps)[0, ..., 0].tolist() == [[16 * r + 2 * c + 9 for c in range(4)] for r in range(4)]


# The parts


def test_a_sprite_is_laid_out_in_rows_without_gaps():
    images = np.arange(5, dtype=np.uint8)[:, None, None, None] * np.ones((1, 2, 3, 1), np.uint8)
    laid = sprite(images)
    assert laid.shape == (4, 9, 1)
    assert laid[::2, ::3, 0].tolist() == [[0, 1, 2], [3, 4, 255]]


def test_a_sprite_that_the_projector_cannot_show_is_refused():
    images = np.broadcast_to(np.zeros((64, 64, 1), np.uint8), (129 * 128, 64, 64, 1))
    with pytest.raises(ValueError, match=r"at most 16,384 thumbnails of 64x64 pixels, received 16,512"):
        sprite(images)


def test_large_images_are_made_smaller_and_small_ones_stay():
    large = np.full((2, 96, 128, 3), 7, np.uint8)
    assert thumbnails(large).shape == (2, 48, 64, 3)
    assert np.unique(thumbnails(large)).tolist() == [7]
    small = np.zeros((2, 28, 28, 1), np.uint8)
    assert thumbnails(small) is small


def test_a_tab_in_a_name_does_not_make_a_column(tmp_path):
    points = Points("p", np.eye(2), {"a": ["x\ty", "z\n"], "b": [1, 2]}, np.zeros((2, 4, 4, 1), np.uint8))
    points.files["metadata.tsv"](tmp_path / "metadata.tsv")
    assert (tmp_path / "metadata.tsv").read_text() == "a\tb\nx y\t1\nz\t2\n"


def test_an_attribute_with_the_name_of_a_column_takes_nothing_away():
    names = ("kind", "number", "label", "D_logit", "hat")
    images = ImageSet(
        "x",
        np.zeros((3, 4, 4, 1), np.uint8),
        labels=np.array([1, 0, 1]),
        label_names=("cat", "dog"),
        attributes={name: np.array([i, 0, 1], np.uint8) for i, name in enumerate(names)},
    )
    known = real("training", images, np.arange(3), 3).known
    assert known["label"] == ["dog", "cat", "dog"]
    assert not {"kind", "number", "D_logit"} & {*known}
    assert [known[f"{name} (attribute)"][0] for name in names[:4]] == [0, 1, 2, 3]
    assert known["hat"] == [4, 0, 1]


@pytest.mark.parametrize("name", ["tensors.tsv", "metadata.tsv"])
def test_a_file_that_cannot_be_written_is_named(name, tmp_path):
    (tmp_path / name).mkdir()
    points = Points("p", np.eye(2), {"a": [1, 2], "b": [1, 2]}, np.zeros((2, 4, 4, 1), np.uint8))
    with pytest.raises(StorageError, match=name):
        points.files[name](tmp_path / name)


def test_thumbnails_stand_far_apart():
    points = {"a": np.array([[0.0, 0], [5, 5], [10, 10]]), "b": np.array([[5.0, 5], [0, 0.1], [10, 0]])}
    assert far_apart(points, 3)[0] == ("a", 1)
    assert [kind for kind, _ in far_apart(points, 4)] == ["a", "b", "a", "b"]
    assert far_apart(points, 2)[1] != ("b", 0)


# What can be missing


def test_no_held_out_images_is_an_error(run, monkeypatch):
    monkeypatch.setattr(Subject, "held_out_or_none", None)
    with pytest.raises(RunError, match="has no images besides those of split test"):
        analysis.embed(run, num_images=8)


def test_a_fully_connected_discriminator_has_no_such_features(run, tiny_config):
    from dcgan_tf import models

    config = tiny_config(architecture="gan")
    with pytest.raises(ValueError, match="no convolutional layers; features need --architecture dcgan"):
        analysis.embed(replace(run, discriminator=models.build_discriminator(config)), num_images=8)


def test_the_command_says_how_to_look_at_it(trained, tmp_path):
    from dcgan_tf.cli import main

    done = CliRunner().invoke(main, ["embed", str(trained), "-n", "10", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert f"tensorboard --logdir {tmp_path / 'out'}" in done.stdout


def test_one_image_is_too_few(run):
    with pytest.raises(ValueError, match="embed needs at least 2 images, received 1; raise --num-images"):
        analysis.embed(run, num_images=1)
