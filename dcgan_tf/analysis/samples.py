"""Many samples of a run with what is seen in them, and the range in which a picture counts as realistic."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.concepts import Concept
from dcgan_tf.analysis.features import discriminator_logits
from dcgan_tf.analysis.subject import Subject
from dcgan_tf.classifier import Reading
from dcgan_tf.nearest import nearest
from dcgan_tf.runs.paths import RunError

EXTREME_PERCENT = 1.0
"""Share of the ordinary samples, at either criterion's worse end, that do not count as realistic."""


@dataclass(frozen=True)
class Look:
    """What the judges make of N images.

    Attributes:
        logits: D's, float32 [N].
        reading: the classifier's, or None without one.
        distances: to the nearest real image in the classifier's features, float32 [N]; 0 without one.
    """

    logits: np.ndarray
    reading: Reading | None
    distances: np.ndarray

    @property
    def margins(self) -> dict[str, np.ndarray]:
        """What the images show, as the classifier says."""
        return self.reading.margins if self.reading else {}


@dataclass(frozen=True)
class Samples:
    """Ordinary samples of a run, and the judges that have looked at them.

    A picture is realistic if it is as realistic as an ordinary sample: D's logit is not below the samples'
    1st percentile, and its distance to the nearest real image, in the classifier's features, not above their
    99th. Blurred double exposures, which a classifier accepts, fail at the first.

    Attributes:
        subject: whose samples they are.
        latents: float32 [N, latent_dim].
        images: uint8 [N, H, W, C].
        look: what the judges make of them.
        reference: features of real images, [M, D], or None without a classifier.
    """

    subject: Subject
    latents: np.ndarray
    images: np.ndarray
    look: Look
    reference: np.ndarray | None

    @staticmethod
    def draw(subject: Subject, num_images: int, *, seed: int) -> Samples:
        """Draw samples and look at them: image i is that of `run.sample(..., seed=seed)`."""
        latents = subject.run.latents(num_images, seed=seed)
        images = subject.run.generate(latents)
        reference = None
        if subject.has_classifier:
            reference = subject.classifier.read(subject.real_images).features
        return Samples(subject, latents, images, look_at(subject, images, reference), reference)

    def look_at(self, images: np.ndarray) -> Look:
        """Have the same judges look at other images, uint8 [N, H, W, C]."""
        return look_at(self.subject, images, self.reference)

    def realistic(self, look: Look) -> np.ndarray:
        """Return which of the images that were looked at are as realistic as ordinary samples, bool [N]."""
        lowest = np.percentile(self.look.logits, EXTREME_PERCENT)
        farthest = np.percentile(self.look.distances, 100 - EXTREME_PERCENT)
        return np.asarray((look.logits >= lowest) & (look.distances <= farthest))

    def exemplars(self, concept: Concept, *, at_least: int) -> np.ndarray:
        """Return the samples that show a concept clearly and are well drawn: those one would pick by hand.

        Clearly: among those that show it, not in the lowest quarter of the classifier's margins. Well drawn:
        both criteria of realism are no worse than those of half of all samples.

        Args:
            concept: what they must show.
            at_least: how many are needed.

        Returns:
            int64 indices, ascending.

        Raises:
            RunError: if there are fewer; says how many there were.
        """
        clarity = concept.clarity(self.look.margins)
        shown = clarity > 0
        good = (self.look.logits >= np.median(self.look.logits)) & (
            self.look.distances <= np.median(self.look.distances)
        )
        clear = clarity >= np.percentile(clarity[shown], 25) if shown.any() else shown
        found = np.flatnonzero(shown & clear & good)
        if len(found) < at_least:
            raise RunError(
                f"{len(found)} of {len(self.images):,} samples show {concept.name!r} clearly and well drawn "
                f"({np.count_nonzero(shown):,} show it at all), and {at_least} are needed; raise "
                "--num-images, or train the run for longer"
            )
        return found


def look_at(subject: Subject, images: np.ndarray, reference: np.ndarray | None) -> Look:
    """Have D and, with a reference, the classifier look at images, uint8 [N, H, W, C]."""
    logits = discriminator_logits(subject.run.discriminator, images)
    if reference is None:
        return Look(logits, None, np.zeros(len(images), np.float32))
    reading = subject.classifier.read(images)
    distances, _ = nearest(reading.features, reference)
    return Look(logits, reading, distances[:, 0])
