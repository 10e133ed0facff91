"""Many samples of a run with their judgements, and the range in which a picture counts as realistic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import keras
import numpy as np

from dcgan_tf.analysis.concepts import Concept
from dcgan_tf.analysis.features import discriminator_logits
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.errors import RunError
from dcgan_tf.judges import Predictions, double_exposure_scores, trained_detector
from dcgan_tf.latents import typical_norm, with_typical_norm
from dcgan_tf.metrics import LEAST_OF_PICTURES, nearest, share_with_form

EXEMPLARS_PERCENT = 25.0
"""The share of the well-drawn samples of a concept that are its exemplars."""
NEIGHBOURS = 8
NEIGHBOUR_DISTANCE = 0.5
"""The standard deviation of the differences of close neighbours, in that of the latents."""
EXTREME_PERCENT = 1.0
"""The share of ordinary samples at the worse end of each criterion that do not count as realistic."""


NEAR_REAL_PERCENT, LEAST_NEAR_REAL = 99.0, 0.5
"""A sample is near real images if it is no farther from one than 99 % of real images are from another.

If fewer than half are, ordinary samples are no measure of realism.
"""

_WITH_CLASSIFIER = (
    "like 99 % of ordinary samples in the discriminator's logit, in the distance to real images in the "
    "classifier's features, and in the logit of a detector of double exposures"
)
_WITHOUT_CLASSIFIER = "like 99 % of ordinary samples in the logits of D and of a detector of double exposures"


@dataclass(frozen=True)
class Judgement:
    """The judgements of N images.

    Attributes:
        logits: D's, float32 [N].
        predictions: the classifier's, or None without one.
        distances: to the nearest real image in the classifier's features, float32 [N]; 0 without one.
        singleness: logits that they are single pictures and no double exposures, float32 [N].
    """

    logits: np.ndarray
    predictions: Predictions | None
    distances: np.ndarray
    singleness: np.ndarray

    @property
    def margins(self) -> dict[str, np.ndarray]:
        """The margins of what the images show, by the classifier."""
        return self.predictions.margins if self.predictions else {}


@dataclass(frozen=True)
class Judges:
    """The networks that judge pictures.

    Attributes:
        subject: gives the discriminator and, if its images are labelled, the classifier.
        reference: features of real images, [M, D], or None without a classifier.
        detector: the detector of double exposures.
    """

    subject: Subject
    reference: np.ndarray | None
    detector: keras.Model

    @staticmethod
    def of(subject: Subject) -> Judges:
        """Return a run's judges; train those that are not in the cache."""
        reference = None
        if subject.has_classifier:
            reference = subject.classifier.predict(subject.real_images).features
        return Judges(subject, reference, trained_detector(subject.run, subject.train))

    @cached_property
    def between_real(self) -> float:
        """The distance from a real image to the nearest other one that 99 % of them do not exceed.

        Infinite without a classifier.
        """
        if self.reference is None:
            return math.inf
        distances, _ = nearest(self.reference, self.reference, k=2)  # the nearest is the image itself
        return float(np.percentile(distances[:, 1], NEAR_REAL_PERCENT))

    def judge(self, images: np.ndarray) -> Judgement:
        """Judge images, uint8 [N, H, W, C]."""
        logits = discriminator_logits(self.subject.run.discriminator, images)
        singleness = double_exposure_scores(self.detector, images)
        if self.reference is None:
            return Judgement(logits, None, np.zeros(len(images), np.float32), singleness)
        predictions = self.subject.classifier.predict(images)
        distances, _ = nearest(predictions.features, self.reference)
        return Judgement(logits, predictions, distances[:, 0], singleness)


@dataclass(frozen=True)
class Samples:
    """Ordinary samples of a run, with their judgements.

    A picture is realistic if it is as realistic as an ordinary sample: D's logit is not below the samples'
    1st percentile, its distance to the nearest real image, in the classifier's features, not above their
    99th, and it is no more like a double exposure than 99 % of them.

    Attributes:
        subject: the run that drew them.
        latents: float32 [N, latent_dim].
        images: uint8 [N, H, W, C].
        judgement: their judgements.
        judges: the networks that judged them.
    """

    subject: Subject
    latents: np.ndarray
    images: np.ndarray
    judgement: Judgement
    judges: Judges

    @staticmethod
    def draw(subject: Subject, num_images: int, *, seed: int) -> Samples:
        """Draw samples and judge them; image i is that of `run.sample(..., seed=seed)`."""
        latents = subject.run.latents(num_images, seed=seed)
        images = subject.run.generate(latents)
        judges = Judges.of(subject)
        return Samples(subject, latents, images, judges.judge(images), judges)

    def judge(self, images: np.ndarray) -> Judgement:
        """Judge other images, uint8 [N, H, W, C], with the same judges."""
        return self.judges.judge(images)

    @property
    def criteria(self) -> str:
        """The criteria of `realistic` in words; distances to real images need a classifier."""
        return _WITHOUT_CLASSIFIER if self.judgement.predictions is None else _WITH_CLASSIFIER

    def realistic(self, judgement: Judgement) -> np.ndarray:
        """Return whether each judged image is as realistic as ordinary samples, bool [N]."""
        lowest = np.percentile(self.judgement.logits, EXTREME_PERCENT)
        farthest = np.percentile(self.judgement.distances, 100 - EXTREME_PERCENT)
        least_single = np.percentile(self.judgement.singleness, EXTREME_PERCENT)
        return np.asarray(
            (judgement.logits >= lowest)
            & (judgement.distances <= farthest)
            & (judgement.singleness >= least_single)
        )

    @cached_property
    def near_real(self) -> float:
        """The share of these samples that are near real images; 0 if most are no pictures.

        Near means no farther from a real image, in the classifier's features, than 99 % of real images are
        from another. Those features alone may put noise among real images, so enough samples must also have
        the form of real ones.
        """
        if share_with_form(self.images, self.subject.real_images) < LEAST_OF_PICTURES:
            return 0.0
        if self.judgement.predictions is None:
            return 1.0
        return float(np.mean(self.judgement.distances <= self.judges.between_real))

    @property
    def realistic_word(self) -> str:
        """The word for pictures as realistic as these samples: "realistic", or a weaker one."""
        return "realistic" if self.near_real >= LEAST_NEAR_REAL else "no worse than ordinary samples"

    @property
    def doubts(self) -> list[str]:
        """A sentence if these samples are too bad to measure realism by them; else none."""
        if self.near_real >= LEAST_NEAR_REAL:
            return []
        return [
            f"whether a picture is realistic cannot be told: only {self.near_real:.0%} of this run's "
            f"ordinary samples are near real images (at least {LEAST_NEAR_REAL:.0%} are needed), so "
            "pictures are only compared with these; train the run for longer"
        ]

    def chance(self, concept: Concept) -> float:
        """Return the share of these samples that show a concept and are realistic, as a control."""
        return float(np.mean((concept.clarity(self.judgement.margins) > 0) & self.realistic(self.judgement)))

    @property
    def well_drawn(self) -> np.ndarray:
        """Whether each sample is well drawn, so that one would pick it by hand, bool [N].

        Well-drawn samples have a better logit of D, and a better distance to real images, than half of all.
        """
        judgement = self.judgement
        return np.asarray(
            (judgement.logits >= np.median(judgement.logits))
            & (judgement.distances <= np.median(judgement.distances))
        )

    @cached_property
    def _margins_around(self) -> dict[str, np.ndarray]:
        """The margins of 8 close neighbours of each well-drawn sample, {name: float32 [n, 8]}."""
        run, rng = self.subject.run, np.random.default_rng(0)
        latents = self.latents[self.well_drawn]
        scale = NEIGHBOUR_DISTANCE * typical_norm(run.config.model) / math.sqrt(latents.shape[1])
        predicted = []
        for _ in range(NEIGHBOURS):
            steps = rng.standard_normal(latents.shape).astype(np.float32)
            near = with_typical_norm(latents + scale * steps, run.config.model)
            predicted.append(self.subject.classifier.predict(run.generate(near)).margins)
        return {name: np.stack([margins[name] for margins in predicted], axis=1) for name in predicted[0]}

    def exemplars(self, concept: Concept, *, at_least: int) -> np.ndarray:
        """Return well-drawn samples that show a concept, and around which others show it too.

        They are the quarter of the well-drawn samples of the concept whose close neighbours in latent space
        have the largest mean margins. A border case may have a picture as clear, but loses the concept as
        soon as something is added to its latent.

        Args:
            concept: the concept that they must show.
            at_least: number that is needed.

        Returns:
            int64 indices, ascending.

        Raises:
            RunError: if there are fewer; it says how many there are.
        """
        shown = concept.clarity(self.judgement.margins) > 0
        found = np.flatnonzero(shown & self.well_drawn)
        if len(found):
            around = concept.clarity(self._margins_around).mean(axis=1)[shown[self.well_drawn]]
            found = found[around >= np.percentile(around, 100 - EXEMPLARS_PERCENT)]
        if len(found) < at_least:
            raise RunError(
                f"{len(found)} of {len(self.images):,} samples are good exemplars of {concept.name!r} "
                f"({np.count_nonzero(shown):,} show it at all), and {at_least} are needed; raise "
                "--num-images, or train the run for longer"
            )
        return found
