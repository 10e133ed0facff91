"""What counts as realistic, and that it is told as it is."""

from __future__ import annotations

import numpy as np
import pytest

from dcgan_tf import analysis
from dcgan_tf.analysis import samples
from dcgan_tf.analysis.features import discriminator_logits
from dcgan_tf.analysis.samples import Look, Samples
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.classifier import Reading
from dcgan_tf.runs.load import Run


class OnlyTheDiscriminator:
    """Judges in the place of the whole bench."""

    def __init__(self, subject: Subject) -> None:
        self.discriminator = subject.run.discriminator

    def look_at(self, images: np.ndarray) -> Look:
        nothing = np.zeros(len(images), np.float32)
        return Look(discriminator_logits(self.discriminator, images), None, nothing, nothing)


def judged(reading: Reading | None) -> Samples:
    """Samples with logits 0 to 999, whose other marks are all alike."""
    alike = np.zeros(1000, np.float32)
    look = Look(np.arange(1000, dtype=np.float32), reading, alike, alike)
    return Samples(None, np.zeros((1000, 2)), np.zeros((1000, 4, 4, 1), np.uint8), look, None)


def test_the_criteria_are_those_that_are_looked_at():
    with_classifier = judged(Reading({}, {}, np.zeros((1000, 2)))).criteria
    without = judged(None).criteria
    assert "classifier's features" in with_classifier
    assert "classifier" not in without
    for said in (with_classifier, without):
        assert "99 % of ordinary samples" in said
        assert "detector of double exposures" in said


def test_ninety_nine_per_cent_of_ordinary_samples_are_realistic():
    some = judged(None)
    assert some.realistic(some.look).mean() == pytest.approx(0.99)


def test_arithmetic_on_unlabelled_samples_names_no_classifier(trained, monkeypatch):
    monkeypatch.setattr(samples.Judges, "of", OnlyTheDiscriminator)
    monkeypatch.setattr(Subject, "has_classifier", False)
    finding = analysis.sample_arithmetic(Run.open(trained), plus=[[0, 1]], minus=[[2]], num_images=20)
    assert "classifier" not in finding.protocol["realistic"]
    (measure,) = finding.measures
    assert finding.protocol["realistic"] in measure.meaning
