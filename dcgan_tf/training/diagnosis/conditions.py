"""What can go wrong in training, by name. Each condition is a test of the course of a run.

`docs/stability.md` shows the runs from which the limits were chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dcgan_tf.config import LOSSES_OF_PROBABILITIES, Config
from dcgan_tf.training.diagnosis.course import LONG_WINDOW, Course
from dcgan_tf.training.diagnosis.looks import LEAST_SPREAD

BOTH = GENERATOR, DISCRIMINATOR = "generator", "discriminator"
PALE = 0.5
"""The contrast up to which samples are too pale to show anything, as a share of that of training images."""
SLOW = 2e-5
"""A learning rate below this, a tenth of the paper's, lets G stand still."""


@dataclass(frozen=True)
class Remedy:
    """Something to try.

    Attributes:
        text: completes "Try …".
        helps: whether the settings allow it, and do not have it yet.
    """

    text: str
    helps: Callable[[Config], bool] = lambda config: True


@dataclass(frozen=True)
class Condition:
    """Something that goes wrong.

    Attributes:
        name: as it stands in diagnosis.jsonl.
        title: the same in words.
        holds: whether it is so at the end of a course, with these settings.
        seen: returns what was seen, as a sentence with the numbers.
        remedies: what to try.
        slower: the networks that get half the learning rate after a rollback.
    """

    name: str
    title: str
    holds: Callable[[Course, Config], bool]
    seen: Callable[[Course], str]
    remedies: tuple[Remedy, ...]
    slower: tuple[str, ...] = BOTH

    def advice(self, config: Config) -> str:
        """Return what to try with these settings, as a sentence."""
        tried = [remedy.text for remedy in self.remedies if remedy.helps(config)]
        listed = ", or ".join(filter(None, [", ".join(tried[:-1]), tried[-1]]))
        return f"Try {listed}. Take another --run-dir for it."


def diagnosis(course: Course, config: Config) -> Condition | None:
    """Return what is wrong at the end of a course: the first condition of the tables that holds, or None.

    Those after it are often its consequences: where D wins, samples become alike.

    Args:
        course: of the run.
        config: its settings.
    """
    holding = (condition for condition in (*OF_DATA, *OF_NETWORKS) if condition.holds(course, config))
    return next(holding, None)


def _equal_images(course: Course, config: Config) -> bool:
    return course.level("data_diversity") < LEAST_SPREAD


def _noise(course: Course, config: Config) -> bool:
    return course.level("data_structure") < 0.1


def _memorises(course: Course, config: Config) -> bool:
    return course.level("memorisation") >= 0.8


def _vanishing_gradient(course: Course, config: Config) -> bool:
    return config.training.loss == "minimax" and _is_certain(course)


def _discriminator_wins(course: Course, config: Config) -> bool:
    return _is_certain(course) or (config.training.loss == "non_saturating" and _draws_nothing(course))


def _is_certain(course: Course) -> bool:
    """Return whether D takes nearly no image for the other kind."""
    return course.level("discriminator_accuracy") >= 0.985 and course.level("fake_probability") <= 0.05


def _draws_nothing(course: Course) -> bool:
    """Return whether D is decided against all samples, and they are alike and pale, and stay so."""
    contrast = course.values("sample_contrast", LONG_WINDOW)
    if len(contrast) < 2 or course.level("generator_loss") < 1.5:
        return False
    half = len(contrast) // 2
    becoming_stronger = contrast[half:].mean() > contrast[:half].mean() + 0.06
    pale = course.highest("sample_contrast") <= PALE and course.highest("sample_diversity") <= 0.3
    return bool(pale and not becoming_stronger)


def _generator_wins(course: Course, config: Config) -> bool:
    return course.level("fake_probability") >= 0.6 and course.level("discriminator_accuracy") <= 0.5


def _mode_collapse(course: Course, config: Config) -> bool:
    diversity = course.values("sample_diversity", LONG_WINDOW)
    contrast = course.values("sample_contrast", LONG_WINDOW)
    alike = len(diversity) > 0 and diversity.max() <= 0.3 and contrast.min() > PALE
    lost = course.level("sample_diversity") <= 0.5 * min(course.highest("sample_diversity"), 1.0)
    return bool(alike or (len(diversity) > 0 and lost and course.level("sample_contrast") > PALE))


def _oscillation(course: Course, config: Config) -> bool:
    return course.level("sample_change", LONG_WINDOW) >= 0.68


def _fade(course: Course, config: Config) -> bool:
    highest = min(course.highest("sample_contrast"), 1.0)
    return highest >= 0.8 and course.level("sample_contrast") <= 0.6 * highest


def _worsens(course: Course, config: Config) -> bool:
    return course.recent_distance >= 1.5 * course.lowest_distance + 0.05


def _smooths(config: Config) -> bool:
    return config.training.loss in LOSSES_OF_PROBABILITIES and not config.training.label_smoothing


def _is_convolutional(config: Config) -> bool:
    return config.model.architecture == "dcgan"


def _is_slower(config: Config) -> bool:
    of_discriminator = config.training.discriminator_learning_rate
    return of_discriminator is not None and of_discriminator < config.training.learning_rate


_AUGMENT = Remedy("--diffaugment 1 (for few pictures)", lambda config: config.training.diffaugment < 1)
_ANNEAL = Remedy("--anneal 0.3", lambda config: not config.training.anneal)
_HALF_RATE = Remedy("half the --learning-rate")
_PICTURES = Remedy("--data with other pictures (dcgan-tf inspect-data shows what is there)")
_SLOWER_D = Remedy("a --discriminator-learning-rate of half the --learning-rate")

OF_DATA: tuple[Condition, ...] = (
    Condition(
        "equal_images",
        "equal images",
        _equal_images,
        lambda course: "The training images are all the same, so there is nothing to learn but one picture.",
        (_PICTURES,),
    ),
    Condition(
        "noise",
        "noise",
        _noise,
        lambda course: (
            "The training images are noise: neighbouring pixels have a correlation of "
            f"{course.level('data_structure'):.2f}, and about 0.9 in photographs."
        ),
        (_PICTURES,),
    ),
)
"""What is wrong with the training images."""
OF_NETWORKS: tuple[Condition, ...] = (
    Condition(
        "discriminator_memorises",
        "D memorises",
        _memorises,
        lambda course: (
            f"D prefers a training image to one that it has not seen {course.level('memorisation'):.0%} of "
            "the time (50% is chance), so it knows the pictures by heart, or the others are of another kind."
        ),
        (_AUGMENT, Remedy("more pictures"), Remedy("a shorter run")),
        (DISCRIMINATOR,),
    ),
    Condition(
        "vanishing_gradient",
        "vanishing gradient",
        _vanishing_gradient,
        lambda course: (
            f"D finds samples real with a probability of {course.level('fake_probability'):.3f}, and the "
            "gradient of the minimax loss is proportional to it, so G learns next to nothing."
        ),
        (
            Remedy("--loss non_saturating", lambda config: config.training.loss != "non_saturating"),
            _SLOWER_D,
        ),
        (DISCRIMINATOR,),
    ),
    Condition(
        "discriminator_wins",
        "D wins",
        _discriminator_wins,
        lambda course: (
            f"D is right about {course.level('discriminator_accuracy'):.1%} of the images, and finds samples "
            f"real with a probability of {course.level('fake_probability'):.3f}, so G learns little from it."
        ),
        (
            Remedy(
                "a --learning-rate of 2e-4 for both networks",
                lambda config: config.training.learning_rate < SLOW,
            ),
            Remedy("--label-smoothing 0.1", _smooths),
            _SLOWER_D,
            Remedy("--instance-noise 0.1", lambda config: not config.training.instance_noise),
            _AUGMENT,
        ),
        (DISCRIMINATOR,),
    ),
    Condition(
        "generator_wins",
        "G wins",
        _generator_wins,
        lambda course: (
            f"The probability that D finds a sample real is {course.level('fake_probability'):.2f}, and of a "
            f"training image {course.level('real_probability'):.2f}, so it leads G nowhere."
        ),
        (
            Remedy("no --discriminator-learning-rate, so that D has that of G", _is_slower),
            Remedy(
                "a --discriminator-learning-rate of twice the --learning-rate",
                lambda config: not _is_slower(config),
            ),
            Remedy("--discriminator-steps 2", lambda config: config.training.discriminator_steps < 2),
            Remedy("no --instance-noise", lambda config: config.training.instance_noise > 0),
        ),
        (GENERATOR,),
    ),
    Condition(
        "mode_collapse",
        "mode collapse",
        _mode_collapse,
        lambda course: (
            f"The samples differ from each other by {course.level('sample_diversity'):.0%} of what training "
            f"images do (at most it was {course.highest('sample_diversity'):.0%})."
        ),
        (
            Remedy("--architecture dcgan", lambda config: not _is_convolutional(config)),
            _HALF_RATE,
            _AUGMENT,
            Remedy("--preset auto", _is_convolutional),
        ),
    ),
    Condition(
        "oscillation",
        "oscillation",
        _oscillation,
        lambda course: (
            f"In 50 steps the samples change by {course.level('sample_change', LONG_WINDOW):.0%} of what two "
            "training images differ, so nothing that G learns stays."
        ),
        (Remedy("a tenth of the --learning-rate"), _ANNEAL),
    ),
    Condition(
        "samples_fade",
        "samples fade",
        _fade,
        lambda course: (
            f"The contrast of the samples has fallen to {course.level('sample_contrast'):.0%} of that of "
            "training images."
        ),
        (
            Remedy(
                "--discriminator-bias, which lets D see how pale they are",
                lambda config: _is_convolutional(config) and not config.model.discriminator_bias,
            ),
            _HALF_RATE,
        ),
    ),
    Condition(
        "samples_worsen",
        "samples worsen",
        _worsens,
        lambda course: (
            f"The last two distances to training images are {course.recent_distance:.2f} or more, and the "
            f"lowest was {course.lowest_distance:.2f}, whose checkpoint is kept as the best."
        ),
        (_ANNEAL, _HALF_RATE),
    ),
)
"""What is wrong with the networks, causes before their consequences."""
