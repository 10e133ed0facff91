"""What can go wrong in training, by name. Each condition is a test of the course of a run.

`docs/stability.md` shows the runs from which the limits were chosen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dcgan_tf.config import Config
from dcgan_tf.training.diagnosis import remedies
from dcgan_tf.training.diagnosis.course import LONG_WINDOW, WINDOW, Course
from dcgan_tf.training.diagnosis.looks import LEAST_SPREAD
from dcgan_tf.training.diagnosis.remedies import Remedy

GENERATOR, DISCRIMINATOR = "generator", "discriminator"
BOTH: tuple[str, ...] = (GENERATOR, DISCRIMINATOR)
NEITHER: tuple[str, ...] = ()
PALE = 0.5
"""The contrast up to which samples are too pale to show anything, as a share of that of training images."""


@dataclass(frozen=True)
class Condition:
    """Something that goes wrong.

    Attributes:
        name: as it stands in diagnosis.jsonl.
        title: the same in words.
        holds: whether it is so at the end of a course, with these settings.
        seen: returns what was seen, as a sentence with the numbers.
        remedies: what to try.
        slower: the networks that get half the learning rate after a rollback; none if that does not help.
    """

    name: str
    title: str
    holds: Callable[[Course, Config], bool]
    seen: Callable[[Course], str]
    remedies: tuple[Remedy, ...]
    slower: tuple[str, ...] = BOTH

    def advice(self, config: Config) -> str:
        """Return what to try with these settings, as a sentence."""
        return remedies.advice(self.remedies, config)


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


def _seen_of_discriminator(course: Course) -> str:
    if _is_certain(course):
        return (
            f"D is right about {course.level('discriminator_accuracy'):.1%} of the images, and finds samples "
            f"real with a probability of {course.level('fake_probability'):.3f}, so G learns little from it."
        )
    return (
        f"After {course.step:,} steps the samples are pale and alike, and do not become stronger. Their "
        f"contrast is {course.level('sample_contrast'):.0%} and their diversity "
        f"{course.level('sample_diversity'):.0%} of those of training images, and G's loss is "
        f"{course.level('generator_loss'):.1f}."
    )


def _swapped(course: Course, config: Config) -> bool:
    """Return whether D takes nearly all images for the other kind, as no D does that learns the right one."""
    mistaken = course.level("fake_probability") >= 0.6 and course.level("real_probability") <= 0.4
    return mistaken and course.level("discriminator_accuracy") <= 0.1


def _generator_wins(course: Course, config: Config) -> bool:
    misled = course.level("real_probability") <= course.level("fake_probability")
    fooled = course.level("fake_probability") >= 0.6 and course.level("discriminator_accuracy") <= 0.5
    return misled and fooled


def _mode_collapse(course: Course, config: Config) -> bool:
    diversity = course.values("sample_diversity", LONG_WINDOW)
    contrast = course.values("sample_contrast", LONG_WINDOW)
    alike = len(diversity) > 0 and diversity.max() <= 0.3 and contrast.min() > PALE
    lost = course.level("sample_diversity") <= 0.5 * min(course.highest("sample_diversity"), 1.0)
    return bool(alike or (len(diversity) > 0 and lost and course.level("sample_contrast") > PALE))


def _oscillation(course: Course, config: Config) -> bool:
    """Return whether samples change too much for long, and still do: those of a run that begins calm down."""
    return all(course.level("sample_change", window) >= 0.68 for window in (LONG_WINDOW, WINDOW))


def _fade(course: Course, config: Config) -> bool:
    highest = min(course.highest("sample_contrast"), 1.0)
    return highest >= 0.8 and course.level("sample_contrast") <= 0.6 * highest


def _worsens(course: Course, config: Config) -> bool:
    return course.recent_distance >= 1.5 * course.lowest_distance + 0.05


OF_DATA: tuple[Condition, ...] = (
    Condition(
        "equal_images",
        "equal images",
        _equal_images,
        lambda course: "The training images are all the same, so there is nothing to learn but one picture.",
        (remedies.OTHER_PICTURES,),
        NEITHER,
    ),
    Condition(
        "noise",
        "noise",
        _noise,
        lambda course: (
            "The training images are noise: neighbouring pixels have a correlation of "
            f"{course.level('data_structure'):.2f}, and about 0.9 in photographs."
        ),
        (remedies.OTHER_PICTURES,),
        NEITHER,
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
        (remedies.AUGMENT, remedies.MORE_PICTURES, remedies.SHORTER),
        NEITHER,
    ),
    Condition(
        "vanishing_gradient",
        "vanishing gradient",
        _vanishing_gradient,
        lambda course: (
            f"D finds samples real with a probability of {course.level('fake_probability'):.3f}, and the "
            "gradient of the minimax loss is proportional to it, so G learns next to nothing."
        ),
        (remedies.NON_SATURATING, remedies.SLOWER_D),
        (DISCRIMINATOR,),
    ),
    Condition(
        "discriminator_wins",
        "D wins",
        _discriminator_wins,
        _seen_of_discriminator,
        (
            remedies.USUAL_RATE,
            remedies.D_NOT_FASTER,
            remedies.SMOOTH,
            remedies.SLOWER_D,
            remedies.NOISE,
            remedies.AUGMENT,
            remedies.SAME_AUGMENTATION,
        ),
        (DISCRIMINATOR,),
    ),
    Condition(
        "labels_swapped",
        "labels swapped",
        _swapped,
        lambda course: (
            f"D is wrong about {1 - course.level('discriminator_accuracy'):.0%} of the images: it finds "
            f"samples real with a probability of {course.level('fake_probability'):.2f}, and training images "
            f"with {course.level('real_probability'):.2f}."
        ),
        (remedies.RIGHT_LABELS,),
        NEITHER,
    ),
    Condition(
        "generator_wins",
        "G wins",
        _generator_wins,
        lambda course: (
            f"The probability that D finds a sample real is {course.level('fake_probability'):.2f}, and of a "
            f"training image {course.level('real_probability'):.2f}, so it leads G nowhere."
        ),
        (remedies.D_NOT_SLOWER, remedies.FASTER_D, remedies.MORE_STEPS_OF_D, remedies.NO_NOISE),
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
        (remedies.CONVOLUTIONS, remedies.HALF_THE_RATES, remedies.AUGMENT, remedies.AUTO),
    ),
    Condition(
        "oscillation",
        "oscillation",
        _oscillation,
        lambda course: (
            f"In 50 steps the samples change by {course.level('sample_change', LONG_WINDOW):.0%} of what two "
            "training images differ, so nothing that G learns stays."
        ),
        (remedies.TENTH_OF_THE_RATES,),
    ),
    Condition(
        "samples_fade",
        "samples fade",
        _fade,
        lambda course: (
            f"The contrast of the samples has fallen to {course.level('sample_contrast'):.0%} of that of "
            "training images."
        ),
        (remedies.BIAS_IN_D, remedies.HALF_THE_RATES),
    ),
    Condition(
        "samples_worsen",
        "samples worsen",
        _worsens,
        lambda course: (
            f"The last two distances to training images are {course.recent_distance:.2f} or more, and the "
            f"lowest was {course.lowest_distance:.2f}, whose checkpoint is kept as the best."
        ),
        (remedies.ANNEAL, remedies.HALF_THE_RATES),
    ),
)
"""What is wrong with the networks, causes before their consequences."""
