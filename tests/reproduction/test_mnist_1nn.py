"""The table on MNIST: the nearest neighbour's label, samples with the labels of the training images."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner

from dcgan_tf import data
from dcgan_tf.cli import main
from dcgan_tf.cli.reproduce import mnist_1nn as command
from dcgan_tf.config import DATASETS
from dcgan_tf.data.image_set import ImageSet
from dcgan_tf.errors import DataError
from dcgan_tf.images import save_png
from dcgan_tf.reproduction.mnist_1nn import DCGAN, GAN, REAL, Settings, classify, mnist_1nn, summary
from dcgan_tf.runs.run import Run
from places import TFDS, missing


def flat(levels: list[int], labels: list[int]) -> ImageSet:
    images = np.broadcast_to(np.uint8(levels)[:, None, None, None], (len(levels), 4, 4, 1))
    return ImageSet("flat", np.ascontiguousarray(images), np.array(labels), ("dark", "grey", "bright"))


def test_an_image_gets_the_label_of_the_nearest() -> None:
    labelled = flat([10, 120, 250, 130], [0, 1, 2, 1])
    found = classify(flat([0, 66, 64, 189, 191], [0] * 5).images, labelled)
    np.testing.assert_array_equal(found, [0, 1, 0, 1, 2])


def test_the_summary_has_each_error_beside_the_papers() -> None:
    told = summary({REAL: 0.0309, GAN: 0.05, DCGAN: 0.0275})
    assert told.endswith(
        "DCGAN 2.75% (paper 2.98%), GAN 5.00% (paper 6.28%), real images 3.09% (paper 3.10%)"
    )


def test_the_command_and_python_train_the_same_by_default() -> None:
    options = command.make_context("mnist-1nn", []).params
    options.pop("out")
    assert Settings(**options) == Settings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if reason := missing("mnist"):
        pytest.skip(reason)
    out = tmp_path_factory.mktemp("table")
    options = ["--data-dir", str(TFDS), "--num-images", "1000", "--dcgan-epochs", "2", "--gan-epochs", "1"]
    done = CliRunner().invoke(main, ["reproduce", "mnist-1nn", *options, "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert "test error with DCGAN" in done.output
    return out


def test_the_command_trains_both_networks_and_writes_the_table(folder: Path) -> None:
    result = json.loads((folder / "result.json").read_text())
    assert result["protocol"]["training_images"] == result["protocol"]["samples_of_each"] == 1000
    assert result["protocol"]["test_images"] == 10_000
    values = {measure["name"]: measure["value"] for measure in result["measures"]}
    # By hand: the error of 1,000 real images is that of scikit-learn's classifier, and far below chance.
    assert values["test error with real images"] == pytest.approx(nearest_neighbour_error(folder), abs=1e-12)
    assert 0.05 < values["test error with real images"] < 0.2
    assert values["test error with GAN"] > values["test error with real images"]
    assert (folder / "figure.png").stat().st_size > 10_000


def test_both_runs_are_conditional_and_trained_on_the_same_images(folder: Path) -> None:
    runs = [Run.open(folder / name) for name in ("dcgan", "gan")]
    assert [run.config.model.architecture for run in runs] == ["dcgan", "gan"]
    assert [run.config.training.epochs for run in runs] == [2, 1]
    for run in runs:
        assert run.class_names == tuple("0123456789")
        assert run.config.data.split == "train[:1000]"


def nearest_neighbour_error(folder: Path) -> float:
    from sklearn.neighbors import KNeighborsClassifier

    config = Run.open(folder / "dcgan").config.data
    real, test = data.load_data(config), data.load_data(config, split="test")
    vectors = [s.images.reshape(len(s), -1).astype(np.float64) for s in (real, test)]
    fitted = KNeighborsClassifier(1).fit(vectors[0], real.labels)
    return float(np.mean(fitted.predict(vectors[1]) != test.labels))


def test_the_help_names_the_data_of_which_a_part_is_taken():
    told = {option.name: str(option.help) for option in command.params if isinstance(option, click.Option)}
    assert all(beginning in told["data"] for beginning in DATASETS)
    assert told["num_images"].endswith("all there are, where --data is digits or a folder.")
    for beginning in DATASETS:
        assert Settings(data=f"{beginning}ada/digits", num_images=1000).images["split"] == "train[:1000]"


@pytest.mark.parametrize(("spec", "split"), [("tfds:mnist", "train[:1000]"), ("digits", "train")])
def test_other_data_than_those_of_tensorflow_datasets_are_taken_whole(spec, split):
    settings = Settings(data=spec, num_images=1000)
    assert settings.config("dcgan", Path("out")).data.split == split
    if spec == "digits":
        assert len(data.load_data(settings.config("gan", Path("out")).data)) == 1501


@pytest.mark.parametrize("test", [["test"], ["test/cats", "test/apes"]])
def test_test_images_of_no_or_other_classes_are_refused_before_anything_is_trained(tmp_path, test):
    # The numbers of the classes would differ, and guesses would be right or wrong by chance.
    for place in ("train/cats", "train/dogs", *test):
        for i in range(3):
            save_png(tmp_path / "data" / place / f"{i}.png", np.full((28, 28, 1), 9 * i, np.uint8))
    with pytest.raises(DataError, match=r"must have the classes of the training images \(cats, dogs\)"):
        mnist_1nn(tmp_path / "out", Settings(data=str(tmp_path / "data")))
    assert not (tmp_path / "out").exists()
