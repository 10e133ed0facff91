"""What the distances of samples are compared with: held-out images, or the training images themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dcgan_tf.analysis.neighbours.closeness import Neighbours
from dcgan_tf.errors import ArgumentError


@dataclass(frozen=True)
class Control:
    """Real images whose distances to the training images show how near an image is that is no copy.

    Attributes:
        name: their name in figures and tables.
        are: their name with the verb, for sentences.
        one: one of them.
        copies: what is said of those that are left out, before "or its mirror".
        sharing: how many of their distances may be one and the same number. Two training images are often
            each other's nearest ones.
        advice: what to do if there are too few.
    """

    name: str
    are: str
    one: str
    copies: str
    sharing: int
    advice: str


HELD_OUT = Control(
    "held-out images",
    "held-out images are",
    "held-out image",
    "held-out images equal a training image",
    1,
    "hold out 200 images or more (or compare with --control training), and draw 1,000 samples (--num-images)",
)
TRAINING = Control(
    "training images to each other",
    "training images are to each other",
    "training image to its nearest other one",
    "training images equal another one",
    2,
    "this takes 200 training images or more, and 1,000 samples (--num-images)",
)
CONTROLS = {"held_out": HELD_OUT, "training": TRAINING}


def control_of(name: str) -> Control:
    """Return the control of that name.

    Raises:
        ArgumentError: if there is none.
    """
    if not isinstance(name, str) or name not in CONTROLS:
        raise ArgumentError(f"control must be one of {', '.join(CONTROLS)}, received {name!r}")
    return CONTROLS[name]


def without_themselves(found: Neighbours, own: np.ndarray) -> Neighbours:
    """Return the neighbours of training images among the others: each is left out of its own search.

    Which pictures are left out does not depend on how near they are, so these distances are distributed like
    those of an image that was never trained on (leave-one-out), if the features were not trained on them.

    Args:
        found: neighbours of N training images among all of them, arrays [N, k].
        own: the index of each among all, int64 [N].

    Returns:
        Arrays [N, k - 1].
    """
    is_own = found.indices == own[:, None]
    missing = ~is_own.any(axis=1)  # copies of an image took all places
    is_own[missing, -1] = True
    kept = np.stack([np.flatnonzero(~row) for row in is_own])
    return Neighbours(
        np.take_along_axis(found.distances, kept, axis=1),
        np.take_along_axis(found.indices, kept, axis=1),
        np.take_along_axis(found.mirrored, kept, axis=1),
    )
