"""What to try when something goes wrong: each remedy is a text that fits the run's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from dcgan_tf.config import LOSSES_OF_PROBABILITIES, Config
from dcgan_tf.training.state import learning_rates

SLOW = 2e-5
"""A learning rate below this, a tenth of the paper's, lets G stand still."""


@dataclass(frozen=True)
class Remedy:
    """Something to try.

    Attributes:
        text: completes "Try …"; or returns what does, from the settings.
        helps: whether the settings allow it, and do not have it yet.
    """

    text: str | Callable[[Config], str]
    helps: Callable[[Config], bool] = lambda config: True


def advice(remedies: Iterable[Remedy], config: Config) -> str:
    """Return what to try with these settings, as a sentence."""
    helping = [remedy.text for remedy in remedies if remedy.helps(config)]
    tried = [text if isinstance(text, str) else text(config) for text in helping]
    listed = ", or ".join(filter(None, [", ".join(tried[:-1]), tried[-1]]))
    return f"Try {listed}. Take another --run-dir for it."


def _is_convolutional(config: Config) -> bool:
    return config.model.architecture == "dcgan"


def _is_auto(config: Config) -> bool:
    return config.model.discriminator_bias and config.training.ema_calibration


def _has_slower_d(config: Config) -> bool:
    of_generator, of_discriminator = learning_rates(config.training)
    return of_discriminator < of_generator


def _has_faster_d(config: Config) -> bool:
    of_generator, of_discriminator = learning_rates(config.training)
    return of_discriminator > of_generator >= SLOW


def _rates_times(share: float) -> Callable[[Config], str]:
    """Return a text on both networks' learning rates times a share."""

    def text(config: Config) -> str:
        of_generator, of_discriminator = learning_rates(config.training)
        rate = f"a --learning-rate of {share * of_generator:.3g}"
        if config.training.discriminator_learning_rate is None:
            return rate
        return f"{rate} with a --discriminator-learning-rate of {share * of_discriminator:.3g}"

    return text


def _rate_of_d_times(share: float) -> Callable[[Config], str]:
    """Return a text on D's learning rate times a share."""
    return lambda config: (
        f"a --discriminator-learning-rate of {share * learning_rates(config.training)[1]:.3g}"
    )


OTHER_PICTURES = Remedy("--data with other pictures (dcgan-tf inspect-data shows what is there)")
MORE_PICTURES = Remedy("more pictures")
SHORTER = Remedy("a shorter run")

_SAME_RATE = "no --discriminator-learning-rate, so that D has that of G"
HALF_THE_RATES = Remedy(_rates_times(0.5))
TENTH_OF_THE_RATES = Remedy(_rates_times(0.1))
USUAL_RATE = Remedy(
    "a --learning-rate of 2e-4 for both networks", lambda config: config.training.learning_rate < SLOW
)
D_NOT_FASTER = Remedy(_SAME_RATE, _has_faster_d)
D_NOT_SLOWER = Remedy(_SAME_RATE, _has_slower_d)
SLOWER_D = Remedy(_rate_of_d_times(0.5))
FASTER_D = Remedy(_rate_of_d_times(2), lambda config: not _has_slower_d(config))
MORE_STEPS_OF_D = Remedy("--discriminator-steps 2", lambda config: config.training.discriminator_steps < 2)
ANNEAL = Remedy("--anneal 0.3", lambda config: not (config.training.anneal or config.training.instance_noise))
"""Not with noise: `auto` takes noise and constant rates for digits, where D gets ahead when rates fall."""

SMOOTH = Remedy(
    "--label-smoothing 0.1",
    lambda config: config.training.loss in LOSSES_OF_PROBABILITIES and not config.training.label_smoothing,
)
NON_SATURATING = Remedy("--loss non_saturating", lambda config: config.training.loss != "non_saturating")
FLOAT32 = Remedy("--precision float32", lambda config: config.training.precision != "float32")

AUGMENT = Remedy("--diffaugment 1 (for few pictures)", lambda config: config.training.diffaugment < 1)
NOISE = Remedy("--instance-noise 0.1", lambda config: not config.training.instance_noise)
NO_NOISE = Remedy("--instance-noise 0", lambda config: config.training.instance_noise > 0)

SAME_AUGMENTATION = Remedy("in code of your own, the same augmentations of training images and of samples")
RIGHT_LABELS = Remedy(
    "in code of your own, a loss of D that takes training images for real and samples for fake: "
    "they are swapped"
)

CONVOLUTIONS = Remedy("--architecture dcgan", lambda config: not _is_convolutional(config))
AUTO = Remedy("--preset auto", lambda config: _is_convolutional(config) and not _is_auto(config))
BIAS_IN_D = Remedy(
    "--discriminator-bias, which lets D see how pale they are",
    lambda config: _is_convolutional(config) and not config.model.discriminator_bias,
)

AFTER_NOT_FINITE = (HALF_THE_RATES, FLOAT32, NON_SATURATING, SMOOTH)
"""What to try after a loss or a weight was no longer a finite number."""
