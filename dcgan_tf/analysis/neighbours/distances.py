"""The distances of samples and of real images to the training images, from one search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.neighbours.closeness import (
    PIXELS,
    Neighbours,
    feature_space,
    neighbours_in_training,
    random_features,
)
from dcgan_tf.analysis.neighbours.control import HELD_OUT, TRAINING, Control, without_themselves
from dcgan_tf.analysis.neighbours.memorising import Comparison, compare_all
from dcgan_tf.analysis.subject import NUM_REAL, Subject
from dcgan_tf.errors import RunError
from dcgan_tf.images import evenly_spaced

_FEWEST_TRAINING = 4


@dataclass(frozen=True)
class Real:
    """The real images that samples are compared with.

    Attributes:
        images: uint8 [M, H, W, C].
        places: of each among the training images, int64 [M]; None for held-out images.
    """

    images: np.ndarray
    places: np.ndarray | None = None

    @staticmethod
    def of(subject: Subject, control: Control, most: int) -> Real:
        """Return up to so many held-out images, or up to 2,000 training images, evenly spaced.

        Of a run of one class, they are of that class.

        Raises:
            RunError: if there are no held-out images, or too few training images.
        """
        images = subject.held_out if control is HELD_OUT else subject.train
        rows = subject.rows_of_class(images)
        if control is HELD_OUT:
            return Real(np.asarray(images.images[rows[evenly_spaced(len(rows), most)]]))
        if len(rows) < _FEWEST_TRAINING:
            raise RunError(
                f"{len(rows)} training images are too few to compare with each other; "
                f"at least {_FEWEST_TRAINING} are needed"
            )
        places = rows[evenly_spaced(len(rows), NUM_REAL)]
        return Real(np.asarray(subject.train.images[places]), places)


@dataclass(frozen=True)
class Distances:
    """The nearest training images of samples and of held-out images in each space.

    Attributes:
        samples: {space: neighbours of the samples}.
        held_out: {space: neighbours of held-out images that are not training images themselves}.
        copies: held-out images that were left out because they equal a training image or its mirror image.
        control: which images stand in `held_out`; training images are searched among the others.
        space: the name of the features.
    """

    samples: Mapping[str, Neighbours]
    held_out: Mapping[str, Neighbours]
    copies: int
    control: Control
    space: str

    @staticmethod
    def measure(subject: Subject, images: np.ndarray, real: Real) -> Distances:
        """Search the training images once, for samples and real images together, uint8 [N, H, W, C].

        Raises:
            RunError: if fewer than two of the real images are different from all (other) training images.
        """
        held_out, rows = real.images, slice(len(images), None)
        space, features = (feature_space if real.places is None else random_features)(subject)
        found = neighbours_in_training(np.concatenate([images, held_out]), subject.train.images, features)
        others = {name: of.of(rows) for name, of in found.items()}
        if real.places is not None:
            others = {name: without_themselves(of, real.places) for name, of in others.items()}
        own = np.flatnonzero(others[PIXELS].distances[:, 0] > 0)
        if len(own) < 2:
            raise RunError(_no_others(len(held_out) - len(own), len(held_out), real))
        return Distances(
            {name: of.of(slice(len(images))) for name, of in found.items()},
            {name: of.of(own) for name, of in others.items()},
            len(held_out) - len(own),
            HELD_OUT if real.places is None else TRAINING,
            space,
        )

    @property
    def num_held_out(self) -> int:
        """The number of held-out images that samples are compared with."""
        return len(self.held_out[PIXELS].indices)

    def halves(self) -> dict[str, Comparison]:
        """Compare every second held-out image with the others, which shows the result without memorising."""
        return compare_all(
            {space: found.of(slice(0, None, 2)) for space, found in self.held_out.items()},
            {space: found.of(slice(1, None, 2)) for space, found in self.held_out.items()},
        )


def _no_others(copies: int, count: int, real: Real) -> str:
    if real.places is not None:
        return (
            f"{copies} of {count} training images are copies of others; at least 2 different ones are needed"
        )
    return (
        f"{copies} of {count} held-out images looked at are training "
        "images too, and at least 2 others are needed to compare with; hold out more images, and "
        "make sure that no image is in both splits"
    )
