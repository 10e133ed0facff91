"""What counts as realistic, and that it is told as it is."""

from __future__ import annotations

import importlib
from types import SimpleNamespace

import numpy as np
import pytest

from dcgan_tf import analysis
from dcgan_tf.analysis import samples
from dcgan_tf.analysis.features import discriminator_logits
from dcgan_tf.analysis.samples import Judgement, Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import ArgumentError
from dcgan_tf.judges.classifier import Predictions
from dcgan_tf.latents import sample_latents
from dcgan_tf.runs.run import Run

sample_arithmetic = importlib.import_module("dcgan_tf.analysis.arithmetic.by_sample")


class OnlyTheDiscriminator:
    """Judges in the place of the whole bench."""

    def __init__(self, subject: Subject) -> None:
        self.discriminator = subject.run.discriminator

    def judge(self, images: np.ndarray) -> Judgement:
        nothing = np.zeros(len(images), np.float32)
        return Judgement(discriminator_logits(self.discriminator, images), None, nothing, nothing)


def judged(predictions: Predictions | None) -> Samples:
    """Samples with logits 0 to 999, whose other marks are all alike."""
    alike = np.zeros(1000, np.float32)
    judgement = Judgement(np.arange(1000, dtype=np.float32), predictions, alike, alike)
    return Samples(None, np.zeros((1000, 2)), np.zeros((1000, 4, 4, 1), np.uint8), judgement, None)


def test_the_criteria_are_those_that_are_looked_at():
    with_classifier = judged(Predictions({}, {}, np.zeros((1000, 2)))).criteria
    without = judged(None).criteria
    assert "classifier's features" in with_classifier
    assert "classifier" not in without
    for said in (with_classifier, without):
        assert "99 % of ordinary samples" in said
        assert "detector of double exposures" in said


def test_ninety_nine_per_cent_of_ordinary_samples_are_realistic():
    some = judged(None)
    assert some.realistic(some.judgement).mean() == pytest.approx(0.99)


class Pictures:
    """A subject whose real images are soft discs, which 900 of 1,000 distances tell apart by at most 1."""

    real_images = np.stack(
        [
            np.uint8(128 + 100 * np.exp(-((np.mgrid[:8, :8] - 3.5) ** 2).sum(0) / width))[..., None]
            for width in np.linspace(4, 12, 200)
        ]
    )


def of_pictures(images: np.ndarray, distances: np.ndarray) -> Samples:
    """Samples with a classifier, and real images that are no farther than 1 from each other."""
    nothing = np.zeros(len(images), np.float32)
    judgement = Judgement(nothing, Predictions({}, {}, np.zeros((len(images), 2))), distances, nothing)
    return Samples(
        Pictures(), np.zeros((len(images), 2)), images, judgement, SimpleNamespace(between_real=1.0)
    )


@pytest.mark.parametrize(
    ("images", "distances", "near"),
    [
        (Pictures.real_images, np.linspace(0.1, 0.9, 200), 1.0),
        (Pictures.real_images, np.linspace(0.1, 1.9, 200), 0.5),
        (Pictures.real_images, np.full(200, 1.1), 0.0),  # as faces with a single eye: of the right form
        (np.full_like(Pictures.real_images, 128), np.zeros(200), 0.0),  # which a classifier may like
    ],
)
def test_ordinary_samples_are_a_measure_only_if_they_are_near_real_images(images, distances, near):
    some = of_pictures(images, distances)
    assert some.near_real == pytest.approx(near, abs=0.01)
    if near >= 0.5:
        assert (some.doubts, some.realistic_word) == ([], "realistic")
    else:
        assert some.realistic_word == "no worse than ordinary samples"
        assert some.doubts[0].startswith(
            "whether a picture is realistic cannot be told: only 0% of this run's ordinary samples are near"
        )


def test_real_images_are_as_near_to_each_other_as_all_but_one_in_a_hundred_are():
    """Points 1 apart on a line, and two that are alone."""
    points = np.concatenate([np.arange(398.0), [1000.0, 2000.0]])[:, None].astype(np.float32)
    assert samples.Judges(None, points, None).between_real == pytest.approx(1, abs=0.01)
    assert samples.Judges(None, None, None).between_real == np.inf


@pytest.fixture
def picked(trained, monkeypatch):
    """Return a function from terms to a finding; nothing but D judges."""
    monkeypatch.setattr(samples.Judges, "of", OnlyTheDiscriminator)
    monkeypatch.setattr(Subject, "has_classifier", False)
    return lambda *plus, **more: analysis.sample_arithmetic(
        Run.open(trained), plus=plus, num_images=20, **more
    )


def test_samples_that_are_no_pictures_do_not_make_nine_others_realistic(picked):
    finding = picked([0, 1], [3])
    assert "whether the nine results are realistic cannot be told" in finding.summary
    assert "only 0% of this run's ordinary samples are near real images" in finding.warnings[0]
    assert finding.protocol["near_real_images"] == "0.0% of the ordinary samples"


def test_only_the_samples_that_are_asked_for_are_drawn(picked, monkeypatch):
    def counted(num, *arguments, **more):
        assert num <= 64, "as many were drawn as lie before the last"
        return sample_latents(num, *arguments, **more)

    monkeypatch.setattr("dcgan_tf.runs.run.sample_latents", counted)
    assert "(3, 17, 999999999) − (2): " in picked([3, 17, 999_999_999], minus=[[2]]).summary


def test_samples_picked_by_number_are_those_of_the_grid(trained):
    run = Run.open(trained)
    latents, images = sample_arithmetic._numbered(run, [130, 0, 65, 130], seed=3)
    np.testing.assert_array_equal(latents, run.latents(131, seed=3)[[130, 0, 65, 130]])
    np.testing.assert_array_equal(images, run.sample(131, seed=3)[[130, 0, 65, 130]])


@pytest.mark.parametrize(
    ("plus", "said"),
    [
        ([[3, -1]], "is from 0 to 1,000,000,000, received -1"),
        ([[10**9 + 1]], "is from 0 to 1,000,000,000, received 1000000001"),
        ([list(range(301))], "at most 300 samples can be chosen, received 301"),
        ([[3], []], "expected numbers of samples"),
    ],
)
def test_numbers_of_samples_have_bounds(plus, said):
    with pytest.raises(ArgumentError, match=said):
        analysis.sample_arithmetic(None, plus=plus)


@pytest.mark.parametrize("wrong", [[[1.5]], [1, 2, 3], ["12"], "12", None, 3, [[True]], np.array([1, 2])])
def test_terms_that_are_no_lists_of_whole_numbers_are_refused(wrong):
    """1.5 was sample 1."""
    for terms in ({"plus": wrong}, {"plus": [[0]], "minus": wrong}):
        with pytest.raises(ArgumentError, match=r"(plus|minus) must be lists of whole numbers"):
            analysis.sample_arithmetic(None, **terms)


@pytest.mark.parametrize("plus", [np.array([[3, 17], [2, 5]]), [np.array([3, 17]), (2, 5)]])
def test_terms_may_be_arrays(picked, plus):
    assert picked(*plus, minus=[np.array([4])]).protocol["formula"] == "(3, 17) − (4) + (2, 5)"


def test_given_latents_may_be_lists(picked):
    assert picked([0, 1], latents=[[0.5] * 4, [-0.5] * 4]).protocol["numbers_of"] == "given latents"


def test_arithmetic_on_unlabelled_samples_names_no_classifier(trained, monkeypatch):
    monkeypatch.setattr(samples.Judges, "of", OnlyTheDiscriminator)
    monkeypatch.setattr(Subject, "has_classifier", False)
    finding = analysis.sample_arithmetic(Run.open(trained), plus=[[0, 1]], minus=[[2]], num_images=20)
    assert "classifier" not in finding.protocol["realistic"]
    (measure,) = finding.measures
    assert finding.protocol["realistic"] in measure.meaning
