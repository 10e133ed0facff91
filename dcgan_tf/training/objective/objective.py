"""The objective: what the two networks minimise, and how D sees an image. It is made from the settings.

A new loss is an `AdversarialLoss` in `losses.LOSSES`, and its name in `config/settings.py`. A new penalty or
augmentation is one function, and one line below. The step itself does not change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from dcgan_tf.config import TrainingConfig
from dcgan_tf.training.augmentations.diffaugment import diffaugment
from dcgan_tf.training.augmentations.instance_noise import add_instance_noise
from dcgan_tf.training.augmentations.random_key import RandomKey
from dcgan_tf.training.objective.losses import LOSSES, AdversarialLoss
from dcgan_tf.training.objective.penalties import Penalty, r1, r2

Augmentation = Callable[[tf.Tensor, RandomKey], tf.Tensor]
"""From images, float [n, H, W, C] in [-1, 1], to what D sees of them, of the same shape; differentiable."""


@dataclass(frozen=True)
class Objective:
    """The losses, penalties and augmentations of a train step.

    Attributes:
        loss: the losses of D and of G.
        penalties: terms that are added to D's loss.
        augmentations: functions applied one after another to all images that D sees, real and fake.
    """

    loss: AdversarialLoss
    penalties: tuple[Penalty, ...] = ()
    augmentations: tuple[Augmentation, ...] = ()


def objective_of(settings: TrainingConfig) -> Objective:
    """Return the objective that these settings describe."""
    penalties: list[Penalty] = []
    if settings.r1_gamma:
        penalties.append(r1(settings.r1_gamma))
    if settings.r2_gamma:
        penalties.append(r2(settings.r2_gamma))
    augmentations: list[Augmentation] = []
    if settings.diffaugment:
        augmentations.append(functools.partial(diffaugment, probability=settings.diffaugment))
    if settings.instance_noise:
        augmentations.append(functools.partial(add_instance_noise, stddev=settings.instance_noise))
    return Objective(
        loss=LOSSES[settings.loss](label_smoothing=settings.label_smoothing),
        penalties=tuple(penalties),
        augmentations=tuple(augmentations),
    )
