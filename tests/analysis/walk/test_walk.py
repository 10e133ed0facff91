"""The walk of a run that was trained for a moment: its files, its numbers' bounds, and what it refuses."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from dcgan_tf.analysis import samples, walk
from dcgan_tf.analysis.features import discriminator_logits
from dcgan_tf.analysis.samples import Judgement
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.analysis.walk import measured_paths
from dcgan_tf.cli import main
from dcgan_tf.runs.run import Run


class OnlyTheDiscriminator:
    """Judges without a classifier and without a detector, which take long to train."""

    def __init__(self, subject: Subject) -> None:
        self.discriminator = subject.run.discriminator

    def judge(self, images: np.ndarray) -> Judgement:
        nothing = np.zeros(len(images), np.float32)
        return Judgement(discriminator_logits(self.discriminator, images), None, nothing, nothing)


@pytest.fixture(scope="module")
def saved(trained, tmp_path_factory):
    out = tmp_path_factory.mktemp("walk")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(samples.Judges, "of", OnlyTheDiscriminator)
        patch.setattr(Subject, "has_classifier", False)
        done = CliRunner().invoke(
            main, ["walk", str(trained), "--points", "3", "--num-images", "25", "--out", str(out)]
        )
    assert done.exit_code == 0, done.output
    assert "the longest step of a walk is" in done.output
    return out


def test_the_result_says_how_it_was_measured(saved):
    result = json.loads((saved / "result.json").read_text())
    assert result["files"] == ["figure.png", "walk.gif"]
    protocol = result["protocol"]
    assert (protocol["pairs"], protocol["num_images"], protocol["steps"]) == (2, 22, 12)
    assert "classifier" not in protocol["realistic"]
    assert protocol["space"] == "features of the run's own discriminator"
    ratio, *shares = result["measures"]
    assert all(1 <= value <= 12 for value in (ratio["value"], *ratio["controls"].values()))
    assert all(0 <= share["value"] <= 1 for share in shares)


def test_the_animation_walks_back_to_the_start(saved, trained):
    with Image.open(saved / "walk.gif") as animation:
        assert animation.n_frames == 3 * 12  # ends that two strips share are shown once
        assert animation.info["loop"] == 0
        assert animation.size == (256, 256)
        first = np.asarray(animation.convert("L"))
    sample = Run.open(trained).sample(1)[0, ..., 0]
    np.testing.assert_allclose(first[::16, ::16], sample, atol=2)


@pytest.mark.parametrize(
    ("options", "words"),
    [({"points": 1}, "at least 2 points, received 1"), ({"num_images": 10}, "11 pictures .* received 10")],
)
def test_what_it_refuses(trained, options, words):
    with pytest.raises(ValueError, match=words):
        walk(Run.open(trained), **options)


def test_without_convolutions_the_classifier_describes_and_without_labels_the_pixels(trained, monkeypatch):
    run = Run.open(trained)
    images = run.sample(3)
    subject = Subject(run)
    assert measured_paths.perceptual_space(subject)[0] == "features of the run's own discriminator"
    predictions = SimpleNamespace(features=np.arange(6.0).reshape(3, 2))
    judge = SimpleNamespace(feature_space="digits classifier", predict=lambda images: predictions)
    monkeypatch.setitem(subject.__dict__, "classifier", judge)
    object.__setattr__(run.config.model, "architecture", "gan")
    space, describe = measured_paths.perceptual_space(subject)
    assert space == "features of the digits classifier"
    np.testing.assert_array_equal(describe(images), [[0, 1], [2, 3], [4, 5]])
    monkeypatch.setattr(Subject, "has_classifier", False)
    space, describe = measured_paths.perceptual_space(subject)
    assert space == "pixels"
    np.testing.assert_array_equal(describe(images), images.reshape(3, -1))
